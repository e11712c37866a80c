/// Matrix products of strided, batched operands.
#include <algorithm>
#include "gemm.h"
#include "iterate.h"

using namespace tern;

namespace {
/// One operand as matrices: what it lacks of the batch's dimensions, or has with size 1, is the same for all.
struct Operand {
    char *data;
    int64_t row = 0, column = 0;
    int64_t strides[Loops::max_rank];  // of the batch's dimensions

    Operand(const TernArray *x, int32_t batchRank, bool transposed = false) : Operand(x, batchRank, 2) {
        row = x->strides[x->rank - (transposed ? 1 : 2)], column = x->strides[x->rank - (transposed ? 2 : 1)];
    }
    /// A vector is one row, or one column.
    static Operand vector(const TernArray *x, int32_t batchRank, bool isRow) {
        Operand o(x, batchRank, 1);
        (isRow ? o.row : o.column) = isRow ? x->shape[0] : 1;
        (isRow ? o.column : o.row) = x->strides[0];
        return o;
    }
    /// What is added to all elements, or nothing: sizes of 1 are stretched.
    static Operand addend(const TernArray *x, int32_t batchRank) {
        Operand o(x, batchRank, 2);
        auto step = [&](int32_t i) { return !x || x->rank < i || x->shape[x->rank - i] == 1 ? 0 : x->strides[x->rank - i]; };
        o.row = step(2), o.column = step(1);
        return o;
    }
    void *at(int64_t offset, size_t size) const { return data ? data + offset * int64_t(size) : nullptr; }

private:
    Operand(const TernArray *x, int32_t batchRank, int32_t matrixRank) : data(x ? static_cast<char *>(x->data) : nullptr) {
        const int32_t lacking = batchRank - std::max(0, (x ? x->rank : 0) - matrixRank);
        for (int32_t d = 0; d < batchRank; d++)
            strides[d] = d < lacking || x->shape[d - lacking] == 1 ? 0 : x->strides[d - lacking];
    }
};

struct Product {
    int64_t m, n, k, batch;
    const int64_t *batchShape;
    int32_t batchRank;
    Operand out, a, b, bias;

