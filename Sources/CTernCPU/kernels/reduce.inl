// The innermost loops of reductions over float32 and float64. Included in namespace tern: see isa/each.inl.
namespace TERN_ISA {
template <class F> struct Lanes {
    static constexpr int count = 64 / sizeof(F);
    typedef F vector __attribute__((ext_vector_type(count), aligned(alignof(F)), may_alias));
};

constexpr int64_t ahead = 4096 / sizeof(float);  // elements

/// The sum of n elements: float32 adds up few at a time in each of many lanes, and these sums in double.
template <class F> double sum_block(const F *x, int64_t n) {
    using V = typename Lanes<F>::vector;
    typedef double D __attribute__((ext_vector_type(Lanes<F>::count)));
    constexpr int lanes = Lanes<F>::count, ways = TERN_LEVEL ? 4 : 2, run = 8, size = run * ways * lanes;
    D total = {};
    int64_t i = 0;
    const auto add = [&](int steps) {
        V sums[ways] = {};
        for (int step = 0; step < steps; ++step, i += ways * lanes)
            for (int k = 0; k < ways; ++k) sums[k] += *reinterpret_cast<const V *>(x + i + k * lanes);
        for (int k = 1; k < ways; ++k) sums[0] += sums[k];
        total += __builtin_convertvector(sums[0], D);
    };
    while (n - i >= size) {
        for (int line = 0; line < size; line += lanes) __builtin_prefetch(x + i + ahead + line);
        add(run);
    }
    if (n - i >= ways * lanes) add(int((n - i) / (ways * lanes)));
    double sum = 0;
    for (; i < n; ++i) sum += double(x[i]);
    for (int l = 0; l < lanes; ++l) sum += total[l];
    return sum;
}

/// The greatest, or least, of n >= 1 elements; NaN if there is one.
template <class F, bool greatest> F extreme_block(const F *x, int64_t n) {
    using V = typename Lanes<F>::vector;
    constexpr int lanes = Lanes<F>::count;
    F best = x[0];
    int64_t i = 0;
    if (n >= lanes) {
        V m = *reinterpret_cast<const V *>(x), other = m;
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            const V a = *reinterpret_cast<const V *>(x + i), b = *reinterpret_cast<const V *>(x + i + lanes);
            m = ((greatest ? a > m : a < m) | (a != a)) ? a : m;
            other = ((greatest ? b > other : b < other) | (b != b)) ? b : other;
        }
        for (int l = 0; l < lanes; ++l) {
            best = greatest ? maximum(best, F(m[l])) : minimum(best, F(m[l]));
            best = greatest ? maximum(best, F(other[l])) : minimum(best, F(other[l]));
        }
    }
    for (; i < n; ++i) best = greatest ? maximum(best, x[i]) : minimum(best, x[i]);
    return best;
}

/// sums[c] += x[c]
template <class F> void sum_row(double *sums, const F *x, int64_t n) {
    TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) sums[c] += double(x[c]);
}
template <class F, bool greatest> void extreme_row(F *best, const F *x, int64_t n) {
    TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) best[c] = greatest ? maximum(best[c], x[c]) : minimum(best[c], x[c]);
}

template <class F> inline constexpr ReduceLoops<F> reduce_loops = {
    sum_block<F>, {extreme_block<F, false>, extreme_block<F, true>}, sum_row<F>, {extreme_row<F, false>, extreme_row<F, true>}};
}  // namespace TERN_ISA
