// One row, contiguous, in float or double; y may be x.
namespace TERN_ISA {
namespace {
template <class T> struct Lanes {
    static constexpr int64_t count = (16 << TERN_LEVEL) / sizeof(T);
    typedef T Vec __attribute__((ext_vector_type((16 << TERN_LEVEL) / sizeof(T)), aligned(alignof(T)), may_alias));
    static Vec at(const T *x) { return *reinterpret_cast<const Vec *>(x); }
};

/// combine(combine(x[0], x[1]), …) in some order: lanes, two at a time.
template <class T, class F, class G> T fold(int64_t n, T start, const F &term, const G &combine) {
    typename Lanes<T>::Vec a = start, b = start;
    constexpr int64_t w = Lanes<T>::count;
    int64_t i = 0;
    for (; i + 2 * w <= n; i += 2 * w) a = combine(a, term.lanes(i)), b = combine(b, term.lanes(i + w));
    a = combine(a, b);
    T lanes[w];
    *reinterpret_cast<typename Lanes<T>::Vec *>(lanes) = a;
    for (int64_t half = w / 2; half > 0; half /= 2)
        for (int64_t l = 0; l < half; l++) lanes[l] = combine(lanes[l], lanes[l + half]);
    for (; i < n; i++) lanes[0] = combine(lanes[0], term.one(i));
    return lanes[0];
}

template <class T> struct Values {
    const T *x;
    typename Lanes<T>::Vec lanes(int64_t i) const { return Lanes<T>::at(x + i); }
    T one(int64_t i) const { return x[i]; }
};
template <class T> struct Products {
    const T *x, *y;
    typename Lanes<T>::Vec lanes(int64_t i) const { return Lanes<T>::at(x + i) * Lanes<T>::at(y + i); }
    T one(int64_t i) const { return x[i] * y[i]; }
};

/// Blocks are summed in T, and those sums in double: long rows lose nothing.
template <class T, class F> T sum_of(int64_t n, const F &block) {
    constexpr int64_t size = 512;
    double sum = 0;
    for (int64_t i = 0; i < n; i += size) {
        const int64_t m = n - i < size ? n - i : size;
        sum += double(fold<T>(m, T(0), block(i, m), [](auto a, auto b) { return a + b; }));
    }
    return T(sum);
}

template <class T> void softmax_row(const T *x, T *y, int64_t n, bool logarithm) {
    // A NaN may be passed over here: it comes back in the sum.
    const T most = fold<T>(n, -std::numeric_limits<T>::infinity(), Values<T>{x}, [](auto a, auto b) { return b > a ? b : a; });
    if (logarithm) {
        T part[512];
        const T shift = std::log(sum_of<T>(n, [&](int64_t i, int64_t m) {
            for (int64_t j = 0; j < m; j++) part[j] = exp(x[i + j] - most);
            return Values<T>{part};
        }));
        for (int64_t i = 0; i < n; i++) y[i] = x[i] - most - shift;
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = exp(x[i] - most);
        const T sum = sum_of<T>(n, [&](int64_t i, int64_t) { return Values<T>{y + i}; });
        for (int64_t i = 0; i < n; i++) y[i] = y[i] / sum;
    }
}

template <class T> void softmax_gradient_row(const T *g, const T *y, T *dx, int64_t n, bool logarithm) {
    const T sum = logarithm ? sum_of<T>(n, [&](int64_t i, int64_t) { return Values<T>{g + i}; })
                            : sum_of<T>(n, [&](int64_t i, int64_t) { return Products<T>{g + i, y + i}; });
    if (logarithm) for (int64_t i = 0; i < n; i++) dx[i] = g[i] - exp(y[i]) * sum;
    else for (int64_t i = 0; i < n; i++) dx[i] = y[i] * (g[i] - sum);
}
}  // namespace
}  // namespace TERN_ISA
