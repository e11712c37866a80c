/// Transposition of blocks of elements.
#pragma once
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace tern {
#define TERN_UNROLL _Pragma("clang loop unroll(full)")
/// Squares of numbers, 16 bytes wide, transposed in registers.
template <class T> struct Square {
    static constexpr int size = 16 / sizeof(T);
    using Bits = std::conditional_t<sizeof(T) == 1, uint8_t, std::conditional_t<sizeof(T) == 2, uint16_t,
        std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
    typedef Bits Row __attribute__((ext_vector_type(size)));

    template <int... J> static void zip(Row &a, Row &b, std::integer_sequence<int, J...>) {
        const Row first = __builtin_shufflevector(a, b, (J % 2 * size + J / 2)...);
        b = __builtin_shufflevector(a, b, (J % 2 * size + (J + size) / 2)...);
        a = first;
    }
    /// Rows i and i + size / 2, zipped, are rows 2i and 2i + 1; as often as halves size, that transposes.
    static void transpose(Row *rows) {
        TERN_UNROLL for (int step = 1; step < size; step *= 2) {
            Row zipped[size];
            TERN_UNROLL for (int i = 0; i < size / 2; ++i) {
                zip(rows[i], rows[i + size / 2], std::make_integer_sequence<int, size>());
                zipped[2 * i] = rows[i], zipped[2 * i + 1] = rows[i + size / 2];
            }
            TERN_UNROLL for (int i = 0; i < size; ++i) rows[i] = zipped[i];
        }
    }

    /// `count` squares of x below each other to squares of out side by side. Four make whole cache lines of out,
    /// which go past the caches if `stream`.
    template <int count> static void move(char *out, int64_t out_row, const char *x, int64_t x_row, bool stream) {
        Row rows[count][size];
        TERN_UNROLL for (int s = 0; s < count; ++s) {
            TERN_UNROLL for (int i = 0; i < size; ++i) memcpy(&rows[s][i], x + (s * size + i) * x_row, 16);
            transpose(rows[s]);
        }
        TERN_UNROLL for (int j = 0; j < size; ++j)
            TERN_UNROLL for (int s = 0; s < count; ++s) {
                char *to = out + j * out_row + 16 * s;
                if (stream) __builtin_nontemporal_store(rows[s][j], reinterpret_cast<Row *>(to));
                else memcpy(to, &rows[s][j], 16);
            }
    }
};

/// out[j][i] = x[i][j] for i < n and j < m; rows are so many bytes apart. The last squares overlap those before them.
template <class T> void transpose_block(char *out, int64_t out_row, const char *x, int64_t x_row, int64_t n, int64_t m, bool stream) {
    constexpr int64_t bytes = sizeof(T);
    if constexpr (bytes < 16) {
        constexpr int64_t size = Square<T>::size, line = 64 / bytes;  // of x, read whole while it is at hand
        if (n >= size && m >= size) {
            for (int64_t j0 = 0; j0 < m; j0 += line)
                for (int64_t i = 0, count; i < n; i += count * size) {
                    count = n - i >= 4 * size ? 4 : 1;
                    i = std::min(i, n - count * size);
                    for (int64_t j = j0; j < std::min(j0 + line, m); j += size) {
                        const int64_t at = std::min(j, m - size);
                        char *to = out + at * out_row + i * bytes;
                        const char *from = x + i * x_row + at * bytes;
                        if (count == 4) Square<T>::template move<4>(to, out_row, from, x_row, stream);
                        else Square<T>::template move<1>(to, out_row, from, x_row, false);
                    }
                }
            return;
        }
    }
    for (int64_t j = 0; j < m; ++j) {
        T *row = reinterpret_cast<T *>(out + j * out_row);
        const char *column = x + j * bytes;
        for (int64_t i = 0; i < n; ++i) row[i] = *reinterpret_cast<const T *>(column + i * x_row);
    }
}
}  // namespace tern
