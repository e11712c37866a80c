/// Optimizer steps: one pass over memory each, shared out to the threads.
#include <cmath>
#include "../isa/isa.h"
#include "dispatch.h"

#define TERN_SOURCE "../kernels/optimizer.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
constexpr int64_t grain = 1 << 14;

template <class F> bool visit_wide(TernDType dtype, F &&f) {
    if (dtype == TERN_FLOAT32) return f(Type<float>{}), true;
    if (dtype == TERN_FLOAT64) return f(Type<double>{}), true;
    return false;
}

template <class T> T *at(const TernArray *x, int64_t i) { return x ? static_cast<T *>(x->data) + i : nullptr; }
}  // namespace

bool tern_adam_step(const TernArray *p, const TernArray *g, const TernArray *mean, const TernArray *square, const TernArray *maxSquare,
                    TernAdam parameters) {
    for (const TernArray *x : {g, mean, square, maxSquare ? maxSquare : p})
        if (x->dtype != p->dtype) return false;
    return visit_wide(p->dtype, [&]<class T>(Type<T>) {
        const auto step = TERN_CHOOSE(adam_step<T>);
        parallel_for(count(p), grain, [&](int64_t i, int64_t end) {
            step(at<T>(p, i), at<T>(g, i), at<T>(mean, i), at<T>(square, i), at<T>(maxSquare, i), end - i, parameters);
        });
    });
}

bool tern_sgd_step(const TernArray *p, const TernArray *g, const TernArray *momentum, TernSGD parameters) {
    if (g->dtype != p->dtype || (momentum && momentum->dtype != p->dtype)) return false;
    return visit_wide(p->dtype, [&]<class T>(Type<T>) {
        const auto step = TERN_CHOOSE(sgd_step<T>);
        parallel_for(count(p), grain, [&](int64_t i, int64_t end) {
            step(at<T>(p, i), at<T>(g, i), at<T>(momentum, i), end - i, parameters);
        });
    });
}
