/// The gradient of a convolution's weight: for each tap, a product of what the tap reads and of the output's gradient.
#include "convolution_unfolded.h"

namespace tern {
namespace {
/// The positions of the output, along one dimension, at which a tap reads the input: from first on, count of them.
struct Inside {
    int64_t first, count;
    Inside(const ConvolutionPlan &p, int d, int64_t tap) {
        const int64_t start = tap * p.dilation[d] - p.padding[d];  // what position 0 reads
        first = std::min(p.out[d], std::max<int64_t>(0, ceil_divide(-start, p.stride[d])));
        count = std::max<int64_t>(0, std::min(p.out[d], floor_divide(p.in[d] - 1 - start, p.stride[d]) + 1) - first);
    }
};

/// With the output's channels in vectors: a tile has some of the input's channels as rows, which are read where they stand, and is the sum
/// over images and those positions where its tap reads.
template <class T> struct WeightsByChannels {
    const ConvolutionPlan &p;
    T *dw;
    const T *g, *x;
    const ConvolutionKernels<T> &kernels = convolution_kernels<T>();

    static bool suits(const ConvolutionPlan &p) {
        const int64_t w = convolution_kernels<T>().vector, outs = p.outPerGroup();
        return p.groups == 1 && p.channels >= 8 && outs * 4 >= ceil_divide(outs, w) * w * 3;
    }

    void run() const {
        const int64_t outs = p.outChannels, w = kernels.vector, padded = ceil_divide(outs, w) * w;
        const int64_t panels = ceil_divide(p.channels, kernels.rows);
        int64_t most = 8 * w;  // of a block's channels: fewer where there would be few blocks to share out
        while (!isSmall() && most > 2 * w && panels * ceil_divide(padded, most) < 16) most /= 2;
        const int64_t blocks = ceil_divide(padded, most);
        // g, for each block of channels, with those of a position side by side, in whole vectors.
        Scratch<T> turned(p.batch * p.outPlane * padded);
        auto width = [&](int64_t block) { return std::min(most, padded - block * most); };
        parallel_for(p.batch * blocks, std::max<int64_t>(1, 16384 / (p.outPlane * most)), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t n = i / blocks, o0 = i % blocks * most, ld = width(i % blocks), real = std::min(ld, outs - o0);
                T *to = turned + (p.batch * o0 + n * ld) * p.outPlane;
                kernels.transpose(g + (n * outs + o0) * p.outPlane, p.outPlane, to, ld, real, p.outPlane);
                for (int64_t at = 0; real < ld && at < p.outPlane; at++) std::fill(to + at * ld + real, to + (at + 1) * ld, T(0));
            }
        });
        parallel_for(panels * blocks, 1, [&](int64_t begin, int64_t end) {
            Scratch<T> sums(kernels.rows * p.taps * most), some(isSmall() ? p.batch * kernels.rows * p.inPlane : 0);
            Scratch<WalkStep> steps(std::max(p.out[2], p.outPlane));
            for (int64_t i = begin; i < end; i++) {
                const int64_t c0 = part_of(p.channels, panels, i / blocks), c1 = part_of(p.channels, panels, i / blocks + 1);
                const int64_t o0 = i % blocks * most, ld = width(i % blocks), rows = c1 - c0;
                const T *from = x + c0 * p.inPlane;
                int64_t image = p.channels * p.inPlane;
                if (isSmall()) {  // images may lie a power of two apart, and take one another's place in the cache
                    const int64_t size = rows * p.inPlane;
                    for (int64_t n = 0; n < p.batch; n++) std::copy(from + n * image, from + n * image + size, some + n * size);
                    from = some, image = size;
                }
                std::fill(sums + 0, sums + rows * p.taps * ld, T(0));
                tiles(sums, ld, from, image, rows, turned + p.batch * o0 * p.outPlane, steps);
                // (channel, tap; output channel) → (output channel; channel, tap)
                kernels.transpose(sums, ld, dw + (o0 * p.channels + c0) * p.taps, p.channels * p.taps, rows * p.taps, std::min(ld, outs - o0));
            }
        });
    }

private:
    /// A walk goes through images then, else through the lines of one.
    bool isSmall() const { return p.outPlane <= 64 && p.inPlane <= 256; }

