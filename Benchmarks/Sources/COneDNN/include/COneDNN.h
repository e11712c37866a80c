/// oneDNN's convolutions of float32 images: the library is opened when the program runs, and may be absent then.
#ifndef CONEDNN_H
#define CONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum OneDNNPass : int32_t {
    ONEDNN_FORWARD,          ///< from the images and the weights
    ONEDNN_INPUT_GRADIENT,   ///< from the result's gradient and the weights
    ONEDNN_WEIGHT_GRADIENT,  ///< from the result's gradient and the images
} OneDNNPass;

/// Square images and windows.
typedef struct OneDNNShape {
    int64_t batch, channels, side, channelsOut, kernel, stride, padding;
} OneDNNShape;

typedef struct OneDNNConvolution OneDNNConvolution;

/// Opens the library and has it use so many threads. NULL, or why that failed.
const char *onednn_open(int threads);
/// A pass with its operands in plain order, brought into the formats that oneDNN likes best. NULL: it has no such pass.
OneDNNConvolution *onednn_convolution(OneDNNPass pass, const OneDNNShape *shape, const float *first, const float *second);
/// Computes, in those formats.
void onednn_run(const OneDNNConvolution *convolution);
/// The result, in plain order.
bool onednn_read(const OneDNNConvolution *convolution, float *result);
void onednn_free(OneDNNConvolution *convolution);

#endif
