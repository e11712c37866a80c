/// What the machine can do at best, by loops that have nothing in common with Tern's kernels.
#ifndef CPEAKS_H
#define CPEAKS_H

#include <stddef.h>
#include <stdint.h>

typedef enum PeakTraffic : int32_t {
    PEAK_READ,   ///< one array is read
    PEAK_WRITE,  ///< one is written
    PEAK_COPY,   ///< one read, one written
    PEAK_TRIAD,  ///< two read, one written
} PeakTraffic;

/// Bytes a second that `threads` threads together read and write in arrays of `bytes` in all, by plain or by streaming stores, whichever is faster.
double peak_bytes_per_second(PeakTraffic traffic, size_t bytes, int threads);
/// Float32 operations a second; a multiply-add counts as two.
double peak_flops_per_second(int threads);

#endif
