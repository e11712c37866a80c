/// The negative log-likelihood of classes, and its gradient: one pass over the targets instead of ten small ops. From log-probabilities,
/// or from scores, whose softmax is taken on the way: then nothing as large as they are is written but their gradient.
#include <algorithm>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "../isa/isa.h"
#include "dispatch.h"

#define TERN_SOURCE "../kernels/softmax.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
/// x (N, C, S), target (N, S), weight (C): the class of each sample, and what it weighs.
template <class T> struct Samples {
    using A = computed<T>;
    const TernArray *x, *target, *weight;
    int64_t ignored;

    int64_t count() const { return x->shape[0] * x->shape[2]; }
    int64_t classOf(int64_t n, int64_t s) const {
        return static_cast<const int64_t *>(target->data)[n * target->strides[0] + s * target->strides[1]];
    }
    A weightOf(int64_t c) const { return weight ? convert<A>(static_cast<const T *>(weight->data)[c * weight->strides[0]]) : A(1); }
    int64_t place(const TernArray *of, int64_t n, int64_t c, int64_t s) const {
        return n * of->strides[0] + c * of->strides[1] + s * of->strides[2];
    }

    /// each(n, s, class) for begin..<end, ignored ones left out; the first class out of range, or -1.
    template <class F> int64_t visit(int64_t begin, int64_t end, const F &each) const {
        const int64_t inner = x->shape[2];
        for (int64_t i = begin; i < end; i++) {
            const int64_t n = i / inner, s = i % inner, c = classOf(n, s);
            if (c == ignored) continue;
            if (c < 0 || c >= x->shape[1]) return i;
            each(n, s, c);
        }
        return -1;
    }
};

struct Total {
    double loss = 0, weight = 0;
    int64_t bad = -1;
};

/// The sum of loss(n, s, class), and of what the samples weigh; in pieces of a fixed size, so that the result does not depend on the number
/// of threads.
template <class T, class F> Total total(const Samples<T> &samples, int64_t piece, const F &loss) {
    const int64_t count = samples.count(), pieces = (count + piece - 1) / piece;
    auto sum = [&](int64_t p) {
        Total part;
        part.bad = samples.visit(p * piece, std::min(count, (p + 1) * piece), [&](int64_t n, int64_t s, int64_t c) {
            const double w = samples.weightOf(c);
            part.weight += w;
            part.loss += w * loss(n, s, c);
        });
        return part;
    };
    if (pieces == 1) return sum(0);
    Scratch<Total> parts(pieces);
    parallel_for(pieces, 1, [&](int64_t begin, int64_t end) { for (int64_t p = begin; p < end; p++) parts[p] = sum(p); });
    Total all;
    for (int64_t p = 0; p < pieces; p++) {
        all.loss += parts[p].loss, all.weight += parts[p].weight;
        if (all.bad < 0) all.bad = parts[p].bad;
    }
    return all;
}
constexpr int64_t targetsAtOnce = 4096;
template <class T> double total_weight(const Samples<T> &samples) {
    return total(samples, targetsAtOnce, [](int64_t, int64_t, int64_t) { return 0.0; }).weight;
}

/// Whether x (N, C, 1) has rows of numbers that are computed as they are.
bool has_rows(const TernArray *x) {
    return (x->dtype == TERN_FLOAT32 || x->dtype == TERN_FLOAT64) && x->shape[2] == 1 && (x->strides[1] == 1 || x->shape[1] <= 1);
}
template <class T> const T *row_of(const TernArray *x, int64_t n) { return static_cast<const T *>(x->data) + n * x->strides[0]; }
/// How many rows make a piece that is worth a thread's while.
int64_t rows_at_once(const TernArray *x) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(x->shape[1], 1)); }
template <class F> bool visit_rows(TernDType dtype, const F &f) {
    if (dtype == TERN_FLOAT32) f(Type<float>{});
    else f(Type<double>{});
    return true;
}
}  // namespace

int64_t tern_nll_loss(const TernArray *out, const TernArray *x, const TernArray *target, const TernArray *weight, int64_t ignored,
                      TernLossReduction reduction) {
    if (x->dtype != out->dtype || target->dtype != TERN_INT64 || (weight && weight->dtype != x->dtype)) return TERN_INDEX_NO_KERNEL;
    int64_t bad = TERN_INDEX_OK;
    const bool known = visit_floating(x->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Samples<T> samples{x, target, weight, ignored};
        T *y = static_cast<T *>(out->data);
        if (reduction != TERN_LOSS_NONE) {
            const Total all = total(samples, targetsAtOnce, [&](int64_t n, int64_t s, int64_t c) {
                return -double(convert<A>(static_cast<const T *>(x->data)[samples.place(x, n, c, s)]));
            });
            bad = all.bad;
            *y = convert<T>(A(reduction == TERN_LOSS_MEAN ? all.loss / all.weight : all.loss));
            return;
        }
        for (int64_t n = 0; n < x->shape[0]; n++)
            for (int64_t s = 0; s < x->shape[2]; s++) y[n * out->strides[0] + s * out->strides[1]] = T(0);
        bad = samples.visit(0, samples.count(), [&](int64_t n, int64_t s, int64_t c) {
            const A picked = convert<A>(static_cast<const T *>(x->data)[samples.place(x, n, c, s)]);
            y[n * out->strides[0] + s * out->strides[1]] = convert<T>(-samples.weightOf(c) * picked);
        });
    });
    return known ? bad : TERN_INDEX_NO_KERNEL;
}

