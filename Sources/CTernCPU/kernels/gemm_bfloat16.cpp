/// Products of bfloat16 matrices by AVX-512's dot instruction: each lane of a float sum takes the products of a pair, so that a step covers
/// two of k at once. The blocked product of gemm.h does the rest: its elements are pairs.
#include "gemm.h"

#include <algorithm>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>

#define TERN_BFLOAT16_DOTS
#define TERN_ISA avx512bf16
#define TERN_LEVEL 2
namespace tern {
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c"))), apply_to = function)
#include "gemm.inl"

namespace avx512bf16 {
namespace {
/// to[j] = the pair of first[j] and second[j]; of first[j] and 0 where there is no second.
void zip(const bfloat16 *first, const bfloat16 *second, BFloat16Pair *to, int64_t n) {
    if (second) for (int64_t j = 0; j < n; j++) to[j] = BFloat16Pair(first[j].bits) | BFloat16Pair(second[j].bits) << 16;
    else for (int64_t j = 0; j < n; j++) to[j] = first[j].bits;
}
/// to = the sums, and the bias where there is one, rounded.
void round(const float *sum, const bfloat16 *bias, int64_t biasColumn, bfloat16 *to, int64_t step, int64_t n) {
    if (!bias && step == 1) return narrow<float, bfloat16>(sum, to, n);
    for (int64_t j = 0; j < n; j++) to[j * step] = to_bfloat16(bias ? sum[j] + to_float(bias[j * biasColumn]) : sum[j]);
}
}  // namespace
}  // namespace avx512bf16
#pragma clang attribute pop

template <> const GemmKernels<BFloat16Pair> &gemm_kernels() { return avx512bf16::kernels<BFloat16Pair>; }

namespace {
/// A matrix of (k, n) numbers, whose elements are pairs of each two neighbours in a column; 0 stands below the last where k is odd.
struct Pairs {
    Matrix matrix;
    int64_t k;

    const bfloat16 *at(int64_t p, int64_t j) const {
        return static_cast<const bfloat16 *>(matrix.data) + p * matrix.rowStride + j * matrix.columnStride;
    }
    BFloat16Pair pair(int64_t p, int64_t j) const {
        return at(2 * p, j)->bits | (2 * p + 1 < k ? BFloat16Pair(at(2 * p + 1, j)->bits) << 16 : 0);
    }
    /// Columns that can be read as pairs, as they lie in memory.
    const BFloat16Pair *whole() const {
        const bool even = k % 2 == 0 && (matrix.columnStride % 2 == 0) && reinterpret_cast<uintptr_t>(matrix.data) % 4 == 0;
        return matrix.rowStride == 1 && even ? static_cast<const BFloat16Pair *>(matrix.data) : nullptr;
    }
    GemmSource<BFloat16Pair> source() const { return {this, read}; }

private:
    static void read(const void *context, BFloat16Pair *to, int64_t ldt, int64_t row, int64_t rows, int64_t column, int64_t columns) {
        const Pairs &x = *static_cast<const Pairs *>(context);
        if (x.matrix.columnStride == 1) {
            for (int64_t p = row; p < row + rows; p++, to += ldt)
                avx512bf16::zip(x.at(2 * p, column), 2 * p + 1 < x.k ? x.at(2 * p + 1, column) : nullptr, to, columns);
        } else if (const BFloat16Pair *whole = x.whole()) {
            const int64_t apart = x.matrix.columnStride / 2;
            gemm_kernels<BFloat16Pair>().transpose(whole + row + column * apart, apart, to, ldt, columns, rows);
        } else {
            for (int64_t j = 0; j < columns; j++)
                for (int64_t p = 0; p < rows; p++) to[p * ldt + j] = x.pair(row + p, column + j);
        }
    }
};

/// A few rows by a matrix whose columns are contiguous, and are read once, as they lie.
void multiply_few(int64_t m, int64_t n, int64_t k, const BFloat16Pair *a, int64_t lda, const BFloat16Pair *b, int64_t ldb,
                  const GemmOutput &out, bool serial) {
    constexpr int64_t block = 256;
    auto compute = [&](int64_t begin, int64_t end) {
        Scratch<float> sum(m * block);
        for (int64_t j0 = begin; j0 < end; j0 += block) {
            const int64_t columns = std::min(block, end - j0);
            gemm_kernels<BFloat16Pair>().dots(a, lda, b + j0 * ldb, ldb, k / 2, nullptr, 0, sum, block, m, columns);
            for (int64_t i = 0; i < m; i++) {
                const bfloat16 *bias = static_cast<const bfloat16 *>(out.bias);
                avx512bf16::round(sum + i * block, bias ? bias + i * out.biasRow + j0 * out.biasColumn : nullptr, out.biasColumn,
                                  static_cast<bfloat16 *>(out.data) + i * out.rowStride + j0 * out.columnStride, out.columnStride, columns);
            }
        }
    };
    if (serial) compute(0, n);
    else parallel_for(n, std::max<int64_t>(16, (1 << 17) / (m * k)), compute);
}
}  // namespace

bool gemm_bfloat16(int64_t m, int64_t n, int64_t k, const Matrix &a, const Matrix &b, const GemmOutput &out, bool serial) {
    if (!has_bfloat16_dots()) return false;
    const Pairs left{{a.data, a.columnStride, a.rowStride}, k}, right{b, k};
    const BFloat16Pair *rows = left.whole(), *columns = right.whole();
    const int64_t lda = a.rowStride / 2, ldb = b.columnStride / 2;
    if (m <= 8 && k >= 32 && rows && columns) {
        multiply_few(m, n, k, rows, lda, columns, ldb, out, serial);
        return true;
    }
    Gemm<BFloat16Pair> g{};
    g.m = m, g.n = n, g.k = (k + 1) / 2;
    g.b = right.source();
    g.turned = left.source();
    if (rows) g.rows = rows, g.rowsStride = lda;
    g.out = out;
    g.serial = serial;
    gemm(g);
    return true;
}
}  // namespace tern
#else
bool tern::gemm_bfloat16(int64_t, int64_t, int64_t, const Matrix &, const Matrix &, const GemmOutput &, bool) { return false; }
#endif
