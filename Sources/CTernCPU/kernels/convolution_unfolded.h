/// The images of a convolution padded, and unfolded to the right side of a matrix product, which is never built: the product asks for panels of
/// it. All images of a batch are columns of one product, so small planes fill the tiles too.
#pragma once
#include "convolution.h"

namespace tern {
/// to[i] = from[i · step], below from[n].
template <class T> void take_every(int64_t step, const T *from, int64_t n, T *to) {
    if (step == 2) for (int64_t i = 0; i < (n + 1) / 2; i++) to[i] = from[2 * i];  // a loop that a compiler has vectors for
    else for (int64_t i = 0; i * step < n; i++) to[i] = from[i * step];
}

/// The planes of some images with zeros around them, so that no window needs a look at bounds. A line is cut into `split` ones by its
/// positions' residue, so that windows `split` apart lie side by side. The images themselves where neither is needed.
template <class T> struct Padded {
    int64_t depth, height, line, part;  ///< sizes; a line has split · part elements
    int64_t split, planeStride, imageStride;
    bool copied;
    Scratch<T> memory;
    const T *data;

    static bool needed(const int64_t *size, const int64_t *before, const int64_t *padded, int64_t split, bool slack) {
        bool same = split == 1 && !slack;
        for (int d = 0; d < 3; d++) same = same && before[d] == 0 && padded[d] <= size[d];
        return !same;
    }
    static int64_t plane(const int64_t *padded, int64_t split) { return padded[0] * padded[1] * ((padded[2] + split - 1) / split * split); }

    /// Element i of a dimension comes to stand at before + i, of `padded`. `slack`: a vector may be read from any element on.
    Padded(const T *source, int64_t images, int64_t channels, const int64_t *size, const int64_t *before, const int64_t *padded,
           int64_t split, bool slack)
        : split(split), copied(needed(size, before, padded, split, slack)),
          memory(copied ? images * channels * plane(padded, split) + 64 : 0) {
        const int64_t *extent = copied ? padded : size;
        depth = extent[0], height = extent[1], part = (extent[2] + split - 1) / split, line = split * part;
        planeStride = depth * height * line, imageStride = channels * planeStride;
        data = copied ? static_cast<const T *>(memory) : source;
        if (!copied) return;
        parallel_for(images * channels, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, planeStride)), [&](int64_t begin, int64_t end) {
            T *all = memory;
            std::fill(all + begin * planeStride, all + end * planeStride, T(0));
            const int64_t depths = std::min(size[0], depth - before[0]), heights = std::min(size[1], height - before[1]);
            const int64_t widths = std::min(size[2], padded[2] - before[2]);
            for (int64_t i = begin; i < end; i++)
                for (int64_t z = 0; z < depths; z++)
                    for (int64_t y = 0; y < heights; y++) {
                        const T *from = source + ((i * size[0] + z) * size[1] + y) * size[2];
                        T *to = all + i * planeStride + ((before[0] + z) * height + before[1] + y) * line;
                        if (split == 1) std::copy(from, from + widths, to + before[2]);
                        else
                            for (int64_t x = 0; x < std::min(split, widths); x++)
                                take_every(split, from + x, widths - x, to + offset(0, 0, before[2] + x));
                    }
        });
    }
    int64_t offset(int64_t z, int64_t y, int64_t x) const { return (z * height + y) * line + x % split * part + x / split; }
};

/// The matrix whose row (channel, tap) and column (image, position) holds the channel's element at position · step + tap's offset.
template <class T> struct Unfolded {
    const Padded<T> &images;
    int64_t channel, grid[3], step[2], taps;
    const int64_t *offsets;

    static void read(const void *context, T *to, int64_t ldt, int64_t row, int64_t rows, int64_t column, int64_t columns) {
        const auto &u = *static_cast<const Unfolded *>(context);
        const auto &kernels = gemm_kernels<T>();
        const int64_t gridPlane = u.grid[0] * u.grid[1] * u.grid[2];
        int64_t image = column / gridPlane, p = column % gridPlane;
        int64_t x = p % u.grid[2], y = p / u.grid[2] % u.grid[1], z = p / u.grid[2] / u.grid[1];
        // A panel is KC long at most; so are the runs.
        GemmRun runs[KC];
        int64_t count = 0;
        for (int64_t j = 0; j < columns;) {
            const int64_t n = std::min(u.grid[2] - x, columns - j);
            const int64_t offset = image * u.images.imageStride + z * u.step[0] + y * u.step[1] + x;
            if (count && runs[count - 1].offset + runs[count - 1].count == offset) runs[count - 1].count += n;
            else runs[count++] = {j, n, offset};
            j += n, x = 0;
            if (++y == u.grid[1]) {
                y = 0;
                if (++z == u.grid[0]) z = 0, image++;
            }
        }
        int64_t rowOffsets[KC];
        for (int64_t i = 0, channel = u.channel + row / u.taps, tap = row % u.taps; i < rows; i++) {
            rowOffsets[i] = channel * u.images.planeStride + u.offsets[tap];
            if (++tap == u.taps) tap = 0, channel++;
        }
        kernels.gather(u.images.data, rowOffsets, rows, runs, count, to, ldt, u.images.copied);
    }
};

/// How many images are padded at a time: some 32 MB.
inline int64_t images_at_once(int64_t imageSize) { return std::max<int64_t>(1, (8 << 20) / std::max<int64_t>(1, imageSize)); }

/// The unfolded input of some images: what forward and weight gradient multiply.
template <class T> struct UnfoldedInput {
    int64_t extent[3];
    Padded<T> images;
    Scratch<int64_t> offsets;

    UnfoldedInput(const ConvolutionPlan &p, const T *x, int64_t count, bool slack = false)
        : images(x, count, p.channels, p.in, p.padding, extents(p, extent), p.stride[2], slack), offsets(p.taps) {
        for (int64_t t = 0; t < p.taps; t++)
            offsets[t] = images.offset(t / (p.kernel[1] * p.kernel[2]) * p.dilation[0], t / p.kernel[2] % p.kernel[1] * p.dilation[1],
                                       t % p.kernel[2] * p.dilation[2]);
    }
    static const int64_t *extents(const ConvolutionPlan &p, int64_t *extent) {
        for (int d = 0; d < 3; d++) extent[d] = (p.out[d] - 1) * p.stride[d] + (p.kernel[d] - 1) * p.dilation[d] + 1;
        return extent;
    }
    /// From a position to the one a line below.
    static int64_t lineStep(const ConvolutionPlan &p) {
        int64_t extent[3];
        return p.stride[1] * ceil_divide(extents(p, extent)[2], p.stride[2]) * p.stride[2];
    }
    static int64_t chunk(const ConvolutionPlan &p) {
        int64_t extent[3];
        return images_at_once(p.channels * Padded<T>::plane(extents(p, extent), p.stride[2]));
    }
    Unfolded<T> group(const ConvolutionPlan &p, int64_t group) const {
        return {images, group * p.perGroup(), {p.out[0], p.out[1], p.out[2]},
                {p.stride[0] * images.height * images.line, p.stride[1] * images.line}, p.taps, offsets};
    }
};
}  // namespace tern
