/// The negative log-likelihood of classes, and its gradient: one pass over the targets instead of ten small ops.
#include <algorithm>
#include <vector>
#include "dispatch.h"

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

constexpr int64_t piece = 4096;

struct Total {
    double loss = 0, weight = 0;
    int64_t bad = -1;
};

/// Summed in pieces of a fixed size, so that the result does not depend on the number of threads.
template <class T> Total total(const Samples<T> &samples, bool losses) {
    const int64_t count = samples.count(), pieces = (count + piece - 1) / piece;
    auto sum = [&](int64_t p) {
        Total part;
        part.bad = samples.visit(p * piece, std::min(count, (p + 1) * piece), [&](int64_t n, int64_t s, int64_t c) {
            const double w = samples.weightOf(c);
            part.weight += w;
            if (losses) part.loss -= w * double(convert<computed<T>>(static_cast<const T *>(samples.x->data)[samples.place(samples.x, n, c, s)]));
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
            const Total all = total(samples, true);
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
        const double divisor = reduction == TERN_LOSS_MEAN ? total(samples, false).weight : 1;
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
