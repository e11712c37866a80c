/// Normalization of channels (N, C, positions) over images and positions.
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
