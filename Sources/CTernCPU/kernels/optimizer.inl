// One pass over a parameter and its state, in PyTorch's order of operations.
namespace TERN_ISA {
namespace {
template <class T, bool coupled, bool amsgrad>
void adam(T *__restrict p, const T *__restrict g, T *__restrict mean, T *__restrict square, T *__restrict largest, int64_t n,
          const TernAdam &o) {
    const T sign = o.maximize ? T(-1) : T(1), decay = T(o.weightDecay), shrink = o.decoupled ? T(1 - o.learningRate * o.weightDecay) : T(1);
    const T weight = T(1 - o.beta1), beta2 = T(o.beta2), rest = T(1 - o.beta2), keep = T(1) - weight, epsilon = T(o.epsilon);
    const T step = T(-(o.learningRate / o.biasCorrection1)), correction = T(std::sqrt(o.biasCorrection2));
    const bool near = std::fabs(1 - o.beta1) < 0.5;  // which end the interpolation starts from
    for (int64_t i = 0; i < n; i++) {
        const T before = p[i] * shrink;
        T gradient = sign * g[i];
        if constexpr (coupled) gradient += decay * before;
        const T change = gradient - mean[i];
        const T m = near ? mean[i] + weight * change : gradient - change * keep;
        T s = square[i] * beta2 + rest * gradient * gradient;
        mean[i] = m, square[i] = s;
        if constexpr (amsgrad) {
            s = largest[i] > s || largest[i] != largest[i] ? largest[i] : s;
            largest[i] = s;
        }
        p[i] = before + step * m / (std::sqrt(s) / correction + epsilon);
    }
}

template <class T, bool momentum>
void sgd(T *__restrict p, const T *__restrict g, T *__restrict buffer, int64_t n, const TernSGD &o) {
    const T sign = o.maximize ? T(-1) : T(1), decay = T(o.weightDecay), rate = T(-o.learningRate);
    const T factor = T(o.momentum), taken = T(1 - o.dampening);
    const bool decays = o.weightDecay != 0, first = o.firstStep, nesterov = o.nesterov;
    for (int64_t i = 0; i < n; i++) {
        T gradient = sign * g[i];
        gradient = decays ? gradient + decay * p[i] : gradient;
        if constexpr (momentum) {
            const T b = first ? gradient : buffer[i] * factor + taken * gradient;
            buffer[i] = b;
            gradient = nesterov ? gradient + factor * b : b;
        }
        p[i] += rate * gradient;
    }
}

template <class T> void adam_step(T *p, const T *g, T *mean, T *square, T *largest, int64_t n, const TernAdam &o) {
    const bool coupled = o.weightDecay != 0 && !o.decoupled;
    if (largest) (coupled ? adam<T, true, true> : adam<T, false, true>)(p, g, mean, square, largest, n, o);
    else (coupled ? adam<T, true, false> : adam<T, false, false>)(p, g, mean, square, nullptr, n, o);
}

template <class T> void sgd_step(T *p, const T *g, T *buffer, int64_t n, const TernSGD &o) {
    (buffer ? sgd<T, true> : sgd<T, false>)(p, g, buffer, n, o);
}
}  // namespace
}  // namespace TERN_ISA
