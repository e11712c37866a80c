// The innermost loops of reductions over numbers. Included in namespace tern: see isa/each.inl.
#include "converted.inl"

namespace TERN_ISA {
template <class F> struct Lanes {
    static constexpr int count = 64 / sizeof(F);
    typedef F vector __attribute__((ext_vector_type(count), aligned(alignof(F)), may_alias));
};

constexpr int64_t ahead = 4096 / sizeof(float);  // elements

/// The sum of n elements: float32 adds up few at a time in each of many lanes, and these sums in double.
template <Floating F> double sum_block(const F *x, int64_t n) {
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
template <Integer I> carried<I> sum_block(const I *x, int64_t n) {
    carried<I> sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += carried<I>(x[i]);
    return sum;
}

/// Where the first of n elements that equals `value` stands, or the first NaN if `value` is one; it is there.
template <class F> int64_t find_block(const F *x, int64_t n, F value) {
    using V = typename Lanes<F>::vector;
    constexpr int lanes = Lanes<F>::count;
    const bool nan = value != value;
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const V a = *reinterpret_cast<const V *>(x + i);
        if (nan ? __builtin_reduce_or(a != a) : __builtin_reduce_or(a == value)) break;
    }
    while (nan ? x[i] == x[i] : x[i] != value) ++i;
    return i;
}

/// The greatest, or least, of n >= 1 elements; NaN if there is one.
template <class F, bool greatest> F extreme_block(const F *x, int64_t n) {
    using V = typename Lanes<F>::vector;
    constexpr int lanes = Lanes<F>::count;
    F best = x[0];
    int64_t i = 0;
    if (Floating<F> && n >= lanes) {  // of integers, the loop below becomes as good
        V m = *reinterpret_cast<const V *>(x), other = m;
        auto nan = m != m;
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            const V a = *reinterpret_cast<const V *>(x + i), b = *reinterpret_cast<const V *>(x + i + lanes);
            m = (greatest ? a > m : a < m) ? a : m;
            other = (greatest ? b > other : b < other) ? b : other;
            nan |= (a != a) | (b != b);
        }
        if (__builtin_reduce_or(nan)) return x[find_block(x, n, std::numeric_limits<F>::quiet_NaN())];
        for (int l = 0; l < lanes; ++l) {
            best = greatest ? maximum(best, F(m[l])) : minimum(best, F(m[l]));
            best = greatest ? maximum(best, F(other[l])) : minimum(best, F(other[l]));
        }
    }
    for (; i < n; ++i) best = greatest ? maximum(best, x[i]) : minimum(best, x[i]);
    return best;
}

/// sums[c] += x[c], for rows that lie so many elements apart, one after the other: each sum is read once for eight.
template <class F> void sum_rows(carried<F> *sums, const F *x, int64_t apart, int64_t rows, int64_t n) {
    for (; rows >= 8; rows -= 8, x += 8 * apart)
        TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) {
            carried<F> sum = sums[c];
            for (int64_t r = 0; r < 8; ++r) sum += carried<F>(x[c + r * apart]);
            sums[c] = sum;
        }
    for (; rows > 0; --rows, x += apart) TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) sums[c] += carried<F>(x[c]);
}
/// As sum_rows.
template <class F, bool greatest> void extreme_rows(F *best, const F *x, int64_t apart, int64_t rows, int64_t n) {
    const auto of = [](F a, F b) { return greatest ? maximum(a, b) : minimum(a, b); };
    for (; rows >= 4; rows -= 4, x += 4 * apart)
        TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c)
            best[c] = of(of(of(of(best[c], x[c]), x[c + apart]), x[c + 2 * apart]), x[c + 3 * apart]);
    for (; rows > 0; --rows, x += apart) TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) best[c] = of(best[c], x[c]);
}
/// As sum_rows, and where each extreme stands, if anywhere yet; the first row is at `position`.
template <class F, bool greatest>
void arg_rows(F *best, int64_t *at, const F *x, int64_t apart, int64_t rows, int64_t n, int64_t position) {
    for (; rows > 0; --rows, x += apart, ++position)
        TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) {
            const F e = x[c], before = best[c];
            const bool take = (at[c] < 0) | (greatest ? e > before : e < before) | ((e != e) & (before == before));
            best[c] = take ? e : before, at[c] = take ? position : at[c];
        }
}

/// n contiguous elements, as they are computed with.
template <class T> void widen(computed<T> *to, const T *x, int64_t n) {
    TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) to[i] = converted<computed<T>>(x[i]);
}

template <class F> inline constexpr ReduceLoops<F> reduce_loops = {
    sum_block<F>, {extreme_block<F, false>, extreme_block<F, true>}, find_block<F>, sum_rows<F>,
    {extreme_rows<F, false>, extreme_rows<F, true>}, {arg_rows<F, false>, arg_rows<F, true>}};
}  // namespace TERN_ISA