bool tern_nll_loss_gradient(const TernArray *dx, const TernArray *g, const TernArray *target, const TernArray *weight, int64_t ignored,
                            TernLossReduction reduction) {
    if (g->dtype != dx->dtype || target->dtype != TERN_INT64 || (weight && weight->dtype != dx->dtype)) return false;
    return visit_floating(dx->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        const Samples<T> samples{dx, target, weight, ignored};
        const double divisor = reduction == TERN_LOSS_MEAN ? total_weight(samples) : 1;
        T *const d = static_cast<T *>(dx->data);
        const int64_t row = dx->shape[1] * dx->shape[2];
        parallel_for(dx->shape[0], std::max<int64_t>(1, 65536 / std::max<int64_t>(row, 1)), [&](int64_t begin, int64_t end) {
            std::fill(d + begin * row, d + end * row, T(0));
            samples.visit(begin * dx->shape[2], end * dx->shape[2], [&](int64_t n, int64_t s, int64_t c) {
                const int64_t at = reduction == TERN_LOSS_NONE ? n * g->strides[0] + s * g->strides[1] : 0;
                const A incoming = convert<A>(static_cast<const T *>(g->data)[at]);
                d[samples.place(dx, n, c, s)] = convert<T>(A(-double(samples.weightOf(c)) / divisor) * incoming);
            });
        });
    });
}

int64_t tern_cross_entropy(const TernArray *out, const TernArray *x, const TernArray *target, const TernArray *weight, int64_t ignored,
                           TernLossReduction reduction) {
    if (!has_rows(x) || x->dtype != out->dtype || target->dtype != TERN_INT64 || (weight && weight->dtype != x->dtype))
        return TERN_INDEX_NO_KERNEL;
    int64_t bad = TERN_INDEX_OK;
    visit_rows(x->dtype, [&]<class T>(Type<T>) {
        const Samples<T> samples{x, target, weight, ignored};
        const auto terms = TERN_CHOOSE(log_softmax_terms<T>);
        const auto loss = [&](int64_t n, int64_t, int64_t c) {
            T most, shift;
            terms(row_of<T>(x, n), x->shape[1], &most, &shift);
            return -double(row_of<T>(x, n)[c] - most - shift);
        };
        T *y = static_cast<T *>(out->data);
        if (reduction != TERN_LOSS_NONE) {
            const Total all = total(samples, rows_at_once(x), loss);
            bad = all.bad;
            *y = T(reduction == TERN_LOSS_MEAN ? all.loss / all.weight : all.loss);
            return;
        }
        bad = samples.visit(0, samples.count(), [](int64_t, int64_t, int64_t) {});
        if (bad >= 0) return;
        parallel_for(x->shape[0], rows_at_once(x), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; n++) y[n * out->strides[0]] = T(0);
            samples.visit(begin, end, [&](int64_t n, int64_t s, int64_t c) {
                y[n * out->strides[0]] = T(double(samples.weightOf(c)) * loss(n, s, c));
            });
        });
    });
    return bad;
}

bool tern_cross_entropy_gradient(const TernArray *dx, const TernArray *g, const TernArray *x, const TernArray *target, const TernArray *weight,
                                 int64_t ignored, TernLossReduction reduction) {
    if (!has_rows(x) || dx->dtype != x->dtype || g->dtype != x->dtype || target->dtype != TERN_INT64 || (weight && weight->dtype != x->dtype))
        return false;
    return visit_rows(x->dtype, [&]<class T>(Type<T>) {
        const Samples<T> samples{x, target, weight, ignored};
        const auto softmax = TERN_CHOOSE(softmax_row<T>);
        const double divisor = reduction == TERN_LOSS_MEAN ? total_weight(samples) : 1;
        const int64_t classes = x->shape[1];
        parallel_for(x->shape[0], rows_at_once(x), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; n++) {
                T *const d = static_cast<T *>(dx->data) + n * classes;
                // A row that counts for nothing has no share; a NaN among its scores is one in its gradient all the same.
                T share(0);
                int64_t target = -1;
                samples.visit(n, n + 1, [&](int64_t, int64_t, int64_t c) {
                    const T incoming = static_cast<const T *>(g->data)[reduction == TERN_LOSS_NONE ? n * g->strides[0] : 0];
                    share = T(double(samples.weightOf(c)) / divisor) * incoming;
                    target = c;
                });
                softmax(row_of<T>(x, n), d, classes, false, share);
                if (target >= 0) d[target] -= share;
            }
        });
    });
}
