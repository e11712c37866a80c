/// The blocked, packed, threaded matrix product of gemm.h.
#include "gemm.h"

#include <algorithm>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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
        const auto &kernels = gemm_kernels<T>();
        const auto widen = kernels.widen[std::is_same_v<S, bfloat16>];
        if (x.columnStride == 1 && std::is_same_v<S, T>) {
            kernels.copy(reinterpret_cast<const T *>(from), x.rowStride, to, ldt, rows, columns);
        } else if (x.columnStride == 1 && is_half<S>) {
            for (int64_t i = 0; i < rows; i++) widen(from + i * x.rowStride, to + i * ldt, columns);
        } else if (x.columnStride == 1 || columns == 1) {
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++) to[i * ldt + j] = convert<T>(from[i * x.rowStride + j]);
        } else if (x.rowStride == 1 && std::is_same_v<S, T>) {
            kernels.transpose(reinterpret_cast<const T *>(from), x.columnStride, to, ldt, columns, rows);
        } else if (x.rowStride == 1 && is_half<S>) {
            constexpr int64_t some = 32;
            Scratch<T> turned(some * rows);
            for (int64_t j = 0; j < columns; j += some) {
                const int64_t n = std::min(some, columns - j);
                for (int64_t l = 0; l < n; l++) widen(from + (j + l) * x.columnStride, turned + l * rows, rows);
                kernels.transpose(turned, rows, to + j, ldt, n, rows);
            }
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
/// `count` cut evenly into n parts: where part i begins.
struct Cut {
    int64_t size, larger;
    Cut(int64_t count, int64_t n) : size(n == 1 ? count : count / n), larger(n == 1 ? 0 : count % n) {}  // (a division takes its time)
    int64_t operator()(int64_t i) const { return size * i + std::min(i, larger); }
};

/// Asks for some rows of numbers, which lie `apart`, ahead of their use: no processor guesses that they are next.
template <class T> void prefetch(const T *from, int64_t rows, int64_t apart, int64_t columns) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j += 64 / int64_t(sizeof(T))) __builtin_prefetch(from + i * apart + j);
}

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
            if (o.columnStride == 1 && is_half<S>) gemm_kernels<T>().narrow[std::is_same_v<S, bfloat16>](tile + j - c0, to, run);
            else if (o.columnStride == 1) for (int64_t l = 0; l < run; l++) to[l] = convert<S>(tile[j - c0 + l]);
            else for (int64_t l = 0; l < run; l++) to[l * o.columnStride] = convert<S>(tile[j - c0 + l]);
            j += run;
        }
    }
}

