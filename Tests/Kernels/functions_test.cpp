// How exact the float32 functions are: over the whole range of floats, in units of the last place, beside libm's in double.
#include "testing.h"

namespace {
/// The floats that a function is tried on: every 8191st bit pattern, steps of 0.0004 from -105 to 105, and where functions turn.
std::vector<float> samples() {
    std::vector<float> x;
    for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 8191) x.push_back(std::bit_cast<float>(uint32_t(bits)));
    for (int64_t k = -(1 << 18); k < 1 << 18; k++) x.push_back(float(k) * 4e-4f);
    const float turning[] = {0, -0.0f, 1, -1, 0.5f, 0.9f, 3.95f, 88.72284f, -103.97208f, 128, -150, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f,
                             16367173 * 0x1p72f, 5.4210109e-20f, 3.4028235e38f, -3.4028235e38f, 8388609, 16777215, 33554432};
    for (const float at : turning) {
        float below = at, above = at;
        for (int step = 0; step < 20; step++) {
            x.push_back(below), x.push_back(above);
            below = std::nextafter(below, -INFINITY), above = std::nextafter(above, INFINITY);
        }
    }
    for (int k = 1; k < 20000; k++) x.push_back(float(k * 1.57079632679489661923));  // next to sine's and cosine's zeros
    return x;
}

double ulps(float result, double expected) {
    const float rounded = float(expected);
    if (rounded != rounded) return result == result ? INFINITY : 0;
    if (result == rounded) return rounded == 0 && std::signbit(result) != std::signbit(expected) ? INFINITY : 0;
    if (std::isinf(rounded) || std::isinf(result)) return std::fabs(expected) > 3.4028e38 && std::fabs(result) > 3.4028e38f ? 1 : INFINITY;
    const float size = std::fabs(rounded);
    return std::fabs(double(result) - expected) / (double(std::nextafter(size, INFINITY)) - double(size));
}

void test_one(const std::vector<float> &x) {
    const struct {
        TernUnary op;
        double (*exact)(double);
        double bound;
    } functions[] = {
        {TERN_UNARY_exp, std::exp, 1.5}, {TERN_UNARY_exp2, std::exp2, 1.5}, {TERN_UNARY_log, std::log, 1.5}, {TERN_UNARY_tanh, std::tanh, 2},
        {TERN_UNARY_erf, std::erf, 2}, {TERN_UNARY_expm1, std::expm1, 0.6}, {TERN_UNARY_log2, std::log2, 0.6},
        {TERN_UNARY_log10, std::log10, 0.6}, {TERN_UNARY_log1p, std::log1p, 0.6}, {TERN_UNARY_sin, std::sin, 0.6},
        {TERN_UNARY_cos, std::cos, 0.6}, {TERN_UNARY_tan, std::tan, 0.6}, {TERN_UNARY_asin, std::asin, 0.6},
        {TERN_UNARY_acos, std::acos, 0.6}, {TERN_UNARY_atan, std::atan, 0.6}, {TERN_UNARY_sinh, std::sinh, 0.6},
        {TERN_UNARY_cosh, std::cosh, 0.6}, {TERN_UNARY_asinh, std::asinh, 0.6}, {TERN_UNARY_acosh, std::acosh, 0.6},
        {TERN_UNARY_atanh, std::atanh, 0.6}, {TERN_UNARY_erfc, std::erfc, 0.6},
    };
    const int64_t shape[] = {int64_t(x.size())}, strides[] = {1};
    std::vector<float> y(x.size());
    const TernArray from = {const_cast<float *>(x.data()), shape, strides, 1, TERN_FLOAT32}, to = {y.data(), shape, strides, 1, TERN_FLOAT32};
    for (const auto &f : functions) {
        CHECK(tern_unary(f.op, &to, &from), "a kernel");
        double worst = 0;
        float where = 0;
        for (size_t i = 0; i < x.size(); i++)
            if (const double error = ulps(y[i], f.exact(double(x[i]))); error > worst) worst = error, where = x[i];
        CHECK(worst <= f.bound, "%s of %.9g is wrong by %g ulp", tern_unary_function(f.op).name, double(where), worst);
    }
    CHECK(tern_unary(TERN_UNARY_gelu, &to, &from), "a kernel");
    double worst = 0;  // of what is below the least factor, nothing is asked but to be small
    for (size_t i = 0; i < x.size(); i++)
        if (std::isfinite(x[i]))
            worst = std::fmax(worst, std::fabs(double(y[i]) - 0.5 * double(x[i]) * std::erfc(-double(x[i]) / std::sqrt(2.0))) /
                                         (std::fabs(double(x[i])) + 1e-38));
    CHECK(worst < 1.5e-7, "gelu is wrong by %g x", worst);
    CHECK(tern_unary(TERN_UNARY_sigmoid, &to, &from), "a kernel");
    worst = 0;
    for (size_t i = 0; i < x.size(); i++)
        if (!(x[i] < -87)) worst = std::fmax(worst, ulps(y[i], 1 / (1 + std::exp(-double(x[i])))));  // else e^-x overflows, as in PyTorch
    CHECK(worst < 3, "sigmoid: %g ulp", worst);
}

void test_two(const std::vector<float> &all) {
    const struct {
        TernBinary op;
        double (*exact)(double, double);
    } functions[] = {{TERN_BINARY_pow, std::pow}, {TERN_BINARY_atan2, std::atan2}, {TERN_BINARY_hypot, std::hypot}};
    std::vector<float> a, b;
    const float special[] = {0, -0.0f, 1, -1, 2, -2, 3, -3, 0.5f, -0.5f, INFINITY, -INFINITY, NAN, 1e-45f, 3e38f, 8388609, 16777218, -1.5f};
    for (const float x : special)
        for (const float y : special) a.push_back(x), b.push_back(y);
    for (int64_t k = 0; k < 1 << 18; k++) {
        a.push_back(all[size_t(random_int(0, int64_t(all.size()) - 1))]), b.push_back(all[size_t(random_int(0, int64_t(all.size()) - 1))]);
        a.push_back(float(random_unit() * 40)), b.push_back(float(random_unit() * 40 - 20));
        a.push_back(float(random_int(-40, 40))), b.push_back(float(random_int(-9, 9)));
    }
    const int64_t shape[] = {int64_t(a.size())}, strides[] = {1};
    std::vector<float> y(a.size());
    const auto array = [&](std::vector<float> &x) { return TernArray{x.data(), shape, strides, 1, TERN_FLOAT32}; };
    const TernArray first = array(a), second = array(b), to = array(y);
    for (const auto &f : functions) {
        CHECK(tern_binary(f.op, &to, &first, &second), "a kernel");
        double worst = 0;
        size_t where = 0;
        for (size_t i = 0; i < a.size(); i++)
            if (const double error = ulps(y[i], f.exact(double(a[i]), double(b[i]))); error > worst) worst = error, where = i;
        CHECK(worst <= 0.6, "%s of %.9g and %.9g is wrong by %g ulp", tern_binary_function(f.op).name, double(a[where]), double(b[where]), worst);
    }
}
}  // namespace

void test_functions() {
    const std::vector<float> x = samples();
    test_one(x);
    test_two(x);
}
