/// Convolutions of one tap, which are matrix products as they stand.
#pragma once
#include "convolution_unfolded.h"

namespace tern {
/// target (image; m, position) = weights (m, k) · source (image; k, position) + bias (m), image by image: nothing is copied.
template <class T> struct Pointwise {
    const ConvolutionPlan &p;
    int64_t m, k;  ///< in a group
    const T *weights;
    int64_t rowStride, columnStride;  ///< of weights
    const T *bias;                    ///< or NULL
    const T *source;
    T *target;
    bool accumulate;

    /// With planes so small that products are narrow, the images of a batch rather are columns of one product.
    static bool suits(const ConvolutionPlan &p) {
        return p.isPointwise() && p.residues() == 1 && (p.batch == 1 || p.outPlane >= 4 * gemm_kernels<T>().vector);
    }

    void run() const {
        const int64_t products = p.batch * p.groups, plane = p.outPlane;
        auto compute = [&](int64_t begin, int64_t end, bool serial) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t group = i % p.groups;
                const Matrix a{weights + group * m * k, rowStride, columnStride}, b{source + i * k * plane, plane, 1};
                Gemm<T> g{m, plane, k, {}, {}, static_cast<const T *>(b.data), plane, static_cast<const T *>(a.data), rowStride, {},
                          accumulate, serial, columnStride};
                matrix_source(g.a, a, dtypeOf<T>);
                matrix_source(g.b, b, dtypeOf<T>);
                g.out = {target + i * m * plane, dtypeOf<T>, plane, 1, plane, 0, bias ? bias + group * m : nullptr, 1, 0};
                gemm(g);
            }
        };
        if (products < 8) return compute(0, products, false);
        parallel_for(products, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, m * k * plane)),
                     [&](int64_t begin, int64_t end) { compute(begin, end, true); });
    }
};

/// What a convolution with strides reads, taken apart: then it is one without strides.
template <class T> struct Taken {
    const ConvolutionPlan &p;
    ConvolutionPlan plan;  ///< of what was taken

    static bool suits(const ConvolutionPlan &p) { return p.isPointwise() && p.residues() > 1; }

    explicit Taken(const ConvolutionPlan &p) : p(p), plan(p) {
        for (int d = 0; d < 3; d++) plan.in[d] = p.out[d], plan.stride[d] = 1;
        plan.inPlane = p.outPlane;
    }
    int64_t size() const { return p.batch * p.channels * p.outPlane; }

    /// some (image, channel, position) = what the positions read of x.
    void take(const T *x, T *some) const {
        lines([&](int64_t from, int64_t to) { take_every(p.stride[2], x + from, (p.out[2] - 1) * p.stride[2] + 1, some + to); });
    }
    /// The way back: dx (+)= some, and zero between.
    void put(const T *some, T *dx, bool accumulate) const {
        if (!accumulate)
            parallel_for(p.batch * p.channels, grain(), [&](int64_t begin, int64_t end) {
                std::fill(dx + begin * p.inPlane, dx + end * p.inPlane, T(0));
            });
        lines([&](int64_t to, int64_t from) {
            T *line = dx + to;
            for (int64_t x = 0; x < p.out[2]; x++) line[x * p.stride[2]] = some[from + x] + (accumulate ? line[x * p.stride[2]] : T(0));
        });
    }

private:
    int64_t grain() const { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, p.inPlane)); }
    /// line(where it begins in x, where in what is taken) for all lines.
    template <class F> void lines(const F &line) const {
        parallel_for(p.batch * p.channels, grain(), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++)
                for (int64_t z = 0; z < p.out[0]; z++)
                    for (int64_t y = 0; y < p.out[1]; y++)
                        line(((i * p.in[0] + z * p.stride[0]) * p.in[1] + y * p.stride[1]) * p.in[2],
                             ((i * p.out[0] + z) * p.out[1] + y) * p.out[2]);
        });
    }
};
}  // namespace tern
