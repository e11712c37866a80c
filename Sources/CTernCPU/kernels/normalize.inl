// Normalization's innermost loops, over a line of one channel.
namespace TERN_ISA {
namespace {
constexpr int64_t together = 1024;  // so many numbers are added up in their own type, blocks of them in double

template <class T> struct Lanes {
    static constexpr int W = (16 << TERN_LEVEL) / int(sizeof(T));
    typedef T Vec __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
    static Vec at(const T *x) { return *reinterpret_cast<const Vec *>(x); }
    static void put(T *x, Vec v) { *reinterpret_cast<Vec *>(x) = v; }
    static double sum(Vec v) {
        double result = 0;
        for (int l = 0; l < W; l++) result += double(v[l]);
        return result;
    }
};

/// Σ f of all elements, given a vector of them or one.
template <class T, class F> double sum_of(const T *x, int64_t n, const F &f) {
#pragma clang fp contract(fast)
    using L = Lanes<T>;
    double result = 0;
    for (int64_t i = 0; i < n;) {
        const int64_t end = i + together < n ? i + together : n;
        typename L::Vec a = T(0), b = T(0);
        for (; i + 2 * L::W <= end; i += 2 * L::W) a += f(L::at(x + i), i), b += f(L::at(x + i + L::W), i + L::W);
        for (; i + L::W <= end; i += L::W) a += f(L::at(x + i), i);
        result += L::sum(a + b);
        for (; i < end; i++) result += double(f(x[i], i));
    }
    return result;
}
template <class T> double channel_sum(const T *x, int64_t n) {
    return sum_of(x, n, [](auto v, int64_t) { return v; });
}
template <class T> double channel_squares(const T *x, int64_t n, T mean) {
    return sum_of(x, n, [=](auto v, int64_t) { const auto d = v - mean; return d * d; });
}
/// Σ g, and Σ g · (x − mean).
template <class T> void channel_products(const T *g, const T *x, int64_t n, T mean, double *sums) {
#pragma clang fp contract(fast)
    using L = Lanes<T>;
    for (int64_t i = 0; i < n;) {
        const int64_t end = i + together < n ? i + together : n;
        typename L::Vec a = T(0), b = T(0);
        for (; i + L::W <= end; i += L::W) {
            const auto v = L::at(g + i);
            a += v, b += v * (L::at(x + i) - mean);
        }
        sums[0] += L::sum(a), sums[1] += L::sum(b);
        for (; i < end; i++) sums[0] += double(g[i]), sums[1] += double(g[i] * (x[i] - mean));
    }
}
/// (x − mean) · factor + bias
template <class T> void channel_scale(T *y, const T *x, int64_t n, T mean, T factor, T bias) {
    using L = Lanes<T>;
    int64_t i = 0;
    for (; i + L::W <= n; i += L::W) L::put(y + i, (L::at(x + i) - mean) * factor + bias);
    for (; i < n; i++) y[i] = (x[i] - mean) * factor + bias;
}
/// (g − part − (x − mean) · slope) · factor
template <class T> void channel_gradient(T *dx, const T *g, const T *x, int64_t n, T mean, T factor, T part, T slope) {
    using L = Lanes<T>;
    int64_t i = 0;
    for (; i + L::W <= n; i += L::W)
        L::put(dx + i, (L::at(g + i) - part - (L::at(x + i) - mean) * slope) * factor);
    for (; i < n; i++) dx[i] = (g[i] - part - (x[i] - mean) * slope) * factor;
}

// Rows, whose weights and biases differ along the line; there may be none.
template <class T> struct Single {
    static T at(const T *x) { return *x; }
    static void put(T *x, T v) { *x = v; }
};
/// f(how to read and write, place) for all of a line.
template <class T, class F> void along(int64_t n, const F &f) {
    using L = Lanes<T>;
    int64_t i = 0;
    for (; i + L::W <= n; i += L::W) f(L(), i);
    for (; i < n; i++) f(Single<T>(), i);
}

/// (x − mean) · factor · weight + bias
template <class T> void row_scale(T *y, const T *x, int64_t n, T mean, T factor, const T *weight, const T *bias) {
#pragma clang fp contract(fast)
    if (weight && bias)
        along<T>(n, [&](auto l, int64_t i) { l.put(y + i, (l.at(x + i) - mean) * factor * l.at(weight + i) + l.at(bias + i)); });
    else if (weight)
        along<T>(n, [&](auto l, int64_t i) { l.put(y + i, (l.at(x + i) - mean) * factor * l.at(weight + i)); });
    else if (bias)
        along<T>(n, [&](auto l, int64_t i) { l.put(y + i, (l.at(x + i) - mean) * factor + l.at(bias + i)); });
    else
        channel_scale(y, x, n, mean, factor, T(0));
}
/// Σ g · weight, and Σ g · weight · (x − mean).
template <class T> void row_products(const T *g, const T *x, const T *weight, int64_t n, T mean, double *sums) {
#pragma clang fp contract(fast)
    if (!weight) return channel_products(g, x, n, mean, sums);
    using L = Lanes<T>;
    for (int64_t i = 0; i < n;) {
        const int64_t end = i + together < n ? i + together : n;
        typename L::Vec a = T(0), b = T(0);
        for (; i + L::W <= end; i += L::W) {
            const auto v = L::at(g + i) * L::at(weight + i);
            a += v, b += v * (L::at(x + i) - mean);
        }
        sums[0] += L::sum(a), sums[1] += L::sum(b);
        for (; i < end; i++) sums[0] += double(g[i] * weight[i]), sums[1] += double(g[i] * weight[i] * (x[i] - mean));
    }
}
/// (g · weight − part − (x − mean) · slope) · factor
template <class T> void row_gradient(T *dx, const T *g, const T *x, const T *weight, int64_t n, T mean, T factor, T part, T slope) {
#pragma clang fp contract(fast)
    if (!weight) return channel_gradient(dx, g, x, n, mean, factor, part, slope);
    along<T>(n, [&](auto l, int64_t i) {
        l.put(dx + i, (l.at(g + i) * l.at(weight + i) - part - (l.at(x + i) - mean) * slope) * factor);
    });
}
/// bias += g, and weight += g · (x − mean) · factor.
template <class T> void row_gather(T *weight, T *bias, const T *g, const T *x, int64_t n, T mean, T factor) {
#pragma clang fp contract(fast)
    along<T>(n, [&](auto l, int64_t i) {
        const auto v = l.at(g + i);
        l.put(bias + i, l.at(bias + i) + v);
        l.put(weight + i, l.at(weight + i) + v * ((l.at(x + i) - mean) * factor));
    });
}

template <class T> constexpr NormalizeKernels<T> normalize = {channel_sum<T>, channel_squares<T>, channel_products<T>, channel_scale<T>,
                                                              channel_gradient<T>, row_scale<T>, row_products<T>, row_gradient<T>, row_gather<T>};
}  // namespace
}  // namespace TERN_ISA
