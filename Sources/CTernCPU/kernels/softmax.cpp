/// Softmax and log-softmax along any dimension, and their gradients.
#include <algorithm>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "../isa/isa.h"
#include "dispatch.h"

#define TERN_SOURCE "../kernels/softmax.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
constexpr int32_t mostDimensions = 64;

/// row(pointers to the arrays' rows along `dim`, their length) for all rows; arrays[0] is written. Rows that are not contiguous, or of
/// a 16-bit type, pass through a buffer: some neighbours at once, so that a line of memory is read once.
template <class T, int N, class F> void for_rows(const TernArray *const (&arrays)[N], int32_t dim, const F &row) {
    using A = computed<T>;
    const int32_t rank = arrays[0]->rank;
    const int64_t n = rank ? arrays[0]->shape[dim] : 1;
    int64_t shape[mostDimensions], strides[N][mostDimensions], step[N], rows = 1;
    int32_t dims = 0;
    bool straight = std::is_same_v<T, A>;
    for (int x = 0; x < N; x++) {
        step[x] = rank ? arrays[x]->strides[dim] : 1;
        straight = straight && (step[x] == 1 || n == 1);
    }
    for (int32_t d = 0; d < rank; d++) {
        if (d == dim) continue;
        shape[dims] = arrays[0]->shape[d];
        rows *= shape[dims];
        for (int x = 0; x < N; x++) strides[x][dims] = arrays[x]->strides[d];
        dims++;
    }
    if (rows * n == 0) return;
    const int64_t together = straight ? 1 : std::clamp<int64_t>(65536 / n, 1, 16);
    const int64_t apart = n + 16;  // rows a power of two apart would push each other out of the cache
    parallel_for(rows, std::max<int64_t>(together, 16384 / n), [&](int64_t begin, int64_t end) {
        Scratch<A> buffer(straight ? 0 : N * together * apart);
        for (int64_t first = begin; first < end; first += together) {
            const int64_t size = std::min(together, end - first);
            T *base[N][16];
            for (int64_t r = 0; r < size; r++) {
                int64_t offset[N] = {}, index = first + r;
                for (int32_t d = dims - 1; d >= 0; d--) {
                    for (int x = 0; x < N; x++) offset[x] += index % shape[d] * strides[x][d];
                    index /= shape[d];
                }
                for (int x = 0; x < N; x++) base[x][r] = static_cast<T *>(arrays[x]->data) + offset[x];
            }
            if constexpr (std::is_same_v<T, A>)
                if (straight) {
                    A *rowsOf[N];
                    for (int x = 0; x < N; x++) rowsOf[x] = base[x][0];
                    row(rowsOf, n);
                    continue;
                }
            for (int x = 1; x < N; x++)
                for (int64_t i = 0; i < n; i++)
                    for (int64_t r = 0; r < size; r++) buffer[(x * together + r) * apart + i] = convert<A>(base[x][r][i * step[x]]);
            for (int64_t r = 0; r < size; r++) {
                A *rowsOf[N];
                for (int x = 0; x < N; x++) rowsOf[x] = buffer + (x * together + r) * apart;
                row(rowsOf, n);
            }
            for (int64_t i = 0; i < n; i++)
                for (int64_t r = 0; r < size; r++) base[0][r][i * step[0]] = convert<T>(buffer[r * apart + i]);
        }
    });
}
/// block(pointers to the arrays, how many columns) for all blocks of columns side by side, where another dimension than `dim` is contiguous in
/// all arrays; false where none is, or elements are not computed as they are.
template <class T, int N, class F> bool for_columns(const TernArray *const (&arrays)[N], int32_t dim, const F &block) {
    const int32_t rank = arrays[0]->rank;
    int32_t along = -1;
    for (int32_t d = 0; d < rank; d++) {
        bool contiguous = d != dim && arrays[0]->shape[d] >= 8;
        for (const TernArray *x : arrays) contiguous = contiguous && x->strides[d] == 1;
        if (contiguous) along = d;
    }
    if (along < 0 || !std::is_same_v<T, computed<T>> || arrays[0]->shape[dim] <= 1) return false;
    const int64_t columns = arrays[0]->shape[along], n = arrays[0]->shape[dim], parts = (columns + 63) / 64, size = count(arrays[0]);
    if (size == 0) return true;
    parallel_for(size / columns / n * parts, std::max<int64_t>(1, 256 / n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            const int64_t first = i % parts * 64;
            T *at[N];
            for (int x = 0; x < N; x++) at[x] = static_cast<T *>(arrays[x]->data) + first;
            for (int64_t d = rank - 1, index = i / parts; d >= 0; d--) {
                if (d == dim || d == along) continue;
                for (int x = 0; x < N; x++) at[x] += index % arrays[0]->shape[d] * arrays[x]->strides[d];
                index /= arrays[0]->shape[d];
            }
            block(at, std::min<int64_t>(64, columns - first));
        }
    });
    return true;
}
}  // namespace

bool tern_softmax(const TernArray *out, const TernArray *x, int32_t dim, bool logarithm) {
    if (x->dtype != out->dtype || out->rank > mostDimensions) return false;
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        if constexpr (std::is_same_v<T, A>) {
            const auto columns = TERN_CHOOSE(softmax_columns<A>);
            const auto step = [dim](const TernArray *x) { return x->strides[dim]; };
            if (for_columns<T, 2>({out, x}, dim, [&](T *const *at, int64_t width) {
                    columns(at[1], step(x), at[0], step(out), out->shape[dim], width, logarithm);
                }))
                return;
        }
        const auto kernel = TERN_CHOOSE(softmax_row<A>);
        for_rows<T, 2>({out, x}, dim, [&](A *const *row, int64_t n) { kernel(row[1], row[0], n, logarithm, A(1)); });
    });
}

bool tern_softmax_gradient(const TernArray *dx, const TernArray *g, const TernArray *y, int32_t dim, bool logarithm) {
    if (g->dtype != dx->dtype || y->dtype != dx->dtype || dx->rank > mostDimensions) return false;
    return visit_floating(dx->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        if constexpr (std::is_same_v<T, A>) {
            const auto columns = TERN_CHOOSE(softmax_gradient_columns<A>);
            const auto step = [dim](const TernArray *x) { return x->strides[dim]; };
            if (for_columns<T, 3>({dx, g, y}, dim, [&](T *const *at, int64_t width) {
                    columns(at[1], step(g), at[2], step(y), at[0], step(dx), dx->shape[dim], width, logarithm);
                }))
                return;
        }
        const auto kernel = TERN_CHOOSE(softmax_gradient_row<A>);
        for_rows<T, 3>({dx, g, y}, dim, [&](A *const *row, int64_t n) { kernel(row[1], row[2], row[0], n, logarithm); });
    });
}
