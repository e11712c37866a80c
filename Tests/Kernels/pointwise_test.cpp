// The scalar functions: each alone, and then in loops over every kind of array.
#include "testing.h"

#include "../../Sources/CTernCPU/kernels/pointwise.h"

namespace tern {
#define TERN_ISA reference
#include "../../Sources/CTernCPU/kernels/pointwise.inl"

static const PointwiseTable &reference_table(TernDType dtype) {
    const PointwiseTable *table = nullptr;
    visit_all(dtype, [&](auto type) { table = &reference::pointwise<typename decltype(type)::type>; });
    return *table;
}
}  // namespace tern

static const char *const unary_names[] = {
#define UNARY(category, name, expression, slope) #name,
#include "../../Sources/CTernCPU/include/pointwise.def"
};
static const char *const binary_names[] = {
#define BINARY(category, name, expression) #name,
#include "../../Sources/CTernCPU/include/pointwise.def"
};

/// The kernel on one element.
static void one(Kernel kernel, char *out, char *a, char *b = nullptr, char *c = nullptr) {
    char *const data[] = {out, a, b, c};
    const int64_t strides[] = {0, 0, 0, 0};
    kernel(data, strides, 1, nullptr);
}

static TernDType result_of(const char *name, bool binary, TernDType dtype) {
    static const char *const tests[] = {"logical_not", "isnan", "isinf", "signbit", "eq", "ne", "lt", "le", "gt", "ge"};
    for (const char *test : tests)
        if (!strcmp(name, test)) return TERN_BOOL;
    if (!binary && !strcmp(name, "abs")) return dtype == TERN_COMPLEX64 ? TERN_FLOAT32 : dtype == TERN_COMPLEX128 ? TERN_FLOAT64 : dtype;
    return dtype;
}

static Shape test_shape(int round) {
    static const Shape shapes[] = {{}, {0}, {1}, {1000}, {3, 0, 2}, {40, 50}};
    return round < 6 ? shapes[round] : random_shape(4, 7);
}

static void test_unary() {
    for (int op = 0; op < TERN_UNARY_COUNT; ++op)
        for (int d = 0; d < 12; ++d) {
            const TernDType dtype = TernDType(d), to = result_of(unary_names[op], false, dtype);
            const Kernel value = reference_table(dtype).unary[op], gradient = reference_table(dtype).gradient[op];
            for (int round = 0; round < 10; ++round) {
                const Shape shape = test_shape(round);
                const int layout = round < 6 ? round & 1 : 2;
                const Tensor x = random_tensor(dtype, shape, layout);
                const Tensor out = random_tensor(to, shape, layout != 0);
                bool right = tern_unary(TernUnary(op), out, x) == (value != nullptr);
                alignas(16) char expected[16];
                const bool gelu = !strcmp(unary_names[op], "gelu");  // far below 0 a factor of x is tiny: exact beside x only
                for (int64_t i = 0; value && i < x.count() && right; ++i) {
                    one(value, expected, x.at(i));
                    right = near(to, out.at(i), expected, 8, gelu ? x.at(i) : nullptr);
                }
                CHECK(right, "%s, dtype %d, round %d", unary_names[op], d, round);

                const Tensor g = random_tensor(dtype, shape, layout), y = random_tensor(dtype, shape, layout);
                const Tensor dx = random_tensor(dtype, shape, layout != 0);
                right = tern_unary_gradient(TernUnary(op), dx, g, x, y) == (gradient != nullptr);
                for (int64_t i = 0; gradient && i < x.count() && right; ++i) {
                    one(gradient, expected, g.at(i), x.at(i), y.at(i));
                    right = near(dtype, dx.at(i), expected, 32, g.at(i));  // near a zero of the derivative its terms cancel
                }
                CHECK(right, "%s gradient, dtype %d, round %d", unary_names[op], d, round);
            }
            if (value && to == dtype) {  // in place
                const Tensor x = random_tensor(dtype, {77}, 1), before = x;
                tern_unary(TernUnary(op), x, x);
                bool right = true;
                alignas(16) char expected[16];
                for (int64_t i = 0; i < 77; ++i) one(value, expected, before.at(i)), right &= near(dtype, x.at(i), expected, 8);
                CHECK(right, "%s in place, dtype %d", unary_names[op], d);
            }
        }
}