/// One piece of C: rows r0..<r1 of the packed slab, columns c0..<c1, all of the slab's k.
template <class T, class S> struct Piece {
    const Gemm<T> &g;
    const GemmKernels<T> &kernels;
    const T *packed;  ///< A: for each block of KC, for each panel, its columns one after the other; NULL where it is read as it is
    int64_t rows0, rows1, k0, k1;  ///< the slab's rows and its share of k
    int64_t panels;  ///< into which its rows are cut
    Start start;
    T *shared;       ///< B's panels, piece after piece of columns, if several pieces of rows multiply them; or NULL

    /// How many columns the next tiles take of those left, in a piece whose panels have so many rows: two vectors, or three at the end; more
    /// where rows are few.
    int64_t width(int64_t left, int64_t rows) const {
        const int64_t w = kernels.vector;
        for (int64_t vectors : {16, 8, 4})
            if (rows <= kernels.rowsFor(vectors) && left > (vectors - 1) * w) return std::min(left, vectors * w);
        return std::min(left, left <= 3 * w || rows <= kernels.rowsFor(3) ? 3 * w : 2 * w);
    }

    /// How many vectors n columns fill, the last perhaps in part.
    int64_t vectorsOf(int64_t n) const { return (n + kernels.vector - 1) >> __builtin_ctz(unsigned(kernels.vector)); }

    void run(int64_t p0, int64_t p1, int64_t c0, int64_t c1) const {
        const int64_t columns = c1 - c0, slabRows = rows1 - rows0;
        const Cut cut(slabRows, panels);
        const int64_t first = cut(p0), last = cut(p1), highest = cut.size + (cut.larger > 0);
        const bool inPlace = std::is_same_v<S, Sum<T>> && g.out.columnStride == 1 && c0 / g.out.period == (c1 - 1) / g.out.period;
        Scratch<Sum<T>> aside(inPlace ? 0 : (last - first) * columns);
        const int64_t ldc = inPlace ? g.out.rowStride : columns;
        Sum<T> *c = aside;
        if (inPlace)
            c = static_cast<Sum<T> *>(g.out.data) + (rows0 + first) * g.out.rowStride + c0 / g.out.period * g.out.periodStride +
                c0 % g.out.period;
        // What the sums start from: nothing, a bias that lies as C does, or else C itself, filled.
        const bool biased = start == Start::bias && std::is_same_v<S, Sum<T>> && g.out.biasColumn == 1 && k0 < k1;
        const bool fill = (start == Start::bias && !biased) || (start == Start::zero && k0 == k1) || (start == Start::out && !inPlace);
        if (fill) fill_tile<Sum<T>, S>(g.out, c, ldc, rows0 + first, rows0 + last, c0, c1, start);
        const Sum<T> *from = fill || start == Start::out ? c : nullptr;
        int64_t lds = ldc;
        if (biased) from = static_cast<const Sum<T> *>(g.out.bias) + (rows0 + first) * g.out.biasRow + c0, lds = g.out.biasRow;

        const bool direct = g.direct && readAsItIs(last - first);
        const int64_t wholeColumns = vectorsOf(columns) * kernels.vector;
        Scratch<T> copy((direct && kernels.masks) || shared ? 0 : std::min(KC, k1 - k0) * wholeColumns);
        for (int64_t at = k0; at < k1; at += KC, from = c, lds = ldc) {
            const int64_t depth = std::min(KC, k1 - at);
            if (!shared && (!direct || !kernels.masks)) pack(copy, at, depth, c0, columns, highest, direct);
            const T *b = shared ? shared + c0 * (k1 - k0) + (at - k0) * wholeColumns : copy;
            for (int64_t panel = p0; panel < p1; panel++) {
                const int64_t i0 = cut(panel) - first, i1 = cut(panel + 1) - first;
                const T *a = packed ? packed + (at - k0) * slabRows + (first + i0) * depth
                                    : g.rows + (rows0 + first + i0) * g.rowsStride + at * g.rowsStep;
                const int64_t rowStride = packed ? 1 : g.rowsStride, step = packed ? i1 - i0 : g.rowsStep;
                for (int64_t j = 0, n; j < columns; j += n) {
                    n = width(columns - j, highest);
                    const int64_t vectors = vectorsOf(n), most = kernels.rowsFor(vectors), padded = vectors * kernels.vector;
                    const bool asIs = direct && (kernels.masks || n == padded);
                    const T *panelOfB = asIs ? g.direct + at * g.directStride + c0 + j : b + j * depth;
                    const int64_t times = i1 - i0 <= most ? 1 : divide_up(i1 - i0, most);
                    if (packed && panel + 1 < p1) {  // a part of the next panel comes into the cache meanwhile
                        const int64_t size = (i1 - i0) * depth;
                        prefetch(a + size + size * j / columns, 1, 0, size * n / columns);
                    }
                    const Cut tile(i1 - i0, times);
                    for (int64_t t = 0, i = i0, end; t < times; t++, i = end) {
                        end = i0 + tile(t + 1);
                        kernels.tiles[vectors][end - i](a + (i - i0) * rowStride, rowStride, step, panelOfB, asIs ? g.directStride : padded,
                                                        depth, from ? from + i * lds + j : nullptr, lds, c + i * ldc + j, ldc, n);
                    }
                }
            }
        }
        if (!inPlace) store_tile<Sum<T>, S>(g.out, c, ldc, rows0 + first, rows0 + last, c0, c1);
    }

    /// Packs block `block` of k of these columns into `shared`.
    void share(int64_t block, int64_t c0, int64_t c1) const {
        const Cut cut(rows1 - rows0, panels);
        const int64_t at = k0 + block * KC, padded = vectorsOf(c1 - c0) * kernels.vector;
        pack(shared + c0 * (k1 - k0) + (at - k0) * padded, at, std::min(KC, k1 - at), c0, c1 - c0, cut.size + (cut.larger > 0), false);
    }

    /// Whether B, whose rows are contiguous, is not worth a copy: it is read but a few times, or stays in the cache as it is.
    bool readAsItIs(int64_t rows) const {
        return rows <= 8 * kernels.rows || std::min(KC, k1 - k0) * g.directStride * int64_t(sizeof(T)) <= 1 << 20;
    }

    /// B's panels, each padded to whole vectors; only those that are not whole if `rest`.
    void pack(T *to, int64_t at, int64_t depth, int64_t c0, int64_t columns, int64_t highest, bool rest) const {
        // Where its rows are contiguous, a few at a time through all panels: so whole lines of memory are read in order.
        const int64_t chunk = g.direct ? 8 : depth;
        for (int64_t p = 0; p < depth; p += chunk) {
            const int64_t count = std::min(chunk, depth - p);
            if (g.direct)
                prefetch(g.direct + (at + p + chunk) * g.directStride + c0, std::min(chunk, depth - p - count), g.directStride, columns);
            for (int64_t j = 0, n; j < columns; j += n) {
                n = width(columns - j, highest);
                const int64_t padded = vectorsOf(n) * kernels.vector;
                if (rest && n == padded) continue;
                T *panel = to + j * depth + p * padded;
                g.b.read(g.b.context, panel, padded, at + p, count, c0 + j, n);
                if (n < padded && !kernels.masks)
                    for (int64_t i = 0; i < count; i++) std::fill(panel + i * padded + n, panel + (i + 1) * padded, T(0));
            }
        }
    }
};

