/// Convolution by batch: with a vector of images' numbers at each position, side by side, all lanes are full whatever the planes' sizes and
/// strides are, no padding is multiplied, and weights are read where they stand. Costs a transposition of input and output.
#include "convolution.h"

using namespace tern;

namespace {
/// What the targets of one dimension sum: the sources source, source + sourceStep, … by the taps tap, tap + tapStep, …
struct Reach {
    struct Span {
        int64_t count, tap, source;
        bool alike(const Span &other) const { return count == other.count && tap == other.tap; }
    };
    int64_t targets, tapStep, sourceStep;
    Scratch<Span> spans;
    Scratch<int64_t> order;  ///< the targets, those with the same taps together

    /// The targets are the output's positions, or the input's where `transposed`.
    Reach(const ConvolutionPlan &p, int d, bool transposed)
        : targets(transposed ? p.in[d] : p.out[d]), tapStep(1), sourceStep(p.dilation[d]), spans(targets), order(targets) {
        const int64_t stride = p.stride[d], dilation = p.dilation[d];
        if (transposed) {
            while (tapStep * dilation % stride != 0) tapStep++;
            sourceStep = -(tapStep * dilation / stride);
        }
        for (int64_t i = 0; i < targets; i++) {
            Span span{0, 0, 0};
            for (int64_t k = 0; k < p.kernel[d]; k++) {
                int64_t source = transposed ? i + p.padding[d] - k * dilation : i * stride - p.padding[d] + k * dilation;
                if (source < 0 || (transposed && source % stride != 0)) continue;
                if (transposed) source /= stride;
                if (source >= (transposed ? p.out[d] : p.in[d])) continue;
                if (span.count++ == 0) span.tap = k, span.source = source;
            }
            spans[i] = span;
        }
        for (int64_t i = 0, n = 0; i < targets; i++) {
            bool first = true;
            for (int64_t j = 0; j < n && first; j++) first = !spans[order[j]].alike(spans[i]);
            for (int64_t j = i; j < targets && first; j++)
                if (spans[j].alike(spans[i])) order[n++] = j;
        }
    }
};

template <class T> struct ByBatch {
    const ConvolutionPlan &p;
    const bool transposed;
    const Reach reach[3];
    const ConvolutionKernels<T> &kernels = convolution_kernels<T>();
    const int64_t rows, channels;  ///< in a group: of the target, and of the source
    const int64_t targetPlane, sourcePlane;
    const int64_t vectors, images;  ///< in a block

    ByBatch(const ConvolutionPlan &p, bool transposed)
        : p(p), transposed(transposed), reach{{p, 0, transposed}, {p, 1, transposed}, {p, 2, transposed}},
          rows(transposed ? p.perGroup() : p.outPerGroup()), channels(transposed ? p.outPerGroup() : p.perGroup()),
          targetPlane(transposed ? p.inPlane : p.outPlane), sourcePlane(transposed ? p.outPlane : p.inPlane),
          vectors(p.batch > kernels.vector ? 2 : 1), images(vectors * kernels.vector) {}

    void run(T *target, const T *source, const T *weight, const T *bias) const {
        const int64_t blocks = ceil_divide(p.batch, images);
        auto compute = [&](int64_t begin, int64_t end, bool serial) {
            for (int64_t b = begin; b < end; b++) {
                const int64_t targetSize = p.groups * rows * targetPlane, sourceSize = p.groups * channels * sourcePlane;
                block(target + b * images * targetSize, source + b * images * sourceSize, weight, bias, std::min(images, p.batch - b * images),
                      serial);
            }
        };
        // No result depends on which of the two it is.
        if (blocks < 2 * tern_thread_count()) compute(0, blocks, false);
        else parallel_for(blocks, 1, [&](int64_t begin, int64_t end) { compute(begin, end, true); });
    }

private:
    void block(T *target, const T *source, const T *weight, const T *bias, int64_t count, bool serial) const {
        const int64_t targetSize = p.groups * rows * targetPlane, sourceSize = p.groups * channels * sourcePlane;
        Scratch<T> from(sourceSize * images), to(targetSize * images);
        parallel_unless(serial, sourceSize, 16384 / images, [&](int64_t begin, int64_t end) {
            if (count < images) std::fill(from + begin * images, from + end * images, T(0));
            kernels.transpose(source + begin, sourceSize, from + begin * images, images, count, end - begin);
        });
        // Panels of weights that stay in the cache together are gone through position by position.
        const int64_t panels = ceil_divide(rows, kernels.rows), k = channels * p.taps;
        const int64_t together = std::clamp<int64_t>((256 << 10) / int64_t(sizeof(T)) / (kernels.rows * k), 1, panels);
        const int64_t parts = ceil_divide(panels, together), lines = reach[0].targets * reach[1].targets;
        const int64_t work = ceil_divide(rows, parts) * k * reach[2].targets * images;
        const int64_t grain = parts * p.groups >= 16 ? lines : (1 << 19) / std::max<int64_t>(1, work);
        parallel_unless(serial, p.groups * parts * lines, grain, [&](int64_t begin, int64_t end) {
            Scratch<WalkStep> steps(std::max(p.taps, channels));
            for (int64_t i = begin; i < end; i++) {
                const int64_t group = i / lines / parts, part = i / lines % parts, line = i % lines;
                products(part_of(panels, parts, part), part_of(panels, parts, part + 1), panels, line, steps,
                         from + group * channels * sourcePlane * images, to + group * rows * targetPlane * images,
                         weight + group * rows * k, bias ? bias + group * rows : nullptr);
            }
        });
        parallel_unless(serial, targetSize, 16384 / images, [&](int64_t begin, int64_t end) {
            kernels.transpose(to + begin * images, images, target + begin, targetSize, end - begin, count);
        });
    }

    /// One line of the targets, for some panels of rows.
    void products(int64_t first, int64_t last, int64_t panels, int64_t line, WalkStep *steps, const T *from, T *to,
                  const T *weight, const T *bias) const {
        const int64_t z = line / reach[1].targets, y = line % reach[1].targets;
        const auto deep = reach[0].spans[z], high = reach[1].spans[y];
        const int64_t *size = transposed ? p.out : p.in;
        const int64_t lda = transposed ? p.taps : channels * p.taps, aStep = transposed ? rows * p.taps : p.taps;
        const int64_t w = kernels.vector, columns[2] = {w, w};
        Walk walk{channels, {aStep, sourcePlane * images}, 0, steps};
        const Reach::Span *before = nullptr;
        for (int64_t i = 0, n; i < reach[2].targets; i += n) {
            const int64_t *x = reach[2].order + i;
            const auto &wide = reach[2].spans[x[0]];
            if (!before || !before->alike(wide)) find_steps(walk, steps, deep, high, wide);
            before = &wide;
            // Two vectors: of images, or of positions with the same taps.
            n = vectors == 1 && i + 1 < reach[2].targets && reach[2].spans[x[1]].alike(wide) ? 2 : 1;
            const int64_t start = (deep.source * size[1] + high.source) * size[2];
            const T *b[2] = {from + (start + wide.source) * images, from + (start + wide.source) * images + w};
            int64_t at[2] = {(line * reach[2].targets + x[0]) * images, (line * reach[2].targets + x[0]) * images + w};
            if (n == 2) b[1] = from + (start + reach[2].spans[x[1]].source) * images, at[1] = (line * reach[2].targets + x[1]) * images;
            for (int64_t panel = first; panel < last; panel++) {
                const int64_t r0 = part_of(rows, panels, panel), r1 = part_of(rows, panels, panel + 1);
                kernels.walk[n * vectors - 1][r1 - r0](weight + r0 * lda, lda, b, walk, bias ? bias + r0 : nullptr,
                                                       to + r0 * targetPlane * images, targetPlane * images, at, columns, false);
            }
        }
    }

    void find_steps(Walk &walk, WalkStep *steps, const Reach::Span &deep, const Reach::Span &high, const Reach::Span &wide) const {
        const int64_t *size = transposed ? p.out : p.in;
        int64_t n = 0;
        for (int64_t z = 0; z < deep.count; z++)
            for (int64_t y = 0; y < high.count; y++)
                for (int64_t x = 0; x < wide.count; x++) {
                    const int64_t tz = deep.tap + z * reach[0].tapStep, ty = high.tap + y * reach[1].tapStep;
                    const int64_t tx = wide.tap + x * reach[2].tapStep;
                    const int64_t source = (z * reach[0].sourceStep * size[1] + y * reach[1].sourceStep) * size[2] + x * reach[2].sourceStep;
                    steps[n++] = {(tz * p.kernel[1] + ty) * p.kernel[2] + tx, source * images};
                }
        walk.outer = channels, walk.count = n;
        if (n != 1) return;
        // A single tap: the channels are the steps.
        const int64_t tap = steps[0].a;
        for (int64_t c = 0; c < channels; c++) steps[c] = {tap + c * walk.step.a, c * walk.step.b};
        walk.outer = 1, walk.count = channels;
    }
};
}  // namespace

