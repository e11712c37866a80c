// Reductions, scans and sorting against loops that are too plain to be wrong.
#include <algorithm>

#include "testing.h"

/// For each output position, x's elements that fall on it, in row-major order.
static std::vector<std::vector<int64_t>> reduced_positions(const Tensor &x, const Shape &out_shape) {
    std::vector<std::vector<int64_t>> positions(size_t(product(out_shape)));
    for (int64_t k = 0; k < x.count(); ++k) {
        const Shape index = unravel(k, x.shape);
        int64_t i = 0;
        for (size_t d = 0; d < index.size(); ++d) i = i * out_shape[d] + (out_shape[d] == 1 ? 0 : index[d]);
        positions[size_t(i)].push_back(k);
    }
    return positions;
}

template <class T> static bool check_one(TernReduction op, const Tensor &x, const std::vector<int64_t> &positions, const Tensor &out,
    int64_t i) {
    using C = computed<T>;
    const double epsilon = std::is_same_v<T, half> ? 0x1p-10 : std::is_same_v<T, bfloat16> ? 0x1p-7 : std::is_same_v<C,
        float> ? 1.2e-7 : 2.3e-16;
    if (op == TERN_REDUCE_any || op == TERN_REDUCE_all) {
        bool any = false, all = true;
        for (int64_t k : positions) any |= convert<bool>(x.get<T>(k)), all &= convert<bool>(x.get<T>(k));
        return out.get<bool>(i) == (op == TERN_REDUCE_any ? any : all);
    }
    if constexpr (is_complex<T>) {
        std::complex<long double> sum = op == TERN_REDUCE_prod ? 1 : 0;
        long double size = 0;
        for (int64_t k : positions) {
            const std::complex<long double> e(x.get<T>(k));
            if (op == TERN_REDUCE_prod) sum *= e;
            else sum += e, size += std::abs(e);
        }
        const std::complex<long double> result(out.get<T>(i));
        const double eps = std::numeric_limits<typename T::value_type>::epsilon();
        return std::abs(result - sum) <= (op == TERN_REDUCE_prod ? std::abs(sum) : size) * eps * 8 || std::abs(sum) > 1e30;
    } else if (op == TERN_REDUCE_sum || op == TERN_REDUCE_prod) {
        if constexpr (is_integer<T> || is_bool<T>) {
            T r = op == TERN_REDUCE_prod;
            for (int64_t k : positions) r = op == TERN_REDUCE_prod ? mul(r, x.get<T>(k)) : add(r, x.get<T>(k));
            return r == out.get<T>(i);
        } else {
            long double r = op == TERN_REDUCE_prod, size = 0;
            for (int64_t k : positions) {
                const long double e = load(x.get<T>(k));
                if (op == TERN_REDUCE_prod) r *= e;
                else r += e, size += std::fabs(double(e));
            }
            const double result = load(out.get<T>(i));
            if (r != r) return result != result;
            if (double(load(convert<T>(double(r)))) == result) return true;
            if (op == TERN_REDUCE_prod) {
                // In the worst order the smallest factors come first: what is below the normal numbers keeps few digits, and later factors
                // make the loss large.
                std::vector<long double> factors;
                for (int64_t k : positions) factors.push_back(std::fabs(double(load(x.get<T>(k)))));
                std::sort(factors.begin(), factors.end());
                long double partial = 1, loss = 0;
                for (long double f : factors) partial *= f, loss = loss * f + (partial < 0x1p-1022L ? 0x1p-1074L : 0);
                size = std::fabs(double(r)) + double(loss) / epsilon;
            }
            return std::fabs(result - double(r)) <= epsilon * 4 * double(size) || (std::is_same_v<T, half> && std::fabs(double(r)) < 1e-4);
        }
    } else {
        if (positions.empty()) return true;
        const bool greatest = op == TERN_REDUCE_max || op == TERN_REDUCE_argmax;
        size_t best = 0;
        for (size_t p = 1; p < positions.size(); ++p) {
            const C e = load(x.get<T>(positions[p])), b = load(x.get<T>(positions[best]));
            if (b == b && (e != e || (greatest ? e > b : e < b))) best = p;
        }
        if (op == TERN_REDUCE_argmax || op == TERN_REDUCE_argmin) return out.get<int64_t>(i) == int64_t(best);
        return same(x.array.dtype, out.at(i), x.at(positions[best]));
    }
}

