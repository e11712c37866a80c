/// Normalization: of channels (N, C, positions) over images and positions, and of rows.
#include <algorithm>
#include "../isa/isa.h"
#include "dispatch.h"

namespace tern {
template <class T> struct NormalizeKernels {
    double (*sum)(const T *x, int64_t n);
    double (*squares)(const T *x, int64_t n, T mean);
    void (*products)(const T *g, const T *x, int64_t n, T mean, double *sums);
    void (*scale)(T *y, const T *x, int64_t n, T mean, T factor, T bias);
    void (*gradient)(T *dx, const T *g, const T *x, int64_t n, T mean, T factor, T part, T slope);
    void (*row_scale)(T *y, const T *x, int64_t n, T mean, T factor, const T *weight, const T *bias);
    void (*row_products)(const T *g, const T *x, const T *weight, int64_t n, T mean, double *sums);
    void (*row_gradient)(T *dx, const T *g, const T *x, const T *weight, int64_t n, T mean, T factor, T part, T slope);
    void (*row_gather)(T *weight, T *bias, const T *g, const T *x, int64_t n, T mean, T factor);
};
}  // namespace tern
#define TERN_SOURCE "../kernels/normalize.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
/// The lines of a contiguous array of channels.
struct Channels {
    int64_t images, channels, plane;
    explicit Channels(const TernArray *x) : images(x->shape[0]), channels(x->shape[1]), plane(1) {
        for (int32_t d = 2; d < x->rank; d++) plane *= x->shape[d];
    }
    int64_t at(int64_t image, int64_t channel) const { return (image * channels + channel) * plane; }
    template <class F> void each(const F &f) const {
        parallel_for(channels, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, images * plane)), [&](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; c++) f(c);
        });
    }
};
template <class T> T *numbers(const TernArray *x) { return x ? static_cast<T *>(x->data) : nullptr; }
template <class F> bool visit_single(TernDType dtype, const F &f) {
    if (dtype == TERN_FLOAT32) return f(Type<float>{}), true;
    if (dtype == TERN_FLOAT64) return f(Type<double>{}), true;
    return false;
}
}  // namespace

bool tern_channel_statistics(const TernArray *mean, const TernArray *variance, const TernArray *x) {
    return visit_single(x->dtype, [&]<class T>(Type<T>) {
        const Channels s(x);
        const auto &kernels = TERN_CHOOSE(normalize<T>);
        const T *from = numbers<T>(x);
        s.each([&](int64_t c) {
            const double count = double(s.images * s.plane);
            double sum = 0, squares = 0;
            for (int64_t n = 0; n < s.images; n++) sum += kernels.sum(from + s.at(n, c), s.plane);
            const T middle = T(sum / count);
            for (int64_t n = 0; n < s.images; n++) squares += kernels.squares(from + s.at(n, c), s.plane, middle);
            numbers<T>(mean)[c] = middle, numbers<T>(variance)[c] = T(squares / count);
        });
    });
}

bool tern_normalize_channels(const TernArray *out, const TernArray *x, const TernArray *mean, const TernArray *scale, const TernArray *weight,
                             const TernArray *bias) {
    return visit_single(x->dtype, [&]<class T>(Type<T>) {
        const Channels s(x);
        const auto &kernels = TERN_CHOOSE(normalize<T>);
        s.each([&](int64_t c) {
            const T factor = numbers<T>(scale)[c] * (weight ? numbers<T>(weight)[c] : T(1)), add = bias ? numbers<T>(bias)[c] : T(0);
            for (int64_t n = 0; n < s.images; n++)
                kernels.scale(numbers<T>(out) + s.at(n, c), numbers<T>(x) + s.at(n, c), s.plane, numbers<T>(mean)[c], factor, add);
        });
    });
}