/// to = A's panels begin..<end of those that a slab's rows are cut into, and of its columns at ..< at + depth; `aside` is room for a panel.
template <class T> void pack_panels(const Gemm<T> &g, T *to, T *aside, int64_t rows0, int64_t rows, int64_t panels, int64_t begin,
                                    int64_t end, int64_t at, int64_t depth) {
    const auto &kernels = gemm_kernels<T>();
    const bool byRow = g.rows && g.rowsStep == 1, byColumn = g.rows && !byRow;
    const int64_t apart = std::max<int64_t>(depth, kernels.vector);  // sources may write whole vectors
    // Where its columns are contiguous, a few at a time through all panels: so whole lines of memory are read in order.
    const int64_t chunk = byColumn ? 8 : depth;
    const Cut cut(rows, panels);
    for (int64_t p = 0; p < depth; p += chunk) {
        if (byColumn)
            prefetch(g.rows + rows0 + cut(begin) + (at + p + chunk) * g.rowsStep, std::min(chunk, depth - p - chunk), g.rowsStep,
                     cut(end) - cut(begin));
        for (int64_t panel = begin; panel < end; panel++) {
            const int64_t i0 = cut(panel), count = cut(panel + 1) - i0;
            T *panelOfA = to + i0 * depth;
            if (byColumn) {
                kernels.copy(g.rows + rows0 + i0 + (at + p) * g.rowsStep, g.rowsStep, panelOfA + p * count, count,
                             std::min(chunk, depth - p), count);
            } else if (byRow) {
                kernels.interleave(g.rows + (rows0 + i0) * g.rowsStride + at, g.rowsStride, panelOfA, count, depth);
            } else if (g.turned.read) {
                g.turned.read(g.turned.context, panelOfA, count, at, depth, rows0 + i0, count);
            } else {
                g.a.read(g.a.context, aside, apart, rows0 + i0, count, at, depth);
                kernels.interleave(aside, apart, panelOfA, count, depth);
            }
        }
    }
}