    /// sums (channel, tap; output channel) += some channels of x by a block of g's.
    void tiles(T *sums, int64_t ld, const T *from, int64_t inImage, int64_t rows, const T *turned, WalkStep *steps) const {
        const int64_t w = kernels.vector, columns[2] = {w, w}, outImage = p.outPlane * ld;
        const bool small = isSmall();
        const int64_t chunk = small ? p.batch : std::max<int64_t>(1, (128 << 10) / (outImage * int64_t(sizeof(T))));
        for (int64_t first = 0; first < p.batch; first += chunk)
            for (int64_t t = 0; t < p.taps; t++) {
                int64_t tap[3];
                p.tap(t, tap);
                const Inside z(p, 0, tap[0]), y(p, 1, tap[1]), x(p, 2, tap[2]);
                if (z.count * y.count * x.count == 0) continue;
                auto place = [&](int64_t i, int64_t j, int64_t k) {
                    const int64_t at[3] = {z.first + i, y.first + j, x.first + k};
                    int64_t in = 0;
                    for (int d = 0; d < 3; d++) in = in * p.in[d] + at[d] * p.stride[d] - p.padding[d] + tap[d] * p.dilation[d];
                    return WalkStep{in, ((at[0] * p.out[1] + at[1]) * p.out[2] + at[2]) * ld};
                };
                Walk walk{0, {0, 0}, 0, steps};
                const int64_t lines = small ? y.count : 1;
                if (small) walk.outer = p.batch, walk.step = {inImage, outImage};
                else walk.outer = y.count, walk.step = {p.stride[1] * p.in[2], p.out[2] * ld};
                const int64_t last = small ? 1 : std::min(chunk, p.batch - first), depths = small ? 1 : z.count;
                const WalkStep start = small ? WalkStep{0, 0} : place(0, 0, 0);
                for (int64_t i = 0; i < (small ? z.count : 1); i++)
                    for (int64_t j = 0; j < lines; j++)
                        for (int64_t k = 0; k < x.count; k++) {
                            const WalkStep to = place(i, j, k);
                            steps[walk.count++] = {to.a - start.a, to.b - start.b};
                        }
                for (int64_t n = first; n < first + last; n++)
                    for (int64_t i = 0; i < depths; i++) {
                        const WalkStep at = small ? WalkStep{0, 0} : place(i, 0, 0);
                        const T *a = from + n * inImage + at.a, *line = turned + n * outImage + at.b;
                        for (int64_t o = 0; o < ld; o += 2 * w) {
                            const bool two = o + 2 * w <= ld;
                            const T *b[2] = {line + o, line + o + w};
                            const int64_t to[2] = {o, o + w};
                            kernels.walk[two][rows](a, p.inPlane, b, walk, nullptr, sums + t * ld, p.taps * ld, to, columns, true);
                        }
                    }
            }
    }
};

/// With images in vectors: sums stay apart, lane by lane, until the images of a block are gone through. For few channels, whose sums are few.
template <class T> struct WeightsByBatch {
    const ConvolutionPlan &p;
    T *dw;
    const T *g, *x;
    const ConvolutionKernels<T> &kernels = convolution_kernels<T>();

    static bool suits(const ConvolutionPlan &p) {
        const int64_t w = convolution_kernels<T>().vector;
        return p.groups == 1 && p.channels <= 8 && p.outChannels <= 32 && p.batch * 4 >= ceil_divide(p.batch, w) * w * 3 && p.outPlane >= 16 &&
               (p.channels * p.inPlane + p.outChannels * p.outPlane) * w * int64_t(sizeof(T)) <= 1 << 20;
    }

    void run() const {
        const int64_t vectors = ceil_divide(p.batch, kernels.vector), blocks = vectors < 16 ? vectors : 8 + vectors / 32;
        const int64_t size = p.outChannels * p.channels * p.taps;
        // A sum for each block; then those of all, in order.
        Scratch<T> parts(blocks * size);
        parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; b++) block(part_of(vectors, blocks, b), part_of(vectors, blocks, b + 1), parts + b * size);
        });
        parallel_for(size, 4096, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                T sum = 0;
                for (int64_t b = 0; b < blocks; b++) sum += parts[b * size + i];
                dw[i] = sum;
            }
        });
    }

