/// Convolution as a matrix product whose right side is never built: the product asks for panels of it, and they are read from the
/// image. All images of a batch are columns of one product, so small planes fill the tiles too.
#include <algorithm>
#include "gemm.h"

using namespace tern;

namespace {
inline int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }
inline int64_t ceil_divide(int64_t a, int64_t b) { return -floor_divide(-a, b); }

/// Sizes with three spatial dimensions, the leading ones 1 where there are fewer.
struct Plan {
    int64_t batch, channels, outChannels, groups;
    int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
    int64_t inPlane, outPlane, taps;

    Plan(const TernArray *x, const TernArray *out, const TernArray *weight, const TernConvolution &c) : groups(c.groups) {
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
    int64_t perGroup() const { return channels / groups; }
    int64_t outPerGroup() const { return outChannels / groups; }
};

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
                        else for (int64_t x = 0; x < widths; x++) to[offset(0, 0, before[2] + x)] = from[x];
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

/// A product with the unfolded matrix whose panels are not even copied: a vector of neighbours in a line is read where it stands. That is
/// the faster way where lines fill their vectors, or where the rows of weights are so few that a copy costs more than empty lanes; and
/// where a line is read for several taps.
template <class T> struct Direct {
    static bool suits(const Plan &p, int64_t m, int64_t line) {
        const int64_t w = gemm_kernels<T>().vector;
        return p.taps > 1 && m > 0 && line >= 4 && (line + w - 1) / w * w * m <= line * (m + 16);
    }

    const Unfolded<T> &unfolded;
    int64_t m, k, images;
    const T *weights, *bias;  ///< (m, k), (m) or NULL
    T *out;
    int64_t planeStride, imageStride;  ///< of out
    bool accumulate;

    void run(bool serial) const {
        const auto &u = unfolded;
        const auto &kernels = gemm_kernels<T>();
        Scratch<int64_t> offsets(k);
        for (int64_t i = 0; i < k; i++) offsets[i] = (u.channel + i / u.taps) * u.images.planeStride + u.offsets[i % u.taps];
        const int64_t w = kernels.vector, width = u.grid[2], parts = (width + w - 1) / w, panels = (m + kernels.rows - 1) / kernels.rows;
        const int64_t vectors = images * u.grid[0] * u.grid[1] * parts;
        auto compute = [&](int64_t begin, int64_t end) {
            for (int64_t pair = begin; pair < end; pair++) {
                const T *from[2];
                int64_t at[2], columns[2];
                for (int64_t v = 0; v < 2; v++) {
                    const int64_t i = std::min(2 * pair + v, vectors - 1), line = i / parts;
                    const int64_t y = line % u.grid[1], z = line / u.grid[1] % u.grid[0], image = line / u.grid[1] / u.grid[0];
                    // A line's last vector overlaps the one before, if there is one: then all are full. Not where sums are added to.
                    const int64_t x = i % parts * w, start = accumulate ? x : std::max<int64_t>(0, std::min(x, width - w));
                    from[v] = u.images.data + image * u.images.imageStride + z * u.step[0] + y * u.step[1] + start;
                    at[v] = image * imageStride + (z * u.grid[1] + y) * width + start;
                    columns[v] = std::min(w, width - start);
                }
                for (int64_t panel = 0; panel < panels; panel++) {
                    const int64_t i0 = m * panel / panels, i1 = m * (panel + 1) / panels;
                    kernels.direct[i1 - i0](weights + i0 * k, k, from, offsets, k, bias ? bias + i0 : nullptr, out + i0 * planeStride,
                                            planeStride, at, columns, accumulate);
                }
            }
        };
        const int64_t pairs = (vectors + 1) / 2;
        if (serial) compute(0, pairs);
        else parallel_for(pairs, std::max<int64_t>(1, (1 << 16) / (m * k * w)), compute);
    }
};

/// How many images are padded at a time: some 32 MB.
int64_t images_at_once(int64_t imageSize) { return std::max<int64_t>(1, (8 << 20) / std::max<int64_t>(1, imageSize)); }

/// The unfolded input of some images: what forward and weight gradient multiply.
template <class T> struct UnfoldedInput {
    int64_t extent[3];
    Padded<T> images;
    Scratch<int64_t> offsets;

    UnfoldedInput(const Plan &p, const T *x, int64_t count, bool slack = false)
        : images(x, count, p.channels, p.in, p.padding, extents(p, extent), p.stride[2], slack), offsets(p.taps) {
        for (int64_t t = 0; t < p.taps; t++)
            offsets[t] = images.offset(t / (p.kernel[1] * p.kernel[2]) * p.dilation[0], t / p.kernel[2] % p.kernel[1] * p.dilation[1],
                                       t % p.kernel[2] * p.dilation[2]);
    }
    static const int64_t *extents(const Plan &p, int64_t *extent) {
        for (int d = 0; d < 3; d++) extent[d] = (p.out[d] - 1) * p.stride[d] + (p.kernel[d] - 1) * p.dilation[d] + 1;
        return extent;
    }
    static int64_t chunk(const Plan &p) {
        int64_t extent[3];
        return images_at_once(p.channels * Padded<T>::plane(extents(p, extent), p.stride[2]));
    }
    Unfolded<T> group(const Plan &p, int64_t group) const {
        return {images, group * p.perGroup(), {p.out[0], p.out[1], p.out[2]},
                {p.stride[0] * images.height * images.line, p.stride[1] * images.line}, p.taps, offsets};
    }
};

/// body(group, serial): many groups are shared out to the threads, few ones are each worked on by all.
template <class F> void for_groups(const Plan &p, const F &body) {
    if (p.groups < 8) for (int64_t g = 0; g < p.groups; g++) body(g, false);
    else parallel_for(p.groups, 1, [&](int64_t begin, int64_t end) { for (int64_t g = begin; g < end; g++) body(g, true); });
}

template <class T> constexpr TernDType dtypeOf = sizeof(T) == 4 ? TERN_FLOAT32 : TERN_FLOAT64;

/// out (channel, image, position) = weight (channel, k) · unfolded x (k, image, position).
template <class T> void forward(const Plan &p, T *out, const T *x, const T *weight, const T *bias, bool accumulate) {
    if (p.outPlane == 0) return;
    const bool direct = Direct<T>::suits(p, p.outPerGroup(), p.out[2]);
    for (int64_t first = 0, count; first < p.batch; first += count) {
        count = std::min(UnfoldedInput<T>::chunk(p), p.batch - first);
        const UnfoldedInput<T> unfolded(p, x + first * p.channels * p.inPlane, count, direct);
        T *target = out + first * p.outChannels * p.outPlane;
        for_groups(p, [&](int64_t group, bool serial) {
            const int64_t m = p.outPerGroup(), k = p.perGroup() * p.taps;
            const auto images = unfolded.group(p, group);
            if (direct)
                return Direct<T>{images, m, k, count, weight + group * m * k, bias ? bias + group * m : nullptr,
                                 target + group * m * p.outPlane, p.outPlane, p.outChannels * p.outPlane, accumulate}.run(serial);
            const Matrix a{weight + group * m * k, k, 1};
            Gemm<T> g{m, count * p.outPlane, k, {}, {&images, Unfolded<T>::read}, nullptr, 0, weight + group * m * k, k, {}, accumulate, serial};
            matrix_source(g.a, a, dtypeOf<T>);
            g.out = {target + group * m * p.outPlane, dtypeOf<T>, p.outPlane, 1, p.outPlane, p.outChannels * p.outPlane,
                     bias ? bias + group * m : nullptr, 1, 0};
            gemm(g);
        });
    }
}

/// dx at the positions of one residue modulo the stride is a product over those taps that reach them, with g unfolded: no zero is
/// multiplied. Residue after residue; there is just one where the stride is 1.
template <class T> void input_gradient(const Plan &p, T *dx, const T *g, const T *weight, bool accumulate) {
    const int64_t m = p.perGroup(), outs = p.outPerGroup(), residues = p.stride[0] * p.stride[1] * p.stride[2];
    // From a position's quotient to the element of g that a tap takes: between these.
    int64_t before[3], padded[3];
    for (int d = 0; d < 3; d++) {
        before[d] = std::max<int64_t>(0, -floor_divide(p.padding[d] - (p.kernel[d] - 1) * p.dilation[d], p.stride[d]));
        const int64_t furthest = ceil_divide(p.in[d], p.stride[d]) + floor_divide(p.stride[d] - 1 + p.padding[d], p.stride[d]);
        padded[d] = before[d] + std::max(p.out[d], furthest);
    }
    const bool direct = residues == 1 && Direct<T>::suits(p, m, p.in[2]);
    Scratch<int64_t> reached(p.taps), offsets(p.taps);
    const int64_t chunk = images_at_once(p.outChannels * Padded<T>::plane(padded, 1));
    for (int64_t start = 0, count; start < p.batch; start += count) {
        count = std::min(chunk, p.batch - start);
        const Padded<T> images(g + start * p.outChannels * p.outPlane, count, p.outChannels, p.out, before, padded, 1,
                               direct);
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
                // The weights as rows (channel, then output channel and tap).
                Scratch<T> rows(m * k);
                auto arrange = [&](int64_t begin, int64_t end) {
                    constexpr int64_t block = 16;  // channels lie together in `weight`, output channels in `rows`
                    for (int64_t c0 = begin; c0 < end; c0 += block)
                        for (int64_t o = 0; o < outs; o++)
                            for (int64_t c = c0; c < std::min(end, c0 + block); c++) {
                                const T *from = weight + ((group * outs + o) * m + c) * p.taps;
                                for (int64_t t = 0; t < taps; t++) rows[c * k + o * taps + t] = from[reached[t]];
                            }
                };
                if (serial) arrange(0, m);
                else parallel_for(m, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, k)), arrange);
                const Unfolded<T> unfolded{images, group * outs, {grid[0], grid[1], grid[2]}, {images.height * images.line, images.line},
                                           std::max<int64_t>(taps, 1), offsets};
                T *out = target + group * m * p.inPlane;
                const int64_t imageStride = p.channels * p.inPlane;
                if (direct)
                    return Direct<T>{unfolded, m, k, count, rows, nullptr, out, p.inPlane, imageStride, accumulate}.run(serial);
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

/// dw, transposed: (k, channel) = unfolded x (k, image and position) · g (image and position, channel).
template <class T> void weight_gradient(const Plan &p, T *dw, const T *g, const T *x, bool accumulate) {
    const int64_t outs = p.outPerGroup(), k = p.perGroup() * p.taps;
    if (p.batch * p.outPlane == 0) {
        if (!accumulate) std::fill(dw, dw + p.outChannels * k, T(0));
        return;
    }
    for (int64_t first = 0, count; first < p.batch; first += count, accumulate = true) {
        count = std::min(UnfoldedInput<T>::chunk(p), p.batch - first);
        const UnfoldedInput<T> unfolded(p, x + first * p.channels * p.inPlane, count);
        for_groups(p, [&](int64_t group, bool serial) {
            const auto images = unfolded.group(p, group);
            const Positions<T> positions{g + (first * p.outChannels + group * outs) * p.outPlane, p.outChannels * p.outPlane, p.outPlane};
            Gemm<T> product{k, outs, count * p.outPlane, {&images, Unfolded<T>::read}, {&positions, Positions<T>::read}, nullptr, 0, nullptr, 0, {},
                            accumulate, serial};
            product.out = {dw + group * outs * k, dtypeOf<T>, 1, k, outs, 0, nullptr, 0, 0};
            gemm(product);
        });
    }
}

// Any dtype and any strides, by way of contiguous float or double ---------------------------------------------------------
int64_t elements(const TernArray *x) { return x ? count(x) : 0; }

/// A contiguous array with the shape of another.
template <class T> struct Contiguous {
    int64_t strides[5];
    Scratch<T> memory;
    TernArray array;

    Contiguous(const TernArray *like, bool needed) : memory(needed ? elements(like) : 0) {
        if (!like) return;
        int64_t step = 1;
        for (int32_t d = like->rank - 1; d >= 0; d--) strides[d] = step, step *= like->shape[d];
        array = {static_cast<T *>(memory), like->shape, strides, like->rank, dtypeOf<T>};
    }
};

bool is_contiguous(const TernArray *x) {
    int64_t step = 1;
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        if (x->shape[d] != 1 && x->strides[d] != step) return false;
        step *= x->shape[d];
    }
    return true;
}

