// What moves elements without computing: copies and conversions, choice, fills, ranges; and accumulation.
#include <string.h>

#include <algorithm>

#include "../isa/isa.h"
#include "iterate.h"
#include "squares.h"
#include "visit.h"

#pragma clang diagnostic ignored "-Wpass-failed"
// An output is its input or apart from it, so no iteration sees another's.
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#define TERN_PLAIN_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")

#define TERN_SOURCE "../kernels/copy.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
template <class T> void move_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(T) && strides[1] == sizeof(T)) {
        memmove(data[0], data[1], size_t(n) * sizeof(T));
        return;
    }
    char *out = data[0], *x = data[1];
    if (strides[0] == sizeof(T) && strides[1] == 0) {
        const T value = *reinterpret_cast<const T *>(x);
        for (int64_t i = 0; i < n; ++i) reinterpret_cast<T *>(out)[i] = value;
        return;
    }
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1])
        *reinterpret_cast<T *>(out) = *reinterpret_cast<const T *>(x);
}

template <class To, class From> void convert_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(To) && strides[1] == sizeof(From)) {
        To *out = reinterpret_cast<To *>(data[0]);
        const From *x = reinterpret_cast<const From *>(data[1]);
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = convert<To>(x[i]);
        return;
    }
    char *out = data[0], *x = data[1];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1])
        *reinterpret_cast<To *>(out) = convert<To>(*reinterpret_cast<const From *>(x));
}

/// Which of the floating dtypes, or -1.
int floating_index(TernDType dtype) {
    return dtype == TERN_FLOAT16 ? 0 : dtype == TERN_BFLOAT16 ? 1 : dtype == TERN_FLOAT32 ? 2 : dtype == TERN_FLOAT64 ? 3 : -1;
}

Kernel copy_kernel(TernDType to, TernDType from) {
    Kernel kernel = nullptr;
    if (to == from) {
        visit_size(size_of(to), [&](auto type) { kernel = move_loop<typename decltype(type)::type>; });
        return kernel;
    }
    if (const int t = floating_index(to), f = floating_index(from); t >= 0 && f >= 0) return TERN_CHOOSE(floating_copy(t, f));
    visit_all(to, [&](auto to_type) {
        using To = typename decltype(to_type)::type;
        visit_all(from, [&](auto from_type) {
            using From = typename decltype(from_type)::type;
            if constexpr (!(is_real_floating<To> && is_real_floating<From>) && !std::is_same_v<To, From>) kernel = convert_loop<To, From>;
        });
    });
    return kernel;
}

/// A transposition: out runs along dimension 0, x along dimension 1. In blocks, so that each cache line that is read is used up while it is
/// at hand; a large result is not read before it is written.
template <class T> void transpose(const Loops &loops) {
    constexpr int64_t most_rows = sizeof(T) < 16 ? 128 : 32, most_columns = sizeof(T) < 16 ? 512 : 32, streamed = 4 << 20;
    const int64_t n = loops.shape[0], m = loops.shape[1], out_row = loops.strides[0][1], x_row = loops.strides[1][0];
    const int64_t down = (n + most_rows - 1) / most_rows, across = (m + most_columns - 1) / most_columns, blocks = down * across;
    uint64_t places = uint64_t(loops.data[0]) | uint64_t(n) * sizeof(T);
    for (int d = 1; d < loops.rank; ++d) places |= uint64_t(loops.strides[0][d]);
    const bool stream = places % 64 == 0 && loops.count * int64_t(sizeof(T)) >= streamed;
    const int64_t block = std::min(n, most_rows) * std::min(m, most_columns);
    parallel_for(loops.count / (n * m) * blocks, block > pointwise_grain ? 1 : pointwise_grain / block, [&](int64_t begin, int64_t end) {
        for (int64_t at = begin; at < end; ++at) {
            char *out = loops.data[0], *x = loops.data[1];
            int64_t rest = at / blocks;
            for (int d = 2; d < loops.rank; ++d) {
                const int64_t index = rest % loops.shape[d];
                rest /= loops.shape[d];
                out += index * loops.strides[0][d];
                x += index * loops.strides[1][d];
            }
            const int64_t i = at % blocks / across * most_rows, j = at % across * most_columns;
            transpose_block<T>(out + j * out_row + i * int64_t(sizeof(T)), out_row, x + i * x_row + j * int64_t(sizeof(T)), x_row,
                               std::min(n - i, most_rows), std::min(m - j, most_columns), stream);
        }
#if defined(__x86_64__)
        if (stream) __builtin_ia32_sfence();  // whoever learns that this is done finds it in memory
#endif
    });
}

template <class T> void fill_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const T value = *static_cast<const T *>(context);
    if (strides[0] == sizeof(T)) {
        T *out = reinterpret_cast<T *>(data[0]);
        for (int64_t i = 0; i < n; ++i) out[i] = value;
        return;
    }
    char *out = data[0];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0]) *reinterpret_cast<T *>(out) = value;
}

