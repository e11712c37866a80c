/// Random numbers as PyTorch's CPU generator draws them: the same engine, the same number of draws for each element, the same
/// order. Only the last bits of a logarithm or a sine may differ.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include "dispatch.h"

using namespace tern;

namespace {
constexpr int stateSize = 624, shiftSize = 397;

uint32_t twist(uint32_t u, uint32_t v) {
    return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ (v & 1 ? 0x9908b0dfu : 0);
}

void refill(TernGenerator *g) {
    uint32_t *s = g->state;
    int i = 0;
    for (; i < stateSize - shiftSize; i++) s[i] = s[i + shiftSize] ^ twist(s[i], s[i + 1]);
    for (; i < stateSize - 1; i++) s[i] = s[i + shiftSize - stateSize] ^ twist(s[i], s[i + 1]);
    s[i] = s[shiftSize - 1] ^ twist(s[i], s[0]);
    g->left = stateSize;
    g->next = 0;
}

inline uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/// The next `n` draws. left − 1 of them are in the state; a state read from a file may hold anything: never index outside.
inline void draw(TernGenerator *g, uint32_t *out, int64_t n) {
    while (n > 0) {
        if (g->left <= 1 || g->next < 0 || g->left - 1 > stateSize - g->next) refill(g), g->left = stateSize + 1;
        int64_t run = n < g->left - 1 ? n : g->left - 1;
        for (int64_t i = 0; i < run; i++) out[i] = temper(g->state[g->next + i]);
        g->left -= int32_t(run), g->next += int32_t(run), out += run, n -= run;
    }
}

inline uint32_t draw(TernGenerator *g) {
    uint32_t word;
    return draw(g, &word, 1), word;
}

inline uint64_t draw64(TernGenerator *g) {
    uint64_t high = draw(g);
    return high << 32 | draw(g);
}

/// In [0, 1): 24 bits of one draw, or 53 bits of two. f(begin, end, u) for runs of elements; u[0] belongs to `begin`.
template <class T, class F> void units(TernGenerator *g, int64_t n, const F &f) {
    constexpr int64_t chunk = 256;
    uint32_t words[2 * chunk];
    T u[chunk];
    for (int64_t begin = 0; begin < n; begin += chunk) {
        int64_t size = n - begin < chunk ? n - begin : chunk;
        if constexpr (std::is_same_v<T, double>) {
            draw(g, words, 2 * size);
            for (int64_t i = 0; i < size; i++)
                u[i] = double(int64_t(uint64_t(words[2 * i] & 0x1fffff) << 32 | words[2 * i + 1])) * 0x1p-53;
        } else {
            draw(g, words, size);
            for (int64_t i = 0; i < size; i++) u[i] = float(int32_t(words[i] & 0xffffff)) * 0x1p-24f;
        }
        f(begin, begin + size, u);
    }
}

template <class T> T unit(TernGenerator *g) {
    T result = 0;
    units<T>(g, 1, [&](int64_t, int64_t, const T *u) { result = u[0]; });
    return result;
}

/// x · y + z rounded once, as PyTorch's kernels do it; the product of two floats is exact in double.
inline float fused(float x, float y, float z) { return float(double(x) * double(y) + double(z)); }
inline double fused(double x, double y, double z) { return z == 0 ? x * y : std::fma(x, y, z); }

// A logarithm and a sine with cosine that compile to vector code anywhere, good to 2 units in the last place where they are used:
// log for (0, 1], the others for [0, 2π].
inline float log_unit(float x) {
    uint32_t bits = std::bit_cast<uint32_t>(x);
    float e = float(int32_t(bits >> 23) - 126);
    float m = std::bit_cast<float>((bits & 0x007fffffu) | 0x3f000000u);  // in [0.5, 1)
    bool low = m < 0.707106781186547524f;
    e -= low ? 1.0f : 0.0f;
    m = (low ? m + m : m) - 1.0f;
    float z = m * m, p = 7.0376836292e-2f;
    for (float c : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f,
                    -2.4999993993e-1f, 3.3333331174e-1f})
        p = p * m + c;
    p = p * m * z + e * -2.12194440e-4f - 0.5f * z;
    return m + p + e * 0.693359375f;
}

