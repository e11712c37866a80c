// Pooling's innermost loops. Windows overlap lines of numbers: `along` walks a line (or all lines of a plane, one behind the other) and
// `rows` goes across lines.
namespace TERN_ISA {
namespace {
/// f(tap, its offset) for each tap of a line's window.
template <class F> void for_taps(int64_t kernel, int64_t dilation, const F &f) {
    for (int64_t k = 0; k < kernel; k++) f(k, k * dilation);
}
/// f(step) with step a constant where it is a small one: loops over every first or second number become vector code.
template <class F> void with_step(int64_t step, const F &f) {
    if (step == 1) f(std::integral_constant<int64_t, 1>());
    else if (step == 2) f(std::integral_constant<int64_t, 2>());
    else f(step);
}

/// to[i] = Σ from[step · i + tap · dilation]
template <class A> void sum_along(A *to, const A *from, int64_t n, int64_t step, int64_t dilation, int64_t kernel) {
    with_step(step, [&](auto step) {
        if (kernel == 2) {
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) to[i] = from[step * i] + from[step * i + dilation];
            return;
        }
        for_taps(kernel, dilation, [&](int64_t k, int64_t at) {
            if (k == 0) { TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) to[i] = from[step * i]; }
            else { TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) to[i] += from[step * i + at]; }
        });
    });
}

/// The transposed: to[step · i + r] = Σ from[i − q] over the taps whose offset is step · q + r. Numbers before `from` are read.
template <class A> void spread_along(A *to, const A *from, int64_t n, int64_t step, int64_t dilation, int64_t kernel) {
    if (step == 2 && kernel == 2 && dilation == 1) {
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) to[2 * i] = to[2 * i + 1] = from[i];
        return;
    }
    with_step(step, [&](auto step) {
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n * step; i++) to[i] = A(0);
        for_taps(kernel, dilation, [&](int64_t, int64_t at) {
            const int64_t q = at / step, r = at % step;
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; i++) to[step * i + r] += from[i - q];
        });
    });
}

/// to[o] = Σ rows[…][o] / (by[o] · others), or 0 where that divides by 0.
template <class A> void average_rows(A *to, const A *const *rows, int64_t count, int64_t n, const A *by, A others) {
    if (count == 2) {
        const A *first = rows[0], *second = rows[1];
        TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) {
            const A d = by[o] * others, mean = (first[o] + second[o]) / d;
            to[o] = d == A(0) ? A(0) : mean;
        }
        return;
    }
    TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) to[o] = A(0);
    for (int64_t t = 0; t < count; t++) {
        const A *row = rows[t];
        TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) to[o] += row[o];
    }
    TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) {
        const A d = by[o] * others, mean = to[o] / d;
        to[o] = d == A(0) ? A(0) : mean;
    }
}

/// to[o] = g[o] / (by[o] · others), or 0.
template <class A> void shares(A *to, const A *g, int64_t n, const A *by, A others) {
    TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) {
        const A d = by[o] * others, share = g[o] / d;
        to[o] = d == A(0) ? A(0) : share;
    }
}
template <class A> void add_row(A *to, const A *from, int64_t n) {
    TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) to[o] += from[o];
}

/// p[0], p[step], … of W numbers, and none beyond the last of them.
template <class Vec, class A, class Step, int... J> Vec every(const A *p, Step step, std::integer_sequence<int, J...>) {
    typedef A Loose __attribute__((ext_vector_type(sizeof...(J)), aligned(alignof(A)), may_alias));
    constexpr int W = sizeof...(J);
    if constexpr (!std::is_same_v<Step, int64_t>) {
        const Vec first = *reinterpret_cast<const Loose *>(p);
        if constexpr (Step::value == 1) return first;
        else return __builtin_shufflevector(first, Vec(*reinterpret_cast<const Loose *>(p + W - 1)), (J < W / 2 ? 2 * J : 2 * J + 1)...);
    }
    return Vec{p[J * step]...};
}

