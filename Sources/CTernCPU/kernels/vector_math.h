/// float32 exp, exp2, log, tanh, erf without branches, so that loops over them become vector code (with fused multiply-add where the
/// caller's instruction set has it). Errors stay within 2 ulp; infinities, NaN, denormals and overflow come out as from libm. The other
/// functions, which take less of a program's time: wide_math.h.
#pragma once
#include <bit>
#include <stdint.h>

namespace tern {
#define TERN_VECTOR_INLINE [[gnu::always_inline]] inline

/// e^r for |r| <= ln 2 / 2.
TERN_VECTOR_INLINE float exp_of_part(float r) {
#pragma clang fp contract(fast)
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * (r * r) + r) + 1.0f;
}

/// x = n · ln 2 + r with |r| <= ln 2 / 2: e^r, and n. |x| below 2^20 or NaN.
TERN_VECTOR_INLINE float exp_parts(float x, int32_t &n) {
#pragma clang fp contract(fast)
    constexpr float magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer, found in the low bits
    const float shifted = x * 1.44269504088896341f + magic;
    n = int32_t(std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(magic));
    const float m = shifted - magic;
    return exp_of_part((x - m * 0.693359375f) - m * -2.12194440e-4f);
}

/// 2^n for -126 <= n <= 127.
TERN_VECTOR_INLINE float power_of_two(int32_t n) { return std::bit_cast<float>(uint32_t(n + 127) << 23); }

/// e · 2^n. In two steps: results may overflow or be denormal.
TERN_VECTOR_INLINE float scaled(float e, int32_t n) {
    n = n > 130 ? 130 : n < -152 ? -152 : n;  // a NaN's n is anything
    const int32_t half = n >> 1;
    return e * power_of_two(half) * power_of_two(n - half);
}

TERN_VECTOR_INLINE float exp(float x) {
    float c = x > 89.0f ? 89.0f : x;  // beyond these the result is infinite, or zero
    c = c < -104.0f ? -104.0f : c;    // (both comparisons keep a NaN)
    int32_t n;
    const float e = exp_parts(c, n);
    return scaled(e, n);
}

TERN_VECTOR_INLINE float exp2(float x) {
    constexpr float magic = 12582912.0f;
    float c = x > 130.0f ? 130.0f : x;
    c = c < -152.0f ? -152.0f : c;
    const float shifted = c + magic, r = c - (shifted - magic);
    return scaled(exp_of_part(r * 0.693147180559945309417f), int32_t(std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(magic)));
}

TERN_VECTOR_INLINE float log(float x) {
#pragma clang fp contract(fast)
    const bool tiny = x < 1.17549435e-38f;  // denormal (or not positive: mended below)
    const float scaled = tiny ? x * 8388608.0f : x;
    // scaled = m · 2^n, sqrt(1/2) <= m < sqrt(2)
    const uint32_t bits = std::bit_cast<uint32_t>(scaled) - 0x3f3504f3u;
    const int32_t n = (int32_t(bits) >> 23) - (tiny ? 23 : 0);
    const float m = std::bit_cast<float>((bits & 0x007fffffu) + 0x3f3504f3u);
    const float r = m - 1.0f, e = float(n);
    float p = 7.0376836292e-2f;
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    const float square = r * r;
    const float tail = p * (square * r) + e * -2.12194440e-4f - 0.5f * square;
    float y = (r + tail) + e * 0.693359375f;
    y = x < __builtin_inff() ? y : x;  // +inf, NaN
    y = x < 0.0f ? __builtin_nanf("") : y;
    return x == 0.0f ? -__builtin_inff() : y;
}

TERN_VECTOR_INLINE float tanh(float x) {
#pragma clang fp contract(fast)
    const float a = __builtin_fabsf(x), clipped = a > 10.0f ? 10.0f : a;
    int32_t n;
    const float e = exp_parts(2.0f * clipped, n);
    n = n > 64 ? 64 : n < 0 ? 0 : n;  // a NaN's n is anything
    const float large = 1.0f - 2.0f / (e * power_of_two(n) + 1.0f);
    const float s = x * x;
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    const float small = x + x * (s * p);
    return __builtin_copysignf(a < 0.625f ? small : large, x);
}

/// The two ways to erf of t = |x|: x + x · `small` where t < 0.9, and 1 - `complement`, where t is cut off at 3.95.
struct ErfParts { float t, small, complement; };
TERN_VECTOR_INLINE ErfParts erf_parts(float x) {
#pragma clang fp contract(fast)
    const float a = __builtin_fabsf(x), t = a > 3.95f ? 3.95f : a, s = t * t;
    float p = -6.0903702e-4f;
    p = p * s + 5.0119647e-3f;
    p = p * s - 2.6778910e-2f;
    p = p * s + 1.12821408e-1f;
    p = p * s - 3.76125233e-1f;
    p = p * s + 1.28379154e-1f;
    float q = 1.0436992e-5f;
    q = q * t - 3.1488423e-4f;
    q = q * t + 3.6104014e-3f;
    q = q * t - 2.36946058e-2f;
    q = q * t + 1.06159013e-1f;
    q = q * t + 6.35198095e-1f;
    q = q * t + 1.28637053e-1f;
    int32_t n;
    const float e = exp_parts(-(q * t + t), n);
    return {a, p, a >= 3.95f ? 0.0f : e * power_of_two(n > 0 ? 0 : n < -64 ? -64 : n)};  // a NaN's n is anything
}
TERN_VECTOR_INLINE float erf(float x) {
    const ErfParts e = erf_parts(x);
    return e.t < 0.9f ? x + x * e.small : __builtin_copysignf(1.0f - e.complement, x);
}
/// The share of a standard normal distribution below x: half of erfc(-x / sqrt 2). From |x| = 5.6 on it is 0 or 1.
TERN_VECTOR_INLINE float normal_cdf(float x) {
    const float scaled = x * 0.707106781186547524f;
    const ErfParts e = erf_parts(scaled);
    const float small = 0.5f + 0.5f * (scaled + scaled * e.small), tail = 0.5f * e.complement;
    return e.t < 0.9f ? small : scaled < 0.0f ? tail : 1.0f - tail;
}
}  // namespace tern
