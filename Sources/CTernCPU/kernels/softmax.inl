// Softmax of rows that are contiguous, or of as many columns side by side; in float or double. y may be x.
#include "lanes.inl"

namespace TERN_ISA {
namespace {
template <class T> using Vec = typename Lane<T>::Vec;

template <class T> Vec<T> exp_of_any(Vec<T> x) {
    T lanes[Lane<T>::count];
    Lane<T>::put(lanes, x);
    for (int64_t l = 0; l < Lane<T>::count; l++) lanes[l] = exp(lanes[l]);
    return Lane<T>::at(lanes);
}
/// e^x of numbers that are not above 0, or NaN.
template <class T> Vec<T> exp_lanes(Vec<T> x) { return exp_of_any<T>(x); }
#if TERN_LEVEL == 2
/// 2^(i/16).
alignas(64) constexpr float sixteenths[16] = {1.0f,          1.044273782f, 1.090507733f, 1.138788635f, 1.189207115f, 1.241857812f,
                                              1.296839555f,  1.354255547f, 1.414213562f, 1.476826146f, 1.542210825f, 1.610490332f,
                                              1.681792831f,  1.756252160f, 1.834008086f, 1.915206561f};
/// x = n · ln 2 + r, n a multiple of 1/16: the table has the power of its fraction, one instruction scales by its whole, and so small an r
/// needs three terms. Within 1.2 ulp; denormals come out too.
template <> Vec<float> exp_lanes<float>(Vec<float> x) {
#pragma clang fp contract(fast)
    constexpr float magic = 786432.0f;  // 1.5 · 2^19: adding it rounds to sixteenths, which count in the low bits
    const __m512 c = _mm512_max_ps(_mm512_set1_ps(-104.0f), __m512(x));  // of NaN and a number it gives the latter operand
    const __m512 shifted = c * 1.44269504088896341f + magic, n = shifted - magic;
    const __m512 r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    const __m512 power = _mm512_permutexvar_ps(__m512i(shifted), _mm512_load_ps(sixteenths));
    const __m512 q = (r * 1.66666667e-1f + 5.0e-1f) * (r * r) + r;
    return Vec<float>(_mm512_scalef_ps(power * q + power, n));
}
#endif

// A vector's numbers, or only the first of them: the others read as `fill`.
template <class T> struct All {
    Vec<T> operator()(const T *x) const { return Lane<T>::at(x); }
    void put(T *y, Vec<T> value) const { Lane<T>::put(y, value); }
};
template <class T> struct First {
    decltype(Lane<T>::mask(0)) mask;
    Vec<T> fill;
    Vec<T> operator()(const T *x) const { return Lane<T>::some(x, mask, fill); }
    void put(T *y, Vec<T> value) const { Lane<T>::put_some(y, value, mask); }
};

/// combine(combine(start, term(0, lanes)), term(W, lanes)) … in four sums, and of all lanes. `lanes` reads and writes at element i.
template <class T, class F, class G> T fold(int64_t n, T start, T fill, const F &term, const G &combine) {
    constexpr int64_t W = Lane<T>::count;
    Vec<T> sums[4] = {start, start, start, start};
    int64_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W)
        TERN_UNROLL for (int64_t l = 0; l < 4; l++) sums[l] = combine(sums[l], term(i + l * W, All<T>()));
    for (; i + W <= n; i += W) sums[0] = combine(sums[0], term(i, All<T>()));
    if (i < n) sums[1] = combine(sums[1], term(i, First<T>{Lane<T>::mask(n - i), fill}));
    return fold_lanes<T>(combine(combine(sums[0], sums[1]), combine(sums[2], sums[3])), combine);
}

/// Blocks are summed in T, and those sums in double: long rows lose nothing.
template <class T, class F> T sum_of(int64_t n, T fill, const F &term) {
    constexpr int64_t size = 512;
    double sum = 0;
    for (int64_t at = 0; at < n; at += size)
        sum += double(fold<T>(n - at < size ? n - at : size, T(0), fill, [&](int64_t i, auto lanes) { return term(at + i, lanes); },
                              [](auto a, auto b) { return a + b; }));
    return T(sum);
}
/// y[i] = term(i, lanes)
template <class T, class F> void map(T *y, int64_t n, const F &term) {
    constexpr int64_t W = Lane<T>::count;
    int64_t i = 0;
    for (; i + W <= n; i += W) Lane<T>::put(y + i, term(i, All<T>()));
    if (i == n) return;
    const First<T> rest{Lane<T>::mask(n - i), Vec<T>(T(0))};
    rest.put(y + i, term(i, rest));
}

template <class T> T largest(const T *x, int64_t n) {
    constexpr T least = -std::numeric_limits<T>::infinity();
    // A NaN may be passed over here: it comes back in the sum.
    return fold<T>(n, least, least, [&](int64_t i, auto lanes) { return lanes(x + i); }, [](auto a, auto b) { return b > a ? b : a; });
}
/// Σ e^(x[i] − most), each of which is written to y where `kept`.
template <class T, bool kept> T sum_of_powers(const T *x, T *y, int64_t n, T most) {
    return sum_of<T>(n, -std::numeric_limits<T>::infinity(), [&](int64_t i, auto lanes) {
        // Most often the next row follows. It comes into the cache meanwhile: where rows fill pages, no processor goes for it by itself.
        __builtin_prefetch(x + n + i);
        const Vec<T> e = exp_lanes<T>(lanes(x + i) - most);
        if constexpr (kept) lanes.put(y + i, e);
        return e;
    });
}
/// The logarithm of a row's softmax is x − most − logOfSum.
template <class T> void log_softmax_terms(const T *x, int64_t n, T *most, T *logOfSum) {
    *most = largest(x, n);
    *logOfSum = std::log(sum_of_powers<T, false>(x, nullptr, n, *most));
}

/// `scale` times the softmax; or its logarithm, for which there is no scale.
template <class T> void softmax_row(const T *x, T *y, int64_t n, bool logarithm, T scale) {
    if (logarithm) {
        T most, shift;
        log_softmax_terms(x, n, &most, &shift);
        map(y, n, [&](int64_t i, auto lanes) { return lanes(x + i) - most - shift; });
    } else {
        const T factor = scale / sum_of_powers<T, true>(x, y, n, largest(x, n));
        map(y, n, [&](int64_t i, auto lanes) { return lanes(y + i) * factor; });
    }
}

template <class T> void softmax_gradient_row(const T *g, const T *y, T *dx, int64_t n, bool logarithm) {
    if (logarithm) {
        const T sum = sum_of<T>(n, T(0), [&](int64_t i, auto lanes) { return lanes(g + i); });
        map(dx, n, [&](int64_t i, auto lanes) { return lanes(g + i) - exp_lanes<T>(lanes(y + i)) * sum; });
    } else {
        const T sum = sum_of<T>(n, T(0), [&](int64_t i, auto lanes) { return lanes(g + i) * lanes(y + i); });
        map(dx, n, [&](int64_t i, auto lanes) { return lanes(y + i) * (lanes(g + i) - sum); });
    }
}

// Columns: V vectors of them side by side, of which `lanes` reads and writes the numbers; n rows, `step` elements apart.

/// Σ term(i, v) over the rows i, for each vector v: blocks in T, and those in double.
template <class T, int V, class F> void column_sums(int64_t n, Vec<T> *sums, const F &term) {
    constexpr int64_t W = Lane<T>::count, size = 512;
    double total[V * W] = {};
    for (int64_t at = 0; at < n; at += size) {
        Vec<T> part[V];
        TERN_UNROLL for (int v = 0; v < V; v++) part[v] = T(0);
        for (int64_t i = at; i < n && i < at + size; i++)
            TERN_UNROLL for (int v = 0; v < V; v++) part[v] += term(i, v);
        for (int v = 0; v < V; v++)
            for (int64_t l = 0; l < W; l++) total[v * W + l] += double(part[v][l]);
    }
    for (int v = 0; v < V; v++)
        for (int64_t l = 0; l < W; l++) sums[v][l] = T(total[v * W + l]);
}

template <class T, int V, class L> void softmax_strip(const T *x, int64_t stepX, T *y, int64_t stepY, int64_t n, bool logarithm, L lanes) {
    constexpr int64_t W = Lane<T>::count;
    const auto from = [=](int64_t i, int v) { return lanes(x + i * stepX + v * W); };
    Vec<T> most[V], sums[V];
    TERN_UNROLL for (int v = 0; v < V; v++) most[v] = -std::numeric_limits<T>::infinity();
    for (int64_t i = 0; i < n; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) {
            const Vec<T> value = from(i, v);
            most[v] = value > most[v] ? value : most[v];
        }
    column_sums<T, V>(n, sums, [&](int64_t i, int v) {
        const Vec<T> e = exp_lanes<T>(from(i, v) - most[v]);
        if (!logarithm) lanes.put(y + i * stepY + v * W, e);
        return e;
    });
    for (int v = 0; v < V; v++)
        for (int64_t l = 0; l < W; l++) sums[v][l] = logarithm ? std::log(sums[v][l]) : T(1) / sums[v][l];
    for (int64_t i = 0; i < n; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) {
            T *to = y + i * stepY + v * W;
            if (logarithm) lanes.put(to, from(i, v) - most[v] - sums[v]);
            else lanes.put(to, lanes(to) * sums[v]);
        }
}

template <class T, int V, class L> void softmax_gradient_strip(const T *g, int64_t stepG, const T *y, int64_t stepY, T *dx, int64_t step,
                                                               int64_t n, bool logarithm, L lanes) {
    constexpr int64_t W = Lane<T>::count;
    const auto of = [=](const T *from, int64_t step, int64_t i, int v) { return lanes(from + i * step + v * W); };
    Vec<T> sums[V];
    column_sums<T, V>(n, sums, [&](int64_t i, int v) { return logarithm ? of(g, stepG, i, v) : of(g, stepG, i, v) * of(y, stepY, i, v); });
    for (int64_t i = 0; i < n; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) {
            const Vec<T> a = of(g, stepG, i, v), b = of(y, stepY, i, v);
            lanes.put(dx + i * step + v * W, logarithm ? a - exp_of_any<T>(b) * sums[v] : b * (a - sums[v]));
        }
}

/// strip(first column, vectors, lanes) over all columns: four vectors at a time, then one, then a part of one.
template <class T, class F> void for_strips(int64_t columns, const F &strip) {
    constexpr int64_t W = Lane<T>::count;
    int64_t c = 0;
    for (; c + 4 * W <= columns; c += 4 * W) strip(c, std::integral_constant<int, 4>(), All<T>());
    for (; c + W <= columns; c += W) strip(c, std::integral_constant<int, 1>(), All<T>());
    if (c < columns) strip(c, std::integral_constant<int, 1>(), First<T>{Lane<T>::mask(columns - c), Vec<T>(T(0))});
}
template <class T> void softmax_columns(const T *x, int64_t stepX, T *y, int64_t stepY, int64_t n, int64_t columns, bool logarithm) {
    for_strips<T>(columns, [&](int64_t c, auto vectors, auto lanes) {
        softmax_strip<T, decltype(vectors)::value>(x + c, stepX, y + c, stepY, n, logarithm, lanes);
    });
}
template <class T> void softmax_gradient_columns(const T *g, int64_t stepG, const T *y, int64_t stepY, T *dx, int64_t step, int64_t n,
                                                 int64_t columns, bool logarithm) {
    for_strips<T>(columns, [&](int64_t c, auto vectors, auto lanes) {
        softmax_gradient_strip<T, decltype(vectors)::value>(g + c, stepG, y + c, stepY, dx + c, step, n, logarithm, lanes);
    });
}
}  // namespace
}  // namespace TERN_ISA