/// `greatest` for W windows from o on, or for window o.
template <class A, class Step, int... J>
TERN_INLINE void greatest_of(A *most, int64_t *where, const A *const *lines, const int64_t *starts, int64_t count, int64_t o,
                             Step step, int64_t dilation, int64_t kernel, std::integer_sequence<int, J...> lanes) {
    constexpr int W = sizeof...(J);
    using Place = std::conditional_t<sizeof(A) == 4, int32_t, int64_t>;
    typedef A Vec __attribute__((ext_vector_type(W)));
    typedef A LooseVec __attribute__((ext_vector_type(W), aligned(alignof(A)), may_alias));
    typedef Place Places __attribute__((ext_vector_type(W)));
    typedef int64_t Wide __attribute__((ext_vector_type(W)));
    typedef int64_t LooseWide __attribute__((ext_vector_type(W), aligned(8), may_alias));
    Vec best = Vec(-std::numeric_limits<A>::infinity());
    Places place = Places(0);  // counted from the first tap's
    for (int64_t t = 0; t < count; t++) {
        Places here = Places(Place(starts[t] - starts[0]));
        for (int64_t k = 0; k < kernel; k++, here += Place(dilation)) {
            const Vec value = every<Vec>(lines[t] + step * o + k * dilation, step, lanes);
            const auto more = (value > best) | (value != value);
            best = more ? value : best;
            place = more ? here : place;
        }
    }
    *reinterpret_cast<LooseVec *>(most + o) = best;
    const Wide from = Wide{J...} * int64_t(step) + (starts[0] + o * step);
    *reinterpret_cast<LooseWide *>(where + o) = __builtin_convertvector(place, Wide) + from;
}
template <class A, class Step>
void greatest_of_one(A *most, int64_t *where, const A *const *lines, const int64_t *starts, int64_t count, int64_t o,
                     Step step, int64_t dilation, int64_t kernel) {
    A best = -std::numeric_limits<A>::infinity();
    int64_t place = starts[0] + step * o;
    for (int64_t t = 0; t < count; t++)
        for (int64_t k = 0; k < kernel; k++) {
            const A value = lines[t][step * o + k * dilation];
            if (value > best || value != value) best = value, place = starts[t] + step * o + k * dilation;
        }
    most[o] = best, where[o] = place;
}

/// Of n windows over the same `count` lines: the greatest, −∞ if there is none, and where it stands. Window o's taps are
/// lines[t][step · o + k · dilation], k < kernel; lines[t] stands at starts[t]. A NaN is greater than all; of equals the first counts.
template <class A, int W = (16 << TERN_LEVEL) / int(sizeof(A))>
void greatest(A *most, int64_t *where, const A *const *lines, const int64_t *starts, int64_t count, int64_t n, int64_t step,
              int64_t dilation, int64_t kernel) {
    const bool near = starts[count - 1] - starts[0] + kernel * dilation <= INT32_MAX;
    if constexpr (W > 2)
        if (n < W) return greatest<A, W / 2>(most, where, lines, starts, count, n, step, dilation, kernel);
    with_step(step, [&](auto step) {
        if (near && n >= W)  // the last W windows overlap those before them
            for (int64_t o = 0; o < n; o += W)
                greatest_of(most, where, lines, starts, count, std::min(o, n - W), step, dilation, kernel,
                            std::make_integer_sequence<int, W>());
        else
            for (int64_t o = 0; o < n; o++) greatest_of_one(most, where, lines, starts, count, o, step, dilation, kernel);
    });
}

/// The greatest of `count` lines that `greatest` made, number by number, and where it stands: NaN and equals as there.
template <class A>
void greatest_across(A *most, int64_t *where, const A *const *lines, const int64_t *const *places, int64_t count, int64_t n) {
    std::copy(lines[0], lines[0] + n, most), std::copy(places[0], places[0] + n, where);
    for (int64_t t = 1; t < count; t++) {
        const A *line = lines[t];
        const int64_t *place = places[t];
        TERN_VECTOR_LOOP for (int64_t o = 0; o < n; o++) {
            const A value = line[o], best = most[o];
            const bool more = (value > best) | (value != value);
            most[o] = more ? value : best, where[o] = more ? place[o] : where[o];
        }
    }
}

