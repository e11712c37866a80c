// Discrete Fourier transforms of any length: mixed radix, and Bluestein's way where a prime factor is large.
#include <algorithm>
#include <cmath>

#include "../isa/isa.h"
#include "dispatch.h"

namespace tern {
namespace {
template <class R> struct Pair {
    R re, im;
};

constexpr int64_t greatest_factor = 61;  // larger primes by Bluestein

/// e^(∓2πi k / n) for k < n, from exact eighths of the circle.
template <class R> void fill_roots(Pair<R> *roots, int64_t n, bool inverse) {
    for (int64_t k = 0; k < n; k++) {
        // Folded into the first octant, where sine and cosine are most exact.
        const int64_t octant = 8 * k / n, at = octant % 2 ? (octant + 1) * n - 8 * k : 8 * k - octant * n;
        const double angle = 0.785398163397448309616 * double(at) / double(n), c = std::cos(angle), s = std::sin(angle);
        const bool swapped = (octant + 1) / 2 % 2;
        double re = swapped ? s : c, im = swapped ? c : s;
        if (octant >= 2 && octant < 6) re = -re;
        if (octant >= 4) im = -im;
        roots[k] = {R(re), R(inverse ? im : -im)};
    }
}

/// What a transform of n numbers needs: its factors and the n-th roots of unity.
template <class R> struct FourierPlan {
    int64_t n;
    bool inverse;
    int factors = 0;
    int64_t factor[64];
    Scratch<Pair<R>> roots;

    FourierPlan(int64_t n, bool inverse) : n(n), inverse(inverse), roots(n) {
        int64_t rest = n;
        while (rest % 4 == 0) factor[factors++] = 4, rest /= 4;
        for (int64_t p = 2; p * p <= rest; p++)
            while (rest % p == 0) factor[factors++] = p, rest /= p;
        if (rest > 1) factor[factors++] = rest;
        fill_roots<R>(roots, n, inverse);
    }
};

int64_t greatest_prime(int64_t n) {
    int64_t greatest = 1;
    for (int64_t p = 2; p * p <= n; p++)
        while (n % p == 0) greatest = p, n /= p;
    return std::max(greatest, n);
}
}  // namespace
}  // namespace tern

#define TERN_SOURCE "../kernels/fourier.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
template <class R> Pair<R> *transform(const FourierPlan<R> &plan, Pair<R> *a, Pair<R> *b) { return TERN_CHOOSE(fourier<R>)(plan, a, b); }

template <class R> Pair<R> product(Pair<R> a, Pair<R> b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

/// A length with a large prime factor as a convolution with a chirp, whose length is a power of two.
template <class R> struct Bluestein {
    int64_t n, m;
    FourierPlan<R> forward, backward;
    Scratch<Pair<R>> chirp, spectrum;

    static int64_t padded(int64_t n) {
        int64_t m = 1;
        while (m < 2 * n - 1) m *= 2;
        return m;
    }
    Bluestein(int64_t n, bool inverse)
        : n(n), m(padded(n)), forward(m, false), backward(m, true), chirp(n), spectrum(m) {
        Scratch<Pair<R>> roots(2 * n), a(m), b(m);
        fill_roots<R>(roots, 2 * n, inverse);
        for (int64_t k = 0; k < n; k++) chirp[k] = roots[int64_t((unsigned __int128)(k) * k % (2 * n))];
        for (int64_t k = 0; k < m; k++) a[k] = {0, 0};
        for (int64_t k = 0; k < n; k++) a[k] = a[(m - k) % m] = {chirp[k].re / R(m), -chirp[k].im / R(m)};
        const Pair<R> *found = transform<R>(forward, a, b);
        for (int64_t k = 0; k < m; k++) spectrum[k] = found[k];
    }
    /// a and b: room for m numbers each; the first n of a are transformed.
    Pair<R> *run(Pair<R> *a, Pair<R> *b) const {
        for (int64_t k = 0; k < n; k++) a[k] = product(a[k], chirp[k]);
        for (int64_t k = n; k < m; k++) a[k] = {0, 0};
        Pair<R> *x = transform<R>(forward, a, b), *other = x == a ? b : a;
        for (int64_t k = 0; k < m; k++) x[k] = product(x[k], spectrum[k]);
        x = transform<R>(backward, x, other);
        for (int64_t k = 0; k < n; k++) x[k] = product(x[k], chirp[k]);
        return x;
    }
};

/// Every line along `dim` of x, transformed by run(buffer, room), to out.
template <class R, class F> void for_lines(const TernArray *out, const TernArray *x, int32_t dim, int64_t room, const F &run) {
    const int64_t n = x->shape[dim], lines = count(x) / n;
    const int64_t from = x->strides[dim], to = out->strides[dim];
    parallel_for(lines, std::max<int64_t>(1, 16384 / n), [&](int64_t begin, int64_t end) {
        Scratch<Pair<R>> a(room), b(room);
        for (int64_t line = begin; line < end; line++) {
            int64_t source = 0, target = 0, index = line;
            for (int32_t d = x->rank - 1; d >= 0; d--) {
                if (d == dim) continue;
                source += index % x->shape[d] * x->strides[d];
                target += index % x->shape[d] * out->strides[d];
                index /= x->shape[d];
            }
            const Pair<R> *in = static_cast<const Pair<R> *>(x->data) + source;
            for (int64_t i = 0; i < n; i++) a[i] = in[i * from];
            const Pair<R> *y = run(a, b);
            Pair<R> *result = static_cast<Pair<R> *>(out->data) + target;
            for (int64_t i = 0; i < n; i++) result[i * to] = y[i];
        }
    });
}

template <class R> void all(const TernArray *out, const TernArray *x, int32_t dim, bool inverse) {
    if (count(x) == 0) return;
    const int64_t n = x->shape[dim];
    if (greatest_prime(n) > greatest_factor) {
        const Bluestein<R> plan(n, inverse);
        for_lines<R>(out, x, dim, plan.m, [&](Pair<R> *a, Pair<R> *b) { return plan.run(a, b); });
    } else {
        const FourierPlan<R> plan(n, inverse);
        for_lines<R>(out, x, dim, n, [&](Pair<R> *a, Pair<R> *b) { return transform<R>(plan, a, b); });
    }
}
}  // namespace

bool tern_fourier(const TernArray *out, const TernArray *x, int32_t dim, bool inverse) {
    if (out->dtype != x->dtype) return false;
    if (x->dtype == TERN_COMPLEX64) all<float>(out, x, dim, inverse);
    else if (x->dtype == TERN_COMPLEX128) all<double>(out, x, dim, inverse);
    else return false;
    return true;
}
