/// What the kernel tests share: random strided arrays, and counting what holds.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

#include "../../Sources/CTernCPU/include/CTernCPU.h"
#include "../../Sources/CTernCPU/kernels/visit.h"
#include "../../Sources/CTernCPU/kernels/iterate.h"

using namespace tern;
using Shape = std::vector<int64_t>;

extern int passed, failed;
#define CHECK(condition, ...)                                          \
    do {                                                               \
        if (condition) {                                               \
            ++passed;                                                  \
        } else if (++failed <= 50) {                                   \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);     \
            printf(__VA_ARGS__);                                       \
            printf("\n");                                              \
        }                                                              \
    } while (0)

// Random numbers ---------------------------------------------------------------------------------------------------------
inline uint64_t random_bits() {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state * 0x2545f4914f6cdd1du;
}
inline int64_t random_int(int64_t low, int64_t high) { return low + int64_t((random_bits() >> 11) % uint64_t(high - low + 1)); }
inline double random_unit() { return double(random_bits() >> 11) * 0x1p-53; }

inline Shape random_shape(int64_t most_rank, int64_t most) {
    Shape shape(size_t(random_int(0, most_rank)));
    for (int64_t &n : shape) n = random_int(0, 12) ? random_int(1, most) : random_int(0, 2);
    return shape;
}
inline int64_t product(const Shape &shape) {
    int64_t n = 1;
    for (int64_t extent : shape) n *= extent;
    return n;
}

// Arrays ------------------------------------------------------------------------------------------------------------------
struct Tensor {
    std::vector<char> memory;  // exactly what the strides reach, so that a sanitizer sees a step beyond
    Shape shape, strides;
    TernArray array;

    Tensor() : array{nullptr, nullptr, nullptr, 0, TERN_FLOAT32} {}

    /// layout 0: contiguous; 1: any order of dimensions, gaps and directions; 2: that and some strides of 0.
    Tensor(TernDType dtype, const Shape &shape, int layout) : shape(shape), strides(shape.size()) {
        const size_t rank = shape.size();
        std::vector<size_t> order(rank);
        for (size_t d = 0; d < rank; ++d) order[d] = rank - 1 - d;
        if (layout)
            for (size_t d = rank; d > 1; --d) std::swap(order[d - 1], order[size_t(random_int(0, int64_t(d) - 1))]);
        int64_t step = layout && random_int(0, 2) == 0 ? 2 : 1, first = 0;
        for (size_t d : order) {
            strides[d] = step;
            if (layout == 2 && random_int(0, 2) == 0) {
                strides[d] = 0;
                continue;
            }
            step *= shape[d] ? shape[d] : 1;
            if (layout && random_int(0, 3) == 0) step += random_int(1, 3);
            if (layout && random_int(0, 3) == 0 && shape[d] > 0) {
                strides[d] = -strides[d];
                first -= strides[d] * (shape[d] - 1);
            }
        }
        int64_t low = first, high = first;
        for (size_t d = 0; d < rank; ++d) (strides[d] < 0 ? low : high) += strides[d] * (shape[d] - 1);
        const bool empty = product(shape) == 0;
        memory.resize(empty ? 0 : size_t((high - low + 1) * size_of(dtype)));
        array = {memory.data() + (empty ? 0 : (first - low) * size_of(dtype)), this->shape.data(), strides.data(), int32_t(rank), dtype};
    }
    Tensor(const Tensor &other) { *this = other; }
    Tensor &operator=(const Tensor &other) {
        const int64_t first = other.memory.empty() ? 0 : static_cast<const char *>(other.array.data) - other.memory.data();
        memory = other.memory, shape = other.shape, strides = other.strides;
        array = {memory.data() + first, shape.data(), strides.data(), other.array.rank, other.array.dtype};
        return *this;
    }

    int64_t count() const { return product(shape); }
    /// The address of the i-th element in row-major order.
    char *at(int64_t i) const {
        int64_t offset = 0;
        for (size_t d = shape.size(); d-- > 0;) offset += i % shape[d] * strides[d], i /= shape[d];
        return static_cast<char *>(array.data) + offset * size_of(array.dtype);
    }
    template <class T> T &get(int64_t i) const { return *reinterpret_cast<T *>(at(i)); }
    char *at(const Shape &index) const {
        int64_t offset = 0;
        for (size_t d = 0; d < shape.size(); ++d) offset += index[d] * strides[d];
        return static_cast<char *>(array.data) + offset * size_of(array.dtype);
    }
    operator const TernArray *() const { return &array; }
};