static void test_binary() {
    for (int op = 0; op < TERN_BINARY_COUNT; ++op)
        for (int d = 0; d < 12; ++d) {
            const TernDType dtype = TernDType(d), to = result_of(binary_names[op], true, dtype);
            const Kernel value = reference_table(dtype).binary[op];
            // Near their zeros the greater operand and what the lesser adds to it cancel.
            const bool cancels = strncmp(binary_names[op], "logaddexp", 9) == 0;
            auto close = [&](const char *got, const char *wanted, const char *a, const char *b) {
                return near(to, got, wanted, 8) || (cancels && (near(to, got, wanted, 8, a) || near(to, got, wanted, 8, b)));
            };
            for (int round = 0; round < 14; ++round) {
                const Shape shape = test_shape(round);
                const int layout = round < 6 ? round & 1 : 2;
                Tensor a = random_tensor(dtype, shape, layout), b = random_tensor(dtype, shape, layout);
                if (round == 3 || round == 5)  // a scalar on one side
                    for (int64_t &stride : (random_int(0, 1) ? a : b).strides) stride = 0;
                const Tensor out = random_tensor(to, shape, layout != 0);
                bool right = tern_binary(TernBinary(op), out, a, b) == (value != nullptr);
                alignas(16) char expected[16];
                for (int64_t i = 0; value && i < a.count() && right; ++i) {
                    one(value, expected, a.at(i), b.at(i));
                    right = close(out.at(i), expected, a.at(i), b.at(i));
                }
                CHECK(right, "%s, dtype %d, round %d", binary_names[op], d, round);
            }
            if (value && to == dtype) {
                const Tensor a = random_tensor(dtype, {77}, 0), b = random_tensor(dtype, {77}, 0), before = a;
                tern_binary(TernBinary(op), a, a, b);
                bool right = true;
                alignas(16) char expected[16];
                for (int64_t i = 0; i < 77; ++i) {
                    one(value, expected, before.at(i), b.at(i));
                    right &= close(a.at(i), expected, before.at(i), b.at(i));
                }
                CHECK(right, "%s in place, dtype %d", binary_names[op], d);
            }
        }
    // Products and quotients of a half and a float32 operand: as of two float32 ones, rounded once.
    for (int op = 0; op < TERN_BINARY_COUNT; ++op)
        for (const TernDType dtype : {TERN_FLOAT16, TERN_BFLOAT16})
            for (int round = 0; round < 14; ++round) {
                const Shape shape = test_shape(round);
                const bool turned = random_int(0, 1), known = op == TERN_BINARY_mul || op == TERN_BINARY_div;
                const Tensor x = random_tensor(dtype, shape, round & 1 ? 2 : 0), out(dtype, shape, round & 1);
                Tensor number = random_tensor(TERN_FLOAT32, shape, round & 1 ? 2 : 0);
                if (round & 2)
                    for (int64_t &stride : number.strides) stride = 0;
                const Tensor &a = turned ? number : x, &b = turned ? x : number;
                bool right = tern_binary(TernBinary(op), out, a, b) == known;
                CHECK(!known || !tern_binary(TernBinary(op), Tensor(TERN_FLOAT32, shape, 0), a, b), "the result is half");
                const Tensor wide(TERN_FLOAT32, shape, 0), result(TERN_FLOAT32, shape, 0), wanted(dtype, shape, 0);
                tern_copy(wide, x);
                tern_binary(TernBinary(op), result, turned ? number : wide, turned ? wide : number);
                tern_copy(wanted, result);
                for (int64_t i = 0; known && i < x.count() && right; ++i) right = same(dtype, out.at(i), wanted.at(i));
                CHECK(right, "%s beside float32, dtype %d, round %d", binary_names[op], dtype, round);
            }
    // Large enough for several threads, and the same result whatever their number.
    const Tensor a = random_tensor(TERN_FLOAT32, {300, 1001}, 1), b = random_tensor(TERN_FLOAT32, {300, 1001}, 2);
    const Tensor c(TERN_FLOAT32, {300, 1001}, 1);
    CHECK(tern_binary(TERN_BINARY_add, c, a, b), "add");
    bool right = true;
    for (int64_t i = 0; i < a.count(); ++i) {
        const float sum = a.get<float>(i) + b.get<float>(i);
        right &= c.get<float>(i) == sum || sum != sum;
    }
    CHECK(right, "large add");
}

