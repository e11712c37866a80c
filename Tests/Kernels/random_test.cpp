/// The random kernels against what PyTorch's CPU generator draws after torch.manual_seed(123): two fills, one after the other.
#include "testing.h"

int passed = 0, failed = 0;

namespace {
template <class T> double number(T x) { return double(load(x)); }

/// Fills `n` elements of a dtype twice; looks at `places` of the first, then of the second.
template <class F> void expect(const char *what, TernDType dtype, int64_t n, const F &fill, const Shape &places,
                               const std::vector<double> &values,
                               double tolerance = 0) {
    TernGenerator generator;
    tern_generator_seed(&generator, 123);
    size_t next = 0;
    for (int round = 0; round < 2; ++round) {
        Tensor x(dtype, {n}, 0);
        CHECK(fill(&generator, x), "%s", what);
        for (int64_t place : places) {
            visit_all(dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                if constexpr (!is_complex<T>) {
                    const double value = number(x.get<T>(place)), wanted = values[next++];
                    CHECK(std::fabs(value - wanted) <= tolerance * (1 + std::fabs(wanted)), "%s[%d][%lld]: %.17g, not %.17g", what, round,
                          (long long)place, value, wanted);
                }
            });
        }
    }
}

Shape up_to(int64_t n) {
    Shape all;
    for (int64_t i = 0; i < n; ++i) all.push_back(i);
    return all;
}

void test_engine() {
    TernGenerator g;
    tern_generator_seed(&g, 5489);
    uint32_t last = 0;
    for (int i = 0; i < 10000; ++i) last = tern_generator_random(&g);
    CHECK(last == 4123659995u, "%u", last);  // the number that the C++ standard gives for std::mt19937
    TernGenerator other;
    tern_generator_seed(&g, 7), tern_generator_seed(&other, 7 + (1ull << 32));  // 32 bits of the seed count, as in PyTorch
    const uint64_t high = tern_generator_random(&g), low = tern_generator_random(&g);
    CHECK(tern_generator_random64(&other) == (high << 32 | low), "two draws make one of 64 bits");
    CHECK(other.seed == 7 + (1ull << 32), "the seed is kept whole");

    // A state from a damaged file reads nothing outside.
    for (int32_t wrong : {-1, 0, 1, 623, 624, 625, 1 << 30, INT32_MIN}) {
        g.left = wrong, g.next = 5;
        tern_generator_random(&g);
        g.left = 100, g.next = wrong;
        tern_generator_random(&g);
    }
    CHECK(true, "alive");
}