namespace tern {
template <class T> bool suits_batch(const ConvolutionPlan &p, bool transposed, double lineShare) {
    const int64_t w = convolution_kernels<T>().vector, rows = transposed ? p.perGroup() : p.outPerGroup();
    const int64_t size = std::max(p.channels * p.inPlane, p.outChannels * p.outPlane) * 2 * w * int64_t(sizeof(T));
    const bool isPlain = p.taps == 1 && p.residues() == 1 && p.inPlane >= 2 * w;  // a matrix product as it stands
    const int64_t channels = transposed ? p.outPerGroup() : p.perGroup();
    if (rows < 4 || channels == 0 || isPlain || size > 16 << 20 || p.batch * 4 < w * 3) return false;
    for (int d = 0; d < 3; d++) {  // lines multiply the padding too
        const Reach reach(p, d, transposed);
        int64_t taps = 0;
        for (int64_t i = 0; i < reach.targets; i++) taps += reach.spans[i].count;
        lineShare *= double(taps) / double(reach.targets * p.kernel[d]);
    }
    return double(p.batch) / double(ceil_divide(p.batch, w) * w) > 1.1 * lineShare;
}
template <class T> void forward_by_batch(const ConvolutionPlan &p, T *out, const T *x, const T *weight, const T *bias) {
    ByBatch<T>(p, false).run(out, x, weight, bias);
}
template <class T> void input_gradient_by_batch(const ConvolutionPlan &p, T *dx, const T *g, const T *weight) {
    ByBatch<T>(p, true).run(dx, g, weight, nullptr);
}
template bool suits_batch<float>(const ConvolutionPlan &, bool, double);
template bool suits_batch<double>(const ConvolutionPlan &, bool, double);
template void forward_by_batch(const ConvolutionPlan &, float *, const float *, const float *, const float *);
template void forward_by_batch(const ConvolutionPlan &, double *, const double *, const double *, const double *);
template void input_gradient_by_batch(const ConvolutionPlan &, float *, const float *, const float *);
template void input_gradient_by_batch(const ConvolutionPlan &, double *, const double *, const double *);
}  // namespace tern