// Conversions --------------------------------------------------------------------------------------------------------------
static void test_half() {
    bool right = true;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        const half h = {uint16_t(bits)};
        const float f = to_float(h);
        const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
        const double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent ? std::ldexp(1024 + mantissa,
            exponent - 25) : std::ldexp(mantissa, -24);
        right &= magnitude != magnitude ? f != f : double(f) == (bits & 0x8000 ? -magnitude : magnitude);
        if (f == f) right &= to_half(f).bits == bits;
        const bfloat16 b = {uint16_t(bits)};
        if (to_float(b) == to_float(b)) right &= to_bfloat16(to_float(b)).bits == bits;
    }
    CHECK(right, "16-bit floats to float32 and back");
    right = true;
    for (uint64_t k = 0; k < (1u << 22); ++k) {  // nearest, ties to even: between two neighbours
        const float x = std::bit_cast<float>(uint32_t(k * 1021));
        const float r = to_float(to_half(x)), b = to_float(to_bfloat16(x));
        if (x != x) {
            right &= r != r && b != b;
            continue;
        }
        const uint16_t bits = to_half(x).bits;
        if (std::fabs(x) < 65520) {
            right &= std::fabs(r) <= 65504;
            if (bits & 0x7fff) right &= std::fabs(x - r) <= std::fabs(x - to_float(half{uint16_t(bits - 1)}));
            const half above = {uint16_t(bits + 1)};
            if ((above.bits & 0x7fff) < 0x7c00) right &= std::fabs(x - r) <= std::fabs(x - to_float(above));
            if ((above.bits & 0x7fff) < 0x7c00 && std::fabs(x - r) == std::fabs(x - to_float(above))) right &= (bits & 1) == 0;
        } else right &= std::isinf(r);
        if (std::isfinite(b) && std::fabs(x) < 3e38f) {
            const uint16_t low = to_bfloat16(x).bits;
            right &= std::fabs(double(x) - double(b)) <= std::fabs(double(x) - double(to_float(bfloat16{uint16_t(low + 1)})));
        }
    }
    CHECK(right, "float32 to 16-bit floats");
    right = true;
    const Tensor f = random_tensor(TERN_FLOAT32, {5000}, 0), h(TERN_FLOAT16, {5000}, 0), back(TERN_FLOAT32, {5000}, 0);
    for (int64_t i = 0; i < 5000; ++i) f.get<float>(i) = std::bit_cast<float>(uint32_t(random_bits()));
    tern_copy(h, f);
    tern_copy(back, h);
    for (int64_t i = 0; i < 5000; ++i) {
        const float x = f.get<float>(i), y = back.get<float>(i);
        right &= x != x ? y != y : h.get<half>(i).bits == to_half(x).bits && y == to_float(h.get<half>(i));
    }
    CHECK(right, "copies between float32 and float16");
}