static void check_reduction(TernReduction op, TernDType dtype, const Shape &shape, const Shape &out_shape, int layout, bool special) {
    const bool arg = op >= TERN_REDUCE_argmax, logical = op == TERN_REDUCE_any || op == TERN_REDUCE_all;
    const bool complex = dtype == TERN_COMPLEX64 || dtype == TERN_COMPLEX128;
    const Tensor x = random_tensor(dtype, shape, layout, special), out(arg ? TERN_INT64 : logical ? TERN_BOOL : dtype, out_shape,
        layout != 0);
    const bool exists = !complex || logical || op == TERN_REDUCE_sum || op == TERN_REDUCE_prod;
    bool right = tern_reduce(op, out, x) == exists;
    const auto positions = reduced_positions(x, out_shape);
    if (exists)
        visit_all(dtype, [&](auto type) {
            for (int64_t i = 0; i < out.count() && right; ++i)
                right = check_one<typename decltype(type)::type>(op, x, positions[size_t(i)], out, i);
        });
    CHECK(right, "reduction %d, dtype %d, rank %d, %d elements to %d", int(op), int(dtype), int(shape.size()), int(product(shape)),
        int(product(out_shape)));
}

static void test_reduce() {
    for (int op = 0; op < 8; ++op)
        for (int d = 0; d < 12; ++d) {
            for (int round = 0; round < 25; ++round) {
                const Shape shape = random_shape(4, 6);
                Shape out_shape = shape;
                for (int64_t &n : out_shape)
                    if (random_int(0, 1)) n = 1;
                const bool complex = d == TERN_COMPLEX64 || d == TERN_COMPLEX128;
                check_reduction(TernReduction(op), TernDType(d), shape, out_shape, int(random_int(0, 2)), !complex && (op > 1 ||
                    (round & 1)));
            }
            if (op != TERN_REDUCE_prod) check_reduction(TernReduction(op), TernDType(d), {3001}, {1}, 0, false);  // (or it overflows)
            check_reduction(TernReduction(op), TernDType(d), {2, 400}, {2, 1}, 0, op > 1 && d != 8 && d != 9);
            check_reduction(TernReduction(op), TernDType(d), {40, 30}, {1, 30}, 0, false);
            // Few elements to an output; rows of more outputs than are made together, and of few, with NaN too
            const bool special = op > 1 && d != 8 && d != 9;
            check_reduction(TernReduction(op), TernDType(d), {70, 11}, {70, 1}, 0, special);
            check_reduction(TernReduction(op), TernDType(d), {13, 300}, {1, 300}, 0, special);
            check_reduction(TernReduction(op), TernDType(d), {29, 5}, {1, 5}, 0, special);
            check_reduction(TernReduction(op), TernDType(d), {3, 21, 17}, {3, 1, 17}, int(op & 1), special);
        }
}

