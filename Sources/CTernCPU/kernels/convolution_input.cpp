#include "convolution_lines.h"
#include "convolution_pointwise.h"

namespace tern {
namespace {
/// to (count, taps) = of each row of `from`, `apart`, the numbers at `reached`.
template <class T>
inline __attribute__((always_inline)) void pick(const T *from, int64_t apart, int64_t count, const int64_t *reached, int64_t taps, T *to) {
    for (int64_t i = 0; i < count; i++, from += apart, to += taps)
        for (int64_t t = 0; t < taps; t++) to[t] = from[reached[t]];
}
/// The same: a few taps are a loop unrolled.
template <class T> void pick_few(const T *from, int64_t apart, int64_t count, const int64_t *reached, int64_t taps, T *to) {
    switch (taps) {
        case 1: return pick(from, apart, count, reached, 1, to);
        case 2: return pick(from, apart, count, reached, 2, to);
        case 3: return pick(from, apart, count, reached, 3, to);
        case 4: return pick(from, apart, count, reached, 4, to);
    }
}
}  // namespace

/// dx at the positions of one residue modulo the stride is a product over those taps that reach them, with g unfolded: no zero is
/// multiplied. Residue after residue; there is just one where the stride is 1.
template <class T> void convolution_input_gradient(const ConvolutionPlan &p, T *dx, const T *g, const T *weight, bool accumulate) {
    const int64_t m = p.perGroup(), outs = p.outPerGroup(), residues = p.residues();
    if (Taken<T>::suits(p)) {
        const Taken<T> taken(p);
        Scratch<T> some(taken.size());
        convolution_input_gradient<T>(taken.plan, some, g, weight, false);
        return taken.put(some, dx, accumulate);
    }
    // From a position's quotient to the element of g that a tap takes: between these.
    int64_t before[3], padded[3];
    for (int d = 0; d < 3; d++) {
        before[d] = std::max<int64_t>(0, -floor_divide(p.padding[d] - (p.kernel[d] - 1) * p.dilation[d], p.stride[d]));
        const int64_t furthest = ceil_divide(p.in[d], p.stride[d]) + floor_divide(p.stride[d] - 1 + p.padding[d], p.stride[d]);
        padded[d] = before[d] + std::max(p.out[d], furthest);
    }
    const LineCut<T> cut{p.in[1], p.in[2], padded[2]};
    const bool byLines = residues == 1 && ByLines<T>::suits(p, m, cut, p.batch * p.in[0]);
    if (!accumulate && suits_batch<T>(p, true, byLines ? cut.share() : 0.0)) return input_gradient_by_batch(p, dx, g, weight);
    if (Pointwise<T>::suits(p)) return Pointwise<T>{p, m, outs, weight, 1, m, nullptr, g, dx, accumulate}.run();
    Scratch<int64_t> reached(p.taps), offsets(p.taps);
    const int64_t chunk = images_at_once(p.outChannels * Padded<T>::plane(padded, 1));
    for (int64_t start = 0, count; start < p.batch; start += count) {
        count = std::min(chunk, p.batch - start);
        const Padded<T> images(g + start * p.outChannels * p.outPlane, count, p.outChannels, p.out, before, padded, 1,
                               byLines);
        T *target = dx + start * p.channels * p.inPlane;
        for (int64_t residue = 0; residue < residues; residue++) {
            const int64_t first[3] = {residue / (p.stride[1] * p.stride[2]), residue / p.stride[2] % p.stride[1], residue % p.stride[2]};
            int64_t grid[3], taps = 0;
            for (int d = 0; d < 3; d++) grid[d] = std::max<int64_t>(0, ceil_divide(p.in[d] - first[d], p.stride[d]));
            for (int64_t t = 0; t < p.taps; t++) {
                const int64_t at[3] = {t / (p.kernel[1] * p.kernel[2]), t / p.kernel[2] % p.kernel[1], t % p.kernel[2]};
                int64_t from[3];
                bool reaches = true;
                for (int d = 0; d < 3; d++) {
                    const int64_t distance = first[d] + p.padding[d] - at[d] * p.dilation[d];
                    reaches = reaches && distance % p.stride[d] == 0;
                    from[d] = before[d] + floor_divide(distance, p.stride[d]);
                }
                if (!reaches) continue;
                offsets[taps] = images.offset(from[0], from[1], from[2]);
                reached[taps++] = t;
            }
            const int64_t plane = grid[0] * grid[1] * grid[2], k = outs * taps;
            if (plane == 0) continue;
            for_groups(p, [&](int64_t group, bool serial) {
                const Unfolded<T> unfolded{images, group * outs, {grid[0], grid[1], grid[2]}, {images.height * images.line, images.line},
                                           std::max<int64_t>(taps, 1), offsets};
                T *out = target + group * m * p.inPlane;
                const int64_t imageStride = p.channels * p.inPlane;
                if (byLines)
                    return ByLines<T>{unfolded, m, outs, count, weight + group * outs * m * p.taps, p.taps, m * p.taps, nullptr, out, p.inPlane,
                                      imageStride, accumulate}.run(serial);
                // The weights as rows (channel, then output channel and tap).
                Scratch<T> rows(m * k);
                auto arrange = [&](int64_t begin, int64_t end) {
                    constexpr int64_t block = 16;  // channels lie together in `weight`, output channels in `rows`
                    for (int64_t c0 = begin; c0 < end; c0 += block)
                        for (int64_t c = c0; c < std::min(end, c0 + block); c++) {
                            const T *from = weight + (group * outs * m + c) * p.taps;
                            if (taps == p.taps) gemm_kernels<T>().copy(from, m * taps, rows + c * k, taps, outs, taps);
                            else if (taps <= 4) pick_few(from, m * p.taps, outs, reached, taps, rows + c * k);
                            else pick(from, m * p.taps, outs, reached, taps, rows + c * k);
                        }
                };
                if (serial) arrange(0, m);
                else parallel_for(m, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, k)), arrange);
                const Matrix a{rows, k, 1};
                Gemm<T> product{m, count * plane, k, {}, {&unfolded, Unfolded<T>::read}, nullptr, 0, rows, k, {},
                                accumulate && residues == 1, serial};
                matrix_source(product.a, a, dtypeOf<T>);
                if (residues == 1) {
                    product.out = {out, dtypeOf<T>, p.inPlane, 1, p.inPlane, imageStride, nullptr, 0, 0};
                    return gemm(product);
                }
                Scratch<T> aside(m * count * plane);
                product.out = {aside, dtypeOf<T>, count * plane, 1, count * plane, 0, nullptr, 0, 0};
                gemm(product);
                auto spread = [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; i++) {
                        const T *from = aside + i * plane;  // i = channel, image
                        T *to = out + i / count * p.inPlane + i % count * imageStride;
                        for (int64_t z = 0; z < grid[0]; z++)
                            for (int64_t y = 0; y < grid[1]; y++, from += grid[2]) {
                                T *line = to + ((first[0] + z * p.stride[0]) * p.in[1] + first[1] + y * p.stride[1]) * p.in[2] + first[2];
                                if (accumulate) for (int64_t x = 0; x < grid[2]; x++) line[x * p.stride[2]] += from[x];
                                else for (int64_t x = 0; x < grid[2]; x++) line[x * p.stride[2]] = from[x];
                            }
                    }
                };
                if (serial) spread(0, m * count);
                else parallel_for(m * count, std::max<int64_t>(1, 16384 / plane), spread);
            });
        }
    }
}
template void convolution_input_gradient(const ConvolutionPlan &, float *, const float *, const float *, bool);
template void convolution_input_gradient(const ConvolutionPlan &, double *, const double *, const double *, bool);
}  // namespace tern