static void test_copy() {
    for (int to = 0; to < 12; ++to)
        for (int from = 0; from < 12; ++from)
            for (int round = 0; round < 10; ++round) {
                const Shape shape = test_shape(round);
                const Tensor x = random_tensor(TernDType(from), shape, round < 6 ? round & 1 : 2), out(TernDType(to), shape, round & 1);
                bool right = tern_copy(out, x);
                visit_all(TernDType(to), [&](auto to_type) {
                    using To = typename decltype(to_type)::type;
                    visit_all(TernDType(from), [&](auto from_type) {
                        using From = typename decltype(from_type)::type;
                        for (int64_t i = 0; i < x.count(); ++i) {
                            To expected = convert<To>(x.get<From>(i));
                            right &= same(TernDType(to), out.at(i), reinterpret_cast<const char *>(&expected));
                        }
                    });
                });
                CHECK(right, "copy to %d from %d, round %d", to, from, round);
            }
    // What conversions mean
    CHECK(convert<uint8_t>(300.7f) == 44 && convert<uint8_t>(-1.0) == 255 && convert<int8_t>(200.0) == -56, "to 8 bits");
    CHECK(convert<int32_t>(3e9) == INT32_MIN && convert<int32_t>(NAN) == INT32_MIN && convert<int32_t>(-2147483648.9) == INT32_MIN,
        "to 32");
    CHECK(convert<int32_t>(2147483647.5) == INT32_MAX && convert<int64_t>(1e19) == INT64_MIN && convert<int64_t>(-7.9f) == -7, "to 64");
    CHECK(convert<bool>(NAN) && !convert<bool>(-0.0) && convert<bool>(half{1}) && !convert<bool>(half{0x8000}), "to bool");
    CHECK(convert<bool>(std::complex<float>(0, 2)) && convert<float>(std::complex<double>(3, 4)) == 3.0f, "from complex");
    CHECK(convert<int8_t>(int64_t(0x1ff)) == -1 && convert<half>(100000).bits == 0x7c00, "narrowing");
    // Transpositions: squares and what is left of them, and permutations
    for (const Shape &shape : {Shape{100, 70}, Shape{33, 32}, Shape{3, 129, 65}, Shape{2, 3, 64, 200}, Shape{600, 500},
                               Shape{7, 5}, Shape{9, 17, 6}})
        for (TernDType dtype : {TERN_UINT8, TERN_INT16, TERN_FLOAT32, TERN_INT64, TERN_COMPLEX128})
            for (bool last_first : {false, true}) {
                Tensor x = random_tensor(dtype, shape, 0), out(dtype, shape, 0);
                const size_t rank = shape.size();
                // Of x, the last two dimensions change places in memory, or all are in the opposite order.
                int64_t step = 1;
                for (size_t k = 0; k < rank; ++k) {
                    const size_t d = last_first ? k : k < 2 ? rank - 2 + k : rank - 1 - k;
                    x.strides[d] = step, step *= shape[d];
                }
                bool right = tern_copy(out, x);
                for (int64_t i = 0; i < x.count(); ++i) right &= same(dtype, out.at(i), x.at(i));
                CHECK(right, "transposition, dtype %d, first extent %d, %d", int(dtype), int(shape[0]), last_first);
            }
    // Large ones, whose result goes past the caches
    for (TernDType dtype : {TERN_UINT8, TERN_INT16, TERN_FLOAT32, TERN_INT64, TERN_COMPLEX128}) {
        const int64_t size = size_of(dtype), m = 4096 / size + 5;
        for (int64_t n : {1024, 1025}) {
            Tensor x(dtype, {m, n}, 0), out(dtype, {m, n}, 0);
            for (char &byte : x.memory) byte = char(random_bits());
            x.strides[0] = 1, x.strides[1] = m;
            bool right = tern_copy(out, x);
            for (int64_t i = 0; i < m; ++i)
                for (int64_t j = 0; j < n; ++j)
                    right &= !memcmp(&out.memory[size_t((i * n + j) * size)], &x.memory[size_t((j * m + i) * size)], size_t(size));
            CHECK(right, "large transposition, dtype %d, %d", int(dtype), int(n));
        }
    }
}