template <class T> void where_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    constexpr int64_t size = sizeof(T);
    if (strides[0] == size && strides[1] == 1 && (strides[2] == size || strides[2] == 0) && (strides[3] == size || strides[3] == 0)) {
        T *out = reinterpret_cast<T *>(data[0]);
        const bool *condition = reinterpret_cast<const bool *>(data[1]);
        const T *a = reinterpret_cast<const T *>(data[2]), *b = reinterpret_cast<const T *>(data[3]);
        if (strides[2] && strides[3]) {
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) {
                const T x = a[i], y = b[i];
                out[i] = condition[i] ? x : y;
            }
        } else if (strides[2]) {
            const T y = *b;
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) {
                const T x = a[i];
                out[i] = condition[i] ? x : y;
            }
        } else {
            const T x = *a;
            const int64_t step = strides[3] ? 1 : 0;
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) {
                const T y = b[i * step];
                out[i] = condition[i] ? x : y;
            }
        }
        return;
    }
    char *at[4] = {data[0], data[1], data[2], data[3]};
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i) {
        *reinterpret_cast<T *>(at[0]) = *reinterpret_cast<const T *>(*reinterpret_cast<const bool *>(at[1]) ? at[2] : at[3]);
        for (int k = 0; k < 4; ++k) at[k] += strides[k];
    }
}

template <class T> void accumulate_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(T) && strides[1] == sizeof(T)) {
        T *out = reinterpret_cast<T *>(data[0]);
        const T *x = reinterpret_cast<const T *>(data[1]);
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = convert<T>(add(load(out[i]), load(x[i])));
        return;
    }
    char *out = data[0], *x = data[1];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1]) {
        T &element = *reinterpret_cast<T *>(out);
        element = convert<T>(add(load(element), load(*reinterpret_cast<const T *>(x))));
    }
}
}  // namespace

bool tern_copy(const TernArray *out, const TernArray *x) {
    const TernArray *const arrays[] = {out, x};
    Loops loops(2, arrays, true);
    const int64_t size = size_of(out->dtype);
    if (out->dtype == x->dtype && loops.strides[0][0] == size && loops.strides[1][0] > size && loops.shape[0] > 4)
        for (int d = 1; d < loops.rank; ++d) {
            if (loops.strides[1][d] != size || loops.shape[d] <= 4) continue;
            loops.swap(1, d);
            visit_size(size, [&](auto type) { transpose<typename decltype(type)::type>(loops); });
            return true;
        }
    return iterate(loops, copy_kernel(out->dtype, x->dtype));
}

bool tern_where(const TernArray *out, const TernArray *condition, const TernArray *a, const TernArray *b) {
    if (condition->dtype != TERN_BOOL || a->dtype != out->dtype || b->dtype != out->dtype) return false;
    const TernArray *const arrays[] = {out, condition, a, b};
    bool done = false;
    visit_size(size_of(out->dtype), [&](auto type) { done = iterate(4, arrays, where_loop<typename decltype(type)::type>); });
    return done;
}

bool tern_fill(const TernArray *out, TernNumber value) {
    SixteenBytes element = {0, 0};
    visit_all(out->dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        const T x = value.isInteger ? convert<T>(value.integer) : convert<T>(std::complex<double>(value.re, value.im));
        memcpy(&element, &x, sizeof x);
    });
    bool done = false;
    visit_size(size_of(out->dtype), [&](auto type) { done = iterate(1, &out, fill_loop<typename decltype(type)::type>, &element); });
    return done;
}

bool tern_accumulate(const TernArray *out, const TernArray *x) {
    if (out->dtype != x->dtype) return false;
    const TernArray *const arrays[] = {out, x};
    const Loops loops(2, arrays, false);
    visit_all(out->dtype, [&](auto type) {
        const Kernel kernel = accumulate_loop<typename decltype(type)::type>;
        if (loops.distinct(0)) iterate(2, arrays, kernel);
        else loops.run(0, loops.count, kernel, nullptr);
    });
    return loops.fits;
}

bool tern_arange(const TernArray *out, TernNumber start, TernNumber step) {
    if (out->rank != 1) return false;
    const int64_t stride = out->strides[0] * size_of(out->dtype);
    visit_all(out->dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        parallel_for(out->shape[0], pointwise_grain, [&](int64_t begin, int64_t end) {
            char *at = static_cast<char *>(out->data) + begin * stride;
            if constexpr (std::is_integral_v<T>) {
                const int64_t first = start.isInteger ? start.integer : truncated<int64_t>(start.re);
                const int64_t by = step.isInteger ? step.integer : truncated<int64_t>(step.re);
                for (int64_t i = begin; i < end; ++i, at += stride) *reinterpret_cast<T *>(at) = convert<T>(add(first, mul(i, by)));
            } else {
                const double first = start.isInteger ? double(start.integer) : start.re;
                const double by = step.isInteger ? double(step.integer) : step.re;
                for (int64_t i = begin; i < end; ++i, at += stride) *reinterpret_cast<T *>(at) = convert<T>(first + double(i) * by);
            }
        });
    });
    return true;
}