/// The real (0) or imaginary (1) parts of a complex array; a real array as it is.
struct Part {
    int64_t strides[5];
    TernArray array;
    Part(const TernArray *x, int part) {
        if (!x) return;
        array = *x;
        if (x->dtype != TERN_COMPLEX64 && x->dtype != TERN_COMPLEX128) return;
        const bool narrow = x->dtype == TERN_COMPLEX64;
        for (int32_t d = 0; d < x->rank; d++) strides[d] = 2 * x->strides[d];
        array.strides = strides;
        array.dtype = narrow ? TERN_FLOAT32 : TERN_FLOAT64;
        array.data = static_cast<char *>(x->data) + part * (narrow ? 4 : 8);
    }
};

/// An operand's part in T, contiguous: the array itself where it is so.
template <class T> struct Input {
    Part part;
    Contiguous<T> copy;
    const T *data = nullptr;
    Input(const TernArray *x, int which)
        : part(x, which), copy(x, x && !(x->dtype == dtypeOf<T> && is_contiguous(x))) {
        if (!x) return;
        if (!copy.memory) data = static_cast<const T *>(part.array.data);
        else tern_copy(&copy.array, &part.array), data = copy.memory;
    }
    void negate() {  // complex parts always are copies
        for (int64_t i = 0, n = elements(&copy.array); i < n; i++) copy.memory[i] = -copy.memory[i];
    }
};

