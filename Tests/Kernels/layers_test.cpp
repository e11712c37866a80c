/// Recurrent layers and the normalization of channels against loops in double, step by step.
#include <array>
#include <cmath>
#include <functional>

#include "testing.h"

int passed = 0, failed = 0;

namespace {
template <class T> constexpr TernDType dtype_of = sizeof(T) == 4 ? TERN_FLOAT32 : TERN_FLOAT64;
using Numbers = std::vector<double>;

/// Contiguous, within ±1.
template <class T> Tensor numbers(const Shape &shape) {
    Tensor x(dtype_of<T>, shape, 0);
    for (int64_t i = 0; i < x.count(); ++i) x.get<T>(i) = T(random_unit() * 2 - 1);
    return x;
}
template <class T> Tensor blank(const Shape &shape) {
    Tensor x(dtype_of<T>, shape, 0);
    std::fill(x.memory.begin(), x.memory.end(), char(0xff));
    return x;
}
template <class T> Numbers wide(const Tensor &x) {
    Numbers result;
    for (int64_t i = 0; i < x.count(); ++i) result.push_back(double(x.get<T>(i)));
    return result;
}
template <class T> void compare(const char *what, const Tensor &x, const Numbers &wanted, double terms) {
    for (int64_t i = 0; i < x.count(); ++i) {
        const double got = double(x.get<T>(i)), want = wanted[size_t(i)], allowed = terms * (sizeof(T) == 4 ? 0x1p-21 : 0x1p-49);
        CHECK(std::abs(got - want) <= allowed * (1 + std::abs(want)), "%s, element %lld of %lld: %g, not %g", what, (long long)i,
              (long long)x.count(), got, want);
    }
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// The hidden states of all steps, and the last cell after them.
Numbers states(TernRecurrence kind, bool reversed, int64_t L, int64_t N, int64_t H, const Numbers &inputs, Numbers h, Numbers c,
               const Numbers &w, const Numbers &b) {
    const int64_t gates = kind == TERN_RECURRENCE_lstm ? 4 : kind == TERN_RECURRENCE_gru ? 3 : 1;
    Numbers y(size_t(L * N * H));
    for (int64_t step = 0; step < L; ++step) {
        const int64_t t = reversed ? L - 1 - step : step;
        const Numbers before = h;
        for (int64_t n = 0; n < N; ++n)
            for (int64_t u = 0; u < H; ++u) {
                double x[4], own[4];
                for (int64_t g = 0; g < gates; ++g) {
                    x[g] = inputs[size_t(((t * N + n) * gates + g) * H + u)], own[g] = b[size_t(g * H + u)];
                    for (int64_t k = 0; k < H; ++k) own[g] += before[size_t(n * H + k)] * w[size_t((g * H + u) * H + k)];
                }
                double &hidden = h[size_t(n * H + u)];
                if (kind == TERN_RECURRENCE_tanh) hidden = std::tanh(x[0] + own[0]);
                if (kind == TERN_RECURRENCE_relu) hidden = std::fmax(0, x[0] + own[0]);
                if (kind == TERN_RECURRENCE_lstm) {
                    double &cell = c[size_t(n * H + u)];
                    cell = logistic(x[1] + own[1]) * cell + logistic(x[0] + own[0]) * std::tanh(x[2] + own[2]);
                    hidden = logistic(x[3] + own[3]) * std::tanh(cell);
                }
                if (kind == TERN_RECURRENCE_gru) {
                    const double update = logistic(x[1] + own[1]), fresh = std::tanh(x[2] + logistic(x[0] + own[0]) * own[2]);
                    hidden = (hidden - fresh) * update + fresh;
                }
                y[size_t((t * N + n) * H + u)] = hidden;
            }
    }
    y.insert(y.end(), c.begin(), c.end());
    return y;
}

template <class T> void test_recurrence(TernRecurrence kind, bool reversed, int64_t L, int64_t N, int64_t H, bool has_bias) {
    const bool lstm = kind == TERN_RECURRENCE_lstm, gru = kind == TERN_RECURRENCE_gru;
    const int64_t gates = lstm ? 4 : gru ? 3 : 1;
    const Tensor inputs = numbers<T>({L, N, gates * H}), h0 = numbers<T>({N, H}), c0 = numbers<T>({N, H});
    const Tensor w = numbers<T>({gates * H, H}), b = numbers<T>({gates * H}), dy = numbers<T>({L, N, H}), dc = numbers<T>({N, H});
    const Tensor kept = inputs, y = blank<T>({L, N, H}), cells = blank<T>({L, N, H});
    const TernArray *const some = lstm || gru ? &cells.array : nullptr, *const cell = lstm ? &c0.array : nullptr;
    CHECK(tern_recurrence(kind, reversed, kept, some, y, h0, cell, w, has_bias ? &b.array : nullptr), "kind %d", kind);
    Numbers x = wide<T>(inputs), h = wide<T>(h0), c = wide<T>(c0), bias = has_bias ? wide<T>(b) : Numbers(size_t(gates * H));
    const Numbers weight = wide<T>(w);
    compare<T>("states", y, states(kind, reversed, L, N, H, x, h, c, weight, bias), double(H * L));

    const Tensor dx = blank<T>(inputs.shape), inner = blank<T>(y.shape), dh = blank<T>(h0.shape), carried = dc;
    const TernRecurrenceGradient to = {dy, dx, gru ? &inner.array : nullptr, dh, lstm ? &carried.array : nullptr};
    CHECK(tern_recurrence_gradient(&to, kind, reversed, kept, some, y, h0, cell, w), "kind %d", kind);
    if (sizeof(T) == 4) return;
    // Finite differences of Σ dy · y (+ Σ dc · c).
    const Numbers factors = wide<T>(dy), cellFactors = wide<T>(dc);
    auto slope = [&](double &variable) {
        const double at = variable, reach = 1e-5;
        double ends[2];
        for (int side = 0; side < 2; ++side) {
            variable = at + (side ? reach : -reach);
            const Numbers all = states(kind, reversed, L, N, H, x, h, c, weight, bias);
            ends[side] = 0;
            for (size_t i = 0; i < factors.size(); ++i) ends[side] += all[i] * factors[i];
            for (size_t i = 0; lstm && i < cellFactors.size(); ++i) ends[side] += all[factors.size() + i] * cellFactors[i];
        }
        variable = at;
        return (ends[1] - ends[0]) / (2 * reach);
    };
    auto check = [&](const char *what, const Tensor &found, Numbers &variables) {
        for (int tries = 0; tries < 6; ++tries) {
            const int64_t i = random_int(0, found.count() - 1);
            const double want = slope(variables[size_t(i)]), got = double(found.get<T>(i));
            CHECK(std::abs(got - want) <= 1e-6 * (1 + std::abs(want)), "%s of kind %d, element %lld: %g, not %g", what, kind, (long long)i, got,
                  want);
        }
    };
    check("the inputs' gradient", dx, x);
    check("the first state's gradient", dh, h);
    if (lstm) check("the first cell's gradient", carried, c);
    if (gru)  // reset · the inputs' part of the new gate
        for (int64_t n = 0; n < L * N; ++n)
            for (int64_t u = 0; u < H; ++u) {
                const double want = kept.get<T>(n * 3 * H + u) * dx.get<T>((n * 3 + 2) * H + u);
                CHECK(std::abs(inner.get<T>(n * H + u) - want) <= 1e-12, "what the state gives to the new gate");
            }
}

template <class T> void test_recurrences() {
    for (int kind = 0; kind < 4; ++kind)
        for (auto [L, N, H] : {std::array<int64_t, 3>{1, 1, 1}, {3, 2, 5}, {2, 15, 17}, {4, 3, 40}})
            for (int bits = 0; bits < 4; ++bits) test_recurrence<T>(TernRecurrence(kind), bits & 1, L, N, H, bits & 2);
    // However many threads there are.
    Numbers first;
    for (int threads : {1, 3}) {
        tern_set_thread_count(threads);
        static const Tensor inputs = numbers<T>({3, 20, 4 * 130}), h0 = numbers<T>({20, 130}), w = numbers<T>({4 * 130, 130});
        const Tensor gates = inputs, y = blank<T>({3, 20, 130}), cells = blank<T>({3, 20, 130});
        tern_recurrence(TERN_RECURRENCE_lstm, false, gates, &cells.array, y, h0, h0, w, nullptr);
        if (first.empty()) first = wide<T>(y);
        else CHECK(first == wide<T>(y), "with %d threads", threads);
    }
    const Tensor no(TERN_FLOAT16, {1, 1, 1}, 0);
    CHECK(!tern_recurrence(TERN_RECURRENCE_tanh, false, no, nullptr, no, no, nullptr, no, nullptr), "no kernel for half precision");
}

template <class T> void test_channels(const Shape &shape) {
    const int64_t N = shape[0], C = shape[1], S = product(shape) / (N * C), count = N * S;
    const Tensor x = numbers<T>(shape), g = numbers<T>(shape), weight = numbers<T>({C}), bias = numbers<T>({C});
    const Tensor mean = blank<T>({C}), variance = blank<T>({C}), y = blank<T>(shape), dx = blank<T>(shape), dw = blank<T>({C}),
                 db = blank<T>({C}), scale = blank<T>({C});
    CHECK(tern_channel_statistics(mean, variance, x), "statistics");
    for (int64_t c = 0; c < C; ++c) scale.get<T>(c) = T(1 / std::sqrt(double(variance.get<T>(c)) + 0.1));
    CHECK(tern_normalize_channels(y, x, mean, scale, weight, bias), "normalization");
    CHECK(tern_normalize_channels_gradient(dx, dw, db, g, x, mean, scale, weight), "its gradient");
    Numbers middles(static_cast<size_t>(C)), spreads = middles, ys(size_t(x.count())), dxs = ys, dws = middles, dbs = middles;
    const Numbers from = wide<T>(x), by = wide<T>(g);
    for (int64_t c = 0; c < C; ++c) {
        auto each = [&](const std::function<void(size_t)> &f) {
            for (int64_t n = 0; n < N; ++n) for (int64_t s = 0; s < S; ++s) f(size_t((n * C + c) * S + s));
        };
        const size_t at = size_t(c);
        each([&](size_t i) { middles[at] += from[i] / double(count); });
        each([&](size_t i) { spreads[at] += (from[i] - middles[at]) * (from[i] - middles[at]) / double(count); });
        const double root = 1 / std::sqrt(spreads[at] + 0.1), factor = double(weight.get<T>(c));
        each([&](size_t i) { dbs[at] += by[i], dws[at] += by[i] * (from[i] - middles[at]) * root; });
        each([&](size_t i) {
            const double normal = (from[i] - middles[at]) * root;
            ys[i] = normal * factor + double(bias.get<T>(c));
            dxs[i] = root * factor * (by[i] - dbs[at] / double(count) - normal * dws[at] / double(count));
        });
    }
    compare<T>("means", mean, middles, 8);
    compare<T>("variances", variance, spreads, 8);
    compare<T>("normalized", y, ys, 8);
    compare<T>("weight's gradient", dw, dws, double(count));
    compare<T>("bias's gradient", db, dbs, double(count));
    compare<T>("gradient", dx, dxs, 16);
}
template <class T> void test_rows(int64_t R, int64_t n, bool hasWeight, bool hasBias) {
    const Tensor x = numbers<T>({R, n}), g = numbers<T>({R, n}), weight = numbers<T>({n}), bias = numbers<T>({n});
    const Tensor mean = blank<T>({R}), variance = blank<T>({R}), scale = blank<T>({R}), y = blank<T>({R, n}), dx = blank<T>({R, n}),
                 dw = blank<T>({n}), db = blank<T>({n});
    const Shape shape = {1, R, n};
    const TernArray asChannels = {x.array.data, shape.data(), nullptr, 3, x.array.dtype};
    CHECK(tern_channel_statistics(mean, variance, &asChannels), "statistics");
    for (int64_t r = 0; r < R; ++r) scale.get<T>(r) = T(1 / std::sqrt(double(variance.get<T>(r)) + 0.1));
    const TernArray *w = hasWeight ? &weight.array : nullptr, *b = hasBias ? &bias.array : nullptr;
    CHECK(tern_normalize_rows(y, x, mean, scale, w, b), "rows");
    CHECK(tern_normalize_rows_gradient(dx, hasWeight ? &dw.array : nullptr, hasBias ? &db.array : nullptr, g, x, mean, scale, w), "gradient");
    const Numbers from = wide<T>(x), by = wide<T>(g);
    Numbers ys(size_t(R * n)), dxs = ys, dws(static_cast<size_t>(n)), dbs = dws;
    for (int64_t r = 0; r < R; ++r) {
        double middle = 0, spread = 0, sums[2] = {0, 0};
        const size_t row = size_t(r * n);
        auto factor = [&](size_t i) { return hasWeight ? double(weight.get<T>(int64_t(i))) : 1; };
        for (size_t i = 0; i < size_t(n); ++i) middle += from[row + i] / double(n);
        for (size_t i = 0; i < size_t(n); ++i) spread += (from[row + i] - middle) * (from[row + i] - middle) / double(n);
        const double root = 1 / std::sqrt(spread + 0.1);
        for (size_t i = 0; i < size_t(n); ++i) {
            const double normal = (from[row + i] - middle) * root, slope = by[row + i] * factor(i);
            ys[row + i] = normal * factor(i) + (hasBias ? double(bias.get<T>(int64_t(i))) : 0);
            sums[0] += slope / double(n), sums[1] += slope * normal / double(n);
            dws[i] += by[row + i] * normal, dbs[i] += by[row + i];
        }
        for (size_t i = 0; i < size_t(n); ++i)
            dxs[row + i] = root * (by[row + i] * factor(i) - sums[0] - (from[row + i] - middle) * root * sums[1]);
    }
    compare<T>("normalized rows", y, ys, 8);
    compare<T>("rows' gradient", dx, dxs, 16);
    if (hasWeight) compare<T>("weights' gradient", dw, dws, double(R));
    if (hasBias) compare<T>("biases' gradient", db, dbs, double(R));
    // However many threads there are.
    const Numbers once = hasWeight ? wide<T>(dw) : Numbers();
    const int32_t threads = tern_thread_count();
    tern_set_thread_count(3);
    tern_normalize_rows_gradient(dx, hasWeight ? &dw.array : nullptr, nullptr, g, x, mean, scale, w);
    tern_set_thread_count(threads);
    if (hasWeight) CHECK(once == wide<T>(dw), "with three threads");
}
}  // namespace

int main() {
    test_recurrences<float>();
    test_recurrences<double>();
    for (const Shape &shape : {Shape{2, 3}, {1, 2, 1}, {3, 4, 17}, {2, 5, 4, 4}, {2, 2, 40, 41}, {2, 1, 3000}, {1, 2, 2, 3, 5}}) {
        test_channels<float>(shape);
        test_channels<double>(shape);
    }
    for (auto [R, n] : {std::array<int64_t, 2>{1, 1}, {3, 5}, {2, 16}, {5, 33}, {300, 40}, {2, 2100}})
        for (int bits = 0; bits < 4; ++bits) {
            test_rows<float>(R, n, bits & 1, bits & 2);
            test_rows<double>(R, n, bits & 1, bits & 2);
        }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
