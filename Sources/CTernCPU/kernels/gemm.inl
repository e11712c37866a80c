// The innermost loops of the matrix product. A tile is two vectors wide and has as many rows as leave registers for two vectors of B
// and a factor from A.
namespace TERN_ISA {
namespace {
#include "vectors.inl"

template <class T, int R, int V>
void tile(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, T *c, int64_t ldc, int64_t columns, bool accumulate) {
#pragma clang fp contract(fast)
    constexpr int W = vectorBytes / sizeof(T);
    typedef T Vec __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
    Vec sum[R][V];
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] = T(0);
    if (ldc * int64_t(sizeof(T)) >= 2048) {  // C's rows lie far apart: no processor guesses that they are next
        TERN_UNROLL for (int i = 0; i < R; i++)
            TERN_UNROLL for (int v = 0; v < V; v++) __builtin_prefetch(c + i * ldc + v * W, 1);
    }
    const T *rows[(R + 2) / 3];  // of each three: few enough to stay in registers
    TERN_UNROLL for (int i = 0; i < R; i += 3) rows[i / 3] = a + i * lda;
    for (int64_t p = 0; p < k; p++, b += ldb) {
        Vec row[V];
        TERN_UNROLL for (int v = 0; v < V; v++) row[v] = *reinterpret_cast<const Vec *>(b + v * W);
        TERN_UNROLL for (int i = 0; i < R; i++) {
            const Vec factor = rows[i / 3][i % 3 * lda];
            TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] += factor * row[v];
        }
        TERN_UNROLL for (int i = 0; i < R; i += 3) rows[i / 3]++;
    }
    if (columns == V * W) {
        TERN_UNROLL for (int i = 0; i < R; i++)
            TERN_UNROLL for (int v = 0; v < V; v++) {
                Vec *to = reinterpret_cast<Vec *>(c + i * ldc + v * W);
                *to = accumulate ? *to + sum[i][v] : sum[i][v];
            }
        return;
    }
    T row[V * W];
    TERN_UNROLL for (int i = 0; i < R; i++) {
        TERN_UNROLL for (int v = 0; v < V; v++) *reinterpret_cast<Vec *>(row + v * W) = sum[i][v];
        T *to = c + i * ldc;
        for (int64_t j = 0; j < columns; j++) to[j] = accumulate ? to[j] + row[j] : row[j];
    }
}

/// Four rows of b at a time, each in two partial sums.
template <class T, int N> void dots_of(const T *a, const T *b, int64_t ldb, int64_t k, T *out) {
#pragma clang fp contract(fast)
    constexpr int W = vectorBytes / sizeof(T);
    typedef T Vec __attribute__((ext_vector_type(W), aligned(alignof(T)), may_alias));
    Vec sum[N][2];
    TERN_UNROLL for (int j = 0; j < N; j++) sum[j][0] = sum[j][1] = T(0);
    int64_t p = 0;
    for (; p + 2 * W <= k; p += 2 * W)
        TERN_UNROLL for (int h = 0; h < 2; h++) {
            const Vec x = *reinterpret_cast<const Vec *>(a + p + h * W);
            TERN_UNROLL for (int j = 0; j < N; j++) sum[j][h] += x * *reinterpret_cast<const Vec *>(b + j * ldb + p + h * W);
        }
    for (int j = 0; j < N; j++) {
        const Vec both = sum[j][0] + sum[j][1];
        T lanes[W];
        *reinterpret_cast<Vec *>(lanes) = both;
        for (int half = W / 2; half > 0; half /= 2)
            for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
        for (int64_t q = p; q < k; q++) lanes[0] += a[q] * b[j * ldb + q];
        out[j] = lanes[0];
    }
}

template <class T> void dots(const T *a, const T *b, int64_t ldb, int64_t k, T *out, int64_t columns) {
    int64_t j = 0;
    for (; j + 4 <= columns; j += 4) dots_of<T, 4>(a, b + j * ldb, ldb, k, out + j);
    for (; j < columns; j++) dots_of<T, 1>(a, b + j * ldb, ldb, k, out + j);
}

/// Four rows of b at a time.
template <class T> void combine(const T *a, const T *b, int64_t ldb, int64_t k, T *c, int64_t columns) {
#pragma clang fp contract(fast)
    int64_t p = 0;
    for (; p + 4 <= k; p += 4, b += 4 * ldb) {
        const T a0 = a[p], a1 = a[p + 1], a2 = a[p + 2], a3 = a[p + 3];
        for (int64_t j = 0; j < columns; j++) {
            T sum = c[j];
            sum += a0 * b[j];
            sum += a1 * b[ldb + j];
            sum += a2 * b[2 * ldb + j];
            sum += a3 * b[3 * ldb + j];
            c[j] = sum;
        }
    }
    for (; p < k; p++, b += ldb)
        for (int64_t j = 0; j < columns; j++) c[j] += a[p] * b[j];
}

/// Whole vectors: what is written past a run's end is written again by the next run, or the next row.
template <class T>
void gather(const T *data, const int64_t *rowOffsets, int64_t rows, const GemmRun *runs, int64_t count, T *to, int64_t ldt, bool slack) {
    constexpr int64_t W = vectorBytes / sizeof(T);
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

template <class T, int R> constexpr void list_tiles(GemmKernels<T> &kernels) {
    if constexpr (R > 0) {
        kernels.tiles[0][R] = tile<T, R, 1>;
        kernels.tiles[1][R] = tile<T, R, 2>;
        list_tiles<T, R - 1>(kernels);
    }
}

template <class T> constexpr GemmKernels<T> list() {
    GemmKernels<T> result{};
    result.rows = tileRows;
    result.vector = vectorBytes / sizeof(T);
    list_tiles<T, tileRows>(result);
    result.transpose = transpose<T>;
    result.dots = dots<T>;
    result.combine = combine<T>;
    result.gather = gather<T>;
    return result;
}
template <class T> constexpr GemmKernels<T> kernels = list<T>();
#undef TERN_UNROLL
}  // namespace
}  // namespace TERN_ISA
