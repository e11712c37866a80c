/// What the parts of convolution share: its sizes, its innermost loops, and its ways.
///
/// Each of the three products (forward; gradient of the input; gradient of the weight) is summed in an order that depends on the shapes
/// alone, not on threads. There are three ways:
/// - by lines: neighbours in a line are a vector (convolution_lines.h). For wide planes;
/// - by batch: the images' numbers at one position are a vector (convolution_batch.cpp). For small planes and batches that fill vectors;
/// - as a matrix product whose right side is unfolded panel by panel (convolution_unfolded.h). For the rest.
#pragma once
#include <algorithm>
#include "gemm.h"

namespace tern {
inline int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }
inline int64_t ceil_divide(int64_t a, int64_t b) { return -floor_divide(-a, b); }
/// Part i of n when `count` is cut evenly: where it begins.
inline int64_t part_of(int64_t count, int64_t n, int64_t i) { return count * i / n; }

/// The order in which a tile adds its products: `count` steps, and all of them again, `outer` times in all, each time `step` further on.
struct WalkStep { int64_t a, b; };
struct Walk {
    int64_t outer;
    WalkStep step;
    int64_t count;
    const WalkStep *steps;
};

/// What an instruction set offers for elements T.
template <class T> struct ConvolutionKernels {
    static constexpr int maxRows = 14, maxSums = 6;
    int rows, vector, sumRows, sumColumns;
    /// out[i · ldc + at[v] + …] (columns[v] of them) += or = start[i] (0 if NULL) + Σ a[i · lda + step.a] · b[v][step.b + …] over the
    /// walk, for `rows` rows and one or two vectors v, which may be the same. Whole vectors are read.
    using Tile = void (*)(const T *a, int64_t lda, const T *const *b, const Walk &walk, const T *start, T *out, int64_t ldc,
                          const int64_t *at, const int64_t *columns, bool accumulate);
    Tile walk[2][maxRows + 1];  ///< [vectors - 1][rows]
    /// Vectors out[i · ldo + j · W + …] += Σ g[i · ldg + l · gLine + p · W + …] · x[j][l · xLine + p · xStep + …], lane by lane, over
    /// l < lines and p < n.
    using Sums = void (*)(const T *g, int64_t ldg, const T *const *x, int64_t lines, int64_t n, int64_t gLine, int64_t xLine,
                          int64_t xStep, T *out, int64_t ldo);
    Sums sums[maxSums][maxSums];  ///< [rows of g][vectors of x]
    /// to (n, m; rows ldt apart) = transposed from (m, n; rows ldf apart).
    void (*transpose)(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n);
};
template <class T> const ConvolutionKernels<T> &convolution_kernels();

template <class T> constexpr TernDType dtypeOf = sizeof(T) == 4 ? TERN_FLOAT32 : TERN_FLOAT64;

/// Sizes with three spatial dimensions, the leading ones 1 where there are fewer.
struct ConvolutionPlan {
    int64_t batch, channels, outChannels, groups;
    int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
    int64_t inPlane, outPlane, taps;

    ConvolutionPlan(const TernArray *x, const TernArray *out, const TernArray *weight, const TernConvolution &c) : groups(c.groups) {
        batch = x->shape[0], channels = x->shape[1], outChannels = weight->shape[0];
        const int32_t rank = x->rank - 2;
        inPlane = outPlane = taps = 1;
        for (int d = 0; d < 3; d++) {
            const int32_t s = d - (3 - rank);
            in[d] = s < 0 ? 1 : x->shape[2 + s];
            this->out[d] = s < 0 ? 1 : out->shape[2 + s];
            kernel[d] = s < 0 ? 1 : weight->shape[2 + s];
            stride[d] = s < 0 ? 1 : c.stride[s];
            padding[d] = s < 0 ? 0 : c.padding[s];
            dilation[d] = s < 0 ? 1 : c.dilation[s];
            inPlane *= in[d], outPlane *= this->out[d], taps *= kernel[d];
        }
    }
    /// One tap, with nothing around the image: with strides, that of every so many positions.
    bool isPointwise() const { return taps == 1 && padding[0] == 0 && padding[1] == 0 && padding[2] == 0; }
    int64_t perGroup() const { return channels / groups; }
    int64_t outPerGroup() const { return outChannels / groups; }
    int64_t residues() const { return stride[0] * stride[1] * stride[2]; }
    void tap(int64_t t, int64_t *at) const {
        at[0] = t / (kernel[1] * kernel[2]), at[1] = t / kernel[2] % kernel[1], at[2] = t % kernel[2];
    }
};

/// body(group, serial): many groups are shared out to the threads, few ones are each worked on by all.
template <class F> void for_groups(const ConvolutionPlan &p, const F &body) {
    if (p.groups < 8) for (int64_t g = 0; g < p.groups; g++) body(g, false);
    else parallel_for(p.groups, 1, [&](int64_t begin, int64_t end) { for (int64_t g = begin; g < end; g++) body(g, true); });
}
/// f(begin, end), on the calling thread alone where `serial`.
template <class F> void parallel_unless(bool serial, int64_t count, int64_t grain, const F &f) {
    if (serial) f(int64_t(0), count);
    else parallel_for(count, std::max<int64_t>(1, grain), f);
}

/// By batch: whether that is the way for the forward product (or the input's gradient, `transposed`), where by lines that share of all lanes
/// would be filled; and the way itself.
template <class T> bool suits_batch(const ConvolutionPlan &, bool transposed, double lineShare);
template <class T> void forward_by_batch(const ConvolutionPlan &, T *out, const T *x, const T *weight, const T *bias);
template <class T> void input_gradient_by_batch(const ConvolutionPlan &, T *dx, const T *g, const T *weight);

template <class T> void convolution_forward(const ConvolutionPlan &, T *out, const T *x, const T *weight, const T *bias, bool accumulate);
template <class T> void convolution_input_gradient(const ConvolutionPlan &, T *dx, const T *g, const T *weight, bool accumulate);
template <class T> void convolution_weight_gradient(const ConvolutionPlan &, T *dw, const T *g, const T *x, bool accumulate);
}  // namespace tern
