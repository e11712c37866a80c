// Running sums, products and extremes; sorting.
#include <algorithm>
#include <atomic>

#include "../isa/isa.h"
#include "iterate.h"
#include "visit.h"

#pragma clang diagnostic ignored "-Wpass-failed"
// An output is its input or apart from it: no iteration sees another's.
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")

namespace tern {
struct Scan {
    int64_t length, out_stride, x_stride, index_stride;
    bool by_rows;  // lines lie side by side, or nearly
};
constexpr int64_t scan_width = 512;  // of such lines, so many are taken together

/// What each step of a running sum or product is kept in.
template <class T> struct Running { using type = computed<T>; };
template <> struct Running<float> { using type = double; };
template <class T> using running = typename Running<T>::type;
}  // namespace tern

#define TERN_SOURCE "../kernels/scan.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
/// `x` without dimension `dim`, and that dimension's stride in bytes.
struct Lines {
    TernArray array;
    int64_t shape[Loops::max_rank], strides[Loops::max_rank], stride;

    Lines(const TernArray *x, int32_t dim) : stride(x->rank ? x->strides[dim] * size_of(x->dtype) : 0) {
        int32_t rank = 0;
        for (int32_t d = 0; d < x->rank; ++d)
            if (d != dim) shape[rank] = x->shape[d], strides[rank++] = x->strides[d];
        array = {x->data, shape, strides, rank, x->dtype};
    }
    Lines(const Lines &) = delete;
};

// Sorting: by digits of keys, unsigned integers in the order of the elements. It is stable and needs no comparison --------------------
template <int size> struct KeyType { using type = uint64_t; };
template <> struct KeyType<1> { using type = uint8_t; };
template <> struct KeyType<2> { using type = uint16_t; };
template <> struct KeyType<4> { using type = uint32_t; };

template <class T> auto key_of(T x) {
    using Key = typename KeyType<sizeof(T)>::type;
    constexpr Key sign = Key(Key(1) << (8 * sizeof(T) - 1));
    const Key bits = std::bit_cast<Key>(x);
    if constexpr (is_real_floating<T>) {
        const auto value = load(x);
        if (value != value) return Key(~Key(0));
        if (value == 0) return sign;  // both zeros
        return Key(bits & sign ? ~bits : bits | sign);
    } else {
        return std::is_signed_v<T> ? Key(bits ^ sign) : bits;
    }
}

template <class Key, class Index> struct Pair {
    Key key;
    Index index;
};

/// Sorts n pairs at a; the result is at a or b, as returned.
template <class P> P *sort_pairs(P *a, P *b, int64_t n) {
    if (n <= 48) {
        for (int64_t i = 1; i < n; ++i) {
            const P p = a[i];
            int64_t j = i;
            for (; j > 0 && a[j - 1].key > p.key; --j) a[j] = a[j - 1];
            a[j] = p;
        }
        return a;
    }
    constexpr int digits = sizeof(a->key);
    int64_t counts[digits][256] = {};
    bool sorted = true;
    for (int64_t i = 0; i < n; ++i) {
        sorted &= i == 0 || a[i - 1].key <= a[i].key;
        for (int d = 0; d < digits; ++d) ++counts[d][a[i].key >> (8 * d) & 255];
    }
    if (sorted) return a;
    for (int d = 0; d < digits; ++d) {
        if (counts[d][a[0].key >> (8 * d) & 255] == n) continue;  // a digit that all share
        int64_t sum = 0;
        for (int64_t &count : counts[d]) {
            const int64_t here = count;
            count = sum;
            sum += here;
        }
        for (int64_t i = 0; i < n; ++i) b[counts[d][a[i].key >> (8 * d) & 255]++] = a[i];
        P *swap = a;
        a = b, b = swap;
    }
    return a;
}

struct Sort {
    int64_t length, values_stride, indices_stride, x_stride;
    bool descending;
    std::atomic<bool> *failed;
};

template <class T, class Index> void sort_lines(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Sort &sort = *static_cast<const Sort *>(context);
    using Key = decltype(key_of(T()));
    using P = Pair<Key, Index>;
    const size_t bytes = size_t(sort.length) * sizeof(P) * 2;
    P *pairs = static_cast<P *>(tern_allocate(bytes));
    if (!pairs) return sort.failed->store(true);
    for (int64_t line = 0; line < n; ++line) {
        const char *x = data[2] + line * strides[2];
        for (int64_t i = 0; i < sort.length; ++i) {
            const Key key = key_of(*reinterpret_cast<const T *>(x + i * sort.x_stride));
            pairs[i] = {Key(sort.descending ? ~key : key), Index(i)};
        }
        const P *result = sort_pairs(pairs, pairs + sort.length, sort.length);
        char *values = data[0] + line * strides[0], *indices = data[1] + line * strides[1];
        for (int64_t i = 0; i < sort.length; ++i, values += sort.values_stride, indices += sort.indices_stride) {
            *reinterpret_cast<T *>(values) = *reinterpret_cast<const T *>(x + int64_t(result[i].index) * sort.x_stride);
            *reinterpret_cast<int64_t *>(indices) = int64_t(result[i].index);
        }
    }
    tern_deallocate(pairs, bytes);
}