private:
    /// The images of some vectors.
    void block(int64_t first, int64_t last, T *part) const {
        const int64_t w = kernels.vector, k = p.channels * p.taps, count = p.outChannels * k;
        int64_t size[3];  // of the input, padded
        for (int d = 0; d < 3; d++)
            size[d] = std::max((p.out[d] - 1) * p.stride[d] + (p.kernel[d] - 1) * p.dilation[d] + 1, p.in[d] + p.padding[d]);
        const int64_t all = p.channels * size[0] * size[1] * size[2] * w;
        Scratch<T> from(all), by(p.outChannels * p.outPlane * w), sums(count * w), turned(count * w);
        std::fill(from + 0, from + all, T(0));
        std::fill(sums + 0, sums + count * w, T(0));
        for (int64_t v = first; v < last; v++) {
            read(v, size, from, by);
            add(size, from, by, sums);
        }
        kernels.transpose(sums, w, turned, count, count, w);
        for (int64_t half = w / 2; half > 0; half /= 2)
            for (int64_t i = 0; i < half * count; i++) turned[i] += turned[i + half * count];
        std::copy(turned + 0, turned + count, part);
    }

    /// A vector of images and of their gradients.
    void read(int64_t v, const int64_t *size, T *from, T *by) const {
        const int64_t w = kernels.vector, count = std::min(w, p.batch - v * w), ins = p.channels * p.inPlane, outs = p.outChannels * p.outPlane;
        const T *images = x + v * w * ins;
        for (int64_t c = 0; c < p.channels; c++)
            for (int64_t z = 0; z < p.in[0]; z++)
                for (int64_t y = 0; y < p.in[1]; y++, images += p.in[2]) {
                    const int64_t line = (c * size[0] + p.padding[0] + z) * size[1] + p.padding[1] + y;
                    kernels.transpose(images, ins, from + (line * size[2] + p.padding[2]) * w, w, count, p.in[2]);
                }
        // Of images that are not there, nothing is added.
        if (count < w) std::fill(by, by + outs * w, T(0));
        kernels.transpose(g + v * w * outs, outs, by, w, count, outs);
    }

    /// sums += by · from, lane by lane.
    void add(const int64_t *size, const T *from, const T *by, T *sums) const {
        const int64_t w = kernels.vector, k = p.channels * p.taps;
        // Lines whose numbers stay in the innermost cache, tile after tile.
        const int64_t rowTiles = ceil_divide(p.outChannels, kernels.sumRows), columnTiles = ceil_divide(k, kernels.sumColumns);
        const int64_t some = std::max<int64_t>(1, (16 << 10) / (kernels.sumRows * p.out[2] * w * int64_t(sizeof(T))));
        for (int64_t z = 0; z < p.out[0]; z++)
            for (int64_t y = 0; y < p.out[1]; y += some)
                for (int64_t i = 0; i < rowTiles; i++) {
                    const int64_t o0 = part_of(p.outChannels, rowTiles, i), o1 = part_of(p.outChannels, rowTiles, i + 1);
                    for (int64_t j = 0; j < columnTiles; j++) {
                        const int64_t k0 = part_of(k, columnTiles, j), k1 = part_of(k, columnTiles, j + 1);
                        const T *read[ConvolutionKernels<T>::maxSums];
                        for (int64_t q = k0; q < k1; q++) {
                            int64_t tap[3];
                            p.tap(q % p.taps, tap);
                            const int64_t deep = q / p.taps * size[0] + z * p.stride[0] + tap[0] * p.dilation[0];
                            const int64_t line = deep * size[1] + y * p.stride[1] + tap[1] * p.dilation[1];
                            read[q - k0] = from + (line * size[2] + tap[2] * p.dilation[2]) * w;
                        }
                        kernels.sums[o1 - o0][k1 - k0](by + (o0 * p.outPlane + (z * p.out[1] + y) * p.out[2]) * w, p.outPlane * w, read,
                                                       std::min(some, p.out[1] - y), p.out[2], p.out[2] * w, p.stride[1] * size[2] * w,
                                                       p.stride[2] * w, sums + (o0 * k + k0) * w, k * w);
                    }
                }
    }
};

/// g (image, channel, position) as a matrix with a row for each image and position.
template <class T> struct Positions {
    const T *data;
    int64_t imageStride, plane;

    static void read(const void *context, T *to, int64_t ldt, int64_t row, int64_t rows, int64_t column, int64_t columns) {
        const auto &g = *static_cast<const Positions *>(context);
        for (int64_t i = 0; i < rows;) {
            const int64_t image = (row + i) / g.plane, at = (row + i) % g.plane, n = std::min(rows - i, g.plane - at);
            gemm_kernels<T>().transpose(g.data + image * g.imageStride + column * g.plane + at, g.plane, to + i * ldt, ldt, columns, n);
            i += n;
        }
    }
};
}  // namespace

template <class T> void convolution_weight_gradient(const ConvolutionPlan &p, T *dw, const T *g, const T *x, bool accumulate) {
    const int64_t outs = p.outPerGroup(), k = p.perGroup() * p.taps;
    if (p.batch * p.outPlane == 0) {
        if (!accumulate) std::fill(dw, dw + p.outChannels * k, T(0));
        return;
    }
    if (!accumulate && WeightsByBatch<T>::suits(p)) return WeightsByBatch<T>{p, dw, g, x}.run();
    if (!accumulate && WeightsByChannels<T>::suits(p)) return WeightsByChannels<T>{p, dw, g, x}.run();
    // dw, transposed: (k, channel) = unfolded x (k, image and position) · g (image and position, channel).
    for (int64_t first = 0, count; first < p.batch; first += count, accumulate = true) {
        count = std::min(UnfoldedInput<T>::chunk(p), p.batch - first);
        const UnfoldedInput<T> unfolded(p, x + first * p.channels * p.inPlane, count);
        for_groups(p, [&](int64_t group, bool serial) {
            const auto images = unfolded.group(p, group);
            const Positions<T> positions{g + (first * p.outChannels + group * outs) * p.outPlane, p.outChannels * p.outPlane, p.outPlane};
            Gemm<T> product{k, outs, count * p.outPlane, {&images, Unfolded<T>::read}, {&positions, Positions<T>::read}, nullptr, 0, nullptr, 0,
                            {}, accumulate, serial};
            product.out = {dw + group * outs * k, dtypeOf<T>, 1, k, outs, 0, nullptr, 0, 0};
            gemm(product);
        });
    }
}
template void convolution_weight_gradient(const ConvolutionPlan &, float *, const float *, const float *, bool);
template void convolution_weight_gradient(const ConvolutionPlan &, double *, const double *, const double *, bool);
}  // namespace tern
