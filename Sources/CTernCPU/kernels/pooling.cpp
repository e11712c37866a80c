/// Maximum and average pooling: one row of outputs at a time, window element after window element, so that the loop over the row has
/// no bounds to check.
#include <algorithm>
#include <limits>
#include "dispatch.h"

using namespace tern;

namespace {
inline int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/// Sizes with three spatial dimensions, the leading ones 1 where there are fewer; strides likewise.
struct Plan {
    int64_t planes, channels, in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];

    Plan(const TernArray *x, const TernArray *out, const TernPooling &g, bool dilated)
        : planes(x->shape[0] * x->shape[1]), channels(x->shape[1]) {
        for (int d = 0; d < 3; d++) {
            const int32_t s = d - (5 - x->rank);
            in[d] = s < 0 ? 1 : x->shape[2 + s];
            this->out[d] = s < 0 ? 1 : out->shape[2 + s];
            kernel[d] = s < 0 ? 1 : g.kernel[s];
            stride[d] = s < 0 ? 1 : g.stride[s];
            padding[d] = s < 0 ? 0 : g.padding[s];
            dilation[d] = s < 0 || !dilated ? 1 : g.dilation[s];
        }
    }
    int64_t outPlane() const { return out[0] * out[1] * out[2]; }
    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    int64_t grain() const { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, outPlane() * taps())); }

    /// Taps first..<last of dimension d lie inside where the window is number `o`.
    void inside(int d, int64_t o, int64_t &first, int64_t &last) const {
        const int64_t start = o * stride[d] - padding[d];
        first = start < 0 ? -floor_divide(start, dilation[d]) : 0;
        last = std::min(kernel[d], in[d] > start ? (in[d] - 1 - start) / dilation[d] + 1 : 0);
    }
    /// Windows first..<last of dimension 2 in which tap k lies inside.
    void reached(int64_t k, int64_t &first, int64_t &last) const {
        const int64_t at = k * dilation[2] - padding[2];
        first = std::max<int64_t>(0, -floor_divide(at, stride[2]));
        last = std::min(out[2], floor_divide(in[2] - 1 - at, stride[2]) + 1);
    }
};

/// A plane of an array, by its spatial strides.
struct Planes {
    const TernArray *x;
    int64_t strides[3];
    Planes(const TernArray *x) : x(x) {
        for (int d = 0; d < 3; d++) strides[d] = d < 5 - x->rank ? 0 : x->strides[x->rank - 3 + d];
    }
    int64_t offset(const Plan &p, int64_t plane) const { return plane / p.channels * x->strides[0] + plane % p.channels * x->strides[1]; }
};

/// For each row of windows, each of its taps inside the input (but for the last dimension): f(z, y of the output, z, y of the input).
template <class F> void for_lines(const Plan &p, int64_t z, int64_t y, const F &f) {
    int64_t z0, z1, y0, y1;
    p.inside(0, z, z0, z1), p.inside(1, y, y0, y1);
    for (int64_t kz = z0; kz < z1; kz++)
        for (int64_t ky = y0; ky < y1; ky++)
            f(z * p.stride[0] - p.padding[0] + kz * p.dilation[0], y * p.stride[1] - p.padding[1] + ky * p.dilation[1]);
}

/// By how much the sum over a window is divided.
struct Divisor {
    const Plan &p;
    const TernPooling &g;
    /// One dimension's share; 0 where no element lies inside.
    int64_t extent(int d, int64_t o) const {
        const int64_t start = o * p.stride[d] - p.padding[d], end = std::min(start + p.kernel[d], p.in[d] + p.padding[d]);
        const int64_t real = std::min(end, p.in[d]) - std::max<int64_t>(start, 0);
        return real <= 0 ? 0 : g.countIncludesPadding && g.divisor == 0 ? end - start : real;
    }
    int64_t of(int64_t others, int64_t last) const { return others * last == 0 ? 0 : g.divisor ? g.divisor : others * last; }
};
}  // namespace