static void test_where_fill_arange() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 20; ++round) {
            const TernDType dtype = TernDType(d);
            const Shape shape = test_shape(round);
            const int layout = round < 6 ? round & 1 : random_int(0, 2);
            Tensor a = random_tensor(dtype, shape, layout), b = random_tensor(dtype, shape, layout);
            const Tensor condition = random_tensor(TERN_BOOL, shape, layout), out(dtype, shape, layout != 0);
            if (round % 4 == 3)
                for (int64_t &stride : (random_int(0, 1) ? a : b).strides) stride = 0;
            bool right = tern_where(out, condition, a, b);
            for (int64_t i = 0; i < a.count(); ++i) right &= same(dtype, out.at(i), condition.get<bool>(i) ? a.at(i) : b.at(i));
            CHECK(right, "where, dtype %d, round %d", d, round);

            const TernNumber number = round & 1 ? TernNumber{2.75, -1.5, 0, false} : TernNumber{0, 0, -3, true};
            right = tern_fill(out, number);
            visit_all(dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                T expected;
                if (round & 1) expected = convert<T>(std::complex<double>(2.75, -1.5));
                else expected = convert<T>(int64_t(-3));
                for (int64_t i = 0; i < out.count(); ++i) right &= same(dtype, out.at(i), reinterpret_cast<const char *>(&expected));
            });
            CHECK(right, "fill, dtype %d", d);

            const Tensor range(dtype, {random_int(0, 1) ? random_int(0, 40) : 100000}, 1);
            right = tern_arange(range, {0.5, 0, 0, false}, {1.25, 0, 0, false});
            visit_all(dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                for (int64_t i = 0; i < range.count(); ++i) {
                    T expected = std::is_integral_v<T> ? convert<T>(int64_t(i)) : convert<T>(0.5 + double(i) * 1.25);
                    right &= same(dtype, range.at(i), reinterpret_cast<const char *>(&expected));
                }
            });
            CHECK(right, "arange, dtype %d", d);
        }
}

static void test_accumulate() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 20; ++round) {
            const TernDType dtype = TernDType(d);
            const Shape shape = test_shape(round);
            const Tensor x = random_tensor(dtype, shape, 2, false);
            const Tensor out = random_tensor(dtype, shape, round & 1 ? 2 : 1, false), expected = out;
            bool right = tern_accumulate(out, x);
            visit_all(dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                for (int64_t i = 0; i < x.count(); ++i)
                    expected.get<T>(i) = convert<T>(add(load(expected.get<T>(i)), load(x.get<T>(i))));
            });
            for (int64_t i = 0; i < x.count(); ++i) right &= same(dtype, out.at(i), expected.at(i));
            CHECK(right, "accumulate, dtype %d, round %d", d, round);
        }
    // Windows that overlap: out[i][j] is element i + j
    Tensor out(TERN_INT64, {8}, 0), x = random_tensor(TERN_INT64, {5, 4}, 0, false);
    int64_t expected[8] = {};
    for (int64_t i = 0; i < 5; ++i)
        for (int64_t j = 0; j < 4; ++j) expected[i + j] += x.get<int64_t>(i * 4 + j);
    const int64_t shape[] = {5, 4}, strides[] = {1, 1};
    const TernArray windows = {out.array.data, shape, strides, 2, TERN_INT64};
    tern_accumulate(&windows, x);
    CHECK(!memcmp(expected, out.array.data, sizeof expected), "accumulate into windows");
    // A whole sum into one element, and large parallel ones
    Tensor big = random_tensor(TERN_INT32, {200, 1000}, 1, false), total(TERN_INT32, {200, 1000}, 0), sum = total;
    for (int64_t &stride : total.strides) stride = 0;
    int32_t all = 0;
    for (int64_t i = 0; i < big.count(); ++i) all += big.get<int32_t>(i);
    tern_accumulate(total, big);
    tern_accumulate(sum, big);
    CHECK(total.get<int32_t>(0) == all, "accumulate into one");
    bool right = true;
    for (int64_t i = 0; i < big.count(); ++i) right &= sum.get<int32_t>(i) == big.get<int32_t>(i);
    CHECK(right, "large accumulate");
}

void test_pointwise() {
    test_unary();
    test_binary();
    test_half();
    test_copy();
    test_where_fill_arange();
    test_accumulate();
}
