/// Maximum and average pooling. A plane is pooled along its lines first, all of them as one long line, then across them: so the loops are
/// long, and a window's element is looked at once for each dimension, not once for each tap.
#include <algorithm>
#include <limits>
#include "../isa/isa.h"
#include "dispatch.h"

#pragma clang diagnostic ignored "-Wpass-failed"
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
namespace tern {
template <class A> struct PoolingLoops {
    void (*sum_along)(A *to, const A *from, int64_t n, int64_t step, int64_t dilation, int64_t kernel);
    void (*spread_along)(A *to, const A *from, int64_t n, int64_t step, int64_t dilation, int64_t kernel);
    void (*average_rows)(A *to, const A *const *rows, int64_t count, int64_t n, const A *by, A others);
    void (*shares)(A *to, const A *g, int64_t n, const A *by, A others);
    void (*add_row)(A *to, const A *from, int64_t n);
    void (*greatest)(A *most, int64_t *where, const A *const *lines, const int64_t *starts, int64_t count, int64_t n,
                     int64_t step, int64_t dilation, int64_t kernel);
    void (*greatest_across)(A *most, int64_t *where, const A *const *lines, const int64_t *const *places, int64_t count, int64_t n);
    /// Windows of 2 × 2 that tile planes of lines `width` apart: `lines` lines of n of them.
    void (*average_squares)(A *to, const A *from, int64_t lines, int64_t n, int64_t width, A divisor);
    void (*spread_squares)(A *to, const A *g, int64_t lines, int64_t n, int64_t width, A divisor);
};
}  // namespace tern
#define TERN_SOURCE "../kernels/pooling.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
/// Sizes with three spatial dimensions, the leading ones 1 where there are fewer.
struct Plan {
    int64_t planes, channels, in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
    int64_t inLines, outLines;
    int64_t windows, line;  ///< a line has `line` = stride · windows numbers, its padding included, and `windows` windows, some of no use

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
        inLines = in[0] * in[1], outLines = this->out[0] * this->out[1];
        const int64_t reach = std::max((this->out[2] - 1) * stride[2] + (kernel[2] - 1) * dilation[2] + 1, in[2] + padding[2]);
        windows = (reach + stride[2] - 1) / stride[2], line = windows * stride[2];
    }
    int64_t grain() const { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, inLines * line)); }
    /// Lines as they lie in memory are as the loops take them: nothing sticks out of one.
    bool plain() const { return padding[2] == 0 && line == in[2] && (kernel[2] - 1) * dilation[2] < stride[2]; }

    /// Squares of 2 × 2 that fill planes without a gap.
    bool squares() const {
        bool result = in[0] == 1 && out[0] == 1 && kernel[0] == 1 && padding[0] == 0;
        for (int d = 1; d < 3; d++) result = result && kernel[d] == 2 && stride[d] == 2 && padding[d] == 0 && in[d] == 2 * out[d];
        return result;
    }

    /// Taps first..<last of dimension d lie inside where the window is number `o`.
    void inside(int d, int64_t o, int64_t &first, int64_t &last) const {
        const int64_t start = o * stride[d] - padding[d];
        first = start < 0 ? (-start + dilation[d] - 1) / dilation[d] : 0;
        last = std::min(kernel[d], in[d] > start ? (in[d] - 1 - start) / dilation[d] + 1 : 0);
    }
    /// f(the input's line) for each that the output's line number `row` covers.
    template <class F> void for_lines(int64_t row, const F &f) const {
        const int64_t z = row / out[1], y = row % out[1];
        int64_t z0, z1, y0, y1;
        inside(0, z, z0, z1), inside(1, y, y0, y1);
        for (int64_t kz = z0; kz < z1; kz++)
            for (int64_t ky = y0; ky < y1; ky++)
                f((z * stride[0] - padding[0] + kz * dilation[0]) * in[1] + y * stride[1] - padding[1] + ky * dilation[1]);
    }
};

/// What each position along a dimension covers of the input: `count` places from `from` on, a dilation apart.
struct Spans {
    struct Span { int64_t from, count; };
    Scratch<Span> spans;
    int64_t most = 0, reach;  // places at most; from the first to the last, both counted, at most

    Spans(const Plan &p, int d) : spans(p.out[d]) {
        for (int64_t o = 0; o < p.out[d]; o++) {
            int64_t first, last;
            p.inside(d, o, first, last);
            spans[o] = {o * p.stride[d] - p.padding[d] + first * p.dilation[d], std::max<int64_t>(last - first, 0)};
            most = std::max(most, spans[o].count);
        }
        reach = std::min((p.kernel[d] - 1) * p.dilation[d] + 1, p.in[d]);
    }
    const Span &operator[](int64_t o) const { return spans[o]; }
};