/// Windows of 2 × 2 side by side: to[o] = (both lines' 2o + both lines' 2o + 1) / divisor, by vectors of W, then of half as many.
template <class A, int W, int... J>
void average_pairs(A *to, const A *first, const A *second, int64_t n, A divisor, std::integer_sequence<int, J...>) {
    typedef A Vec __attribute__((ext_vector_type(W), aligned(alignof(A)), may_alias));
    const auto at = [](const A *p) { return *reinterpret_cast<const Vec *>(p); };
    int64_t o = 0;
    for (; o + W <= n; o += W) {
        const Vec left = at(first + 2 * o) + at(second + 2 * o), right = at(first + 2 * o + W) + at(second + 2 * o + W);
        *reinterpret_cast<Vec *>(to + o) =
            (__builtin_shufflevector(left, right, 2 * J...) + __builtin_shufflevector(left, right, 2 * J + 1 ...)) / divisor;
    }
    to += o, first += 2 * o, second += 2 * o, n -= o;
    if constexpr (W > 2) return average_pairs<A, W / 2>(to, first, second, n, divisor, std::make_integer_sequence<int, W / 2>());
    for (o = 0; o < n; o++) to[o] = ((first[2 * o] + second[2 * o]) + (first[2 * o + 1] + second[2 * o + 1])) / divisor;
}
template <class A> void average_squares(A *to, const A *from, int64_t lines, int64_t n, int64_t width, A divisor) {
    constexpr int W = (16 << TERN_LEVEL) / int(sizeof(A));
    for (int64_t l = 0; l < lines; l++)
        average_pairs<A, W>(to + l * n, from + 2 * l * width, from + (2 * l + 1) * width, n, divisor, std::make_integer_sequence<int, W>());
}
/// The transposed, for one line of gradients: each twice, in both lines.
template <class A, int W, int... J>
void spread_pairs(A *first, A *second, const A *g, int64_t n, A divisor, std::integer_sequence<int, J...>) {
    typedef A Vec __attribute__((ext_vector_type(W), aligned(alignof(A)), may_alias));
    int64_t o = 0;
    for (; o + W <= n; o += W) {
        const Vec share = *reinterpret_cast<const Vec *>(g + o) / divisor;
        const Vec left = __builtin_shufflevector(share, share, J / 2 ...);
        const Vec right = __builtin_shufflevector(share, share, (W + J) / 2 ...);
        for (A *line : {first, second})
            *reinterpret_cast<Vec *>(line + 2 * o) = left, *reinterpret_cast<Vec *>(line + 2 * o + W) = right;
    }
    first += 2 * o, second += 2 * o, g += o, n -= o;
    if constexpr (W > 2) return spread_pairs<A, W / 2>(first, second, g, n, divisor, std::make_integer_sequence<int, W / 2>());
    for (o = 0; o < n; o++) first[2 * o] = first[2 * o + 1] = second[2 * o] = second[2 * o + 1] = g[o] / divisor;
}
template <class A> void spread_squares(A *to, const A *g, int64_t lines, int64_t n, int64_t width, A divisor) {
    constexpr int W = (16 << TERN_LEVEL) / int(sizeof(A));
    for (int64_t l = 0; l < lines; l++)
        spread_pairs<A, W>(to + 2 * l * width, to + (2 * l + 1) * width, g + l * n, n, divisor, std::make_integer_sequence<int, W>());
}

template <class A> constexpr PoolingLoops<A> pooling_loops = {
    sum_along<A>, spread_along<A>, average_rows<A>, shares<A>, add_row<A>, greatest<A>, greatest_across<A>,
    average_squares<A>, spread_squares<A>};
}  // namespace
}  // namespace TERN_ISA
