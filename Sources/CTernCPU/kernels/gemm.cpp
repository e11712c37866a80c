/// The blocked, packed, threaded matrix product of gemm.h.
#include "gemm.h"

#include <algorithm>

// The innermost loops, for each instruction set --------------------------------------------------------------------------
#define TERN_SOURCE "../kernels/gemm.inl"
#include "../isa/each.inl"

namespace tern {
template <class T> const GemmKernels<T> &gemm_kernels() { return TERN_CHOOSE(kernels<T>); }
template const GemmKernels<float> &gemm_kernels();
template const GemmKernels<double> &gemm_kernels();

// Strided operands -------------------------------------------------------------------------------------------------------
namespace {
template <class T, class S> struct Strided {
    static void read(const void *context, T *to, int64_t ldt, int64_t row, int64_t rows, int64_t column, int64_t columns) {
        const Matrix &x = *static_cast<const Matrix *>(context);
        const S *from = static_cast<const S *>(x.data) + row * x.rowStride + column * x.columnStride;
        if (x.columnStride == 1 || columns == 1) {
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++) to[i * ldt + j] = convert<T>(from[i * x.rowStride + j]);
        } else if (x.rowStride == 1 && std::is_same_v<S, T>) {
            gemm_kernels<T>().transpose(reinterpret_cast<const T *>(from), x.columnStride, to, ldt, columns, rows);
        } else {
            for (int64_t j = 0; j < columns; j++)
                for (int64_t i = 0; i < rows; i++) to[i * ldt + j] = convert<T>(from[i * x.rowStride + j * x.columnStride]);
        }
    }
};
}  // namespace

template <class T> bool matrix_source(GemmSource<T> &source, const Matrix &matrix, TernDType dtype) {
    return visit_floating(dtype, [&]<class S>(Type<S>) { source = {&matrix, Strided<T, S>::read}; });
}
template bool matrix_source(GemmSource<float> &, const Matrix &, TernDType);
template bool matrix_source(GemmSource<double> &, const Matrix &, TernDType);