void test_values() {
    const auto uniform = [](TernGenerator *g, const TernArray *x) { return tern_random_uniform(g, x, -2, 5); };
    const auto normal = [](TernGenerator *g, const TernArray *x) { return tern_random_normal(g, x, 3, 0.5); };
    const auto exponential = [](TernGenerator *g, const TernArray *x) { return tern_random_exponential(g, x, 1.5); };
    const auto range = [](TernGenerator *g, const TernArray *x) { return tern_random_range(g, x, -7, 1000); };
    const auto wide = [](TernGenerator *g, const TernArray *x) { return tern_random_range(g, x, -7, int64_t(1) << 40); };
    const auto bernoulli = [](TernGenerator *g, const TernArray *x) { return tern_random_bernoulli(g, x, 0.3); };
    const auto each = [](TernGenerator *g, const TernArray *x) {
        const Tensor p = tensor<float>(TERN_FLOAT32, std::vector<float>(size_t(x->shape[0]), 0.3f));
        return tern_random_bernoulli_each(g, x, p);
    };
    expect("uniform float32", TERN_FLOAT32, 20, uniform, {0, 1, 19},
           {0.0727835894, 1.61593604, 2.62345695, 3.97500229, 2.152071, 1.73137331}, 1e-8);
    expect("uniform float64", TERN_FLOAT64, 20, uniform, {0, 1, 19},
           {0.58227109464991089, -1.9064383510129572, -0.71968889472750319, -0.22780891205621379, 2.4542023871390395, 3.3305574654943366},
               1e-16);
    expect("uniform float16", TERN_FLOAT16, 20, uniform, {0, 1, 19},
           {0.0727539062, 1.61621094, 2.62304688, 3.97460938, 2.15234375, 1.73144531}, 1e-7);
    // Fewer than 16: one after the other. 16 or more: in blocks.
    expect("normal float32", TERN_FLOAT32, 7, normal, {0, 1, 6}, {2.94426656, 3.06018138, 2.51382256, 2.62247729, 3.1619513, 3.33263016},
           1e-7);
    const Shape places = {0, 8, 20, 21, 36};
    expect("normal float32", TERN_FLOAT32, 37, normal, places,
           {3.1686852, 3.3835535, 3.79048491, 2.53282714, 2.62509871, 3.65692687, 2.60103607, 2.77567959, 3.20231485, 3.68542385}, 3e-7);
    expect("normal float64", TERN_FLOAT64, 37, normal, places,
           {3.45487876610559, 2.8475942526852629, 2.6231795230331634, 3.6704658536977233, 3.1372041862540327, 3.4216565746156644,
            2.9948300836552377, 3.3579724611738828, 2.8797260231453539, 2.2862942519991787}, 1e-15);
    expect("normal bfloat16", TERN_BFLOAT16, 37, normal, places,
           {3.171875, 3.390625, 3.796875, 2.34375, 2.703125, 3.4375, 4.125, 2.984375, 3.125, 2.3125});
    expect("exponential", TERN_FLOAT32, 5, exponential, {0, 1, 4},
           {0.306856275, 0.00897071883, 0.426343501, 0.492140561, 0.619385958, 0.0388967171}, 1e-7);
    expect("range", TERN_INT64, 9, range, {0, 1, 8}, {749, 951, 387, 8, 232, 609});
    expect("range float32", TERN_FLOAT32, 9, range, {0, 1, 8}, {749, 951, 387, 8, 232, 609});
    expect("wide range", TERN_INT64, 9, wide, {0, 1, 8},
           {1093902019275, 542972543552, 541710482354, 315208919401, 749978312516, 8928931957});
    expect("permutation", TERN_INT64, 9, tern_random_permutation, up_to(9), {4, 6, 2, 3, 0, 7, 1, 8, 5, 5, 3, 7, 4, 0, 6, 2, 8, 1});
    for (TernDType dtype : {TERN_FLOAT32, TERN_BOOL, TERN_UINT8, TERN_BFLOAT16}) {
        expect("bernoulli", dtype, 24, bernoulli, up_to(24), {0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0,
                                                              0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0});
        expect("bernoulli each", dtype, 24, each, up_to(24), {1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                                              1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    }
}

void test_properties() {
    TernGenerator g;
    tern_generator_seed(&g, 1);
    for (TernDType dtype : {TERN_FLOAT16, TERN_BFLOAT16, TERN_FLOAT32, TERN_FLOAT64}) {
        const Tensor x(dtype, {5000}, 0);
        tern_random_uniform(&g, x, 1, 2);
        bool inside = true;
        for (int64_t i = 0; i < x.count(); ++i)
            visit_floating(dtype, [&](auto type) {
                const double value = number(x.get<typename decltype(type)::type>(i));
                inside = inside && value >= 1 && value < 2;
            });
        CHECK(inside, "dtype %d: the upper end is excluded, whatever the rounding", dtype);
    }
    const Tensor order(TERN_INT32, {1000}, 0);
    tern_random_permutation(&g, order);
    std::vector<bool> seen(1000);
    for (int64_t i = 0; i < 1000; ++i) seen[size_t(order.get<int32_t>(i))] = true;
    for (int64_t i = 0; i < 1000; ++i) CHECK(seen[size_t(i)], "%lld is missing", (long long)i);
    for (int64_t n : {0, 1}) {
        const Tensor few(TERN_INT64, {n}, 0);
        CHECK(tern_random_permutation(&g, few) && (n == 0 || few.get<int64_t>(0) == 0), "size %lld", (long long)n);
        const Tensor none(TERN_FLOAT32, {n}, 0);
        CHECK(tern_random_normal(&g, none, 0, 1) && tern_random_uniform(&g, none, 0, 1), "size %lld", (long long)n);
    }
    const Tensor whole(TERN_INT64, {100}, 0);
    CHECK(tern_random_range(&g, whole, INT64_MIN, INT64_MAX), "the widest range");
    CHECK(!tern_random_range(&g, whole, 3, 3), "an empty range");
    CHECK(!tern_random_uniform(&g, whole, 0, 1), "no uniform integers");
}
}  // namespace

int main() {
    test_engine();
    test_values();
    test_properties();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
