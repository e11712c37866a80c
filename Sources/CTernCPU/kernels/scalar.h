/// One element: the types that C++ lacks, conversions, and every function that pointwise.def names, with PyTorch's meaning.
#pragma once
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <stdint.h>
#include <type_traits>

#include "special.h"
#include "vector_math.h"
#include "wide_math.h"

namespace tern {
#define TERN_INLINE [[gnu::always_inline]] inline

// 16-bit floats ---------------------------------------------------------------------------------------------------------
struct half { uint16_t bits; };
struct bfloat16 { uint16_t bits; };

TERN_INLINE float to_float(half h) {
#if defined(__aarch64__)
    return float(std::bit_cast<_Float16>(h));
#else
    const uint32_t magnitude = uint32_t(h.bits & 0x7fff) << 13;
    uint32_t f = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);  // exact, denormals too
    f |= magnitude >= 0x0f800000u ? 0x7f800000u : 0u;                                 // infinity and NaN
    return std::bit_cast<float>(f | uint32_t(h.bits & 0x8000) << 16);
#endif
}

/// To the nearest, ties to even.
TERN_INLINE half to_half(float x) {
#if defined(__aarch64__)
    return std::bit_cast<half>(_Float16(x));
#else
    const uint32_t bits = std::bit_cast<uint32_t>(x), u = bits & 0x7fffffffu;
    const uint32_t normal = (u - 0x37fff001u + (u >> 13 & 1)) >> 13;  // a carry into the exponent may make it infinite: as it should
    const uint32_t denormal = std::bit_cast<uint32_t>(std::bit_cast<float>(u) + 0.5f) - 0x3f000000u;
    const uint32_t special = u > 0x7f800000u ? 0x7e00u : 0x7c00u;
    const uint32_t r = u < 0x38800000u ? denormal : u < 0x47800000u ? normal : special;
    return {uint16_t(r | (bits >> 16 & 0x8000u))};
#endif
}

TERN_INLINE float to_float(bfloat16 b) { return std::bit_cast<float>(uint32_t(b.bits) << 16); }