// The product ------------------------------------------------------------------------------------------------------------
namespace {
inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
/// Part i of n when `count` is cut evenly: where it begins.
inline int64_t part(int64_t count, int64_t n, int64_t i) { return count / n * i + std::min(i, count % n); }

/// What a tile of C holds before the first product.
enum class Start { zero, bias, out };

/// C's columns are contiguous, not its rows.
template <class T, class S> bool stands(const GemmOutput &o, int64_t c1) {
    return std::is_same_v<S, T> && o.rowStride == 1 && o.columnStride != 1 && c1 <= o.period;
}

template <class T, class S> void fill_tile(const GemmOutput &o, T *tile, int64_t ld, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                                           Start start) {
    if (start == Start::out && stands<T, S>(o, c1))
        return gemm_kernels<T>().transpose(static_cast<const T *>(o.data) + r0 + c0 * o.columnStride, o.columnStride, tile, ld, c1 - c0,
                                           r1 - r0);
    for (int64_t i = r0; i < r1; i++, tile += ld) {
        if (start == Start::zero) {
            std::fill(tile, tile + (c1 - c0), T(0));
        } else if (start == Start::bias) {
            const S *bias = static_cast<const S *>(o.bias) + i * o.biasRow;
            if (o.biasColumn == 0) std::fill(tile, tile + (c1 - c0), convert<T>(*bias));
            else for (int64_t j = c0; j < c1; j++) tile[j - c0] = convert<T>(bias[j * o.biasColumn]);
        } else {
            const S *row = static_cast<const S *>(o.data) + i * o.rowStride;
            for (int64_t j = c0, q = c0 / o.period, r = c0 % o.period; j < c1; j++) {
                tile[j - c0] = convert<T>(row[q * o.periodStride + r * o.columnStride]);
                if (++r == o.period) r = 0, q++;
            }
        }
    }
}

template <class T, class S> void store_tile(const GemmOutput &o, const T *tile, int64_t ld, int64_t r0, int64_t r1, int64_t c0,
                                            int64_t c1) {
    if (stands<T, S>(o, c1))
        return gemm_kernels<T>().transpose(tile, ld, static_cast<T *>(o.data) + r0 + c0 * o.columnStride, o.columnStride, r1 - r0, c1 - c0);
    for (int64_t i = r0; i < r1; i++, tile += ld) {
        S *row = static_cast<S *>(o.data) + i * o.rowStride;
        for (int64_t j = c0, q = c0 / o.period, r = c0 % o.period; j < c1; q++, r = 0) {
            const int64_t run = std::min(o.period - r, c1 - j);
            S *to = row + q * o.periodStride + r * o.columnStride;
            if (o.columnStride == 1) for (int64_t l = 0; l < run; l++) to[l] = convert<S>(tile[j - c0 + l]);
            else for (int64_t l = 0; l < run; l++) to[l * o.columnStride] = convert<S>(tile[j - c0 + l]);
            j += run;
        }
    }
}

/// One piece of C: rows r0..<r1 of the packed slab, columns c0..<c1, all of the slab's k.
template <class T, class S> struct Piece {
    const Gemm<T> &g;
    const GemmKernels<T> &kernels;
    const T *packed;             ///< A: for each block of KC, for each row, KC apart; NULL where it is read as it is
    int64_t rows0, rows1, panels;  ///< the slab's rows, cut into panels
    int64_t k0, k1;                ///< the slab's share of k
    Start start;

    void run(int64_t p0, int64_t p1, int64_t c0, int64_t c1) const {
        const int64_t width = 2 * kernels.vector, columns = c1 - c0, slabRows = rows1 - rows0;
        const int64_t first = part(slabRows, panels, p0), last = part(slabRows, panels, p1);
        const bool inPlace = std::is_same_v<S, T> && g.out.columnStride == 1 && c0 / g.out.period == (c1 - 1) / g.out.period;
        Scratch<T> aside(inPlace ? 0 : (last - first) * columns);
        const int64_t ldc = inPlace ? g.out.rowStride : columns;
        T *c = aside;
        if (inPlace)
            c = static_cast<T *>(g.out.data) + (rows0 + first) * g.out.rowStride + c0 / g.out.period * g.out.periodStride +
                c0 % g.out.period;
        const bool fill = start == Start::bias || (start == Start::zero && k0 == k1) || (start == Start::out && !inPlace);
        if (fill) fill_tile<T, S>(g.out, c, ldc, rows0 + first, rows0 + last, c0, c1, start);
        bool accumulate = fill || start == Start::out;

        const bool direct = g.direct && last - first <= 2 * kernels.rows;
        Scratch<T> b(std::min(KC, k1 - k0) * divide_up(columns, width) * width);
        for (int64_t at = k0; at < k1; at += KC, accumulate = true) {
            const int64_t depth = std::min(KC, k1 - at);
            // B's panels, read as they are or copied, each padded to whole vectors.
            auto pack = [&](int64_t j, T *to) {
                const int64_t n = std::min(width, columns - j), padded = divide_up(n, kernels.vector) * kernels.vector;
                g.b.read(g.b.context, to, padded, at, depth, c0 + j, n);
                if (n < padded)
                    for (int64_t p = 0; p < depth; p++) std::fill(to + p * padded + n, to + (p + 1) * padded, T(0));
            };
            for (int64_t j = 0; j < columns; j += width)
                if (!direct || columns - j < width) pack(j, b + j * depth);
            for (int64_t panel = p0; panel < p1; panel++) {
                const int64_t i0 = part(slabRows, panels, panel), i1 = part(slabRows, panels, panel + 1);
                const T *a = packed ? packed + ((at - k0) / KC * slabRows + i0) * KC : g.rows + (rows0 + i0) * g.rowsStride + at;
                for (int64_t j = 0; j < columns; j += width) {
                    const int64_t n = std::min(width, columns - j), padded = divide_up(n, kernels.vector) * kernels.vector;
                    const bool asIs = direct && n == width;
                    const T *from = asIs ? g.direct + at * g.directStride + c0 + j : b + j * depth;
                    const auto tile = kernels.tiles[n > kernels.vector][i1 - i0];
                    tile(a, packed ? KC : g.rowsStride, from, asIs ? g.directStride : padded, depth, c + (i0 - first) * ldc + j, ldc, n, accumulate);
                }
            }
        }
        if (!inPlace) store_tile<T, S>(g.out, c, ldc, rows0 + first, rows0 + last, c0, c1);
    }
};

template <class T, class S> void multiply(const Gemm<T> &g) {
    const auto &kernels = gemm_kernels<T>();
    const int64_t width = 2 * kernels.vector;
    // The copy of A stays within 8 MB or so: a slab of k where the sum can wait in C without loss, else one of rows.
    constexpr int64_t slabSize = 2 << 20;
    int64_t slabK = std::max(KC, g.k), slabM = g.m;
    if (g.m * slabK > slabSize && std::is_same_v<S, T>) slabK = std::max(KC, slabSize / g.m / KC * KC);
    slabK = std::min(slabK, std::max(KC, g.k));
    if (slabM * slabK > slabSize) slabM = std::max<int64_t>(8 * kernels.rows, slabSize / slabK);
    // Few columns read A few times: not worth a copy. (Rows a power of two apart take one another's place in the cache.)
    const bool asIs = g.rows && g.n <= 16 * width;
    const int64_t tileRows = asIs && g.rowsStride % (2048 / int64_t(sizeof(T))) == 0 ? std::min(8, kernels.rows) : kernels.rows;
    Scratch<T> packed(asIs ? 0 : std::min(slabM, g.m) * divide_up(std::min(slabK, std::max<int64_t>(g.k, 1)), KC) * KC);

    for (int64_t rows0 = 0; rows0 < g.m; rows0 += slabM)
        for (int64_t k0 = 0; k0 == 0 || k0 < g.k; k0 += slabK) {
            const int64_t rows1 = std::min(g.m, rows0 + slabM), k1 = std::min(g.k, k0 + slabK), rows = rows1 - rows0;
            const int64_t panels = divide_up(rows, tileRows), blocks = divide_up(k1 - k0, KC);
            auto packA = [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const int64_t block = i / panels, panel = i % panels, at = k0 + block * KC;
                    const int64_t i0 = part(rows, panels, panel), i1 = part(rows, panels, panel + 1);
                    g.a.read(g.a.context, packed + (block * rows + i0) * KC, KC, rows0 + i0, i1 - i0, at, std::min(KC, k1 - at));
                }
            };
            // Pieces: 8 panels' columns each; few columns are cut further, then rows (for each cut of which B is copied once more), until
            // each thread has some. This is the one place that asks for their number, and no result depends on it.
            int64_t across = divide_up(g.n, 8 * width), down = 1;
            const int64_t work = rows * g.n * std::max<int64_t>(k1 - k0, 1), least = 1 << 17;
            if (!g.serial && tern_thread_count() > 1) {
                const int64_t wanted = std::clamp<int64_t>(work / least, 1, 4 * int64_t(tern_thread_count()));
                if (across < wanted) across = std::min(divide_up(g.n, 4 * width), wanted);
                if (across < wanted) down = std::min(divide_up(panels, 4), divide_up(wanted, across));
            }
            const int64_t vectors = divide_up(g.n, width);
            const Start start = k0 > 0 || g.accumulate ? Start::out : g.out.bias ? Start::bias : Start::zero;
            const Piece<T, S> piece{g, kernels, packed, rows0, rows1, panels, k0, k1, start};
            auto compute = [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const int64_t x = i % across, y = i / across;
                    const int64_t c0 = part(vectors, across, x) * width, c1 = std::min(g.n, part(vectors, across, x + 1) * width);
                    piece.run(part(panels, down, y), part(panels, down, y + 1), c0, c1);
                }
            };
            if (g.serial || across * down == 1) {
                if (!asIs) packA(0, panels * blocks);
                compute(0, across * down);
            } else {
                if (!asIs) parallel_for(panels * blocks, std::max<int64_t>(1, 16384 / (kernels.rows * KC)), packA);
                parallel_for(across * down, 1, compute);
            }
        }
}
}  // namespace

template <class T> void gemm(const Gemm<T> &g) {
    if (g.m <= 0 || g.n <= 0) return;
    visit_floating(g.out.dtype, [&]<class S>(Type<S>) { multiply<T, S>(g); });
}
template void gemm(const Gemm<float> &);
template void gemm(const Gemm<double> &);
}  // namespace tern