template <class T> struct Output {
    Part part;
    Contiguous<T> copy;
    T *data;
    Output(const TernArray *x, int which) : part(x, which), copy(x, !(part.array.dtype == dtypeOf<T> && is_contiguous(&part.array))) {
        data = copy.memory ? static_cast<T *>(copy.memory) : static_cast<T *>(part.array.data);
    }
    ~Output() { if (copy.memory) tern_copy(&part.array, &copy.array); }
};

/// product(out, a, b, bias, accumulate) is linear in a and in b.
template <class F> bool in_real(const TernArray *out, const TernArray *a, const TernArray *b, const TernArray *bias, const F &product) {
    if (a->dtype != out->dtype || b->dtype != out->dtype || (bias && bias->dtype != out->dtype) || out->rank > 5) return false;
    auto real = [&]<class T>(Type<T>) {
        Output<T> y(out, 0);
        product(y.data, Input<T>(a, 0).data, Input<T>(b, 0).data, Input<T>(bias, 0).data, false);
    };
    auto complex = [&]<class T>(Type<T>) {
        Output<T> re(out, 0), im(out, 1);
        Input<T> ar(a, 0), ai(a, 1), br(b, 0), bi(b, 1), biasRe(bias, 0), biasIm(bias, 1);
        const T *none = nullptr;
        product(re.data, ar.data, br.data, biasRe.data, false);
        product(im.data, ar.data, bi.data, biasIm.data, false);
        product(im.data, ai.data, br.data, none, true);
        bi.negate();
        product(re.data, ai.data, bi.data, none, true);
    };
    switch (out->dtype) {
        case TERN_FLOAT32: case TERN_FLOAT16: case TERN_BFLOAT16: real(Type<float>{}); return true;
        case TERN_FLOAT64: real(Type<double>{}); return true;
        case TERN_COMPLEX64: complex(Type<float>{}); return true;
        case TERN_COMPLEX128: complex(Type<double>{}); return true;
        default: return false;
    }
}
}  // namespace

bool tern_convolution(const TernArray *out, const TernArray *x, const TernArray *weight, const TernArray *bias,
                      const TernConvolution *geometry) {
    const Plan plan(x, out, weight, *geometry);
    return in_real(out, x, weight, bias, [&](auto *out, auto *x, auto *weight, auto *bias, bool accumulate) {
        forward(plan, out, x, weight, bias, accumulate);
    });
}

bool tern_convolution_input_gradient(const TernArray *dx, const TernArray *g, const TernArray *weight, const TernConvolution *geometry) {
    const Plan plan(dx, g, weight, *geometry);
    return in_real(dx, g, weight, nullptr, [&](auto *dx, auto *g, auto *weight, auto *, bool accumulate) {
        input_gradient(plan, dx, g, weight, accumulate);
    });
}

bool tern_convolution_weight_gradient(const TernArray *dw, const TernArray *g, const TernArray *x, const TernConvolution *geometry) {
    const Plan plan(x, g, dw, *geometry);
    return in_real(dw, g, x, nullptr, [&](auto *dw, auto *g, auto *x, auto *, bool accumulate) {
        weight_gradient(plan, dw, g, x, accumulate);
    });
}
