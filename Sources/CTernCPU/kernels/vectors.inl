// What the kernels of matrix products and convolutions share: how wide vectors are, how many registers a tile may fill, and moves between
// memory and registers. Other .inl files include it, within TERN_ISA's anonymous namespace.
constexpr int vectorBytes = 16 << TERN_LEVEL;
#if defined(__x86_64__)
constexpr int tileRows = TERN_LEVEL == 2 ? 14 : 6;
#else
constexpr int tileRows = 12;
#endif
constexpr int sumRows = tileRows > 6 ? 4 : 3, sumColumns = tileRows > 6 ? 5 : 3;  ///< of a tile of sums that stay apart, lane by lane
#define TERN_UNROLL _Pragma("clang loop unroll(full)")

template <class T> struct VectorOf {
    static constexpr int W = vectorBytes / int(sizeof(T));
    typedef T Type __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
};

/// The first n numbers of a vector: two overlapping halves (or quarters) of it, rather than one by one.
template <class T, class Vec> void store_some(T *to, Vec value, int64_t n) {
    constexpr int W = VectorOf<T>::W;
    T row[W];
    *reinterpret_cast<Vec *>(row) = value;
    if (W >= 4 && n >= W / 2) {
        __builtin_memcpy(to, row, sizeof(row) / 2);
        __builtin_memcpy(to + n - W / 2, row + n - W / 2, sizeof(row) / 2);
    } else if (W >= 8 && n >= W / 4) {
        __builtin_memcpy(to, row, sizeof(row) / 4);
        __builtin_memcpy(to + n - W / 4, row + n - W / 4, sizeof(row) / 4);
    } else {
        for (int64_t j = 0; j < n; j++) to[j] = row[j];
    }
}

/// Of vectors r[i] and r[i + S]: the blocks of S numbers that stand on the wrong side of the diagonal change places.
template <int S, class Vec, int... J> inline void exchange(Vec &a, Vec &b, std::integer_sequence<int, J...>) {
    constexpr int W = sizeof...(J);
    const Vec first = __builtin_shufflevector(a, b, (J & S ? W + J - S : J)...);
    b = __builtin_shufflevector(a, b, (J & S ? W + J : J + S)...);
    a = first;
}
template <int W, int S, class Vec> inline void exchange_all(Vec *r) {
    if constexpr (S < W) {
        TERN_UNROLL for (int i = 0; i < W; i++)
            if (!(i & S)) exchange<S>(r[i], r[i + S], std::make_integer_sequence<int, W>());
        exchange_all<W, 2 * S>(r);
    }
}

/// to (n, m; rows ldt apart) = transposed from (m, n; rows ldf apart): squares of W × W in registers, the rest in smaller ones.
template <class T, int W = VectorOf<T>::W> void transpose(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n) {
    typedef T Vec __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
    typedef T Register __attribute__((ext_vector_type(W)));
    const int64_t m0 = m / W * W, n0 = n / W * W;
    for (int64_t j = 0; j < n0; j += W)  // what is written lies together, as far as it goes
        for (int64_t i = 0; i < m0; i += W) {
            Register r[W];
            TERN_UNROLL for (int l = 0; l < W; l++) r[l] = *reinterpret_cast<const Vec *>(from + (i + l) * ldf + j);
            exchange_all<W, 1>(r);
            TERN_UNROLL for (int l = 0; l < W; l++) *reinterpret_cast<Vec *>(to + (j + l) * ldt + i) = r[l];
        }
    if constexpr (W > 4) {
        if (n0 < n) transpose<T, W / 2>(from + n0, ldf, to + n0 * ldt, ldt, m0, n - n0);
        if (m0 < m) transpose<T, W / 2>(from + m0 * ldf, ldf, to + m0, ldt, m - m0, n);
    } else {
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = i < m0 ? n0 : 0; j < n; j++) to[j * ldt + i] = from[i * ldf + j];
    }
}
