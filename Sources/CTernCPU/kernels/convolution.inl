// Convolution's innermost loops.
namespace TERN_ISA {
namespace {
#include "vectors.inl"

/// Of a walk's k-th product, A's factors are numbers, R of them, and B's V vectors.
template <class T, int R, int V>
void walk(const T *a, int64_t lda, const T *const *b, const Walk &w, const T *start, T *out, int64_t ldc, const int64_t *at,
          const int64_t *columns, bool accumulate) {
#pragma clang fp contract(fast)
    constexpr int W = VectorOf<T>::W;
    typedef typename VectorOf<T>::Type Vec;
    const T *from[V];
    Vec sum[R][V];
    TERN_UNROLL for (int v = 0; v < V; v++) from[v] = b[v];
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] = start ? start[i] : T(0);
    const T *rows[(R + 2) / 3];  // of each three: few enough to stay in registers
    TERN_UNROLL for (int i = 0; i < R; i += 3) rows[i / 3] = a + i * lda;
    for (int64_t o = 0; o < w.outer; o++) {
        for (int64_t s = 0; s < w.count; s++) {
            const WalkStep step = w.steps[s];
            Vec factors[V];
            TERN_UNROLL for (int v = 0; v < V; v++) factors[v] = *reinterpret_cast<const Vec *>(from[v] + step.b);
            TERN_UNROLL for (int i = 0; i < R; i++) {
                const Vec factor = (rows[i / 3] + step.a)[i % 3 * lda];
                TERN_UNROLL for (int v = 0; v < V; v++) sum[i][v] += factor * factors[v];
            }
        }
        TERN_UNROLL for (int i = 0; i < R; i += 3) rows[i / 3] += w.step.a;
        TERN_UNROLL for (int v = 0; v < V; v++) from[v] += w.step.b;
    }
    TERN_UNROLL for (int v = 0; v < V; v++) {
        if (v == 1 && at[1] == at[0]) return;
        T *to = out + at[v];
        const int64_t n = columns[v];
        TERN_UNROLL for (int i = 0; i < R; i++, to += ldc) {
            if (n == W) {
                Vec *whole = reinterpret_cast<Vec *>(to);
                *whole = accumulate ? *whole + sum[i][v] : sum[i][v];
            } else if (accumulate) {
                T row[W];
                *reinterpret_cast<Vec *>(row) = sum[i][v];
                for (int64_t j = 0; j < n; j++) to[j] += row[j];
            } else {
                store_some<T>(to, sum[i][v], n);
            }
        }
    }
}

/// sums[i · lds + j · W + …] += Σ g[i · ldg + p] · x[j][p], a vector each, over the lines' vectors p.
template <class T, int R, int J>
void sums(const T *g, int64_t ldg, const T *const *x, int64_t lines, int64_t n, int64_t gLine, int64_t xLine, int64_t xStep, T *out,
          int64_t ldo) {
#pragma clang fp contract(fast)
    constexpr int W = VectorOf<T>::W;
    typedef typename VectorOf<T>::Type Vec;
    Vec sum[R][J];
    const T *from[J];
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int j = 0; j < J; j++) sum[i][j] = *reinterpret_cast<const Vec *>(out + i * ldo + j * W);
    TERN_UNROLL for (int j = 0; j < J; j++) from[j] = x[j];
    for (int64_t l = 0; l < lines; l++) {
        const T *line = g + l * gLine;
        int64_t at = l * xLine;
        for (int64_t p = 0; p < n; p++, line += W, at += xStep) {
            Vec rows[R];
            TERN_UNROLL for (int i = 0; i < R; i++) rows[i] = *reinterpret_cast<const Vec *>(line + i * ldg);
            TERN_UNROLL for (int j = 0; j < J; j++) {
                const Vec factor = *reinterpret_cast<const Vec *>(from[j] + at);
                TERN_UNROLL for (int i = 0; i < R; i++) sum[i][j] += rows[i] * factor;
            }
        }
    }
    TERN_UNROLL for (int i = 0; i < R; i++)
        TERN_UNROLL for (int j = 0; j < J; j++) *reinterpret_cast<Vec *>(out + i * ldo + j * W) = sum[i][j];
}

template <class T, int R> constexpr void list_walks(ConvolutionKernels<T> &kernels) {
    if constexpr (R > 0) {
        kernels.walk[0][R] = walk<T, R, 1>;
        kernels.walk[1][R] = walk<T, R, 2>;
        list_walks<T, R - 1>(kernels);
    }
}
template <class T, int R, int J> constexpr void list_sums(ConvolutionKernels<T> &kernels) {
    kernels.sums[R][J] = sums<T, R, J>;
    if constexpr (J > 1) list_sums<T, R, J - 1>(kernels);
    else if constexpr (R > 1) list_sums<T, R - 1, sumColumns>(kernels);
}

template <class T> constexpr ConvolutionKernels<T> convolution_list() {
    ConvolutionKernels<T> result{};
    result.rows = tileRows, result.vector = VectorOf<T>::W;
    result.sumRows = sumRows, result.sumColumns = sumColumns;
    list_walks<T, tileRows>(result);
    list_sums<T, sumRows, sumColumns>(result);
    result.transpose = transpose<T>;
    return result;
}
template <class T> constexpr ConvolutionKernels<T> convolution = convolution_list<T>();
#undef TERN_UNROLL
}  // namespace
}  // namespace TERN_ISA