bool tern_max_pool(const TernArray *out, const TernArray *indices, const TernArray *x, const TernPooling *geometry) {
    if (x->dtype != out->dtype || indices->dtype != TERN_INT64) return false;
    const Plan p(x, out, *geometry, true);
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Planes from(x), to(out), where(indices);
        const int64_t width = p.out[2];
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            Scratch<A> most(width);
            Scratch<int64_t> place(width);
            for (int64_t plane = begin; plane < end; plane++) {
                const T *source = static_cast<const T *>(x->data) + from.offset(p, plane);
                for (int64_t z = 0; z < p.out[0]; z++)
                    for (int64_t y = 0; y < p.out[1]; y++) {
                        // Where all is −∞, the first element of the window counts as the greatest.
                        int64_t z0, y0, x0, unused;
                        p.inside(0, z, z0, unused), p.inside(1, y, y0, unused);
                        const int64_t iz = z * p.stride[0] - p.padding[0] + z0 * p.dilation[0];
                        const int64_t iy = y * p.stride[1] - p.padding[1] + y0 * p.dilation[1];
                        for (int64_t o = 0; o < width; o++) {
                            p.inside(2, o, x0, unused);
                            most[o] = -std::numeric_limits<A>::infinity();
                            place[o] = (iz * p.in[1] + iy) * p.in[2] + o * p.stride[2] - p.padding[2] + x0 * p.dilation[2];
                        }
                        for_lines(p, z, y, [&](int64_t iz, int64_t iy) {
                            for (int64_t k = 0; k < p.kernel[2]; k++) {
                                int64_t first, last;
                                p.reached(k, first, last);
                                const int64_t at = k * p.dilation[2] - p.padding[2], index = (iz * p.in[1] + iy) * p.in[2] + at;
                                const T *line = source + iz * from.strides[0] + iy * from.strides[1];
                                for (int64_t o = first; o < last; o++) {
                                    const A value = convert<A>(line[(at + o * p.stride[2]) * from.strides[2]]);
                                    const bool more = value > most[o] || value != value;
                                    most[o] = more ? value : most[o];
                                    place[o] = more ? index + o * p.stride[2] : place[o];
                                }
                            }
                        });
                        T *line = static_cast<T *>(out->data) + to.offset(p, plane) + z * to.strides[0] + y * to.strides[1];
                        int64_t *places = static_cast<int64_t *>(indices->data) + where.offset(p, plane);
                        places += z * where.strides[0] + y * where.strides[1];
                        for (int64_t o = 0; o < width; o++) {
                            line[o * to.strides[2]] = convert<T>(most[o]);
                            places[o * where.strides[2]] = place[o];
                        }
                    }
            }
        });
    });
}

bool tern_avg_pool(const TernArray *out, const TernArray *x, const TernPooling *geometry) {
    if (x->dtype != out->dtype) return false;
    const Plan p(x, out, *geometry, false);
    const Divisor divisor{p, *geometry};
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Planes from(x), to(out);
        const int64_t width = p.out[2];
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            Scratch<A> sum(width);
            for (int64_t plane = begin; plane < end; plane++) {
                const T *source = static_cast<const T *>(x->data) + from.offset(p, plane);
                for (int64_t z = 0; z < p.out[0]; z++)
                    for (int64_t y = 0; y < p.out[1]; y++) {
                        std::fill(sum + 0, sum + width, A(0));
                        for_lines(p, z, y, [&](int64_t iz, int64_t iy) {
                            for (int64_t k = 0; k < p.kernel[2]; k++) {
                                int64_t first, last;
                                p.reached(k, first, last);
                                const int64_t at = k * p.dilation[2] - p.padding[2];
                                const T *line = source + iz * from.strides[0] + iy * from.strides[1];
                                for (int64_t o = first; o < last; o++) sum[o] += convert<A>(line[(at + o * p.stride[2]) * from.strides[2]]);
                            }
                        });
                        T *line = static_cast<T *>(out->data) + to.offset(p, plane) + z * to.strides[0] + y * to.strides[1];
                        const int64_t others = divisor.extent(0, z) * divisor.extent(1, y);
                        for (int64_t o = 0; o < width; o++) {
                            const int64_t by = divisor.of(others, divisor.extent(2, o));
                            line[o * to.strides[2]] = convert<T>(by ? sum[o] / A(by) : A(0));
                        }
                    }
            }
        });
    });
}

bool tern_avg_pool_gradient(const TernArray *dx, const TernArray *g, const TernPooling *geometry) {
    if (dx->dtype != g->dtype) return false;
    const Plan p(dx, g, *geometry, false);
    const Divisor divisor{p, *geometry};
    return visit_floating(dx->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Planes from(g), to(dx);
        const int64_t width = p.out[2], inPlane = p.in[0] * p.in[1] * p.in[2];
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            Scratch<A> sum(inPlane), share(width);
            for (int64_t plane = begin; plane < end; plane++) {
                const T *source = static_cast<const T *>(g->data) + from.offset(p, plane);
                std::fill(sum + 0, sum + inPlane, A(0));
                for (int64_t z = 0; z < p.out[0]; z++)
                    for (int64_t y = 0; y < p.out[1]; y++) {
                        const T *line = source + z * from.strides[0] + y * from.strides[1];
                        const int64_t others = divisor.extent(0, z) * divisor.extent(1, y);
                        for (int64_t o = 0; o < width; o++) {
                            const int64_t by = divisor.of(others, divisor.extent(2, o));
                            share[o] = by ? convert<A>(line[o * from.strides[2]]) / A(by) : A(0);
                        }
                        for_lines(p, z, y, [&](int64_t iz, int64_t iy) {
                            for (int64_t k = 0; k < p.kernel[2]; k++) {
                                int64_t first, last;
                                p.reached(k, first, last);
                                A *into = sum + (iz * p.in[1] + iy) * p.in[2] + k * p.dilation[2] - p.padding[2];
                                for (int64_t o = first; o < last; o++) into[o * p.stride[2]] += share[o];
                            }
                        });
                    }
                T *target = static_cast<T *>(dx->data) + to.offset(p, plane);
                for (int64_t z = 0, i = 0; z < p.in[0]; z++)
                    for (int64_t y = 0; y < p.in[1]; y++)
                        for (int64_t o = 0; o < p.in[2]; o++, i++)
                            target[z * to.strides[0] + y * to.strides[1] + o * to.strides[2]] = convert<T>(sum[i]);
            }
        });
    });
}