inline Shape unravel(int64_t i, const Shape &shape) {
    Shape index(shape.size());
    for (size_t d = shape.size(); d-- > 0;) index[d] = i % shape[d], i /= shape[d];
    return index;
}

/// Small integers mostly, and numbers in between; at times NaN, infinities and zeros of either sign.
inline double random_value(bool special) {
    static const double specials[] = {0.0, -0.0, 1.0, -1.0, INFINITY, -INFINITY, NAN, 1e-310, 1e30, -1e30, 65504.0, 6e-8};
    if (special && random_int(0, 9) == 0) return specials[random_int(0, 11)];
    return random_int(0, 1) ? double(random_int(-4, 4)) : (random_unit() - 0.5) * 8;
}

inline void randomize(const Tensor &x, bool special = true) {
    visit_all(x.array.dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        for (int64_t i = 0; i < x.count(); ++i) {
            if constexpr (is_complex<T>) x.get<T>(i) = convert<T>(std::complex<double>(random_value(special), random_value(special)));
            else if constexpr (is_integer<T>) x.get<T>(i) = special && random_int(0, 5) == 0 ? T(random_bits()) : T(random_int(-5, 5));
            else if constexpr (is_bool<T>) x.get<T>(i) = random_int(0, 1);
            else x.get<T>(i) = convert<T>(random_value(special));
        }
    });
}

inline Tensor random_tensor(TernDType dtype, const Shape &shape, int layout, bool special = true) {
    Tensor x(dtype, shape, layout);
    randomize(x, special);
    return x;
}

/// Equal to the last bit, or NaN both.
inline bool same(TernDType dtype, const char *a, const char *b) {
    bool equal = false;
    visit_all(dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        const auto x = load(*reinterpret_cast<const T *>(a)), y = load(*reinterpret_cast<const T *>(b));
        if constexpr (is_complex<T>)
            equal = (x.real() == y.real() || (x.real() != x.real() && y.real() != y.real())) &&
                    (x.imag() == y.imag() || (x.imag() != x.imag() && y.imag() != y.imag()));
        else equal = x == y || (x != x && y != y);
    });
    return equal;
}
inline bool same_real(double a, double b, double tolerance) {
    return a == b || (a != a && b != b) || std::fabs(a - b) <= tolerance * (std::fabs(b) > 1e-37 ? std::fabs(b) : 1e-37);
}
/// Equal within a few roundings of the dtype.
/// scale: a number of the same dtype whose roundings count too, where the result is a difference of terms as large as it.
inline bool near(TernDType dtype, const char *a, const char *b, double roundings, const char *scale = nullptr) {
    bool equal = false;
    visit_all(dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        using C = computed<T>;
        if constexpr (is_complex<T>) {
            const double tolerance = roundings * std::numeric_limits<typename T::value_type>::epsilon();
            const std::complex<double> x(*reinterpret_cast<const T *>(a)), y(*reinterpret_cast<const T *>(b));
            equal = (same_real(x.real(), y.real(), tolerance) && same_real(x.imag(), y.imag(), tolerance)) ||
                    std::abs(x - y) <= tolerance * std::abs(y);
        } else if constexpr (is_real_floating<T>) {
            const double epsilon = std::is_same_v<T, half> ? 0x1p-10 : std::is_same_v<T,
                bfloat16> ? 0x1p-7 : std::numeric_limits<C>::epsilon();
            const double x = load(*reinterpret_cast<const T *>(a)), y = load(*reinterpret_cast<const T *>(b));
            equal = same_real(x, y, roundings * epsilon) || (std::is_same_v<T, half> && std::fabs(x - y) < 2e-7) ||
                    (scale && std::fabs(x - y) <= roundings * epsilon * std::fabs(double(load(*reinterpret_cast<const T *>(scale)))));
        } else {
            equal = same(dtype, a, b);
        }
    });
    return equal;
}

template <class T> Tensor tensor(TernDType dtype, const std::vector<T> &values) {
    Tensor x(dtype, {int64_t(values.size())}, 0);
    for (size_t i = 0; i < values.size(); ++i) x.get<T>(int64_t(i)) = values[i];
    return x;
}

void test_scalars();
void test_functions();
void test_pointwise();
void test_reductions();
void test_indexing();
void test_threads();