/// The lines of an array's planes.
template <class T> struct Lines {
    const TernArray *x;
    int64_t height, width, strides[3];
    explicit Lines(const TernArray *x) : x(x), height(x->rank > 3 ? x->shape[x->rank - 2] : 1), width(x->shape[x->rank - 1]) {
        for (int d = 0; d < 3; d++) strides[d] = d < 5 - x->rank ? 0 : x->strides[x->rank - 3 + d];
    }
    T *plane(int64_t plane) const {
        return static_cast<T *>(x->data) + plane / x->shape[1] * x->strides[0] + plane % x->shape[1] * x->strides[1];
    }
    int64_t at(int64_t line) const { return line / height * strides[0] + line % height * strides[1]; }
    bool contiguous() const { return (width == 1 || strides[2] == 1); }
    bool together(int64_t lines) const {
        return contiguous() && (height == 1 || strides[1] == width) && (lines == height || strides[0] == height * width);
    }
    /// All of two-dimensional planes is one block of memory.
    bool dense(const Plan &p) const {
        return together(height) && (p.channels == 1 || x->strides[1] == height * width) &&
               (p.planes == p.channels || x->strides[0] == p.channels * height * width);
    }
};
template <class To, class From> void copy_line(To *to, int64_t toStep, const From *from, int64_t fromStep, int64_t n) {
    if (toStep == 1 && fromStep == 1) for (int64_t i = 0; i < n; i++) to[i] = convert<To>(from[i]);
    else for (int64_t i = 0; i < n; i++) to[i * toStep] = convert<To>(from[i * fromStep]);
}

/// An input's plane as the loops take it: as it is, or copied line by line between paddings that hold `outside`.
template <class T> struct PaddedPlane {
    using A = computed<T>;
    const Plan &p;
    const Lines<T> lines;
    const bool asIs;
    Scratch<A> memory;

    PaddedPlane(const Plan &p, const TernArray *x, A outside)
        : PaddedPlane(p, x, outside, std::is_same_v<T, A> && p.plain() && Lines<T>(x).together(p.inLines)) {}
    PaddedPlane(const Plan &p, const TernArray *x, A outside, bool asIs)
        : p(p), lines(x), asIs(asIs),
          memory(asIs ? 0 : p.inLines * p.line + p.kernel[2] * p.dilation[2]) {
        if (!asIs) std::fill(memory + 0, memory + p.inLines * p.line + p.kernel[2] * p.dilation[2], outside);
    }
    /// How far line l is into it.
    int64_t at(int64_t l) const { return asIs ? lines.at(l) : l * p.line; }
    const A *read(int64_t plane) const {
        const T *from = lines.plane(plane);
        if constexpr (std::is_same_v<T, A>)
            if (asIs) return from;
        for (int64_t l = 0; l < p.inLines; l++)
            copy_line<A, T>(memory + l * p.line + p.padding[2], 1, from + lines.at(l), lines.strides[2], p.in[2]);
        return memory;
    }
};

/// By how much the sum over a window is divided: by[o] · others(row).
template <class A> struct Divisors {
    const Plan &p;
    const TernPooling &g;
    Scratch<A> by;
    Divisors(const Plan &p, const TernPooling &g) : p(p), g(g), by(p.out[2]) {
        for (int64_t o = 0; o < p.out[2]; o++) by[o] = share(2, o, A(g.divisor));
    }
    A others(int64_t row) const { return share(0, row / p.out[1], A(1)) * share(1, row % p.out[1], A(1)); }

private:
    /// One dimension's share; 0 where no element lies inside.
    A share(int d, int64_t o, A fixed) const {
        const int64_t start = o * p.stride[d] - p.padding[d], end = std::min(start + p.kernel[d], p.in[d] + p.padding[d]);
        const int64_t real = std::min(end, p.in[d]) - std::max<int64_t>(start, 0);
        if (real <= 0) return A(0);
        return g.divisor ? fixed : A(g.countIncludesPadding ? end - start : real);
    }
};
}  // namespace