/// Long ones, cut into chunks: right, and the same to the last bit on one thread and on several.
static void test_long_reductions() {
    const int32_t threads = tern_thread_count();
    const struct {
        Shape shape, out;
        int layout;
    } cases[] = {{{200003}, {1}, 0}, {{100000, 3}, {1, 3}, 0}, {{3, 150000}, {3, 1}, 0}, {{700, 400}, {1, 400}, 0}, {{60, 50, 100}, {1, 50,
        1}, 0},
                 {{300, 500}, {1, 1}, 1}};
    for (const auto &c : cases)
        for (TernDType dtype : {TERN_FLOAT32, TERN_FLOAT64, TERN_INT64, TERN_BFLOAT16, TERN_BOOL, TERN_COMPLEX64})
            for (int op = 0; op < 8; ++op) {
                const bool arg = op >= TERN_REDUCE_argmax, logical = op == TERN_REDUCE_any || op == TERN_REDUCE_all;
                if (dtype == TERN_COMPLEX64 && op > 1 && !logical) continue;
                const Tensor x = random_tensor(dtype, c.shape, c.layout, false);
                if (op == TERN_REDUCE_prod)
                    visit_all(dtype, [&](auto type) {
                        using T = typename decltype(type)::type;
                        for (int64_t i = 0; i < x.count(); ++i) x.get<T>(i) = convert<T>(i % 7 ? 1.0 : -1.0);
                    });
                const Tensor one(arg ? TERN_INT64 : logical ? TERN_BOOL : dtype, c.out, 0), several(one.array.dtype, c.out, 0);
                tern_set_thread_count(1);
                bool right = tern_reduce(TernReduction(op), one, x);
                tern_set_thread_count(4);
                right &= tern_reduce(TernReduction(op), several, x);
                right &= one.memory == several.memory;
                if (product(c.out) <= 50)
                    visit_all(dtype, [&](auto type) {
                        const auto positions = reduced_positions(x, c.out);
                        for (int64_t i = 0; i < one.count() && right; ++i)
                            right = check_one<typename decltype(type)::type>(TernReduction(op), x, positions[size_t(i)], one, i);
                    });
                CHECK(right, "long reduction %d, dtype %d, %d elements to %d", op, int(dtype), int(product(c.shape)), int(product(c.out)));
            }
    tern_set_thread_count(threads);
    const Tensor tenths(TERN_FLOAT32, {10000000}, 0), sum(TERN_FLOAT32, {1}, 0);
    tern_fill(tenths, {0.1, 0, 0, false});
    tern_reduce(TERN_REDUCE_sum, sum, tenths);
    CHECK(std::fabs(sum.get<float>(0) - 1000000.015) < 0.2, "ten million tenths: %f", double(sum.get<float>(0)));
}

// Scans and sorting ------------------------------------------------------------------------------------------------------------
/// Row-major positions of the line through `start` along dim.
static std::vector<int64_t> line(const Tensor &x, int32_t dim, int64_t number) {
    std::vector<int64_t> positions;
    if (x.shape.empty()) return {0};
    int64_t inner = 1;
    for (size_t d = size_t(dim) + 1; d < x.shape.size(); ++d) inner *= x.shape[d];
    const int64_t n = x.shape[size_t(dim)];
    for (int64_t i = 0; i < n; ++i) positions.push_back((number / inner * n + i) * inner + number % inner);
    return positions;
}
static int64_t line_count(const Tensor &x, int32_t dim) {
    if (x.shape.empty()) return 1;
    return x.shape[size_t(dim)] ? x.count() / x.shape[size_t(dim)] : 0;
}

