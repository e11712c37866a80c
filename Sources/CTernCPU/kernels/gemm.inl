// The innermost loops of the matrix product. A tile is some vectors wide and has as many rows as leave registers for as many vectors of B
// and a factor from A.
#include "converted.inl"
#include "lanes.inl"

namespace TERN_ISA {
namespace {
#include "vectors.inl"

constexpr bool masks = TERN_LEVEL > 0;  // reading a part of a vector costs no more than the whole

/// sum + a · b, element by element.
template <class T> typename Lane<Sum<T>>::Vec fused(typename Lane<Sum<T>>::Vec sum, typename Lane<T>::Vec a, typename Lane<T>::Vec b) {
#pragma clang fp contract(fast)
#ifdef TERN_BFLOAT16_DOTS
    if constexpr (std::is_same_v<T, BFloat16Pair>) return typename Lane<float>::Vec(_mm512_dpbf16_ps(__m512(sum), __m512bh(a), __m512bh(b)));
    else
#endif
    return sum + a * b;
}

template <class T, int R, int V, bool partial>
void tile_of(const T *a, int64_t rowStride, int64_t step, const T *b, int64_t ldb, int64_t k, const Sum<T> *start, int64_t lds, Sum<T> *c,
             int64_t ldc, int64_t columns) {
    using L = Lane<T>;
    using C = Lane<Sum<T>>;
    constexpr int W = L::count;
    typename C::Vec sum[R][V];
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] = Sum<T>(0);
    const auto mask = L::mask(columns - (V - 1) * W);
    if (ldc * int64_t(sizeof(Sum<T>)) >= 2048) {  // C's rows lie far apart: no processor guesses that they are next
        TERN_UNROLL for (int i = 0; i < R; i++)
            TERN_UNROLL for (int v = 0; v < V; v++) __builtin_prefetch(c + i * ldc + v * W, 1);
    }
    const T *rows[(R + 2) / 3];  // of each three: few enough to stay in registers
    TERN_UNROLL for (int i = 0; i < R; i += 3) rows[i / 3] = a + i * rowStride;
    for (int64_t p = 0; p < k; p++, b += ldb) {
        typename L::Vec row[V];
        TERN_UNROLL for (int v = 0; v < V; v++)
            row[v] = partial && masks && v == V - 1 ? L::some(b + v * W, mask) : L::at(b + v * W);
        TERN_UNROLL for (int i = 0; i < R; i++) {
            const typename L::Vec factor = rows[i / 3][i % 3 * rowStride];
            TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] = fused<T>(sum[i][v], factor, row[v]);
        }
        TERN_UNROLL for (int i = 0; i < R; i += 3) {
            rows[i / 3] += step;
            __asm__("" : "+r"(rows[i / 3]));  // else each is computed from the one before, one after the other
        }
    }
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) {
            Sum<T> *to = c + i * ldc + v * W;
            const bool some = partial && v == V - 1;
            if (start) sum[i][v] += some ? C::some(start + i * lds + v * W, mask) : C::at(start + i * lds + v * W);
            if (some) C::put_some(to, sum[i][v], mask);
            else C::put(to, sum[i][v]);
        }
}

template <class T, int R, int V>
void tile(const T *a, int64_t rowStride, int64_t step, const T *b, int64_t ldb, int64_t k, const Sum<T> *start, int64_t lds, Sum<T> *c,
          int64_t ldc, int64_t columns) {
    // (Where a mask costs nothing, one form is enough.)
    if (TERN_LEVEL < 2 && columns == V * Lane<T>::count) tile_of<T, R, V, TERN_LEVEL == 2>(a, rowStride, step, b, ldb, k, start, lds, c, ldc, columns);
    else tile_of<T, R, V, true>(a, rowStride, step, b, ldb, k, start, lds, c, ldc, columns);
}

/// Row after row.
template <class T> void copy(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n) {
    using L = Lane<T>;
    constexpr int64_t W = L::count;
    const auto rest = L::mask(n % W);
    for (int64_t i = 0; i < m; i++, from += ldf, to += ldt) {
        int64_t j = 0;
        for (; j + W <= n; j += W) L::put(to + j, L::at(from + j));
        if (j < n) L::put_some(to + j, L::some(from + j, rest), rest);
    }
}