bool tern_normalize_channels_gradient(const TernArray *dx, const TernArray *dweight, const TernArray *dbias, const TernArray *g,
                                      const TernArray *x, const TernArray *mean, const TernArray *scale, const TernArray *weight) {
    return visit_single(x->dtype, [&]<class T>(Type<T>) {
        const Channels s(x);
        const auto &kernels = TERN_CHOOSE(normalize<T>);
        const T *from = numbers<T>(x), *by = numbers<T>(g);
        s.each([&](int64_t c) {
            const double count = double(s.images * s.plane);
            const T middle = numbers<T>(mean)[c], own = numbers<T>(scale)[c];
            double sums[2] = {0, 0};
            for (int64_t n = 0; n < s.images; n++) kernels.products(by + s.at(n, c), from + s.at(n, c), s.plane, middle, sums);
            if (dbias) numbers<T>(dbias)[c] = T(sums[0]);
            if (dweight) numbers<T>(dweight)[c] = T(sums[1] * double(own));
            if (!dx) return;
            const T factor = own * (weight ? numbers<T>(weight)[c] : T(1));
            const T part = T(sums[0] / count), slope = T(sums[1] / count * double(own) * double(own));
            for (int64_t n = 0; n < s.images; n++)
                kernels.gradient(numbers<T>(dx) + s.at(n, c), by + s.at(n, c), from + s.at(n, c), s.plane, middle, factor, part, slope);
        });
    });
}

bool tern_normalize_rows(const TernArray *out, const TernArray *x, const TernArray *mean, const TernArray *scale, const TernArray *weight,
                         const TernArray *bias) {
    return visit_single(x->dtype, [&]<class T>(Type<T>) {
        const int64_t rows = count(mean), n = rows ? count(x) / rows : 0;
        const auto &kernels = TERN_CHOOSE(normalize<T>);
        parallel_for(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++)
                kernels.row_scale(numbers<T>(out) + r * n, numbers<T>(x) + r * n, n, numbers<T>(mean)[r], numbers<T>(scale)[r],
                                  numbers<T>(weight), numbers<T>(bias));
        });
    });
}

bool tern_normalize_rows_gradient(const TernArray *dx, const TernArray *dweight, const TernArray *dbias, const TernArray *g,
                                  const TernArray *x, const TernArray *mean, const TernArray *scale, const TernArray *weight) {
    return visit_single(x->dtype, [&]<class T>(Type<T>) {
        const bool gathers = dweight || dbias;
        const int64_t rows = count(mean), n = rows ? count(x) / rows : gathers ? count(dweight ? dweight : dbias) : 0;
        const auto &kernels = TERN_CHOOSE(normalize<T>);
        // Rows in parts that the shape alone decides: each adds up gradients of its own, which are added up in order.
        const int64_t parts = std::clamp<int64_t>(rows / 64, 1, 32), each = (rows + parts - 1) / parts;
        Scratch<T> gathered(gathers ? parts * 2 * n : 0);
        parallel_for(parts, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, each * n)), [&](int64_t begin, int64_t end) {
            for (int64_t p = begin; p < end; p++) {
                T *own = gathers ? gathered + p * 2 * n : nullptr;
                if (gathers) std::fill(own, own + 2 * n, T(0));
                for (int64_t r = p * each; r < std::min(rows, (p + 1) * each); r++) {
                    const T *from = numbers<T>(x) + r * n, *by = numbers<T>(g) + r * n;
                    const T middle = numbers<T>(mean)[r], factor = numbers<T>(scale)[r];
                    if (dx) {
                        double sums[2] = {0, 0};
                        kernels.row_products(by, from, numbers<T>(weight), n, middle, sums);
                        kernels.row_gradient(numbers<T>(dx) + r * n, by, from, numbers<T>(weight), n, middle, factor, T(sums[0] / double(n)),
                                             T(sums[1] / double(n) * double(factor) * double(factor)));
                    }
                    if (gathers) kernels.row_gather(own, own + n, by, from, n, middle, factor);
                }
            }
        });
        for (int which = 0; which < 2; which++)
            if (const TernArray *to = which ? dbias : dweight)
                for (int64_t i = 0; i < n; i++) {
                    double sum = 0;
                    for (int64_t p = 0; p < parts; p++) sum += double(gathered[(2 * p + which) * n + i]);
                    numbers<T>(to)[i] = T(sum);
                }
    });
}