static void test_scan() {
    for (int op = 0; op < 4; ++op)
        for (int d = 0; d < 12; ++d)
            for (int round = 0; round < 18; ++round) {
                const TernDType dtype = TernDType(d);
                const bool complex = d == TERN_COMPLEX64 || d == TERN_COMPLEX128, extreme = op >= TERN_SCAN_max;
                const Shape shapes[] = {{}, {5000}, {50, 90}, {5, 700}, {19, 40}, {6, 35, 3}};  // 700: more than are taken together
                const Shape shape = round < 6 ? shapes[round] : random_shape(4, 6);
                const int32_t dim = shape.empty() || round == 3 ? 0 : int32_t(random_int(0, int64_t(shape.size()) - 1));
                const int most = round == 3 ? 0 : 2;  // contiguous, or any layout
                const Tensor x = random_tensor(dtype, shape, int(random_int(0, most)), extreme),
                    out(dtype, shape, int(random_int(0, most / 2))), indices(TERN_INT64, shape, int(random_int(0, most / 2)));
                const Tensor again(dtype, shape, 0);
                bool right = tern_scan(TernScan(op), out, extreme ? &indices.array : nullptr, x, dim) == !(complex && extreme);
                if (right && !(complex && extreme)) visit_all(dtype, [&](auto type) {
                    using T = typename decltype(type)::type;
                    tern_scan(TernScan(op), again, nullptr, x, dim);
                    for (int64_t l = 0; l < line_count(x, dim) && right; ++l) {
                        const std::vector<int64_t> at = line(x, dim, l);
                        if constexpr (!is_complex<T>) if (extreme) {
                            size_t best = 0;
                            for (size_t t = 0; t < at.size(); ++t) {
                                const auto e = load(x.get<T>(at[t])), b = load(x.get<T>(at[best]));
                                if (e != e || (b == b && (op == TERN_SCAN_max ? e >= b : e <= b))) best = t;
                                right &= same(dtype, out.at(at[t]), x.at(at[best])) && indices.get<int64_t>(at[t]) == int64_t(best) &&
                                         same(dtype, again.at(at[t]), out.at(at[t]));
                            }
                            continue;
                        }
                        using S = std::conditional_t<is_complex<T> || is_integer<T> || is_bool<T>, T, double>;
                        S running = S(op == TERN_SCAN_prod), size = S(0);
                        for (int64_t k : at) {
                            const S e = S(load(x.get<T>(k)));
                            running = op == TERN_SCAN_prod ? mul(running, e) : add(running, e);
                            const T expected = convert<T>(running);
                            if constexpr (std::is_same_v<S, double>) {
                                size += std::fabs(e);
                                const double slack = is_half<T> ? 0.02 : std::is_same_v<T, float> ? 1e-6 : 1e-13;
                                const double a = load(out.get<T>(k)), b = load(expected);
                                right &= same_real(a, b, slack * double(at.size())) || std::fabs(a - b) <= slack * size;
                            } else if constexpr (is_complex<T>) {
                                right &= near(dtype, out.at(k), reinterpret_cast<const char *>(&expected), 1e4) ||
                                    std::abs(running) < 1e-3 || std::abs(running) > 1e20;
                            } else right &= same(dtype, out.at(k), reinterpret_cast<const char *>(&expected));
                            right &= same(dtype, out.at(k), again.at(k));
                        }
                    }
                });
                CHECK(right, "scan %d, dtype %d, round %d", op, d, round);
            }
}

static void test_sort() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 24; ++round) {
            const TernDType dtype = TernDType(d);
            const bool complex = d == TERN_COMPLEX64 || d == TERN_COMPLEX128, descending = round & 1;
            const Shape shape = round < 2 ? Shape{} : round < 4 ? Shape{20000} : round < 8 ? Shape{30, 300} : random_shape(4, 6);
            const int32_t dim = shape.empty() ? 0 : int32_t(random_int(0, int64_t(shape.size()) - 1));
            const Tensor x = random_tensor(dtype, shape, int(random_int(0, 2))), values(dtype, shape, 1), indices(TERN_INT64, shape, 1);
            bool right = tern_sort(values, indices, x, dim, descending) == !complex;
            visit_all(dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                if constexpr (!is_complex<T>)
                    for (int64_t l = 0; l < line_count(x, dim) && right; ++l) {
                        const std::vector<int64_t> at = line(x, dim, l);
                        std::vector<int64_t> order(at.size());
                        for (size_t t = 0; t < at.size(); ++t) order[t] = int64_t(t);
                        std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
                            const auto a = load(x.get<T>(at[size_t(i)])), b = load(x.get<T>(at[size_t(j)]));
                            if (descending ? (a != a && b == b) || a > b : (b != b && a == a) || a < b) return true;
                            if (descending ? (b != b && a == a) || b > a : (a != a && b == b) || b < a) return false;
                            return i < j;
                        });
                        for (size_t t = 0; t < at.size(); ++t)
                            right &= indices.get<int64_t>(at[t]) == order[t] && same(dtype, values.at(at[t]), x.at(at[size_t(order[t])]));
                    }
            });
            CHECK(right, "sort, dtype %d, round %d", d, round);
        }
}

void test_reductions() {
    test_reduce();
    test_long_reductions();
    test_scan();
    test_sort();
}