    /// Where the matrices of batch element `index` begin.
    void offsets(int64_t index, int64_t (&at)[4]) const {
        std::fill(at, at + 4, 0);
        const Operand *all[] = {&out, &a, &b, &bias};
        for (int32_t d = batchRank - 1; d >= 0; d--) {
            const int64_t i = index % batchShape[d];
            index /= batchShape[d];
            for (int x = 0; x < 4; x++) at[x] += i * all[x]->strides[d];
        }
    }
};

/// A few rows by a matrix whose columns are contiguous, and are read once, as they lie. False where they are not.
template <class T> bool multiply_few(const Gemm<T> &g, const Matrix &b) {
    constexpr int64_t block = 256, most = 8;
    if (g.m > most || b.rowStride != 1 || b.columnStride == 1 || g.k < 16) return false;
    const auto &kernels = gemm_kernels<T>();
    Scratch<T> copied(g.rows && g.rowsStep == 1 ? 0 : g.m * g.k);
    if (copied) g.a.read(g.a.context, copied, g.k, 0, g.m, 0, g.k);
    const T *rows = copied ? copied : g.rows;
    const int64_t rowStride = copied ? g.k : g.rowsStride;
    const T *columns = static_cast<const T *>(b.data), *bias = static_cast<const T *>(g.out.bias);
    T *const result = static_cast<T *>(g.out.data);
    auto compute = [&](int64_t begin, int64_t end) {
        if (g.out.columnStride == 1 && (!bias || g.out.biasColumn == 1)) {
            kernels.dots(rows, rowStride, columns + begin * b.columnStride, b.columnStride, g.k, bias ? bias + begin : nullptr, g.out.biasRow,
                         result + begin, g.out.rowStride, g.m, end - begin);
            return;
        }
        T sum[most][block];
        for (int64_t j0 = begin; j0 < end; j0 += block) {
            const int64_t j1 = std::min(end, j0 + block);
            kernels.dots(rows, rowStride, columns + j0 * b.columnStride, b.columnStride, g.k, nullptr, 0, sum[0], block, g.m, j1 - j0);
            for (int64_t i = 0; i < g.m; i++)
                for (int64_t j = j0; j < j1; j++)
                    result[i * g.out.rowStride + j * g.out.columnStride] =
                        sum[i][j - j0] + (bias ? bias[i * g.out.biasRow + j * g.out.biasColumn] : T(0));
        }
    };
    if (g.serial) compute(0, g.n);
    else parallel_for(g.n, std::max<int64_t>(16, (1 << 16) / (g.m * g.k)), compute);
    return true;
}

/// float and double (float16 and bfloat16 in float): the blocked kernel, or a simpler one where there are few rows.
template <class S> void multiply_floating(const Product &x, TernDType dtype, int64_t index, bool serial) {
    using T = computed<S>;
    int64_t at[4];
    x.offsets(index, at);
    // C's rows have to be contiguous, not its columns: else compute the transposed product. So too where there are so few columns that
    // they would not fill a vector.
    const bool narrow = x.n <= 8 && x.n < x.m && x.k >= (x.n <= 4 ? 8 : 16), flip = narrow || (x.out.column != 1 && x.out.row == 1);
    const Operand &left = flip ? x.b : x.a, &right = flip ? x.a : x.b;
    auto across = [&](const Operand &o) { return flip ? o.row : o.column; };
    auto down = [&](const Operand &o) { return flip ? o.column : o.row; };
    const Matrix a{left.at(at[flip ? 2 : 1], sizeof(S)), down(left), across(left)};
    const Matrix b{right.at(at[flip ? 1 : 2], sizeof(S)), down(right), across(right)};
    Gemm<T> g{};
    g.m = flip ? x.n : x.m;
    g.n = flip ? x.m : x.n;
    g.k = x.k;
    matrix_source(g.a, a, dtype);
    matrix_source(g.b, b, dtype);
    if (std::is_same_v<S, T> && b.columnStride == 1) {
        g.direct = static_cast<const T *>(b.data);
        g.directStride = b.rowStride;
    }
    if (std::is_same_v<S, T> && (a.columnStride == 1 || a.rowStride == 1)) {
        g.rows = static_cast<const T *>(a.data);
        g.rowsStride = a.rowStride;
        g.rowsStep = a.columnStride;
    }
    g.out = {x.out.at(at[0], sizeof(S)), dtype, down(x.out), across(x.out), std::max<int64_t>(g.n, 1), 0,
             x.bias.at(at[3], sizeof(S)), down(x.bias), across(x.bias)};
    g.serial = serial;
    if constexpr (std::is_same_v<S, T>)
        if (multiply_few(g, b)) return;
    if constexpr (std::is_same_v<S, bfloat16>)
        if (gemm_bfloat16(g.m, g.n, g.k, a, b, g.out, serial)) return;
    gemm(g);
}

/// Complex numbers, as one product of real ones: A and C are read as matrices of twice as many columns, and B becomes one of twice as many
/// rows too, where -Bi, Br, … follow each row Br, Bi, …
template <class R> void multiply_complex(const Product &x, int64_t index, bool serial) {
    using S = std::complex<R>;
    int64_t at[4];
    x.offsets(index, at);
    const S *a = static_cast<const S *>(x.a.at(at[1], sizeof(S))), *b = static_cast<const S *>(x.b.at(at[2], sizeof(S)));
    const S *bias = static_cast<const S *>(x.bias.at(at[3], sizeof(S)));
    S *out = static_cast<S *>(x.out.at(at[0], sizeof(S)));

    Scratch<R> factor(4 * x.k * x.n);
    for (int64_t p = 0; p < x.k; p++) {
        R *row = factor + 4 * p * x.n, *turned = row + 2 * x.n;
        for (int64_t j = 0; j < x.n; j++) {
            const S value = b[p * x.b.row + j * x.b.column];
            row[2 * j] = value.real(), row[2 * j + 1] = value.imag();
            turned[2 * j] = -value.imag(), turned[2 * j + 1] = value.real();
        }
    }
    const bool aside = x.a.column != 1, apart = x.out.column != 1;
    Scratch<S> rows(aside ? x.m * x.k : 0), sums(apart ? x.m * x.n : 0);
    if (aside)
        for (int64_t i = 0; i < x.m; i++)
            for (int64_t p = 0; p < x.k; p++) rows[i * x.k + p] = a[i * x.a.row + p * x.a.column];
    S *c = apart ? sums : out;
    const int64_t rowOfC = apart ? x.n : x.out.row;
    if (bias)
        for (int64_t i = 0; i < x.m; i++)
            for (int64_t j = 0; j < x.n; j++) c[i * rowOfC + j] = bias[i * x.bias.row + j * x.bias.column];

    const TernDType dtype = sizeof(R) == 4 ? TERN_FLOAT32 : TERN_FLOAT64;
    const Matrix left{aside ? rows : a, 2 * (aside ? x.k : x.a.row), 1}, right{factor, 2 * x.n, 1};
    Gemm<R> g{};
    g.m = x.m, g.n = 2 * x.n, g.k = 2 * x.k;
    matrix_source(g.a, left, dtype);
    matrix_source(g.b, right, dtype);
    g.direct = factor, g.directStride = right.rowStride;
    g.rows = static_cast<const R *>(left.data), g.rowsStride = left.rowStride;
    g.out = {c, dtype, 2 * rowOfC, 1, std::max<int64_t>(g.n, 1), 0, nullptr, 0, 0};
    g.accumulate = bias;
    g.serial = serial;
    gemm(g);
    if (apart)
        for (int64_t i = 0; i < x.m; i++)
            for (int64_t j = 0; j < x.n; j++) out[i * x.out.row + j * x.out.column] = c[i * x.n + j];
}

/// A sum that wraps as integers do, without a signed overflow.
template <class S> using Wide = std::conditional_t<sizeof(S) == 8, uint64_t, uint32_t>;

/// Integers: a row of C at a time, 64 columns at a time.
template <class S> void multiply_integers(const Product &x, int64_t index, int64_t row0, int64_t row1) {
    using T = Wide<S>;
    constexpr int64_t block = 64;
    int64_t at[4];
    x.offsets(index, at);
    const S *a = static_cast<const S *>(x.a.at(at[1], sizeof(S))), *b = static_cast<const S *>(x.b.at(at[2], sizeof(S)));
    const S *bias = static_cast<const S *>(x.bias.at(at[3], sizeof(S)));
    S *out = static_cast<S *>(x.out.at(at[0], sizeof(S)));
    for (int64_t j0 = 0; j0 < x.n; j0 += block)
        for (int64_t i = row0; i < row1; i++) {
            const int64_t columns = std::min(block, x.n - j0);
            T sum[block];
            for (int64_t j = 0; j < columns; j++) sum[j] = bias ? T(bias[i * x.bias.row + (j0 + j) * x.bias.column]) : T(0);
            for (int64_t p = 0; p < x.k; p++) {
                const T factor = T(a[i * x.a.row + p * x.a.column]);
                const S *row = b + p * x.b.row + j0 * x.b.column;
                if (x.b.column == 1) for (int64_t j = 0; j < columns; j++) sum[j] += factor * T(row[j]);
                else for (int64_t j = 0; j < columns; j++) sum[j] += factor * T(row[j * x.b.column]);
            }
            for (int64_t j = 0; j < columns; j++) out[i * x.out.row + (j0 + j) * x.out.column] = S(sum[j]);
        }
}
}  // namespace