/// Squares of W × W in registers. Where rows are fewer than lanes, a whole vector is written for each p, in order: what lies beyond is the
/// next p's, which follows; but after the last there may be another thread's numbers.
template <class T> void interleave(const T *from, int64_t ldf, T *to, int64_t rows, int64_t k) {
    using L = Lane<T>;
    constexpr int W = L::count;
    typedef T Register __attribute__((ext_vector_type(W)));
    for (int64_t i = 0; i < rows; i += W) {
        const int64_t left = rows - i;
        const auto some = L::mask(left < W ? left : W);
        const T *at[W];  // the last row again, where there are fewer
        TERN_UNROLL for (int l = 0; l < W; l++) at[l] = from + (l < left ? i + l : rows - 1) * ldf;
        int64_t p = 0;
        for (; p + W <= k; p += W) {
            Register r[W];
            TERN_UNROLL for (int l = 0; l < W; l++) r[l] = L::at(at[l] + p);
            exchange_all<W, 1>(r);
            T *out = to + p * rows + i;
            const bool whole = left >= W || (i == 0 && (p + W - 1) * rows + W <= k * rows);
            if (whole) TERN_UNROLL for (int l = 0; l < W; l++) L::put(out + l * rows, r[l]);
            else TERN_UNROLL for (int l = 0; l < W; l++) L::put_some(out + l * rows, r[l], some);
        }
        for (; p < k; p++)
            for (int64_t l = 0; l < W && l < left; l++) to[p * rows + i + l] = at[l][p];
    }
}

/// The sums of N vectors' lanes, in the first N lanes; N a power of two: as a transposition goes, but added up at each step.
template <class T, int S, int N, int... L> inline auto sums_of(typename Lane<T>::Vec *rows, std::integer_sequence<int, L...> lanes) {
    constexpr int W = sizeof...(L);
    if constexpr (S < N && S < W) {
        TERN_UNROLL for (int i = 0; i < N; i++)
            if (!(i & S)) {
                const auto a = rows[i], b = rows[i + S];
                rows[i] = __builtin_shufflevector(a, b, (L & S ? W + L - S : L)...) + __builtin_shufflevector(a, b, (L & S ? W + L : L + S)...);
            }
        return sums_of<T, 2 * S, N>(rows, lanes);
    } else if constexpr (S < W) {
        rows[0] += __builtin_shufflevector(rows[0], rows[0], (L ^ S)...);
        return sums_of<T, 2 * S, N>(rows, lanes);
    } else {
        return rows[0];
    }
}

/// M rows of a by N of b, or the `columns` that are left of them.
template <class T, int M, int N, bool whole>
void dots_block(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, const Sum<T> *bias, int64_t biasRow, Sum<T> *out, int64_t ldo,
                int64_t columns) {
    using L = Lane<T>;
    using C = Lane<Sum<T>>;
    constexpr int W = L::count;
    const T *rows[N];
    rows[0] = b;
    // (The last one again where there are fewer.)
    TERN_UNROLL for (int l = 1; l < N; l++) rows[l] = rows[l - 1] + (whole || l < columns ? ldb : 0);
    typename C::Vec sum[M][N];
    TERN_UNROLL for (int i = 0; i < M; i++)
        TERN_UNROLL for (int l = 0; l < N; l++) sum[i][l] = Sum<T>(0);
    const auto step = [&](const auto &read) {
        typename L::Vec x[M];
        TERN_UNROLL for (int i = 0; i < M; i++) x[i] = read(a + i * lda);
        TERN_UNROLL for (int l = 0; l < N; l++) {
            const typename L::Vec y = read(rows[l]);
            TERN_UNROLL for (int i = 0; i < M; i++) sum[i][l] = fused<T>(sum[i][l], x[i], y);
        }
    };
    int64_t p = 0;
    for (; p + W <= k; p += W) step([&](const T *from) { return L::at(from + p); });
    const auto rest = L::mask(k % W);
    if (p < k) step([&](const T *from) { return L::some(from + p, rest); });
    const auto kept = L::mask(whole ? N : columns);
    TERN_UNROLL for (int i = 0; i < M; i++) {
        auto sums = sums_of<Sum<T>, 1, N>(sum[i], std::make_integer_sequence<int, W>());
        if (bias) sums += C::some(bias + i * biasRow, kept);
        C::put_some(out + i * ldo, sums, kept);
    }
}

