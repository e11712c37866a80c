/// Recurrent layers, step by step. A thread makes some units of a step's state from all of their gates: so a step is one round of the
/// threads, and no gate waits in memory for the next kernel.
#include "convolution.h"
#include "scalar.h"

#pragma clang diagnostic ignored "-Wpass-failed"  // a loop that calls libm stays a loop

namespace tern {
/// The gates of one sample's units, and what they need; gates that a kind has not are not read.
template <class T> struct RecurrentLine {
    T *gates[4];
    const T *bias[4], *before;  ///< before: the cell (LSTM) or the hidden state (GRU) of the step before
    T *state, *h;
};
template <class T> struct RecurrentGradientLine {
    const T *gates[4], *state, *before, *dh;
    T *to[4], *inner, *carry;  ///< inner: GRU's gradient of what its hidden state gives to the new gate
};
template <class T> struct RecurrentKernels {
    void (*forward)(TernRecurrence kind, const RecurrentLine<T> &, int64_t n);
    void (*backward)(TernRecurrence kind, const RecurrentGradientLine<T> &, int64_t n);
};
}  // namespace tern
#define TERN_SOURCE "../kernels/recurrent.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
int64_t gate_count(TernRecurrence kind) { return kind == TERN_RECURRENCE_lstm ? 4 : kind == TERN_RECURRENCE_gru ? 3 : 1; }
template <class T> T *elements(const TernArray *x) { return x ? static_cast<T *>(x->data) : nullptr; }

/// What both directions share. All arrays are contiguous: gates (steps, batch, gates · units), states (steps, batch, units).
template <class T> struct Sequence {
    const TernRecurrence kind;
    const bool reversed;
    const int64_t steps, batch, units, count;  ///< count of gates
    const ConvolutionKernels<T> &kernels = convolution_kernels<T>();
    const int64_t width = 2 * kernels.vector, blocks = ceil_divide(units, width), plane = batch * units;
    Scratch<T> packed;
    Scratch<WalkStep> walk;

    Sequence(TernRecurrence kind, bool reversed, const TernArray *y)
        : kind(kind), reversed(reversed), steps(y->shape[0]), batch(y->shape[1]), units(y->shape[2]), count(gate_count(kind)),
          packed(blocks * count * units * width), walk(units) {
        for (int64_t k = 0; k < units; k++) walk[k] = {k, k * width};
    }
    int64_t time(int64_t step) const { return reversed ? steps - 1 - step : step; }
    /// The states that a step starts from.
    const T *before(const T *all, const T *start, int64_t step) const { return step > 0 ? all + time(step - 1) * plane : start; }
    int64_t extent(int64_t block) const { return std::min(width, units - block * width); }
    /// A panel of the weights: `width` columns for each of the factors, `units` of them.
    T *panel(int64_t block, int64_t gate) const { return packed + (block * count + gate) * units * width; }

    /// to (batch, a block of units; rows ldt apart) += or = from (batch, units; rows ldf apart) · a panel.
    void product(T *to, int64_t ldt, const T *from, int64_t ldf, int64_t block, int64_t gate, bool accumulate) const {
        const int64_t w = kernels.vector, n = extent(block), panels = ceil_divide(batch, kernels.rows);
        const T *panel = this->panel(block, gate), *b[2] = {panel, panel + w};
        const int64_t at[2] = {0, w}, columns[2] = {std::min(w, n), std::max<int64_t>(1, n - w)};
        for (int64_t i = 0; i < panels; i++) {
            const int64_t r0 = part_of(batch, panels, i), r1 = part_of(batch, panels, i + 1);
            kernels.walk[n > w][r1 - r0](from + r0 * ldf, ldf, b, {1, {0, 0}, units, walk}, nullptr, to + r0 * ldt, ldt, at, columns,
                                         accumulate);
        }
    }
    /// As many parts as threads: each thread then meets the same panels again in the next step, and they stay in its cache. No result
    /// depends on their number.
    template <class F> void for_blocks(const F &f) const {
        const int64_t work = batch * count * units * width;
        const int64_t parts = std::clamp<int64_t>(blocks * work >> 16, 1, std::min<int64_t>(blocks, tern_thread_count()));
        parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
            for (int64_t block = part_of(blocks, parts, begin); block < part_of(blocks, parts, end); block++) f(block);
        });
    }
};

template <class T>
void forward(TernRecurrence kind, bool reversed, const TernArray *gates, const TernArray *states, const TernArray *y, const TernArray *h0,
             const TernArray *c0, const TernArray *weight, const TernArray *bias) {
    const Sequence<T> s(kind, reversed, y);
    const auto &lines = TERN_CHOOSE(recurrent<T>);
    const int64_t units = s.units, ld = s.count * units;
    const T *w = elements<T>(weight), *b = elements<T>(bias), *start = elements<T>(h0), *cell = elements<T>(c0);
    T *all = elements<T>(gates), *state = elements<T>(states), *h = elements<T>(y);
    Scratch<T> none(b ? 0 : ld);
    if (!b) std::fill(none + 0, none + ld, T(0)), b = none;
    s.for_blocks([&](int64_t block) {
        for (int64_t gate = 0; gate < s.count; gate++) {
            T *panel = s.panel(block, gate);
            if (s.extent(block) < s.width) std::fill(panel, panel + units * s.width, T(0));
            s.kernels.transpose(w + (gate * units + block * s.width) * units, units, panel, s.width, s.extent(block), units);
        }
    });
    for (int64_t step = 0; step < s.steps; step++) {
        const int64_t t = s.time(step);
        const T *before = s.before(h, start, step);
        const T *previous = kind == TERN_RECURRENCE_lstm ? s.before(state, cell, step) : before;
        s.for_blocks([&](int64_t block) {
            const int64_t u = block * s.width;
            T *line = all + t * s.batch * ld + u;
            for (int64_t gate = 0; gate < s.count; gate++) {
                const bool apart = kind == TERN_RECURRENCE_gru && gate == 2;
                s.product(apart ? state + t * s.plane + u : line + gate * units, apart ? units : ld, before, units, block, gate, !apart);
            }
            for (int64_t n = 0; n < s.batch; n++) {
                RecurrentLine<T> l{};
                for (int64_t gate = 0; gate < s.count; gate++) l.gates[gate] = line + n * ld + gate * units, l.bias[gate] = b + gate * units + u;
                const int64_t at = n * units + u;
                l.before = previous + at, l.h = h + t * s.plane + at;
                if (state) l.state = state + t * s.plane + at;
                lines.forward(kind, l, s.extent(block));
            }
        });
    }
}