bool tern_matmul(const TernArray *out, const TernArray *a, const TernArray *b, const TernArray *bias, bool transposed_a, bool transposed_b) {
    const int32_t rank = out->rank, batchRank = rank - 2;
    if (rank < 2 || rank > Loops::max_rank) return false;
    if (a->dtype != out->dtype || b->dtype != out->dtype || (bias && bias->dtype != out->dtype)) return false;
    Product x{out->shape[rank - 2], out->shape[rank - 1], a->shape[a->rank - (transposed_a ? 2 : 1)], 1, out->shape, batchRank,
              Operand(out, batchRank), a->rank == 1 ? Operand::vector(a, batchRank, true) : Operand(a, batchRank, transposed_a),
              b->rank == 1 ? Operand::vector(b, batchRank, false) : Operand(b, batchRank, transposed_b), Operand::addend(bias, batchRank)};
    for (int32_t d = 0; d < x.batchRank; d++) x.batch *= out->shape[d];

    // Batches that share b are more rows of one product, where the strides allow it.
    while (x.batchRank > 0) {
        const int32_t d = x.batchRank - 1;
        if (x.batchShape[d] == 1) {
            x.batchRank--;
            continue;
        }
        auto continues = [&](const Operand &o) { return !o.data || x.m == 1 || o.strides[d] == o.row * x.m; };
        if (x.b.strides[d] != 0 || x.m == 0 || x.batchShape[d] == 0 || !continues(x.out) || !continues(x.a) || !continues(x.bias)) break;
        if (x.m == 1) for (Operand *o : {&x.out, &x.a, &x.bias}) o->row = o->strides[d];
        x.m *= x.batchShape[d], x.batch /= x.batchShape[d], x.batchRank--;
    }
    if (x.m * x.n * x.batch == 0) return true;

    const int64_t work = x.m * x.n * std::max<int64_t>(x.k, 1);
    const bool many = x.batch > 1 && (x.batch >= 16 || work < 1 << 20);
    // multiply(index, serial) for all batch elements: at the same time, or each on all threads.
    auto each = [&](const auto &multiply) {
        if (many)
            parallel_for(x.batch, std::max<int64_t>(1, (1 << 17) / work), [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) multiply(i, true);
            });
        else
            for (int64_t i = 0; i < x.batch; i++) multiply(i, false);
    };
    auto floating = [&]<class S>(Type<S>) {
        each([&](int64_t i, bool serial) { multiply_floating<S>(x, out->dtype, i, serial); });
    };
    auto complex = [&]<class S>(Type<S>) {
        each([&](int64_t i, bool serial) { multiply_complex<typename S::value_type>(x, i, serial); });
    };
    auto integers = [&]<class S>(Type<S>) {
        parallel_for(x.batch * x.m, std::max<int64_t>(1, (1 << 16) * x.m / work), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end;) {
                const int64_t row = i % x.m, last = std::min(x.m, row + end - i);
                multiply_integers<S>(x, i / x.m, row, last);
                i += last - row;
            }
        });
    };
    return visit_floating(out->dtype, floating) || visit_integers(out->dtype, integers) || visit_complex(out->dtype, complex);
}
