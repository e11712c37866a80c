// The passes of a Fourier transform (Stockham's order: each pass reads one buffer and writes the other, and the result is sorted).
namespace TERN_ISA {
namespace {
template <class R> inline Pair<R> times(Pair<R> a, Pair<R> b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

/// y[q + s·(p·j + r)] = wʲʳ Σₖ x[q + s·(j + m·k)] · ωʳᵏ, for q < s, j < m, r < p: one factor p of n = p·m·s.
template <class R> void pass_two(const FourierPlan<R> &plan, const Pair<R> *x, Pair<R> *y, int64_t m, int64_t s) {
    for (int64_t j = 0; j < m; j++) {
        const Pair<R> w = plan.roots[j * s];
        const Pair<R> *a = x + s * j, *b = x + s * (j + m);
        Pair<R> *c = y + s * 2 * j, *d = c + s;
        for (int64_t q = 0; q < s; q++) {
            const Pair<R> u = a[q], v = b[q];
            c[q] = {u.re + v.re, u.im + v.im};
            d[q] = times<R>({u.re - v.re, u.im - v.im}, w);
        }
    }
}
template <class R> void pass_four(const FourierPlan<R> &plan, const Pair<R> *x, Pair<R> *y, int64_t m, int64_t s) {
    const R turn = plan.inverse ? R(-1) : R(1);
    for (int64_t j = 0; j < m; j++) {
        const Pair<R> w1 = plan.roots[j * s], w2 = plan.roots[2 * j * s], w3 = plan.roots[3 * j * s];
        const Pair<R> *in = x + s * j;
        Pair<R> *out = y + s * 4 * j;
        for (int64_t q = 0; q < s; q++) {
            const Pair<R> a = in[q], b = in[q + s * m], c = in[q + s * 2 * m], d = in[q + s * 3 * m];
            const Pair<R> even = {a.re + c.re, a.im + c.im}, odd = {a.re - c.re, a.im - c.im}, sum = {b.re + d.re, b.im + d.im};
            const Pair<R> cross = {turn * (b.im - d.im), turn * (d.re - b.re)};  // ∓i (b − d)
            out[q] = {even.re + sum.re, even.im + sum.im};
            out[q + s] = times<R>({odd.re + cross.re, odd.im + cross.im}, w1);
            out[q + 2 * s] = times<R>({even.re - sum.re, even.im - sum.im}, w2);
            out[q + 3 * s] = times<R>({odd.re - cross.re, odd.im - cross.im}, w3);
        }
    }
}
template <class R> void pass_any(const FourierPlan<R> &plan, const Pair<R> *x, Pair<R> *y, int64_t p, int64_t m, int64_t s) {
    const int64_t step = plan.n / p;
    for (int64_t j = 0; j < m; j++)
        for (int64_t r = 0; r < p; r++) {
            Pair<R> *out = y + s * (p * j + r);
            const Pair<R> w = plan.roots[j * r * s];
            for (int64_t q = 0; q < s; q++) out[q] = x[q + s * j];
            for (int64_t k = 1; k < p; k++) {
                const Pair<R> root = plan.roots[r * k % p * step];
                const Pair<R> *in = x + s * (j + m * k);
                for (int64_t q = 0; q < s; q++) {
                    const Pair<R> t = times<R>(in[q], root);
                    out[q] = {out[q].re + t.re, out[q].im + t.im};
                }
            }
            if (j * r)
                for (int64_t q = 0; q < s; q++) out[q] = times<R>(out[q], w);
        }
}
}  // namespace

/// Transforms the n numbers at `a`, with as much room at `b`; answers which of the two holds the result.
template <class R> Pair<R> *fourier(const FourierPlan<R> &plan, Pair<R> *a, Pair<R> *b) {
    int64_t left = plan.n, s = 1;
    for (int i = 0; i < plan.factors; i++) {
        const int64_t p = plan.factor[i], m = left / p;
        if (p == 4) pass_four<R>(plan, a, b, m, s);
        else if (p == 2) pass_two<R>(plan, a, b, m, s);
        else pass_any<R>(plan, a, b, p, m, s);
        Pair<R> *swapped = a;
        a = b, b = swapped;
        left = m, s *= p;
    }
    return a;
}
template Pair<float> *fourier<float>(const FourierPlan<float> &, Pair<float> *, Pair<float> *);
template Pair<double> *fourier<double>(const FourierPlan<double> &, Pair<double> *, Pair<double> *);
}  // namespace TERN_ISA
