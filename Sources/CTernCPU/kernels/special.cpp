#include "special.h"

#include <cmath>
#include <limits>

namespace tern {
namespace {
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr double epsilon = std::numeric_limits<double>::epsilon() / 2;
constexpr double pi = 3.14159265358979323846, sqrt_pi = 1.77245385090551602730, sqrt_half = 0.707106781186547524401;

/// Coefficients from the highest power down.
template <int N> double polynomial(double x, const double (&c)[N]) {
    double y = c[0];
    for (int i = 1; i < N; ++i) y = y * x + c[i];
    return y;
}

/// e^(x²), or e^(-x²) for sign = -1, with the rounding error of x² put back.
double exp_square(double x, double sign) {
    const double square = x * x, error = std::fma(x, x, -square);
    return std::isinf(square) ? std::exp(sign * square) : std::exp(sign * square) * (1 + sign * error);
}
}  // namespace

// The error function's family ---------------------------------------------------------------------------------------------
double erfcx(double x) {
    if (x < 1) {
        if (x < -27) return infinity;
        return x < -1 ? 2 * exp_square(x, 1) - erfcx(-x) : exp_square(x, 1) * std::erfc(x);
    }
    if (x > 1e4) return (1 - 0.5 / x / x) / (x * sqrt_pi);
    if (x < 8) {  // Cephes' rational approximations of e^(x²) erfc(x)
        static const double p[] = {2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0,
                                   4.86371970985681366614e1,   1.96520832956077098242e2,  5.26445194995477358631e2,
                                   9.34528527171957607540e2,   1.02755188689515710272e3,  5.57535335369399327526e2};
        static const double q[] = {1,
                                   1.32281951154744992508e1,
                                   8.67072140885989742329e1,
                                   3.54937778887819891062e2,
                                   9.75708501743205489753e2,
                                   1.82390916687909736289e3,
                                   2.24633760818710981792e3,
                                   1.65666309194161350182e3,
                                   5.57535340817727675546e2};
        return polynomial(x, p) / polynomial(x, q);
    }
    static const double r[] = {5.64189583547755073984e-1, 1.27536670759978104416e0, 5.01905042251180477414e0,
                               6.16021097993053585195e0,  7.40974269950448939160e0, 2.97886665372100240670e0};
    static const double s[] = {1,
                               2.26052863220117276590e0,
                               9.39603524938001434673e0,
                               1.20489539808096656605e1,
                               1.70814450747565897222e1,
                               9.60896809063285878198e0,
                               3.36907645100081516050e0};
    return polynomial(x, r) / polynomial(x, s);
}

/// x >= 0 with erfc(x) = q, 0 < q <= 1/2: a first guess, then Newton's method on log erfc, which cannot underflow.
static double erfc_inverse(double q) {
    constexpr double a = 0.147;
    const double target = std::log(q), l = target + std::log1p(1 - q), t = 2 / (pi * a) + l / 2;
    double x = std::sqrt(-l / a / (std::sqrt(t * t - l / a) + t));
    for (int i = 0; i < 8; ++i) {
        const double e = erfcx(x), step = (std::log(e) - x * x - target) * e * (sqrt_pi / 2);
        x += step;
        if (std::fabs(step) < 1e-10 * x) break;
    }
    return x;
}

double erfinv(double y) {
    const double a = std::fabs(y);
    if (!(a < 1)) return a == 1 ? std::copysign(infinity, y) : nan;
    if (a < 1e-8) return y * (sqrt_pi / 2);
    if (a > 0.5) return std::copysign(erfc_inverse(1 - a), y);
    double x = a * (sqrt_pi / 2) * (1 + a * a * (pi / 12));
    for (int i = 0; i < 4; ++i) {
        const double error = (std::erf(x) - a) * (sqrt_pi / 2) * std::exp(x * x);
        x -= error / (1 + x * error);
    }
    return std::copysign(x, y);
}

double ndtri(double p) {
    if (!(p > 0 && p < 1)) return p == 0 ? -infinity : p == 1 ? infinity : nan;
    if (p < 0.25) return -erfc_inverse(2 * p) / sqrt_half;
    if (p > 0.75) return erfc_inverse(2 * (1 - p)) / sqrt_half;
    return erfinv(2 * p - 1) / sqrt_half;
}

double log_ndtr(double x) {
    const double t = x * sqrt_half;
    return x < -1 ? std::log(erfcx(-t) / 2) - x * x / 2 : std::log1p(-std::erfc(t) / 2);
}

// The gamma function's family ---------------------------------------------------------------------------------------------
double lgamma(double x) {
#if defined(__linux__) || defined(__APPLE__)
    int sign;  // (plain lgamma writes it to a global)
    return ::lgamma_r(x, &sign);
#else
    return std::lgamma(x);
#endif
}

double digamma(double x) {
    if (x == 0) return std::copysign(infinity, -x);
    if (x == -infinity) return nan;
    double y = 0;
    if (x < 0) {
        const double fraction = x - std::trunc(x);
        if (fraction == 0) return nan;
        y = -pi / std::tan(pi * fraction);
        x = 1 - x;
    }
    for (; x < 10; x += 1) y -= 1 / x;
    if (x == infinity) return infinity;
    static const double c[] = {1.0 / 12, -691.0 / 32760, 1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12};
    const double z = 1 / (x * x);
    return y + std::log(x) - 0.5 / x - z * polynomial(z, c);
}

double trigamma(double x) {
    if (x == -infinity) return nan;
    double y = 0, sign = 1;
    if (x < 0.5) {
        const double s = std::sin(pi * (x - std::rint(x)));
        if (s == 0) return infinity;
        y = -(pi * pi) / (s * s);
        sign = -1;
        x = 1 - x;
    }
    for (; x < 10; x += 1) y += 1 / (x * x);
    static const double c[] = {7.0 / 6, -691.0 / 2730, 5.0 / 66, -1.0 / 30, 1.0 / 42, -1.0 / 30, 1.0 / 6};
    const double z = 1 / (x * x);
    return sign * (y + 1 / x + z / 2 + z / x * polynomial(z, c));
}

/// Hurwitz': the sum of (n + q)^-s, by Euler and Maclaurin's formula.
double zeta(double s, double q) {
    if (s == 1) return infinity;
    if (!(s > 1) || q != q) return nan;
    if (q <= 0) {
        if (q == std::floor(q)) return infinity;
        if (s != std::floor(s)) return nan;
    }
    double sum = std::pow(q, -s), a = q, term = 0;
    for (int i = 0; i < 9 || a <= 9; ++i) {
        a += 1;
        term = std::pow(a, -s);
        sum += term;
        if (std::fabs(term) <= epsilon * std::fabs(sum)) return sum;
    }
    sum += term * a / (s - 1) - term / 2;
    static const double over[] = {12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9,  // (2k)! / B_2k
                                  7.47242496e10, -2.950130727918164224e12, 1.1646782814350067249e14,
                                  -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18};
    double factor = 1, k = 0;
    for (double b : over) {
        factor *= s + k;
        term /= a;
        const double t = factor * term / b;
        sum += t;
        if (std::fabs(t) <= epsilon * std::fabs(sum)) break;
        factor *= s + k + 1;
        term /= a;
        k += 2;
    }
    return sum;
}

// The incomplete gamma functions: P = igamma and Q = igammac = 1 - P -------------------------------------------------------------
namespace {
/// log Γ(1 + a)
double lgamma1p(double a) {
    if (std::fabs(a) > 0.1) return lgamma(1 + a);
    static const double c[] = {-9.4394882752683984e-06, 2.0507212775670688e-05, -4.4926236738133156e-05, 9.9457512781808572e-05,
                               -0.00022315475845357936, 0.00050966952474304256, -0.0011927539117032612,  0.0028905103307415229,
                               -0.0073855510286739883,  0.020580808427784553,   -0.067352301053198102,   0.32246703342411331};
    return a * a * polynomial(a, c) + a * (1 - 0.577215664901532860607) - std::log1p(a);  // c: (ζ(k) - 1) (-1)^k / k
}

/// m - log(1 + m)
double less_log1p(double m) {
    if (std::fabs(m) > 0.3) return m - std::log1p(m);
    double power = m * m, sum = 0;
    for (int k = 2; k < 60; ++k, power *= -m) {
        const double term = power / k;
        sum += term;
        if (std::fabs(term) < epsilon * std::fabs(sum)) break;
    }
    return sum;
}

/// x^a e^-x / Γ(1 + a)
double gamma_term(double a, double x) {
    if (a < 20) return std::exp(a * std::log(x) - x - lgamma1p(a));
    const double z = 1 / (a * a);  // Stirling's series; x^a e^-x would overflow, and lose digits where x is near a
    const double correction = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / a;
    return std::exp(-a * less_log1p((x - a) / a) - correction) / std::sqrt(2 * pi * a);
}

double lower_series(double a, double x) {
    double term = 1, sum = 1;
    for (double n = a + 1; term > epsilon * sum; ++n) sum += term *= x / n;
    return gamma_term(a, x) * sum;
}

double upper_series(double a, double x) {
    double term = 1, sum = 0;
    for (int n = 1; n < 2000; ++n) {
        term *= -x / n;
        const double part = term / (a + n);
        sum += part;
        if (std::fabs(part) <= epsilon * std::fabs(sum)) break;
    }
    const double l = a * std::log(x) - lgamma1p(a);
    return -std::expm1(l) - a * std::exp(l) * sum;
}

/// Lentz' method on Γ(a, x) = e^-x x^a / (x + 1 - a - 1 (1 - a) / (x + 3 - a - …))
double upper_fraction(double a, double x) {
    constexpr double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (double i = 1; i < 1e6; ++i) {
        const double numerator = -i * (i - a);
        b += 2;
        d = numerator * d + b;
        if (std::fabs(d) < tiny) d = tiny;
        c = b + numerator / c;
        if (std::fabs(c) < tiny) c = tiny;
        d = 1 / d;
        const double factor = d * c;
        h *= factor;
        if (std::fabs(factor - 1) <= 2 * epsilon) break;
    }
    return gamma_term(a, x) * a * h;
}

/// Temme's uniform expansion, two terms, for huge a: where the others would take a number of steps like sqrt(a).
double upper_uniform(double a, double x) {
    const double m = (x - a) / a, eta = std::copysign(std::sqrt(2 * less_log1p(m)), m);
    const double c0 = std::fabs(m) < 1e-3 ? -1.0 / 3 + eta * (1.0 / 12 - eta * (2.0 / 135 - eta / 864)) : 1 / m - 1 / eta;
    const double c1 = -1.0 / 540 - eta / 288;
    return std::erfc(eta * std::sqrt(a / 2)) / 2 + std::exp(-a * eta * eta / 2) / std::sqrt(2 * pi * a) * (c0 + c1 / a);
}
constexpr double huge_a = 1e7;

/// The values at the ends of the domain; false inside of it.
bool gamma_limits(double a, double x, double &lower) {
    if (!(a >= 0 && x >= 0)) return lower = nan, true;
    if (a == 0) return lower = x > 0 ? 1 : nan, true;
    if (x == 0) return lower = 0, true;
    if (a == infinity) return lower = x == infinity ? nan : 0, true;
    if (x == infinity) return lower = 1, true;
    return false;
}
}  // namespace

double igammac(double a, double x) {
    double p;
    if (gamma_limits(a, x, p)) return 1 - p;
    if (a > huge_a) return upper_uniform(a, x);
    if (x > 1.1) return x < a ? 1 - lower_series(a, x) : upper_fraction(a, x);
    const bool lower = x <= 0.5 ? -0.4 / std::log(x) < a : x * 1.1 < a;
    return lower ? 1 - lower_series(a, x) : upper_series(a, x);
}

double igamma(double a, double x) {
    double p;
    if (gamma_limits(a, x, p)) return p;
    if (a > huge_a) return 1 - upper_uniform(a, x);
    return x > 1 && x > a ? 1 - igammac(a, x) : lower_series(a, x);
}

// Modified Bessel functions -------------------------------------------------------------------------------------------------
/// I_order(|x|) e^-|x|: by the power series, whose terms are all positive, or the asymptotic one.
static double bessel_scaled(int order, double x) {
    const double a = std::fabs(x);
    if (a < 20) {
        const double t = a * a / 4;
        double term = order ? a / 2 : 1, sum = term;
        for (double k = 1; term > epsilon * sum; ++k) sum += term *= t / (k * (k + order));
        return sum * std::exp(-a);
    }
    if (a == infinity) return 0;
    double term = 1, sum = 1;
    for (double k = 1; k < 40 && std::fabs(term) > epsilon; ++k)
        sum += term *= ((2 * k - 1) * (2 * k - 1) - 4 * order * order) / (8 * a * k);
    return sum / std::sqrt(2 * pi * a);
}
static double bessel(int order, double x) {
    if (x != x) return x;
    if (std::isinf(x)) return infinity;
    const double e = std::exp(std::fabs(x) / 2);  // e^|x| overflows before the result does
    return bessel_scaled(order, x) * e * e;
}
double i0e(double x) { return x != x ? x : bessel_scaled(0, x); }
double i0(double x) { return bessel(0, x); }
double i1e(double x) { return x != x ? x : std::copysign(bessel_scaled(1, x), x); }
double i1(double x) { return x != x ? x : std::copysign(bessel(1, x), x); }
}  // namespace tern