int64_t length_along(const TernArray *x, int32_t dim) { return x->rank ? x->shape[dim] : 1; }
int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/// How many bytes the nearest lines are apart; 0 if there is but one.
int64_t nearest(const TernArray &lines) {
    int64_t least = 0;
    for (int32_t d = 0; d < lines.rank; ++d)
        if (lines.shape[d] > 1 && (!least || magnitude(lines.strides[d]) < least)) least = magnitude(lines.strides[d]);
    return least * size_of(lines.dtype);
}
int64_t grain_of(int64_t length) { return length < pointwise_grain ? pointwise_grain / (length + 1) + 1 : 1; }
}  // namespace

bool tern_scan(TernScan op, const TernArray *out, const TernArray *indices, const TernArray *x, int32_t dim) {
    if (out->dtype != x->dtype || (indices && indices->dtype != TERN_INT64) || x->rank > Loops::max_rank) return false;
    const bool extreme = op == TERN_SCAN_max || op == TERN_SCAN_min;
    Kernel kernel = nullptr;
    visit_all(x->dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        if (!extreme) kernel = TERN_CHOOSE(scan_folds<T>)[op == TERN_SCAN_prod];
        else if constexpr (!is_complex<T>) kernel = TERN_CHOOSE(scan_extremes<T>)[op == TERN_SCAN_min];
    });
    if (!kernel) return false;
    const Lines out_lines(out, dim), x_lines(x, dim), index_lines(indices ? indices : x, dim);
    const int64_t across = nearest(x_lines.array), length = length_along(x, dim);
    const Scan scan = {length, out_lines.stride, x_lines.stride, indices ? index_lines.stride : 0,
                       across && across < magnitude(x_lines.stride)};
    if (length == 0) return true;
    // Threads share rows where each gets a good part of them, and leave lines that are taken together so.
    const int64_t lines = count(&x_lines.array);
    const int64_t least = scan.by_rows ? std::clamp<int64_t>(lines / 8, 16, 256) : std::min<int64_t>(4, lines / 2);
    const int64_t grain = std::max(grain_of(length), least);
    if (!extreme) {
        const TernArray *const arrays[] = {&out_lines.array, &x_lines.array};
        iterate(2, arrays, kernel, &scan, grain);
    } else if (indices) {
        const TernArray *const arrays[] = {&out_lines.array, &x_lines.array, &index_lines.array};
        iterate(3, arrays, kernel, &scan, grain);
    } else {
        int64_t nowhere = 0, zeros[Loops::max_rank] = {};  // positions nobody asked for all go to one place: so on one thread
        const TernArray none = {&nowhere, out_lines.shape, zeros, out_lines.array.rank, TERN_INT64};
        const TernArray *const arrays[] = {&out_lines.array, &x_lines.array, &none};
        const Loops loops(3, arrays, true);
        loops.run(0, loops.count, kernel, &scan);
    }
    return true;
}

bool tern_sort(const TernArray *values, const TernArray *indices, const TernArray *x, int32_t dim, bool descending) {
    if (values->dtype != x->dtype || indices->dtype != TERN_INT64 || x->rank > Loops::max_rank) return false;
    const int64_t length = length_along(x, dim);
    Kernel kernel = nullptr;
    visit_all(x->dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        if constexpr (!is_complex<T>) kernel = length <= int64_t(UINT32_MAX) ? sort_lines<T, uint32_t> : sort_lines<T, uint64_t>;
    });
    if (!kernel) return false;
    if (length == 0) return true;
    const Lines value_lines(values, dim), index_lines(indices, dim), x_lines(x, dim);
    std::atomic<bool> failed{false};
    const Sort sort = {length, value_lines.stride, index_lines.stride, x_lines.stride, descending, &failed};
    const TernArray *const arrays[] = {&value_lines.array, &index_lines.array, &x_lines.array};
    iterate(3, arrays, kernel, &sort, grain_of(length * 8));
    return !failed.load();
}
