/// float32 functions by way of double, without branches, so that loops over them become vector code. What double leaves in error is far
/// below a float's last bit: results are within 0.6 ulp (sin, cos, tan too, of any argument), and right at infinities, NaN and zeros.
#pragma once
#include <bit>
#include <stdint.h>

#include "vector_math.h"

namespace tern {
namespace wide {
constexpr double infinity = __builtin_inf(), half_pi = 1.57079632679489661923;

/// c[0] + c[1] x + …
template <int N> TERN_VECTOR_INLINE double polynomial(double x, const double (&c)[N]) {
#pragma clang fp contract(fast)
    double p = c[N - 1];
#pragma clang loop unroll(full)
    for (int i = N - 2; i >= 0; i--) p = p * x + c[i];
    return p;
}

/// e^x - 1 = scale · p + (scale - 1), with p exact where x is small. |x| < 700 or NaN.
TERN_VECTOR_INLINE double exp_parts(double x, double &scale) {
#pragma clang fp contract(fast)
    constexpr double magic = 0x1.8p52;  // adding it rounds to an integer, found in the low bits
    const double shifted = x * 1.44269504088896340736 + magic, n = shifted - magic, r = x - n * 0.693147180559945309417;
    scale = std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
    constexpr double c[] = {1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880};
    return polynomial(r, c) * (r * r) + r;
}
/// Beyond these a float's result is infinite, or zero. (Both comparisons keep a NaN.)
TERN_VECTOR_INLINE double clamped(double x, double least = -110, double most = 100) {
    const double c = x > most ? most : x;
    return c < least ? least : c;
}
TERN_VECTOR_INLINE double exp(double x) {
    double scale;
    const double p = exp_parts(clamped(x), scale);
    return p * scale + scale;
}
TERN_VECTOR_INLINE double expm1(double x) {
    double scale;
    const double p = exp_parts(clamped(x), scale);
    return scale * p + (scale - 1.0);
}

/// Of a number that is not denormal.
TERN_VECTOR_INLINE double log(double x) {
#pragma clang fp contract(fast)
    constexpr uint64_t root = 0x3fe6a09e667f3bcd, one = uint64_t(1023) << 52;
    // x = m · 2^n, sqrt(1/2) <= m < sqrt(2)
    const uint64_t bits = std::bit_cast<uint64_t>(x), biased = (bits - root + one) >> 52;
    const double n = std::bit_cast<double>(biased | 0x4330000000000000) - (0x1p52 + 1023.0);
    const double m = std::bit_cast<double>(bits - ((biased - 1023) << 52)), s = (m - 1.0) / (m + 1.0), z = s * s;
    constexpr double c[] = {2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13};
    double y = n * 0.693147180559945309417 + (2.0 * s + s * (z * polynomial(z, c)));
    y = x < infinity ? y : x;  // +inf, NaN
    y = x < 0.0 ? __builtin_nan("") : y;
    return x == 0.0 ? -infinity : y;
}
/// 1 + x is rounded; what that lost is added again.
TERN_VECTOR_INLINE double log1p(double x) {
    const double u = 1.0 + x, lost = x - (u - 1.0);
    return log(u) + (__builtin_fabs(x) < 1.0 && u > 0.0 ? lost / u : 0.0);
}

TERN_VECTOR_INLINE double atan_of_unit(double z) {  // 0 <= z <= 1
    constexpr double c[] = {0.9999999999916273,    -0.333333330335144,   0.19999982186891477,   -0.14285296708136913,  0.1110598608869415,
                            -0.09053013816324158,  0.07508997745438456,  -0.06054607968194197,  0.04415712542570408,   -0.026537446159881916,
                            0.01177862753707214,   -0.0033286458767925837, 0.0004413575395393908};
    return z * polynomial(z * z, c);
}
TERN_VECTOR_INLINE double asin_of_half(double x) {  // |x| <= 1/2
    constexpr double c[] = {0.16666666669695945,  0.07499999525591873,  0.044643112465256395,  0.030375233414865078, 0.022471299716562875,
                            0.016477821893508503, 0.018629967902719823, -0.002857199394999567, 0.031958248007289684};
    const double z = x * x;
    return x + x * (z * polynomial(z, c));
}
/// asin |x|, and acos |x|.
struct Arc { double sine, cosine; };
TERN_VECTOR_INLINE Arc arc_of_modulus(double x) {
    const double a = __builtin_fabs(x), part = asin_of_half(a > 0.5 ? __builtin_sqrt(0.5 - 0.5 * a) : a);
    return {a > 0.5 ? half_pi - 2.0 * part : part, a > 0.5 ? 2.0 * part : half_pi - part};
}

/// 2^e · 2/π modulo 4, for each exponent e that the bits of a float name, as a number of 28 bits and the 53 bits after it: a float's
/// 24-bit mantissa times the former is exact.
struct TurnTable {
    double parts[2][256];
    constexpr TurnTable() : parts() {
        constexpr uint32_t digits[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
        for (int e = 0; e < 255; e++) {
            const int shift = (e ? e : 1) - 150, start = shift > 2 ? shift - 1 : 1;
            double weight = 1;
            for (int i = shift - start; i > 0; i--) weight *= 2;
            for (int i = shift - start; i < 0; i++) weight *= 0.5;
            for (int i = start; i < start + 81; i++, weight *= 0.5)
                if (digits[(i - 1) / 32] >> (31 - (i - 1) % 32) & 1) parts[i >= start + 28][e] += weight;
        }
        parts[0][255] = parts[1][255] = __builtin_nan("");
    }
};
inline constexpr TurnTable turns;

/// |x| = quadrant · π/2 + angle: its sine and cosine, given the angle's.
struct Turn { double sine, cosine; };
TERN_VECTOR_INLINE Turn turn(float x) {
    constexpr double magic = 0x1.8p52;
    const uint32_t bits = std::bit_cast<uint32_t>(x) & 0x7fffffffu, exponent = bits >> 23;
    const double m = double(int32_t((bits & 0x007fffffu) | (exponent ? 0x00800000u : 0u)));
    const double high = m * turns.parts[0][exponent], low = m * turns.parts[1][exponent];
    const double shifted = (high + low) + magic, angle = ((high - (shifted - magic)) + low) * half_pi, z = angle * angle;
    constexpr double s[] = {-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800};
    constexpr double c[] = {-1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600};
    const double sine = angle + angle * (z * polynomial(z, s)), cosine = 1.0 + z * polynomial(z, c);
    const uint64_t quadrant = std::bit_cast<uint64_t>(shifted);
    const bool odd = quadrant & 1;
    const double a = odd ? cosine : sine, b = odd ? sine : cosine;
    return {quadrant & 2 ? -a : a, (quadrant + 1) & 2 ? -b : b};
}
TERN_VECTOR_INLINE float with_sign(double magnitude, float x) { return __builtin_copysignf(float(magnitude), x); }
TERN_VECTOR_INLINE float flipped(double value, float x) {  // -value where x has a sign
    return std::bit_cast<float>(std::bit_cast<uint32_t>(float(value)) ^ (std::bit_cast<uint32_t>(x) & 0x80000000u));
}
}  // namespace wide

TERN_VECTOR_INLINE float expm1(float x) { return x == 0.0f ? x : float(wide::expm1(x)); }
TERN_VECTOR_INLINE float log2(float x) { return float(wide::log(x) * 1.44269504088896340736); }
TERN_VECTOR_INLINE float log10(float x) { return float(wide::log(x) * 0.434294481903251827651); }
TERN_VECTOR_INLINE float log1p(float x) { return x == 0.0f ? x : float(wide::log1p(x)); }

TERN_VECTOR_INLINE float sin(float x) { return wide::flipped(wide::turn(x).sine, x); }
TERN_VECTOR_INLINE float cos(float x) { return float(wide::turn(x).cosine); }
TERN_VECTOR_INLINE float tan(float x) {
    const wide::Turn t = wide::turn(x);
    return wide::flipped(t.sine / t.cosine, x);
}
TERN_VECTOR_INLINE float asin(float x) { return wide::with_sign(wide::arc_of_modulus(x).sine, x); }
TERN_VECTOR_INLINE float acos(float x) {
    const double c = wide::arc_of_modulus(x).cosine;
    return float(x < 0.0f ? 2.0 * wide::half_pi - c : c);
}
TERN_VECTOR_INLINE float atan(float x) {
    const double a = __builtin_fabs(double(x)), part = wide::atan_of_unit(a > 1.0 ? 1.0 / a : a);
    return wide::with_sign(a > 1.0 ? wide::half_pi - part : part, x);
}
TERN_VECTOR_INLINE float atan2(float y, float x) {
    const double a = __builtin_fabs(double(y)), b = __builtin_fabs(double(x)), most = a > b ? a : b, least = a > b ? b : a;
    const double ratio = most == 0.0 ? 0.0 : least == wide::infinity ? 1.0 : least / most, part = wide::atan_of_unit(ratio);
    const double first = a > b ? wide::half_pi - part : part;
    const double angle = __builtin_signbit(x) ? 2.0 * wide::half_pi - first : first;
    return x != x || y != y ? x + y : wide::with_sign(angle, y);
}

TERN_VECTOR_INLINE float sinh(float x) {
    const double e = wide::expm1(__builtin_fabs(double(x)));
    return wide::with_sign(0.5 * (e + e / (e + 1.0)), x);
}
TERN_VECTOR_INLINE float cosh(float x) {
    const double e = wide::exp(__builtin_fabs(double(x)));
    return float(0.5 * (e + 1.0 / e));
}
TERN_VECTOR_INLINE float asinh(float x) {
    const double a = __builtin_fabs(double(x));
    const double y = wide::log1p(a + a * (a / (1.0 + __builtin_sqrt(1.0 + a * a))));
    return wide::with_sign(a == wide::infinity ? a : y, x);
}
TERN_VECTOR_INLINE float acosh(float x) {
    const double t = double(x) - 1.0;
    const double y = wide::log1p(t + __builtin_sqrt(t * (t + 2.0)));
    return x < 1.0f ? __builtin_nanf("") : float(y);
}
TERN_VECTOR_INLINE float atanh(float x) {
    const double a = __builtin_fabs(double(x));
    return wide::with_sign(0.5 * wide::log1p(2.0 * a / (1.0 - a)), x);
}

TERN_VECTOR_INLINE float erfc(float x) {
    constexpr double c[] = {1.2769783816316365,    -0.09276382552024381,   -0.16603040872575434,   0.16405122800177968,    -0.05421975731192033,
                            -0.00803323671984705,  0.008720775971707317,   0.0012660505249782812,  -0.0014507841476004068, -0.0004360009122794628,
                            0.00019992500748717147, 0.00011877177905855898, -6.797237218881629e-06, -1.165204467624572e-05};
    const double a = wide::clamped(__builtin_fabs(double(x)), 0, 11);
    const double tail = wide::exp(-a * a) * wide::polynomial((a - 2.0) / (a + 2.0), c) / (1.0 + 2.0 * a);
    return float(x < 0.0f ? 2.0 - tail : tail);
}

TERN_VECTOR_INLINE float hypot(float a, float b) {
    const float x = __builtin_fabsf(a), y = __builtin_fabsf(b);
    const float r = float(__builtin_sqrt(double(x) * double(x) + double(y) * double(y)));
    return x == __builtin_inff() || y == __builtin_inff() ? __builtin_inff() : r;
}

/// As C says: a negative base takes integers only, x^0 and 1^x are 1 even of NaN.
TERN_VECTOR_INLINE float pow(float a, float b) {
    const float base = __builtin_fabsf(a), size = __builtin_fabsf(b);
    const double product = double(b) * wide::log(base);
    const bool whole = size >= 8388608.0f || (size + 8388608.0f) - 8388608.0f == size;
    const bool odd = size < 16777216.0f /* all beyond are even */ && (int32_t(size < 16777216.0f ? size : 0.0f) & 1) && whole;
    float y = float(wide::exp(product));
    y = a < 0.0f && base < __builtin_inff() && !whole ? __builtin_nanf("") : y;
    y = odd && __builtin_signbit(a) ? -y : y;
    y = base == 1.0f && size == __builtin_inff() ? 1.0f : y;
    return b == 0.0f || a == 1.0f ? 1.0f : y;
}
}  // namespace tern