bool tern_max_pool(const TernArray *out, const TernArray *indices, const TernArray *x, const TernPooling *geometry) {
    if (x->dtype != out->dtype || indices->dtype != TERN_INT64) return false;
    const Plan p(x, out, *geometry, true);
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Lines<T> from(x), to(out);
        const Lines<int64_t> where(indices);
        const auto &loops = TERN_CHOOSE(pooling_loops<A>);
        const int64_t width = p.out[2], n = p.in[2], step = p.stride[2];
        const int64_t reach = n + p.padding[2] - (p.kernel[2] - 1) * p.dilation[2];
        // All taps of windows first..<last of a line lie inside.
        const int64_t first = std::min((p.padding[2] + step - 1) / step, width);
        const int64_t last = std::max(first, std::min(width, reach > 0 ? (reach - 1) / step + 1 : 0));
        const bool as_is = std::is_same_v<T, A> && from.contiguous() && first == 0 && last == width;
        const bool in_place = std::is_same_v<T, A> && to.contiguous() && where.contiguous();
        const Spans depth(p, 0), height(p, 1);
        // Windows that share many taps: the greatest along each line, then across lines. What either costs, as measured, for one window.
        const double across = double(depth.most * height.most), along = double(p.kernel[2]);
        const bool apart = across * along > 1.5 * along * double(p.inLines) / double(p.outLines) + 0.5 * across + 12;
        const int64_t kept = apart ? std::min(p.inLines, p.in[0] == 1 && p.out[0] == 1 ? height.reach : depth.reach * p.in[1]) : 0;
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            const PaddedPlane<T> source(p, x, -std::numeric_limits<A>::infinity(), as_is);
            const int64_t line_step = p.dilation[1] * (as_is ? from.strides[1] : p.line);
            Scratch<A> line(width), line_most(kept * width);
            Scratch<int64_t> places(width), starts(depth.most * height.most), line_places(kept * width);
            Scratch<const A *> lines(depth.most * height.most);
            Scratch<const int64_t *> lines_places(apart ? depth.most * height.most : 0);
            for (int64_t plane = begin; plane < end; plane++) {
                const A *values = source.read(plane);
                int64_t done = 0;  // lines whose own greatest are found; the last `kept` of them are at hand
                for (int64_t row = 0; row < p.outLines; row++) {
                    const int64_t z = row / p.out[1], y = row % p.out[1];
                    T *target = to.plane(plane) + z * to.strides[0] + y * to.strides[1];
                    int64_t *target_places = where.plane(plane) + z * where.strides[0] + y * where.strides[1];
                    int64_t *at = in_place ? target_places : places, count = 0;
                    A *most = line;
                    if constexpr (std::is_same_v<T, A>)
                        if (in_place) most = target;
                    for (int64_t kz = 0; kz < depth[z].count; kz++) {
                        const int64_t l0 = (depth[z].from + kz * p.dilation[0]) * p.in[1] + height[y].from;
                        const A *first_line = values + source.at(l0);
                        for (int64_t ky = 0; ky < height[y].count; ky++, count++) {
                            lines[count] = first_line + ky * line_step;
                            starts[count] = (l0 + ky * p.dilation[1]) * n - p.padding[2];
                        }
                    }
                    if (count == 0) {
                        std::fill(most, most + width, -std::numeric_limits<A>::infinity()), std::fill(at, at + width, 0);
                    } else if (apart) {
                        for (int64_t t = 0; t < count; t++) {
                            const int64_t l = (starts[t] + p.padding[2]) / n, slot = l % kept * width;
                            for (; done <= l; done++) {
                                const A *one = values + source.at(done);
                                const int64_t start = done * n - p.padding[2], next = done % kept * width;
                                loops.greatest(line_most + next, line_places + next, &one, &start, 1, width, step, p.dilation[2],
                                               p.kernel[2]);
                            }
                            lines[t] = line_most + slot, lines_places[t] = line_places + slot;
                        }
                        loops.greatest_across(most, at, lines, lines_places, count, width);
                    } else {
                        loops.greatest(most, at, lines, starts, count, width, step, p.dilation[2], p.kernel[2]);
                    }
                    // Where all is −∞, the first element of the window counts as the greatest, not the padding.
                    const auto correct = [&](int64_t o) {
                        if (count == 0 || most[o] != -std::numeric_limits<A>::infinity()) return;
                        int64_t from, to;
                        p.inside(2, o, from, to);
                        at[o] = starts[0] + o * step + from * p.dilation[2];
                    };
                    for (int64_t o = 0; o < first; o++) correct(o);
                    for (int64_t o = last; o < width; o++) correct(o);
                    if (in_place) continue;
                    copy_line<T, A>(target, to.strides[2], line, 1, width);
                    copy_line<int64_t, int64_t>(target_places, where.strides[2], places, 1, width);
                }
            }
        });
    });
}