template <class T, int M>
void dots_of(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, const Sum<T> *bias, int64_t biasRow, Sum<T> *out, int64_t ldo,
             int64_t columns) {
    constexpr int W = Lane<T>::count, most = TERN_LEVEL == 2 ? 16 / M : 8 / M, N = most >= 8 && W >= 8 ? 8 : most >= 4 && W >= 4 ? 4 : 2;
    for (; columns >= N; columns -= N, b += N * ldb, out += N, bias += bias ? N : 0)
        dots_block<T, M, N, true>(a, lda, b, ldb, k, bias, biasRow, out, ldo, N);
    if (columns > 0) dots_block<T, M, N, false>(a, lda, b, ldb, k, bias, biasRow, out, ldo, columns);
}

template <class T>
void dots(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, const Sum<T> *bias, int64_t biasRow, Sum<T> *out, int64_t ldo, int64_t m,
          int64_t columns) {
    for (; m >= 4; m -= 4, a += 4 * lda, out += 4 * ldo, bias += bias ? 4 * biasRow : 0)
        dots_of<T, 4>(a, lda, b, ldb, k, bias, biasRow, out, ldo, columns);
    if (m == 3) dots_of<T, 3>(a, lda, b, ldb, k, bias, biasRow, out, ldo, columns);
    if (m == 2) dots_of<T, 2>(a, lda, b, ldb, k, bias, biasRow, out, ldo, columns);
    if (m == 1) dots_of<T, 1>(a, lda, b, ldb, k, bias, biasRow, out, ldo, columns);
}

/// Whole vectors: what is written past a run's end is written again by the next run, or the next row.
template <class T>
void gather(const T *data, const int64_t *rowOffsets, int64_t rows, const GemmRun *runs, int64_t count, T *to, int64_t ldt, bool slack) {
    constexpr int64_t W = Lane<T>::count;
    typedef T Vec __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
    const auto copy = [](T *out, const T *from) { *reinterpret_cast<Vec *>(out) = *reinterpret_cast<const Vec *>(from); };
    for (int64_t i = 0; i < rows; i++) {
        const bool exact = !slack || i == rows - 1;
        for (int64_t r = 0; r < count; r++) {
            const T *from = data + rowOffsets[i] + runs[r].offset;
            T *out = to + i * ldt + runs[r].column;
            const int64_t n = runs[r].count;
            if (!exact) {
                copy(out, from);
                for (int64_t l = W; l < n; l += W) copy(out + l, from + l);
            } else if (n < W) {
                for (int64_t l = 0; l < n; l++) out[l] = from[l];
            } else {
                for (int64_t l = 0; l + W <= n; l += W) copy(out + l, from + l);
                copy(out + n - W, from + n - W);
            }
        }
    }
}

template <class T, class S> void widen(const void *from, T *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = converted<T>(static_cast<const S *>(from)[i]);
}
template <class T, class S> void narrow(const T *from, void *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) static_cast<S *>(to)[i] = converted<S>(from[i]);
}

template <class T, int R> constexpr void list_tiles(GemmKernels<T> &kernels) {
    if constexpr (R > 0) {
        kernels.tiles[1][R] = tile<T, R, 1>;
        kernels.tiles[2][R] = tile<T, R, 2>;
        if constexpr (R <= tileRows / 2) kernels.tiles[3][R] = tile<T, R, 3>;
        if constexpr (R <= tileRows / 3) kernels.tiles[4][R] = tile<T, R, 4>;
        if constexpr (R <= tileRows / 6) kernels.tiles[8][R] = tile<T, R, 8>;
        if constexpr (R <= tileRows / 14) kernels.tiles[16][R] = tile<T, R, 16>;
        list_tiles<T, R - 1>(kernels);
    }
}

template <class T> constexpr GemmKernels<T> list() {
    GemmKernels<T> result{};
    result.rows = tileRows;
    result.vector = Lane<T>::count;
    result.masks = masks;
    list_tiles<T, tileRows>(result);
    result.copy = copy<T>;
    result.transpose = transpose<T>;
    result.interleave = interleave<T>;
    result.dots = dots<T>;
    result.gather = gather<T>;
    if constexpr (std::is_floating_point_v<T>) {
        result.widen[0] = widen<T, half>, result.widen[1] = widen<T, bfloat16>;
        result.narrow[0] = narrow<T, half>, result.narrow[1] = narrow<T, bfloat16>;
    }
    return result;
}
template <class T> constexpr GemmKernels<T> kernels = list<T>();
}  // namespace
}  // namespace TERN_ISA