template <class T, class S> void multiply(const Gemm<T> &g) {
    const auto &kernels = gemm_kernels<T>();
    const int64_t width = 2 * kernels.vector;
    // The copy of A stays within 8 MB or so: a slab of k where the sum can wait in C without loss, else one of rows.
    constexpr int64_t slabSize = 1 << 20;
    int64_t slabK = std::max(KC, g.k), slabM = g.m;
    if (g.m * slabK > slabSize && std::is_same_v<S, Sum<T>>) slabK = std::max(KC, slabSize / g.m / KC * KC);
    slabK = std::min(slabK, std::max(KC, g.k));
    if (slabM * slabK > slabSize) slabM = std::max<int64_t>(8 * kernels.rows, slabSize / slabK);
    // Not worth a copy, unless its rows, or else its columns, lie a power of two apart and take one another's place in the cache.
    const int64_t apart = g.rowsStep == 1 ? g.rowsStride : g.rowsStep;
    const bool crowded = apart % (2048 / int64_t(sizeof(T))) == 0;
    const bool few = g.n <= 16 * width, fits = std::min(KC, g.k) * apart * int64_t(sizeof(T)) <= 1 << 20;
    const bool asIs = g.rows && (g.rowsStep == 1 ? !crowded || few : !crowded && (g.n <= 2 * width || (few && fits)));
    const int64_t tileRows = asIs && crowded ? std::min(8, kernels.rows) : kernels.rows;
    Scratch<T> packed(asIs ? 0 : std::min(slabM, g.m) * std::min(slabK, g.k));

    for (int64_t rows0 = 0; rows0 < g.m; rows0 += slabM)
        for (int64_t k0 = 0; k0 == 0 || k0 < g.k; k0 += slabK) {
            const int64_t rows1 = std::min(g.m, rows0 + slabM), k1 = std::min(g.k, k0 + slabK), rows = rows1 - rows0;
            const int64_t panels = divide_up(rows, tileRows), blocks = divide_up(k1 - k0, KC);
            constexpr int64_t group = 4;  // panels: as many columns as lie in a few lines
            const int64_t groups = divide_up(panels, group);
            auto packA = [&](int64_t begin, int64_t end) {
                Scratch<T> aside(g.rows ? 0 : kernels.rows * std::max<int64_t>(KC, kernels.vector));
                for (int64_t i = begin; i < end; i++) {
                    const int64_t block = i / groups, at = k0 + block * KC, panel = i % groups * group;
                    pack_panels<T>(g, packed + block * KC * rows, aside, rows0, rows, panels, panel, std::min(panels, panel + group), at,
                                   std::min(KC, k1 - at));
                }
            };
            // Pieces: 8 panels' columns each; few columns are cut further, then rows (for each cut of which B is copied once more), until
            // each thread has some. This is the one place that asks for their number, and no result depends on it.
            int64_t across = divide_up(g.n, 8 * width), down = 1;
            const int64_t work = rows * g.n * std::max<int64_t>(k1 - k0, 1), least = 1 << 17;
            if (!g.serial && tern_thread_count() > 1) {
                const int64_t wanted = std::clamp<int64_t>(work / least, 1, 4 * int64_t(tern_thread_count()));
                if (across < wanted) across = std::min(divide_up(g.n, 4 * width), wanted);
                if (across < wanted) {
                    down = std::min(divide_up(panels, 4), divide_up(wanted, across));
                    // No thread has one more than another, where that takes but a few more.
                    for (int64_t even = down; even <= std::min(2 * down, divide_up(panels, 2)); even++)
                        if (across * even % tern_thread_count() == 0) {
                            down = even;
                            break;
                        }
                }
            }
            const Cut columns(divide_up(g.n, width), across), rowsOf(panels, down);
            const Start start = k0 > 0 || g.accumulate ? Start::out : g.out.bias ? Start::bias : Start::zero;
            const int64_t whole = divide_up(g.n, kernels.vector) * kernels.vector;
            // (A B that is large beside what is computed with it would take much memory: each piece copies it block after block.)
            constexpr int64_t mostShared = 1 << 23;
            const int64_t size = whole * (k1 - k0);
            Scratch<T> shared(down > 1 && !g.direct && size <= mostShared ? size : 0);
            const Piece<T, S> piece{g, kernels, packed, rows0, rows1, k0, k1, panels, start, shared};
            const int64_t packsA = asIs ? 0 : groups * blocks, packsB = shared ? across * blocks : 0;
            auto prepare = [&](int64_t begin, int64_t end) {
                packA(std::min(begin, packsA), std::min(end, packsA));
                for (int64_t i = std::max(begin, packsA); i < end; i++) {
                    const int64_t x = (i - packsA) % across;
                    piece.share((i - packsA) / across, columns(x) * width, std::min(g.n, columns(x + 1) * width));
                }
            };
            auto compute = [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const int64_t x = i % across, y = i / across;
                    piece.run(rowsOf(y), rowsOf(y + 1), columns(x) * width, std::min(g.n, columns(x + 1) * width));
                }
            };
            if (g.serial || across * down == 1) {
                if (!asIs) packA(0, groups * blocks);
                compute(0, across * down);
            } else {
                if (packsA + packsB > 0) parallel_for(packsA + packsB, 1, prepare);
                parallel_for(across * down, 1, compute);
            }
        }
}
}  // namespace

template <class T> void gemm(const Gemm<T> &g) {
    if (g.m <= 0 || g.n <= 0) return;
    if constexpr (std::is_same_v<T, BFloat16Pair>) multiply<T, bfloat16>(g);
    else visit_floating(g.out.dtype, [&]<class S>(Type<S>) { multiply<T, S>(g); });
}
template void gemm(const Gemm<float> &);
template void gemm(const Gemm<double> &);
#if defined(__x86_64__)
template void gemm(const Gemm<BFloat16Pair> &);
#endif
}  // namespace tern
