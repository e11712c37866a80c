// What single functions mean, at the places where that is not plain.
#include "testing.h"

namespace tern {  // so that names mean its functions, not those of <math.h>

static void test_integers() {
    CHECK(add(INT32_MAX, 1) == INT32_MIN && mul(int16_t(300), int16_t(300)) == int16_t(90000) && sub(INT64_MIN, int64_t(1)) == INT64_MAX,
        "wrap");
    CHECK(mul(INT64_MIN, int64_t(-1)) == INT64_MIN && mul(uint8_t(16), uint8_t(17)) == 16, "wrap");
    CHECK(div_trunc(INT32_MIN, -1) == INT32_MIN && div_trunc(7, 0) == 0 && div_trunc(-7, 2) == -3, "div_trunc");
    CHECK(div_floor(-7, 2) == -4 && div_floor(7, -2) == -4 && div_floor(-8, 2) == -4 && div_floor(INT64_MIN, int64_t(-1)) == INT64_MIN,
        "div_floor");
    CHECK(div_floor(int8_t(-128), int8_t(-1)) == int8_t(-128) && div_floor(5, 0) == 0, "div_floor");
    CHECK(fmod(-7, 2) == -1 && fmod(INT32_MIN, -1) == 0 && fmod(3, 0) == 0, "fmod");
    CHECK(remainder(-7, 2) == 1 && remainder(7, -2) == -1 && remainder(INT64_MIN, int64_t(-1)) == 0 && remainder(-4, 2) == 0, "remainder");
    CHECK(pow(3, 4) == 81 && pow(2, -1) == 0 && pow(-1, -3) == -1 && pow(-1, -4) == 1 && pow(1, -9) == 1 && pow(0, 0) == 1, "pow");
    CHECK(pow(int64_t(3), int64_t(41)) == int64_t(18026252303461234787u) && pow(uint8_t(3), uint8_t(6)) == uint8_t(729), "pow wraps");
    CHECK(shift_left(1, 31) == INT32_MIN && shift_left(1, 32) == 0 && shift_left(1, -1) == 0 && shift_left(int8_t(3),
        int8_t(7)) == int8_t(-128), "shift");
    CHECK(shift_right(-8, 1) == -4 && shift_right(-8, 40) == -1 && shift_right(8, -1) == 0 && shift_right(uint8_t(255), uint8_t(8)) == 0,
        "shift");
    CHECK(sgn(-5) == -1 && modulus(INT64_MIN + 1) == INT64_MAX && bitwise_not(true) == false && bitwise_not(uint8_t(1)) == 254,
        "one operand");
}

static void test_floats() {
    const double inf = INFINITY, nan = NAN;
    CHECK(div_floor(-7.0, 2.0) == -4 && div_floor(1.0, 0.1) == 9 && div_floor(1.0f, 0.0f) == INFINITY && std::signbit(div_floor(-0.0,
        3.0)), "div_floor");
    CHECK(div_floor(inf, 2.0) != div_floor(inf, 2.0) && div_floor(-1.0, inf) == -1, "div_floor of infinities");
    CHECK(remainder(-7.0, 2.0) == 1 && remainder(7.0, -2.0) == -1 && remainder(5.0, inf) == 5 && remainder(-5.0, inf) == inf, "remainder");
    CHECK(remainder(1.0, 0.0) != remainder(1.0, 0.0) && fmod(-7.5, 2.0) == -1.5, "remainder by zero");
    CHECK(is_nan(maximum(nan, 1.0)) && is_nan(maximum(1.0, nan)) && is_nan(minimum(nan, 1.0)) && is_nan(minimum(1.0, nan)),
        "maximum keeps NaN");
    CHECK(fmax(nan, 1.0) == 1 && fmax(1.0, nan) == 1 && fmin(nan, 1.0) == 1 && fmin(1.0f, NAN) == 1 && is_nan(fmax(nan, nan)),
        "fmax drops NaN");
    CHECK(sgn(-2.5) == -1 && sgn(0.0) == 0 && sign_bit(-0.0) && is_inf(-inf) && !is_inf(nan), "signs");
    CHECK(log_sigmoid(-inf) == -inf && log_sigmoid(800.0) == 0 && log_sigmoid(-800.0) == -800 && is_nan(log_sigmoid(nan)), "log_sigmoid");
    CHECK(nextafter(half{0}, half{0x8001}).bits == 0x8001 && nextafter(half{0x7bff}, half{0x7c00}).bits == 0x7c00 &&
              nextafter(bfloat16{0x3f80}, bfloat16{0}).bits == 0x3f7f && nextafter(half{0xbc00}, half{0}).bits == 0xbbff, "nextafter");
}

static bool close(double a, double b, double tolerance = 1e-13) { return std::fabs(a - b) <= tolerance * std::fabs(b); }
static bool close(std::complex<double> a, std::complex<double> b,
    double tolerance = 1e-14) { return std::abs(a - b) <= tolerance * std::abs(b); }

static void test_special() {
    using C = std::complex<double>;
    CHECK(close(erfinv(0.5), 0.47693627620446987) && close(erfinv(1e-20), 8.862269254527581e-21) && erfinv(-1.0) == -INFINITY &&
        is_nan(erfinv(1.5)), "erfinv");
    CHECK(close(erfcx(0.5), 0.6156903441929259) && close(erfcx(10.0), 0.05614099274382259) && erfcx(-30.0) == INFINITY, "erfcx");
    CHECK(close(ndtri(1e-10), -6.361340902404056) && close(ndtri(0.975), 1.959963984540054) && close(log_ndtr(-40.0), -804.6084420137538),
        "normal");
    CHECK(close(digamma(0.5), -1.9635100260214235) && close(digamma(-1.5), 0.7031566406452432) && digamma(0.0) == -INFINITY &&
        is_nan(digamma(-2.0)), "digamma");
    CHECK(close(trigamma(1.0), 1.6449340668482264) && close(trigamma(-0.5), 8.934802200544679) && close(zeta(3.0, 1.0),
        1.2020569031595942), "trigamma, zeta");
    CHECK(close(i0(1.0), 1.2660658777520084) && close(i1(30.0), 768532038938.957, 1e-12) && close(i0e(100.0), 0.03994437929909668) &&
        i1(-1.0) == -i1(1.0), "bessel");
    CHECK(close(igamma(2.0, 1.0), 0.26424111765711533) && close(igammac(0.5, 30.0), 9.488e-15, 1e-3) && igamma(1e9, 1e9) > 0.5, "igamma");
    for (double a : {0.01, 0.5, 3.0, 25.0, 1e3, 1e6, 1e9})
        for (double ratio : {0.5, 0.99, 1.0, 1.01, 2.0})
            CHECK(std::fabs(igamma(a, a * ratio) + igammac(a, a * ratio) - 1) < 1e-14, "igamma + igammac, a %g, x / a %g", a, ratio);
    CHECK(close(log1p(C(1e-10, 1e-8)).real(), 1.00000049995e-10, 1e-12) && close(log1p(C(3, 4)), std::log(C(4, 4))), "complex log1p");
    const C cancels = log1p(C(-0.005, 0.0998749217771909));  // |1 + z| is nearly 1
    CHECK(std::fabs(cancels.real()) < 1e-15, "complex log1p with cancellation: %g", cancels.real());
    CHECK(close(expm1(C(1e-12, 1e-12)), C(1e-12, 1.000000000001e-12), 1e-13) && close(exp2(C(3, 0)), C(8, 0)) && close(log2(C(8, 0)), C(3,
        0)), "complex");
    CHECK(sgn(C(0)) == C(0) && close(sgn(C(3, -4)), C(0.6, -0.8)), "complex sgn");
}

}  // namespace tern

void test_scalars() {
    test_integers();
    test_floats();
    test_special();
}