inline void sine_cosine(float x, float &sine, float &cosine) {
    int32_t octant = (int32_t(x * 1.27323954473516f) + 1) & ~1;
    float y = float(octant);
    x = ((x - y * 0.78515625f) - y * 2.4187564849853515625e-4f) - y * 3.77489497744594108e-8f;
    float z = x * x;
    float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
    float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    bool swap = octant & 2;
    sine = (swap ? c : s) * (octant & 4 ? -1.0f : 1.0f);
    cosine = (swap ? s : c) * ((octant + 2) & 4 ? -1.0f : 1.0f);
}

/// 16 uniform numbers become 16 normal ones: i and i + 8 are a pair.
void box_muller(float *x, float mean, float std) {
    for (int i = 0; i < 8; i++) {
        float radius = std::sqrt(-2.0f * log_unit(1.0f - x[i])), sine, cosine;
        sine_cosine(6.28318530717958647692f * x[i + 8], sine, cosine);
        x[i] = fused(radius * cosine, std, mean);
        x[i + 8] = fused(radius * sine, std, mean);
    }
}

void box_muller(double *x, double mean, double std) {
    for (int i = 0; i < 8; i++) {
        double radius = std::sqrt(-2 * std::log(1 - x[i])), theta = 6.28318530717958647692 * x[i + 8];
        x[i] = std::fma(radius * std::cos(theta), std, mean);
        x[i + 8] = std::fma(radius * std::sin(theta), std, mean);
    }
}

/// 16 or more: blocks of 16. The last 16 are drawn again where the size is no multiple of 16.
template <class T> void fill_normal(TernGenerator *g, T *out, int64_t n, double mean, double std) {
    using A = computed<T>;
    // float and double draw all uniform numbers first, the remainder's too, though they are not used.
    constexpr bool drawnFirst = std::is_same_v<T, A>;
    auto block = [&](int64_t at, bool drawn) {
        A x[16];
        if constexpr (drawnFirst)
            if (drawn) std::copy(out + at, out + at + 16, x);
        if (!drawn) units<A>(g, 16, [&](int64_t, int64_t, const A *u) { std::copy(u, u + 16, x); });
        box_muller(x, A(mean), A(std));
        for (int i = 0; i < 16; i++) out[at + i] = convert<T>(x[i]);
    };
    if constexpr (drawnFirst)
        units<A>(g, n, [&](int64_t begin, int64_t end, const A *u) { std::copy(u, u + (end - begin), out + begin); });
    for (int64_t i = 0; i + 16 <= n; i += 16) block(i, drawnFirst);
    if (n % 16 != 0) block(n - 16, false);
}

/// One at a time; every second one is the sine that belongs to the cosine before, kept by the generator.
double next_normal(TernGenerator *g) {
    if (g->hasNextNormal) {
        g->hasNextNormal = false;
        return g->nextNormal;
    }
    double u1 = unit<double>(g), u2 = unit<double>(g);
    double radius = std::sqrt(-2.0 * std::log1p(-u2)), theta = 6.28318530717958647692 * u1;
    g->nextNormal = radius * std::sin(theta);
    g->hasNextNormal = true;
    return radius * std::cos(theta);
}

template <class F> bool visit_any(TernDType dtype, F &&f) {
    if (dtype == TERN_BOOL) return f(Type<bool>{}), true;
    return visit_floating(dtype, f) || visit_integers(dtype, f) || visit_complex(dtype, f);
}
}  // namespace

void tern_generator_seed(TernGenerator *g, uint64_t seed) {
    *g = {};
    g->seed = seed;
    g->state[0] = uint32_t(seed);
    for (uint32_t i = 1; i < stateSize; i++) g->state[i] = 1812433253u * (g->state[i - 1] ^ (g->state[i - 1] >> 30)) + i;
    g->left = 1;
}

uint32_t tern_generator_random(TernGenerator *g) { return draw(g); }
uint64_t tern_generator_random64(TernGenerator *g) { return draw64(g); }