TERN_INLINE bfloat16 to_bfloat16(float x) {
    const uint32_t u = std::bit_cast<uint32_t>(x);
    return {uint16_t((u & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : (u + 0x7fffu + (u >> 16 & 1)) >> 16)};
}

// Types and what to compute in ---------------------------------------------------------------------------------------------
template <class T> inline constexpr bool is_half = std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;
template <class T> inline constexpr bool is_complex = false;
template <class R> inline constexpr bool is_complex<std::complex<R>> = true;
template <class T> inline constexpr bool is_bool = std::is_same_v<T, bool>;
template <class T> inline constexpr bool is_integer = std::is_integral_v<T> && !is_bool<T>;
template <class T> inline constexpr bool is_real_floating = std::is_floating_point_v<T> || is_half<T>;
template <> inline constexpr bool is_integer<__int128> = true;

template <class T> concept Integer = is_integer<T>;
template <class T> concept Floating = std::is_floating_point_v<T>;
template <class T> concept Complex = is_complex<T>;
template <class T> concept Real = Integer<T> || Floating<T>;

/// The type that T's arithmetic is done in.
template <class T> struct Computed { using type = T; };
template <> struct Computed<half> { using type = float; };
template <> struct Computed<bfloat16> { using type = float; };
template <class T> using computed = typename Computed<T>::type;

/// An integer type in which neither the negative nor the square of a T overflows; others as they are.
template <class T> struct Widened { using type = T; };
template <> struct Widened<uint8_t> { using type = int32_t; };
template <> struct Widened<int8_t> { using type = int32_t; };
template <> struct Widened<int16_t> { using type = int32_t; };
template <> struct Widened<int32_t> { using type = int64_t; };
template <> struct Widened<int64_t> { using type = __int128; };
template <class T> using widened = typename Widened<T>::type;

/// The unsigned type that integers of T wrap around in (no narrower than int, which smaller ones would be promoted to).
template <class T> using wrapping = std::conditional_t<(sizeof(T) < 8), uint32_t, uint64_t>;

template <class T> TERN_INLINE T load(T x) { return x; }
TERN_INLINE float load(half x) { return to_float(x); }
TERN_INLINE float load(bfloat16 x) { return to_float(x); }

/// A floating number to an integer: towards zero; what does not fit (or is NaN) gives what x86 gives, never undefined behaviour.
template <Integer I, Floating F> TERN_INLINE I truncated(F x) {
    if constexpr (sizeof(I) == 8) {
        return x >= F(-0x1p63) && x < F(0x1p63) ? I(x) : std::numeric_limits<I>::min();
    } else if constexpr (sizeof(F) == 4) {
        return I(x >= F(-0x1p31) && x < F(0x1p31) ? int32_t(x) : std::numeric_limits<int32_t>::min());
    } else {
        return I(x > F(-0x1.00000002p31) && x < F(0x1p31) ? int32_t(x) : std::numeric_limits<int32_t>::min());
    }
}

/// As C converts (see tern_copy).
template <class To, class From> TERN_INLINE To convert(From x) {
    if constexpr (std::is_same_v<To, From>) return x;
    else if constexpr (is_bool<To> && is_half<From>) return (x.bits & 0x7fff) != 0;
    else if constexpr (is_half<From>) return convert<To>(to_float(x));
    else if constexpr (is_complex<From> && is_bool<To>) return x.real() != 0 || x.imag() != 0;
    else if constexpr (is_complex<From> && is_complex<To>) return To(typename To::value_type(x.real()), typename To::value_type(x.imag()));
    else if constexpr (is_complex<From>) return convert<To>(x.real());
    else if constexpr (is_complex<To>) return To(convert<typename To::value_type>(x));
    else if constexpr (std::is_same_v<To, half>) return to_half(float(x));
    else if constexpr (std::is_same_v<To, bfloat16>) return to_bfloat16(float(x));
    else if constexpr (is_bool<To>) return x != From(0);
    else if constexpr (Integer<To> && Floating<From>) return truncated<To>(x);
    else return To(x);
}

// Functions of <cmath> -----------------------------------------------------------------------------------------------------
using std::copysign;
using std::nextafter;
using std::sqrt;

// The float32 ones: vector_math.h and wide_math.h.
TERN_INLINE double acos(double x) { return std::acos(x); }
TERN_INLINE double acosh(double x) { return std::acosh(x); }
TERN_INLINE double asin(double x) { return std::asin(x); }
TERN_INLINE double asinh(double x) { return std::asinh(x); }
TERN_INLINE double atan(double x) { return std::atan(x); }
TERN_INLINE double atanh(double x) { return std::atanh(x); }
TERN_INLINE double cos(double x) { return std::cos(x); }
TERN_INLINE double cosh(double x) { return std::cosh(x); }
TERN_INLINE double erf(double x) { return std::erf(x); }
TERN_INLINE double erfc(double x) { return std::erfc(x); }
TERN_INLINE double exp(double x) { return std::exp(x); }
TERN_INLINE double exp2(double x) { return std::exp2(x); }
TERN_INLINE double expm1(double x) { return std::expm1(x); }
TERN_INLINE double log(double x) { return std::log(x); }
TERN_INLINE double log10(double x) { return std::log10(x); }
TERN_INLINE double log1p(double x) { return std::log1p(x); }
TERN_INLINE double log2(double x) { return std::log2(x); }
TERN_INLINE double sin(double x) { return std::sin(x); }
TERN_INLINE double sinh(double x) { return std::sinh(x); }
TERN_INLINE double tan(double x) { return std::tan(x); }
TERN_INLINE double tanh(double x) { return std::tanh(x); }
TERN_INLINE double normal_cdf(double x) { return 0.5 * std::erfc(-0.707106781186547524401 * x); }
TERN_INLINE double atan2(double a, double b) { return std::atan2(a, b); }
TERN_INLINE double hypot(double a, double b) { return std::hypot(a, b); }
TERN_INLINE double pow(double a, double b) { return std::pow(a, b); }
/// The library's gives NaN for 0 to the power 0, and for infinity.
template <class R> requires std::is_floating_point_v<R>
inline std::complex<R> pow(const std::complex<R> &a, const std::complex<R> &b) { return b == R(0) ? std::complex<R>(1) : std::pow(a, b); }
template <Floating F> TERN_INLINE F ceil(F x) { return std::ceil(x); }
template <Floating F> TERN_INLINE F floor(F x) { return std::floor(x); }
template <Floating F> TERN_INLINE F trunc(F x) { return std::trunc(x); }
template <Floating F> TERN_INLINE F rint(F x) { return std::rint(x); }
template <Integer I> TERN_INLINE I ceil(I x) { return x; }
template <Integer I> TERN_INLINE I floor(I x) { return x; }
template <Integer I> TERN_INLINE I trunc(I x) { return x; }
template <Integer I> TERN_INLINE I rint(I x) { return x; }

// The special ones, by way of double
inline float erfinv(float x) { return float(erfinv(double(x))); }
inline float erfcx(float x) { return float(erfcx(double(x))); }
inline float ndtri(float x) { return float(ndtri(double(x))); }
inline float log_ndtr(float x) { return float(log_ndtr(double(x))); }
inline float lgamma(float x) { return float(lgamma(double(x))); }
inline float digamma(float x) { return float(digamma(double(x))); }
inline float trigamma(float x) { return float(trigamma(double(x))); }
inline float i0(float x) { return float(i0(double(x))); }
inline float i0e(float x) { return float(i0e(double(x))); }
inline float i1(float x) { return float(i1(double(x))); }
inline float i1e(float x) { return float(i1e(double(x))); }
inline float zeta(float s, float q) { return float(zeta(double(s), double(q))); }
inline float igamma(float a, float x) { return float(igamma(double(a), double(x))); }
inline float igammac(float a, float x) { return float(igammac(double(a), double(x))); }

// One operand --------------------------------------------------------------------------------------------------------------
template <Integer I> TERN_INLINE I modulus(I x) { return x < 0 ? I(-x) : x; }
template <Floating F> TERN_INLINE F modulus(F x) { return std::fabs(x); }
template <class R> TERN_INLINE R modulus(std::complex<R> z) { return std::abs(z); }

template <Integer I> TERN_INLINE I sgn(I x) { return I((x > 0) - (x < 0)); }
template <Floating F> TERN_INLINE F sgn(F x) { return F(x > 0) - F(x < 0); }  // of NaN: 0
template <class R> inline std::complex<R> sgn(std::complex<R> z) {
    const R r = std::abs(z);
    return r == 0 ? std::complex<R>(0) : z / r;
}

template <Floating F> TERN_INLINE F conj(F x) { return x; }

template <Floating F> TERN_INLINE F log_sigmoid(F x) { return (x < 0 ? x : x != x ? x : F(0)) - log1p(exp(-modulus(x))); }

template <Integer I> TERN_INLINE I bitwise_not(I x) { return I(~x); }
TERN_INLINE bool bitwise_not(bool x) { return !x; }

template <class T> TERN_INLINE bool is_nan(T x) {
    if constexpr (is_complex<T>) return x.real() != x.real() || x.imag() != x.imag();
    else return x != x;
}
template <class T> TERN_INLINE bool is_inf(T x) {
    if constexpr (is_complex<T>) return is_inf(x.real()) || is_inf(x.imag());
    else if constexpr (Floating<T>) return std::fabs(x) == std::numeric_limits<T>::infinity();
    else return false;
}
template <Floating F> TERN_INLINE bool sign_bit(F x) { return __builtin_signbit(x); }
template <class I> requires std::is_integral_v<I> || is_integer<I> TERN_INLINE bool sign_bit(I x) { return x < I(0); }

// Arithmetic: integers wrap around -------------------------------------------------------------------------------------------
TERN_INLINE bool add(bool a, bool b) { return a | b; }
TERN_INLINE bool mul(bool a, bool b) { return a & b; }
template <Integer I> TERN_INLINE I add(I a, I b) { return I(wrapping<I>(a) + wrapping<I>(b)); }
template <Integer I> TERN_INLINE I sub(I a, I b) { return I(wrapping<I>(a) - wrapping<I>(b)); }
template <Integer I> TERN_INLINE I mul(I a, I b) { return I(wrapping<I>(a) * wrapping<I>(b)); }
template <class T> requires Floating<T> || Complex<T> TERN_INLINE T add(T a, T b) { return a + b; }
template <class T> requires Floating<T> || Complex<T> TERN_INLINE T sub(T a, T b) { return a - b; }
template <Floating F> TERN_INLINE F mul(F a, F b) { return a * b; }
template <Complex C> inline C mul(C a, C b) { return a * b; }

// Division: an integer by zero gives 0 (the caller refuses it before); the least integer by -1 gives itself.
template <Integer I> TERN_INLINE I div_trunc(I a, I b) {
    if constexpr (std::is_signed_v<I>)
        if (b == I(-1)) return I(wrapping<I>(0) - wrapping<I>(a));
    return b == 0 ? I(0) : I(a / b);
}
template <Integer I> TERN_INLINE I fmod(I a, I b) {
    if constexpr (std::is_signed_v<I>)
        if (b == I(-1)) return 0;
    return b == 0 ? I(0) : I(a % b);
}
template <Integer I> TERN_INLINE I div_floor(I a, I b) {
    const I q = div_trunc(a, b);
    return fmod(a, b) != 0 && (a < 0) != (b < 0) ? I(q - 1) : q;
}
template <Integer I> TERN_INLINE I remainder(I a, I b) {
    const I r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? I(r + b) : r;
}
template <Floating F> TERN_INLINE F div_trunc(F a, F b) { return std::trunc(a / b); }
template <Floating F> TERN_INLINE F fmod(F a, F b) { return std::fmod(a, b); }
/// Python's: agrees with `remainder`, whose sign is b's.
template <Floating F> inline F div_floor(F a, F b) {
    if (b == 0) return a / b;
    const F mod = std::fmod(a, b);
    F quotient = (a - mod) / b;
    if (mod != 0 && (b < 0) != (mod < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(F(0), a / b);
    const F below = std::floor(quotient);
    return quotient - below > F(0.5) ? below + 1 : below;
}
template <Floating F> inline F remainder(F a, F b) {
    const F mod = std::fmod(a, b);
    return mod != 0 && (b < 0) != (mod < 0) ? mod + b : mod;
}

/// The greatest number that divides both, and the least that both divide; of absolute values.
template <Integer I> inline I gcd(I a, I b) {
    wrapping<I> m = a < 0 ? wrapping<I>(0) - wrapping<I>(a) : wrapping<I>(a), n = b < 0 ? wrapping<I>(0) - wrapping<I>(b) : wrapping<I>(b);
    while (n) {
        const wrapping<I> r = m % n;
        m = n, n = r;
    }
    return I(m);
}
template <Integer I> inline I lcm(I a, I b) {
    const I g = gcd(a, b);
    return g == 0 ? I(0) : modulus(mul(I(a / g), b));
}

/// Of integers by squaring; a negative power is 0 unless the base is 1 or -1.
template <Integer I> inline I pow(I a, I b) {
    if constexpr (std::is_signed_v<I>)
        if (b < 0) return a == 1 ? I(1) : a == -1 ? I(b % 2 ? -1 : 1) : I(0);
    wrapping<I> base = wrapping<I>(a), result = 1;
    for (auto exponent = wrapping<I>(b); exponent; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return I(result);
}

// a log b and a log(1 + b), which are 0 where a is; log(e^a + e^b) and log2(2^a + 2^b) without overflow.
template <Floating F> TERN_INLINE F xlogy(F a, F b) { return b != b ? b : a == 0 ? F(0) : a * log(b); }
template <Floating F> TERN_INLINE F xlog1py(F a, F b) { return b != b ? b : a == 0 ? F(0) : a * log1p(b); }
template <Floating F> TERN_INLINE F logaddexp(F a, F b) {
    if (a == b && is_inf(a)) return a;
    return (a > b || a != a ? a : b) + log1p(exp(-modulus(a - b)));
}
template <Floating F> TERN_INLINE F logaddexp2(F a, F b) {
    if (a == b && is_inf(a)) return a;
    return (a > b || a != a ? a : b) + F(1.44269504088896340736) * log1p(exp2(-modulus(a - b)));
}

/// x = mantissa · 2^exponent, with a mantissa of 0.5 to 1.
template <Floating F> inline F mantissa(F x) {
    int e = 0;
    return std::frexp(x, &e);
}
template <Floating F> inline F exponent(F x) {
    int e = 0;
    if (std::isfinite(x)) std::frexp(x, &e);
    return F(e);
}

template <Integer I> TERN_INLINE I shift_left(I a, I b) {
    constexpr int width = 8 * sizeof(I);
    return b < 0 || b >= width ? I(0) : I(wrapping<I>(a) << b);
}
template <Integer I> TERN_INLINE I shift_right(I a, I b) {
    constexpr int width = 8 * sizeof(I), most = std::is_signed_v<I> ? width - 1 : width;
    if (b >= 0 && b < most) return I(a >> b);
    return std::is_signed_v<I> && a < 0 ? I(-1) : I(0);
}

// Order: no complex numbers. NaN wins in maximum and minimum, and loses in fmax and fmin.
template <class T> concept Ordered = Real<T> || is_bool<T>;
template <Ordered T> TERN_INLINE bool less(T a, T b) { return a < b; }
template <Ordered T> TERN_INLINE bool less_equal(T a, T b) { return a <= b; }
template <Ordered T> TERN_INLINE T maximum(T a, T b) { return a > b || a != a ? a : b; }
template <Ordered T> TERN_INLINE T minimum(T a, T b) { return a < b || a != a ? a : b; }
template <Ordered T> TERN_INLINE T fmax(T a, T b) { return a >= b || b != b ? a : b; }
template <Ordered T> TERN_INLINE T fmin(T a, T b) { return a <= b || b != b ? a : b; }

/// The neighbour of a 16-bit float towards another.
template <class H> requires is_half<H> inline H nextafter(H a, H b) {
    const float x = to_float(a), y = to_float(b);
    if (x != x) return a;
    if (y != y || x == y) return b;
    if (x == 0) return {uint16_t((b.bits & 0x8000) | 1)};
    return {uint16_t((x < y) == (x > 0) ? a.bits + 1 : a.bits - 1)};
}

// Complex functions that <complex> lacks ---------------------------------------------------------------------------------------
template <class R> inline std::complex<R> exp2(std::complex<R> z) {
    const R scale = std::exp2(z.real()), angle = z.imag() * R(0.693147180559945309417);
    if (angle == 0) return {scale, z.imag()};
    if (!(std::fabs(z.real()) < std::numeric_limits<R>::max_exponent)) return std::exp(z * R(0.693147180559945309417));
    return {scale * std::cos(angle), scale * std::sin(angle)};
}
template <class R> inline std::complex<R> log2(std::complex<R> z) {
    const std::complex<R> l = std::log(z);
    return {l.real() * R(1.44269504088896340736), l.imag() * R(1.44269504088896340736)};
}
template <class R> inline std::complex<R> expm1(std::complex<R> z) {
    const R x = z.real(), y = z.imag();
    if (y == 0) return {std::expm1(x), y};
    if (!(std::fabs(x) < 64)) return std::exp(z) - R(1);
    const R s = std::sin(y / 2);  // e^x cos y - 1 = (e^x - 1) cos y - 2 sin²(y / 2)
    return {std::expm1(x) * std::cos(y) - 2 * s * s, std::exp(x) * std::sin(y)};
}
template <class R> inline std::complex<R> log1p(std::complex<R> z) {
    const R x = z.real(), y = z.imag();
    if (!(std::fabs(x) < R(0.75) && std::fabs(y) < R(0.75))) return std::log(R(1) + z);
    // |1 + z|² - 1 = 2x + x² + y², whose terms may cancel: the squares are kept with their rounding errors.
    const R xx = x * x, yy = y * y, dx = std::fma(x, x, -xx), dy = std::fma(y, y, -yy);
    R terms[] = {2 * x, xx, yy}, sum = 0, error = dx + dy;
    for (R term : terms) {
        const R next = sum + term, part = next - sum;
        error += (sum - (next - part)) + (term - part);
        sum = next;
    }
    return {R(0.5) * std::log1p(sum + error), std::atan2(y, R(1) + x)};
}
template <class R> inline std::complex<R> logaddexp(std::complex<R> a, std::complex<R> b) {
    const bool first = a.real() >= b.real() || a.real() != a.real();
    const std::complex<R> greater = first ? a : b, lesser = first ? b : a;
    if (greater.real() == -std::numeric_limits<R>::infinity()) return greater;
    return greater + log1p(std::exp(lesser - greater));
}
template <class R> inline std::complex<R> log_sigmoid(std::complex<R> z) {
    return z.real() < 0 ? z - log1p(std::exp(z)) : -log1p(std::exp(-z));
}
}  // namespace tern
