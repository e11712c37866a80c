/// The matrix product that matmul and convolution share: C = A · B, in float or double.
///
/// A is cut into panels of some rows and KC columns, copied so that a column's numbers lie side by side; B into panels of `width` columns,
/// copied so that rows lie `width` apart. The microkernel (gemm.inl) multiplies one by the other in registers. Each element of C sums its
/// products in one order, which depends on the shape alone: neither threads nor tiles change a bit of the result.
#pragma once
#include "../isa/isa.h"
#include "dispatch.h"

namespace tern {
constexpr int64_t KC = 512;

/// Two neighbours along k, both bfloat16: an element of a product whose sums are float (gemm_bfloat16.cpp).
using BFloat16Pair = uint32_t;
template <class T> struct SumOf { using Type = T; };
template <> struct SumOf<BFloat16Pair> { using Type = float; };
/// What products of elements T are summed in.
template <class T> using Sum = typename SumOf<T>::Type;

/// Neighbours that stand together both in a panel, from `column` on, and in memory, from `offset` on.
struct GemmRun { int64_t column, count, offset; };

/// What an instruction set offers for elements T.
template <class T> struct GemmKernels {
    /// c (rows, columns) = start (rows lds apart; 0 if NULL) + a (rows, k; rowStride and step apart) · b (k, columns; rows ldb apart; read in
    /// full vectors, unless `masks`). start may be c.
    using Tile = void (*)(const T *a, int64_t rowStride, int64_t step, const T *b, int64_t ldb, int64_t k, const Sum<T> *start, int64_t lds,
                          Sum<T> *c, int64_t ldc, int64_t columns);
    static constexpr int maxRows = 14, maxVectors = 16;
    int rows;     ///< of a tile of one or two vectors; of three half as many, of four a third, of eight a sixth, of 16 a 14th
    int vector;   ///< elements in one
    bool masks;   ///< a part of a vector is read as fast as all of it
    Tile tiles[maxVectors + 1][maxRows + 1];  ///< [vectors, the last of which may be filled in part][rows]
    int rowsFor(int64_t vectors) const { return vectors <= 2 ? rows : vectors <= 4 ? rows / int(vectors - 1) : vectors <= 8 ? rows / 6 : rows / 14; }
    /// to (m, n; rows ldt apart) = from (rows ldf apart).
    void (*copy)(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n);
    /// to (n, m; rows ldt apart) = transposed from (m, n; rows ldf apart).
    void (*transpose)(const T *from, int64_t ldf, T *to, int64_t ldt, int64_t m, int64_t n);
    /// to[p · rows + i] = from[i · ldf + p], for p < k.
    void (*interleave)(const T *from, int64_t ldf, T *to, int64_t rows, int64_t k);
    /// Where B's columns are contiguous: out[i · ldo + j] = bias[i · biasRow + j] + Σ a[i · lda + p] · b[j · ldb + p], for some rows i. bias
    /// may be NULL.
    void (*dots)(const T *a, int64_t lda, const T *b, int64_t ldb, int64_t k, const Sum<T> *bias, int64_t biasRow, Sum<T> *out, int64_t ldo,
                 int64_t m, int64_t columns);
    /// Rows of matrices in half types: [0] float16, [1] bfloat16.
    void (*widen[2])(const void *from, T *to, int64_t n);
    void (*narrow[2])(const T *from, void *to, int64_t n);
    /// to (rows, …; rows ldt apart, ldt at least a vector) = for each row, its runs. `slack`: a vector may be read past a run's end.
    void (*gather)(const T *data, const int64_t *rowOffsets, int64_t rows, const GemmRun *runs, int64_t count, T *to, int64_t ldt,
                   bool slack);
};
template <class T> const GemmKernels<T> &gemm_kernels();
template <> const GemmKernels<BFloat16Pair> &gemm_kernels();

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
    const T *rows;    ///< A itself where it can be read as it is, or NULL
    int64_t rowsStride;
    GemmOutput out;
    bool accumulate;  ///< C += instead of C = (no bias then)
    bool serial;      ///< on the calling thread alone
    int64_t rowsStep = 1;  ///< from one element in a row of `rows` to the next
    GemmSource<T> turned = {};  ///< A transposed, to be read instead of A; or nothing
};
template <class T> void gemm(const Gemm<T> &);  // of float, double, and, where there are instructions for them, BFloat16Pair

/// The source of a strided matrix; `matrix` must outlive it. False where dtype has no conversion to T.
template <class T> bool matrix_source(GemmSource<T> &source, const Matrix &matrix, TernDType dtype);

/// The product of bfloat16 matrices by instructions that multiply pairs and add them up in float; false where there are none. (They take
/// numbers below bfloat16's normal range as 0.)
bool gemm_bfloat16(int64_t m, int64_t n, int64_t k, const Matrix &a, const Matrix &b, const GemmOutput &out, bool serial);
}  // namespace tern