template <class T>
void backward(const TernRecurrenceGradient &a, TernRecurrence kind, bool reversed, const TernArray *gates, const TernArray *states,
              const TernArray *y, const TernArray *h0, const TernArray *c0, const TernArray *weight) {
    const Sequence<T> s(kind, reversed, y);
    const auto &lines = TERN_CHOOSE(recurrent<T>);
    const int64_t units = s.units, ld = s.count * units;
    const T *w = elements<T>(weight), *all = elements<T>(gates), *state = elements<T>(states), *h = elements<T>(y), *dy = elements<T>(a.dy);
    T *to = elements<T>(a.gates), *inner = elements<T>(a.inner), *dh0 = elements<T>(a.h0), *carry = elements<T>(a.c0);
    Scratch<T> passing(kind == TERN_RECURRENCE_gru ? s.plane : 0);
    if (kind == TERN_RECURRENCE_gru) std::fill(passing + 0, passing + s.plane, T(0)), carry = passing;
    s.for_blocks([&](int64_t block) {
        for (int64_t gate = 0; gate < s.count; gate++) {
            T *panel = s.panel(block, gate);
            if (s.extent(block) < s.width) std::fill(panel, panel + units * s.width, T(0));
            for (int64_t k = 0; k < units; k++) {
                const T *row = w + (gate * units + k) * units + block * s.width;
                std::copy(row, row + s.extent(block), panel + k * s.width);
            }
        }
    });
    // The gradient of a step's hidden state: of its output, and through the gates of the step after.
    auto arriving = [&](T *dh, int64_t ldh, int64_t block, int64_t step) {
        const int64_t u = block * s.width, n = s.extent(block);
        for (int64_t i = 0; i < s.batch; i++) {
            const T *own = dy && step >= 0 ? dy + s.time(step) * s.plane + i * units + u : nullptr;
            for (int64_t j = 0; j < n; j++)
                dh[i * ldh + j] = (own ? own[j] : T(0)) + (kind == TERN_RECURRENCE_gru ? carry[i * units + u + j] : T(0));
        }
        if (step + 1 == s.steps) return;
        const T *after = to + s.time(step + 1) * s.batch * ld;
        for (int64_t gate = 0; gate < s.count; gate++) {
            const bool apart = kind == TERN_RECURRENCE_gru && gate == 2;
            s.product(dh, ldh, apart ? inner + s.time(step + 1) * s.plane : after + gate * units, apart ? units : ld, block, gate, true);
        }
    };
    for (int64_t step = s.steps - 1; step >= 0; step--) {
        const int64_t t = s.time(step);
        const T *before = kind == TERN_RECURRENCE_lstm ? s.before(state, elements<T>(c0), step) : s.before(h, elements<T>(h0), step);
        s.for_blocks([&](int64_t block) {
            const int64_t u = block * s.width;
            Scratch<T> dh(s.batch * s.width);
            arriving(dh, s.width, block, step);
            for (int64_t n = 0; n < s.batch; n++) {
                RecurrentGradientLine<T> l{};
                const int64_t at = n * units + u;
                for (int64_t gate = 0; gate < s.count; gate++) {
                    const int64_t place = (t * s.batch + n) * ld + gate * units + u;
                    l.gates[gate] = all + place, l.to[gate] = to + place;
                }
                if (state) l.state = state + t * s.plane + at;
                if (inner) l.inner = inner + t * s.plane + at;
                if (carry) l.carry = carry + at;
                l.before = before + at, l.dh = dh + n * s.width;
                lines.backward(kind, l, s.extent(block));
            }
        });
    }
    s.for_blocks([&](int64_t block) { arriving(dh0 + block * s.width, units, block, -1); });
}
}  // namespace

bool tern_recurrence(TernRecurrence kind, bool reversed, const TernArray *gates, const TernArray *states, const TernArray *y,
                     const TernArray *h0, const TernArray *c0, const TernArray *weight, const TernArray *bias) {
    if (y->dtype == TERN_FLOAT32) return forward<float>(kind, reversed, gates, states, y, h0, c0, weight, bias), true;
    if (y->dtype == TERN_FLOAT64) return forward<double>(kind, reversed, gates, states, y, h0, c0, weight, bias), true;
    return false;
}

bool tern_recurrence_gradient(const TernRecurrenceGradient *to, TernRecurrence kind, bool reversed, const TernArray *gates,
                              const TernArray *states, const TernArray *y, const TernArray *h0, const TernArray *c0, const TernArray *weight) {
    if (y->dtype == TERN_FLOAT32) return backward<float>(*to, kind, reversed, gates, states, y, h0, c0, weight), true;
    if (y->dtype == TERN_FLOAT64) return backward<double>(*to, kind, reversed, gates, states, y, h0, c0, weight), true;
    return false;
}
