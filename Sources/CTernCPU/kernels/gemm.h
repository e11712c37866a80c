/// The matrix product that matmul and convolution share: C = A · B, in float or double.
///
/// A is cut into panels of some rows and KC columns, copied so that rows lie KC apart; B into panels of `width` columns, copied so
/// that rows lie `width` apart. The microkernel (gemm.inl) multiplies one by the other in registers. Each element of C sums its
/// products in one order, which depends on the shape alone: neither threads nor tiles change a bit of the result.
#pragma once
#include "../isa/isa.h"
#include "dispatch.h"

namespace tern {
constexpr int64_t KC = 256;

/// Neighbours that stand together both in a panel, from `column` on, and in memory, from `offset` on.
struct GemmRun { int64_t column, count, offset; };

/// What an instruction set offers for elements T.
template <class T> struct GemmKernels {
    /// c (rows, columns) += or = a (rows, k; rows lda apart) · b (k, columns; rows ldb apart; readable to full vectors).
    using Tile = void (*)(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, T *c, int64_t ldc, int64_t columns, bool accumulate);
    static constexpr int maxRows = 14;
    int rows, vector;           ///< of the largest tile: rows, and columns / 2
    Tile tiles[2][maxRows + 1]; ///< [columns > vector][rows]
    /// to (n, m; rows ldt apart) = transposed from (m, n; rows ldf apart).
    void (*transpose)(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n);
    /// For one row of A. Where B's columns are contiguous: out[j] = Σ a[p] · b[j · ldb + p].
    void (*dots)(const T *a, const T *b, int64_t ldb, int64_t k, T *out, int64_t columns);
    /// Where its rows are: c[j] += Σ a[p] · b[p · ldb + j], row after row of B.
    void (*combine)(const T *a, const T *b, int64_t ldb, int64_t k, T *c, int64_t columns);
    /// to (rows, …; rows ldt apart, ldt at least a vector) = for each row, its runs. `slack`: a vector may be read past a run's end.
    void (*gather)(const T *data, const int64_t *rowOffsets, int64_t rows, const GemmRun *runs, int64_t count, T *to, int64_t ldt,
                   bool slack);
};
template <class T> const GemmKernels<T> &gemm_kernels();

/// A source of numbers behind A or B: `read` fills to (rows, columns) of the block that starts at (row, column), rows ldt apart.
template <class T> struct GemmSource {
    const void *context;
    void (*read)(const void *context, T *to, int64_t ldt, int64_t row, int64_t rows, int64_t column, int64_t columns);
};

/// A strided matrix of elements S as a source.
struct Matrix {
    const void *data;
    int64_t rowStride, columnStride;
};

/// Where C goes: element (i, j) at i · rowStride + (j / period) · periodStride + (j % period) · columnStride.
struct GemmOutput {
    void *data;
    TernDType dtype;
    int64_t rowStride, columnStride, period, periodStride;
    const void *bias;  ///< same dtype, or NULL
    int64_t biasRow, biasColumn;
};

template <class T> struct Gemm {
    int64_t m, n, k;
    GemmSource<T> a, b;
    const T *direct;  ///< B itself where its rows are contiguous, or NULL: a small product need not copy it
    int64_t directStride;
    const T *rows;    ///< A itself, likewise
    int64_t rowsStride;
    GemmOutput out;
    bool accumulate;  ///< C += instead of C = (no bias then)
    bool serial;      ///< on the calling thread alone
};
template <class T> void gemm(const Gemm<T> &);

/// The source of a strided matrix; `matrix` must outlive it. False where dtype has no conversion to T.
template <class T> bool matrix_source(GemmSource<T> &source, const Matrix &matrix, TernDType dtype);
}  // namespace tern
