// What recurrent steps make of their gates: a line of n units each.
namespace TERN_ISA {
namespace {
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
template <class T> TERN_INLINE T logistic(T x) { return T(1) / (T(1) + exp(-x)); }

template <class T> void recurrent_forward(TernRecurrence kind, const RecurrentLine<T> &l, int64_t n) {
    T *const g0 = l.gates[0], *const g1 = l.gates[1], *const g2 = l.gates[2], *const g3 = l.gates[3];
    const T *const b0 = l.bias[0], *const b1 = l.bias[1], *const b2 = l.bias[2], *const b3 = l.bias[3];
    T *const state = l.state, *const h = l.h;
    const T *const before = l.before;
    switch (kind) {
        case TERN_RECURRENCE_tanh:
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) h[i] = g0[i] = tanh(g0[i] + b0[i]);
            return;
        case TERN_RECURRENCE_relu:
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) {
                const T x = g0[i] + b0[i];
                h[i] = g0[i] = x > T(0) || x != x ? x : T(0);
            }
            return;
        case TERN_RECURRENCE_lstm:  // gates: input, forget, cell, output; state: the cell
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) {
                const T in = logistic(g0[i] + b0[i]), forget = logistic(g1[i] + b1[i]);
                const T cell = tanh(g2[i] + b2[i]), out = logistic(g3[i] + b3[i]);
                const T c = forget * before[i] + in * cell;
                g0[i] = in, g1[i] = forget, g2[i] = cell, g3[i] = out;
                state[i] = c;
                h[i] = out * tanh(c);
            }
            return;
        case TERN_RECURRENCE_gru:  // gates: reset, update, new; state: what the hidden state gives to the new gate
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) {
                const T reset = logistic(g0[i] + b0[i]), update = logistic(g1[i] + b1[i]), own = state[i] + b2[i];
                const T fresh = tanh(g2[i] + reset * own);
                g0[i] = reset, g1[i] = update, g2[i] = fresh;
                state[i] = own;
                h[i] = (before[i] - fresh) * update + fresh;
            }
            return;
    }
}

template <class T> void recurrent_backward(TernRecurrence kind, const RecurrentGradientLine<T> &l, int64_t n) {
    const T *const g0 = l.gates[0], *const g1 = l.gates[1], *const g2 = l.gates[2], *const g3 = l.gates[3];
    T *const d0 = l.to[0], *const d1 = l.to[1], *const d2 = l.to[2], *const d3 = l.to[3];
    const T *const dh = l.dh, *const state = l.state, *const before = l.before;
    T *const carry = l.carry, *const inner = l.inner;
    switch (kind) {
        case TERN_RECURRENCE_tanh:
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) d0[i] = dh[i] * (T(1) - g0[i] * g0[i]);
            return;
        case TERN_RECURRENCE_relu:
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) d0[i] = g0[i] <= T(0) ? T(0) : dh[i];
            return;
        case TERN_RECURRENCE_lstm:  // carry: the cell's gradient
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) {
                const T in = g0[i], forget = g1[i], cell = g2[i], out = g3[i], bent = tanh(state[i]);
                const T dc = carry[i] + dh[i] * out * (T(1) - bent * bent);
                d0[i] = dc * cell * in * (T(1) - in);
                d1[i] = dc * before[i] * forget * (T(1) - forget);
                d2[i] = dc * in * (T(1) - cell * cell);
                d3[i] = dh[i] * bent * out * (T(1) - out);
                carry[i] = dc * forget;
            }
            return;
        case TERN_RECURRENCE_gru:  // carry: what passes to the state before without a product
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) {
                const T reset = g0[i], update = g1[i], fresh = g2[i];
                const T dn = dh[i] * (T(1) - update) * (T(1) - fresh * fresh);
                d0[i] = dn * state[i] * reset * (T(1) - reset);
                d1[i] = dh[i] * (before[i] - fresh) * update * (T(1) - update);
                d2[i] = dn;
                inner[i] = dn * reset;
                carry[i] = dh[i] * update;
            }
            return;
    }
}

template <class T> constexpr RecurrentKernels<T> recurrent = {recurrent_forward<T>, recurrent_backward<T>};
#undef TERN_VECTOR_LOOP
}  // namespace
}  // namespace TERN_ISA
