/// float32 exp, log, tanh without branches, so that loops over them become vector code (with fused multiply-add where the caller's
/// instruction set has it). Errors stay within 2 ulp; infinities, NaN, denormals and overflow come out as from libm.
#pragma once
#include <bit>
#include <stdint.h>

namespace tern {
#define TERN_VECTOR_INLINE [[gnu::always_inline]] inline

/// x = n · ln 2 + r with |r| <= ln 2 / 2: e^r, and n. |x| below 2^20 or NaN.
TERN_VECTOR_INLINE float exp_parts(float x, int32_t &n) {
#pragma clang fp contract(fast)
    constexpr float magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer, found in the low bits
    const float shifted = x * 1.44269504088896341f + magic;
    n = int32_t(std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(magic));
    const float m = shifted - magic;
    const float r = (x - m * 0.693359375f) - m * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * (r * r) + r) + 1.0f;
}

/// 2^n for -126 <= n <= 127.
TERN_VECTOR_INLINE float power_of_two(int32_t n) { return std::bit_cast<float>(uint32_t(n + 127) << 23); }

TERN_VECTOR_INLINE float exp(float x) {
    float c = x > 89.0f ? 89.0f : x;  // beyond these the result is infinite, or zero
    c = c < -104.0f ? -104.0f : c;    // (both comparisons keep a NaN)
    int32_t n;
    const float e = exp_parts(c, n);
    n = n > 128 ? 128 : n < -151 ? -151 : n;  // a NaN's n is anything
    const int32_t half = n >> 1;
    return e * power_of_two(half) * power_of_two(n - half);  // in two steps: results may overflow or be denormal
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
    return a < 0.625f ? small : __builtin_copysignf(large, x);
}

TERN_VECTOR_INLINE float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }
}  // namespace tern