bool tern_avg_pool(const TernArray *out, const TernArray *x, const TernPooling *geometry) {
    if (x->dtype != out->dtype) return false;
    const Plan p(x, out, *geometry, false);
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Lines<T> to(out);
        const auto &loops = TERN_CHOOSE(pooling_loops<A>);
        const int64_t width = p.out[2], n = p.inLines * p.windows;
        if constexpr (std::is_same_v<T, A>)
            if (p.squares() && Lines<T>(x).dense(p) && to.dense(p))
                return parallel_for(p.planes * p.outLines, 16384 / p.in[2] + 1, [&](int64_t begin, int64_t end) {
                    loops.average_squares(static_cast<A *>(out->data) + begin * width, static_cast<A *>(x->data) + 2 * begin * p.in[2],
                                          end - begin, width, p.in[2], A(geometry->divisor ? geometry->divisor : 4));
                });
        const Divisors<A> divisors(p, *geometry);
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            const PaddedPlane<T> source(p, x, A(0));
            Scratch<A> sums(n), line(width);
            Scratch<const A *> rows(p.kernel[0] * p.kernel[1]);
            for (int64_t plane = begin; plane < end; plane++) {
                loops.sum_along(sums, source.read(plane), n, p.stride[2], 1, p.kernel[2]);
                for (int64_t row = 0; row < p.outLines; row++) {
                    int64_t count = 0;
                    p.for_lines(row, [&](int64_t l) { rows[count++] = sums + l * p.windows; });
                    T *target = to.plane(plane) + to.at(row);
                    bool direct = false;
                    if constexpr (std::is_same_v<T, A>) {
                        direct = to.contiguous();
                        if (direct) loops.average_rows(target, rows, count, width, divisors.by, divisors.others(row));
                    }
                    if (direct) continue;
                    loops.average_rows(line, rows, count, width, divisors.by, divisors.others(row));
                    copy_line<T, A>(target, to.strides[2], line, 1, width);
                }
            }
        });
    });
}

bool tern_avg_pool_gradient(const TernArray *dx, const TernArray *g, const TernPooling *geometry) {
    if (dx->dtype != g->dtype) return false;
    const Plan p(dx, g, *geometry, false);
    return visit_floating(dx->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Lines<T> from(g), to(dx);
        const auto &loops = TERN_CHOOSE(pooling_loops<A>);
        const int64_t width = p.out[2], n = p.inLines * p.windows;
        if constexpr (std::is_same_v<T, A>)
            if (p.squares() && from.dense(p) && to.dense(p))
                return parallel_for(p.planes * p.outLines, 16384 / p.in[2] + 1, [&](int64_t begin, int64_t end) {
                    loops.spread_squares(static_cast<A *>(dx->data) + 2 * begin * p.in[2], static_cast<A *>(g->data) + begin * width,
                                         end - begin, width, p.in[2], A(geometry->divisor ? geometry->divisor : 4));
                });
        const Divisors<A> divisors(p, *geometry);
        const bool direct = std::is_same_v<T, A> && p.plain() && to.together(p.inLines);
        parallel_for(p.planes, p.grain(), [&](int64_t begin, int64_t end) {
            // What each line of dx gets from the windows that start at its positions; before the first line, zeros.
            Scratch<A> memory(n + p.kernel[2]), line(width), share(width), spread(direct ? 0 : n * p.stride[2]);
            A *sums = memory + p.kernel[2];
            for (int64_t plane = begin; plane < end; plane++) {
                std::fill(memory + 0, memory + n + p.kernel[2], A(0));
                const T *source = from.plane(plane);
                for (int64_t row = 0; row < p.outLines; row++) {
                    const T *at = source + from.at(row);
                    const A *values = line;
                    if constexpr (std::is_same_v<T, A>) values = from.contiguous() ? at : values;
                    if (values == line) copy_line<A, T>(line, 1, at, from.strides[2], width);
                    loops.shares(share, values, width, divisors.by, divisors.others(row));
                    p.for_lines(row, [&](int64_t l) { loops.add_row(sums + l * p.windows, share, width); });
                }
                T *target = to.plane(plane);
                if constexpr (std::is_same_v<T, A>)
                    if (direct) {
                        loops.spread_along(target, sums, n, p.stride[2], 1, p.kernel[2]);
                        continue;
                    }
                loops.spread_along(spread, sums, n, p.stride[2], 1, p.kernel[2]);
                for (int64_t l = 0; l < p.inLines; l++)
                    copy_line<T, A>(target + to.at(l), to.strides[2], spread + l * p.line + p.padding[2], 1, p.in[2]);
            }
        });
    });
}