bool tern_random_uniform(TernGenerator *g, const TernArray *out, double low, double high) {
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        using A = computed<T>;
        T *x = static_cast<T *>(out->data);
        const T first = convert<T>(A(low)), end = convert<T>(A(high));
        A from = A(low), range = A(high) - A(low);
        units<A>(g, count(out), [&](int64_t begin, int64_t stop, const A *u) {
            for (int64_t i = begin; i < stop; i++) {
                T value = convert<T>(fused(u[i - begin], range, from));
                x[i] = load(value) == load(end) ? first : value;  // rounding may reach the excluded end
            }
        });
    });
}

bool tern_random_normal(TernGenerator *g, const TernArray *out, double mean, double std) {
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        T *x = static_cast<T *>(out->data);
        int64_t n = count(out);
        if (n >= 16) return fill_normal(g, x, n, mean, std);
        for (int64_t i = 0; i < n; i++) x[i] = convert<T>(fused(next_normal(g), std, mean));
    });
}

bool tern_random_exponential(TernGenerator *g, const TernArray *out, double rate) {
    return visit_floating(out->dtype, [&]<class T>(Type<T>) {
        T *x = static_cast<T *>(out->data);
        units<double>(g, count(out), [&](int64_t begin, int64_t end, const double *u) {
            for (int64_t i = begin; i < end; i++) x[i] = convert<T>(-1.0 / rate * std::log1p(-u[i - begin]));
        });
    });
}

bool tern_random_range(TernGenerator *g, const TernArray *out, int64_t low, int64_t high) {
    uint64_t range = uint64_t(high) - uint64_t(low);
    if (range == 0) return false;
    auto fill = [&]<class T>(Type<T>) {
        T *x = static_cast<T *>(out->data);
        int64_t n = count(out);
        auto place = [&](int64_t i, uint64_t offset) {
            x[i] = convert<T>(int64_t(offset + uint64_t(low)));
        };
        // Two draws where a remainder of 32 bits would be too skewed.
        if (range >= 1ull << 28)
            for (int64_t i = 0; i < n; i++) place(i, draw64(g) % range);
        else
            for (int64_t i = 0; i < n; i++) place(i, draw(g) % uint32_t(range));
    };
    if (out->dtype == TERN_BOOL) return fill(Type<bool>{}), true;
    return visit_floating(out->dtype, fill) || visit_integers(out->dtype, fill);
}

bool tern_random_bernoulli(TernGenerator *g, const TernArray *out, double p) {
    return visit_any(out->dtype, [&]<class T>(Type<T>) {
        T *x = static_cast<T *>(out->data);
        units<double>(g, count(out), [&](int64_t begin, int64_t end, const double *u) {
            for (int64_t i = begin; i < end; i++) x[i] = convert<T>(u[i - begin] < p);
        });
    });
}

bool tern_random_bernoulli_each(TernGenerator *g, const TernArray *out, const TernArray *p) {
    bool known = false;
    visit_floating(p->dtype, [&]<class P>(Type<P>) {
        using A = computed<P>;
        const P *each = static_cast<const P *>(p->data);
        known = visit_any(out->dtype, [&]<class T>(Type<T>) {
            T *x = static_cast<T *>(out->data);
            units<A>(g, count(out), [&](int64_t begin, int64_t end, const A *u) {
                for (int64_t i = begin; i < end; i++) x[i] = convert<T>(u[i - begin] < load(each[i]));
            });
        });
    });
    return known;
}

bool tern_random_permutation(TernGenerator *g, const TernArray *out) {
    auto fill = [&]<class T>(Type<T>) {
        T *x = static_cast<T *>(out->data);
        int64_t n = count(out);
        if (n < int64_t(std::numeric_limits<uint32_t>::max() / 20)) {
            for (int64_t i = 0; i < n; i++) x[i] = convert<T>(i);
            for (int64_t i = 0; i + 1 < n; i++) std::swap(x[i], x[i + draw(g) % uint32_t(n - i)]);
            return;
        }
        // Too many for 32 bits of chance: grow the permutation from the inside out.
        for (int64_t i = 0; i < n; i++) {
            int64_t j = int64_t(draw64(g) % uint64_t(i + 1));
            x[i] = convert<T>(i);
            x[i] = x[j];
            x[j] = convert<T>(i);
        }
    };
    return visit_floating(out->dtype, fill) || visit_integers(out->dtype, fill);
}
