// Reductions. The kept positions and the reduced ones are two loop nests; where the reduced one is innermost in memory, an output is
// made at a time (from whole blocks), otherwise a row of outputs at a time. Long reductions are cut into chunks that the shape alone
// decides, whose results are combined in order: so neither the number of threads nor their luck changes a bit.
#include <string.h>

#include "../isa/isa.h"
#include "iterate.h"
#include "visit.h"

#pragma clang diagnostic ignored "-Wpass-failed"
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")

namespace tern {
constexpr int64_t reduce_block = 4096;  // elements of a block
constexpr int64_t convert_block = 1024;
constexpr int64_t row_width = 256;      // outputs in a row

/// What sums and products are carried in.
template <class T> struct Carried { using type = wrapping<T>; };
template <> struct Carried<float> { using type = double; };
template <> struct Carried<double> { using type = double; };
template <> struct Carried<bool> { using type = bool; };
template <class R> struct Carried<std::complex<R>> { using type = std::complex<double>; };
template <class T> using carried = typename Carried<T>::type;

template <class F> struct ReduceLoops {
    carried<F> (*sum)(const F *, int64_t);
    F (*extreme[2])(const F *, int64_t);
    int64_t (*find)(const F *, int64_t, F);
    void (*sum_rows)(carried<F> *, const F *, int64_t, int64_t, int64_t);
    void (*extreme_rows[2])(F *, const F *, int64_t, int64_t, int64_t);
    void (*arg_rows[2])(F *, int64_t *, const F *, int64_t, int64_t, int64_t, int64_t);
};
}  // namespace tern

#define TERN_SOURCE "../kernels/reduce.inl"
#include "../isa/each.inl"

using namespace tern;

namespace {
template <class F> const ReduceLoops<F> &fast_loops() { return TERN_CHOOSE(reduce_loops<F>); }

// An operation: elements T are read as In; State is what is carried; `block` takes in n contiguous elements, of which the first is at
// `position`; `rows` takes rows of n elements, the first of them at `position`, into n states; `merge` takes in a later part's state.

template <class T> struct Sum {
    using In = computed<T>;
    using Out = T;
    using State = carried<In>;
    static State start() { return State(); }
    static void merge(State &state, const State &part) {
        if constexpr (is_bool<T>) state |= part;
        else state += part;
    }
    static void block(State &state, const In *x, int64_t n, int64_t) {
        if constexpr (Real<In>) {
            state += fast_loops<In>().sum(x, n);
        } else {
            State sum[4] = {};
            int64_t i = 0;
            for (; i + 4 <= n; i += 4)
                for (int k = 0; k < 4; ++k) merge(sum[k], State(x[i + k]));
            for (; i < n; ++i) merge(sum[0], State(x[i]));
            for (int k = 0; k < 4; ++k) merge(state, sum[k]);
        }
    }
    static void rows(State *states, const In *x, int64_t apart, int64_t rows, int64_t n, int64_t) {
        if constexpr (Real<In>) return fast_loops<In>().sum_rows(states, x, apart, rows, n);
        for (; rows > 0; --rows, x += apart)
            for (int64_t c = 0; c < n; ++c) merge(states[c], State(x[c]));
    }
    static Out finish(const State &state) { return convert<T>(In(state)); }
};

template <class T> struct Product {
    using In = computed<T>;
    using Out = T;
    using State = carried<In>;
    static State start() { return State(1); }
    static void merge(State &state, const State &part) {
        if constexpr (is_bool<T>) state &= part;
        else if constexpr (is_complex<T>) state = mul(state, part);
        else state *= part;
    }
    static void block(State &state, const In *x, int64_t n, int64_t) {
        State product[4] = {State(1), State(1), State(1), State(1)};
        int64_t i = 0;
        for (; i + 4 <= n; i += 4)
            for (int k = 0; k < 4; ++k) merge(product[k], State(x[i + k]));
        for (; i < n; ++i) merge(product[0], State(x[i]));
        for (int k = 0; k < 4; ++k) merge(state, product[k]);
    }
    static void rows(State *states, const In *x, int64_t apart, int64_t rows, int64_t n, int64_t) {
        for (; rows > 0; --rows, x += apart)
            for (int64_t c = 0; c < n; ++c) merge(states[c], State(x[c]));
    }
    static Out finish(const State &state) { return convert<T>(In(state)); }
};

template <class T, bool greatest> struct Extreme {
    using In = computed<T>;
    using Out = T;
    using State = In;
    static State start() {
        using Limits = std::numeric_limits<In>;
        if constexpr (Floating<In>) return greatest ? -Limits::infinity() : Limits::infinity();
        else return greatest ? Limits::lowest() : Limits::max();
    }
    static void merge(State &state, const State &part) { state = greatest ? maximum(part, state) : minimum(part, state); }
    static In of(const In *x, int64_t n) {
        if constexpr (Real<In>) return fast_loops<In>().extreme[greatest](x, n);
        In best = x[0];
        for (int64_t i = 1; i < n; ++i) best = greatest ? maximum(best, x[i]) : minimum(best, x[i]);
        return best;
    }
    static void block(State &state, const In *x, int64_t n, int64_t) { merge(state, of(x, n)); }
    static void rows(State *states, const In *x, int64_t apart, int64_t rows, int64_t n, int64_t) {
        if constexpr (Real<In>) return fast_loops<In>().extreme_rows[greatest](states, x, apart, rows, n);
        for (; rows > 0; --rows, x += apart)
            for (int64_t c = 0; c < n; ++c) merge(states[c], x[c]);
    }
    static Out finish(const State &state) { return convert<T>(state); }
};

template <class T, bool greatest> struct ArgExtreme {
    using In = computed<T>;
    using Out = int64_t;
    struct State {
        In value;
        int64_t position;
    };
    static State start() { return {In(), -1}; }
    static bool better(In x, const State &state) {
        return state.position < 0 || (greatest ? x > state.value : x < state.value) || (x != x && state.value == state.value);
    }
    static void merge(State &state, const State &part) {
        if (part.position >= 0 && better(part.value, state)) state = part;
    }
    static void block(State &state, const In *x, int64_t n, int64_t position) {
        const In best = Extreme<T, greatest>::of(x, n);
        if (!better(best, state)) return;
        int64_t i = 0;
        if constexpr (Real<In>) i = fast_loops<In>().find(x, n, best);
        else while (x[i] != best) ++i;
        state = {x[i], position + i};
    }
    static void rows(State *states, const In *x, int64_t apart, int64_t rows, int64_t n, int64_t position) {
        if constexpr (Real<In>)
            if (rows >= 4 && n >= 16) {
                In best[row_width];
                int64_t at[row_width];
                for (int64_t c = 0; c < n; ++c) best[c] = states[c].value, at[c] = states[c].position;
                fast_loops<In>().arg_rows[greatest](best, at, x, apart, rows, n, position);
                for (int64_t c = 0; c < n; ++c) states[c] = {best[c], at[c]};
                return;
            }
        for (; rows > 0; --rows, x += apart, ++position)
            for (int64_t c = 0; c < n; ++c)
                if (better(x[c], states[c])) states[c] = {x[c], position};
    }
    static Out finish(const State &state) { return state.position < 0 ? 0 : state.position; }
};

template <class T, bool every> struct Logical {
    using In = bool;
    using Out = bool;
    using State = bool;
    static State start() { return every; }
    static void merge(State &state, const State &part) { state = every ? state & part : state | part; }
    static void block(State &state, const In *x, int64_t n, int64_t) {
        if (state == every && memchr(x, !every, size_t(n))) state = !every;
    }
    static void rows(State *states, const In *x, int64_t apart, int64_t rows, int64_t n, int64_t) {
        for (; rows > 0; --rows, x += apart)
            for (int64_t c = 0; c < n; ++c) merge(states[c], x[c]);
    }
    static Out finish(const State &state) { return state; }
};

/// Contiguous elements as the operation reads them: in place where they are so, otherwise converted into `buffer`.
template <class T, class In> const In *read(const char *x, int64_t stride, int64_t n, In *buffer) {
    if (stride == sizeof(T)) {
        const T *elements = reinterpret_cast<const T *>(x);
        if constexpr (std::is_same_v<T, In>) return elements;
        else if constexpr (is_half<T> && !is_bool<In>) TERN_CHOOSE(widen<T>)(buffer, elements, n);
        else for (int64_t i = 0; i < n; ++i) buffer[i] = convert<In>(elements[i]);
    } else {
        for (int64_t i = 0; i < n; ++i, x += stride) buffer[i] = convert<In>(*reinterpret_cast<const T *>(x));
    }
    return buffer;
}

template <class T, class Op> struct Reduction {
    using In = typename Op::In;
    using State = typename Op::State;

    const Loops &kept;     // operands: x, out
    const Loops &reduced;  // operand: x
    const char *origin;    // of x, for `reduced`
    bool by_rows;
    int64_t chunks;    // into which the reduced positions are cut
    State *partial;    // (chunks, kept.count), where chunks > 1

    /// What one call of `range` carries.
    struct Task {
        const Reduction *all;
        int64_t begin, end;  // reduced positions
        State *partial;      // for the next output
        State *states;       // of the row, or the output, being made
        int64_t width, row_stride, position;
    };

    static void take_block(char *const *data, const int64_t *strides, int64_t n, const void *context) {
        Task &task = *static_cast<Task *>(const_cast<void *>(context));
        In buffer[convert_block];
        const int64_t stride = strides[0], most = stride == sizeof(T) && std::is_same_v<T, In> ? reduce_block : convert_block;
        for (int64_t i = 0; i < n; i += most) {
            const int64_t m = n - i < most ? n - i : most;
            Op::block(*task.states, read<T>(data[0] + i * stride, stride, m, buffer), m, task.position);
            task.position += m;
        }
    }

    static void take_rows(char *const *data, const int64_t *strides, int64_t n, const void *context) {
        Task &task = *static_cast<Task *>(const_cast<void *>(context));
        const int64_t position = task.position;
        task.position += n;
        if constexpr (std::is_same_v<T, In>)
            if (task.row_stride == sizeof(T)) {
                const int64_t apart = strides[0] / int64_t(sizeof(T));
                return Op::rows(task.states, reinterpret_cast<const T *>(data[0]), apart, n, task.width, position);
            }
        In buffer[8 * row_width];
        const int64_t width = task.width, most = 8 * row_width / width;
        for (int64_t i = 0, rows; i < n; i += rows) {
            rows = n - i < most ? n - i : most;
            const char *x = data[0] + i * strides[0];
            const int64_t together = strides[0] == width * task.row_stride ? rows : 1;
            for (int64_t r = 0; r < rows; r += together) read<T>(x + r * strides[0], task.row_stride, together * width, buffer + r * width);
            Op::rows(task.states, buffer, width, rows, width, position + i);
        }
    }

    static void make(char *const *data, const int64_t *strides, int64_t n, const void *context) {
        Task &task = *static_cast<Task *>(const_cast<void *>(context));
        const Reduction &all = *task.all;
        State states[row_width];
        const int64_t most = all.by_rows ? row_width : 1;
        task.states = states;
        task.row_stride = strides[0];
        for (int64_t i = 0; i < n; i += most) {
            task.width = n - i < most ? n - i : most;
            task.position = task.begin;
            for (int64_t c = 0; c < task.width; ++c) states[c] = Op::start();
            const int64_t shift[] = {data[0] + i * strides[0] - all.origin};
            all.reduced.run(task.begin, task.end, all.by_rows ? take_rows : take_block, &task, shift);
            for (int64_t c = 0; c < task.width; ++c) {
                if (task.partial) *task.partial++ = states[c];
                else *reinterpret_cast<typename Op::Out *>(data[1] + (i + c) * strides[1]) = Op::finish(states[c]);
            }
        }
    }

    void chunk_bounds(int64_t chunk, int64_t &begin, int64_t &end) const {
        const int64_t size = reduced.count / chunks, larger = reduced.count % chunks;
        begin = chunk * size + (chunk < larger ? chunk : larger);
        end = begin + size + (chunk < larger);
    }

    /// Units of work: (chunk, some outputs).
    void range(int64_t begin, int64_t end) const {
        const int64_t width = by_rows ? row_width : 1, units = (kept.count + width - 1) / width;
        while (begin < end) {
            const int64_t chunk = begin / units, first = begin % units;
            const int64_t last = end - begin < units - first ? first + end - begin : units;
            const int64_t from = first * width, to = last * width < kept.count ? last * width : kept.count;
            Task task = {this, 0, 0, partial ? partial + chunk * kept.count + from : nullptr, nullptr, 0, 0, 0};
            chunk_bounds(chunk, task.begin, task.end);
            kept.run(from, to, make, &task);
            begin += last - first;
        }
    }

    static void combine(char *const *data, const int64_t *strides, int64_t n, const void *context) {
        Task &task = *static_cast<Task *>(const_cast<void *>(context));
        for (int64_t i = 0; i < n; ++i, ++task.partial) {
            State state = task.partial[0];
            for (int64_t chunk = 1; chunk < task.all->chunks; ++chunk) Op::merge(state, task.partial[chunk * task.all->kept.count]);
            *reinterpret_cast<typename Op::Out *>(data[1] + i * strides[1]) = Op::finish(state);
        }
    }
};

template <class T, class Op> void reduce(const Loops &kept, const Loops &reduced, const char *origin) {
    const int64_t k = kept.count, r = reduced.count;
    if (k == 0) return;
    const auto magnitude = [](int64_t stride) { return stride < 0 ? -stride : stride; };
    // Where an output has few elements, an element of each output at a time is less work than an output at a time.
    const bool few = r * int64_t(sizeof(T)) < 256 && reduced.rank == 1;
    const bool by_rows = k > 1 && r > 1 && kept.shape[0] > 1 && (few || magnitude(kept.strides[0][0]) < magnitude(reduced.strides[0][0]));
    const int64_t width = by_rows ? row_width : 1, units = (k + width - 1) / width;
    int64_t chunks = 1;
    if (units < 64) {
        const int64_t least = by_rows ? 65536 / (k < width ? k : width) : 65536, most = by_rows ? 64 : 1024;
        chunks = r / least < 1 ? 1 : r / least < most ? r / least : most;
    }
    Reduction<T, Op> reduction = {kept, reduced, origin, by_rows, chunks, nullptr};
    const size_t bytes = size_t(chunks * k) * sizeof(typename Op::State);
    if (chunks > 1) {
        reduction.partial = static_cast<typename Op::State *>(tern_allocate(bytes));
        if (!reduction.partial) reduction.chunks = chunks = 1;
    }
    const int64_t unit_work = (r / chunks + 1) * width;
    parallel_for(units * chunks, unit_work < pointwise_grain ? pointwise_grain / unit_work : 1,
                 [&](int64_t begin, int64_t end) { reduction.range(begin, end); });
    if (chunks > 1) {
        typename Reduction<T, Op>::Task task = {&reduction, 0, 0, reduction.partial, nullptr, 0, 0, 0};
        kept.run(0, k, Reduction<T, Op>::combine, &task);
        tern_deallocate(reduction.partial, bytes);
    }
}

template <class T> bool dispatch(TernReduction op, const Loops &kept, const Loops &reduced, const char *origin) {
    switch (op) {
        case TERN_REDUCE_sum: return reduce<T, Sum<T>>(kept, reduced, origin), true;
        case TERN_REDUCE_prod: return reduce<T, Product<T>>(kept, reduced, origin), true;
        case TERN_REDUCE_any: return reduce<T, Logical<T, false>>(kept, reduced, origin), true;
        case TERN_REDUCE_all: return reduce<T, Logical<T, true>>(kept, reduced, origin), true;
        default: break;
    }
    if constexpr (!is_complex<T>) switch (op) {
        case TERN_REDUCE_max: return reduce<T, Extreme<T, true>>(kept, reduced, origin), true;
        case TERN_REDUCE_min: return reduce<T, Extreme<T, false>>(kept, reduced, origin), true;
        case TERN_REDUCE_argmax: return reduce<T, ArgExtreme<T, true>>(kept, reduced, origin), true;
        case TERN_REDUCE_argmin: return reduce<T, ArgExtreme<T, false>>(kept, reduced, origin), true;
        default: break;
    }
    return false;
}
}  // namespace

bool tern_reduce(TernReduction op, const TernArray *out, const TernArray *x) {
    const bool arg = op == TERN_REDUCE_argmax || op == TERN_REDUCE_argmin, logical = op == TERN_REDUCE_any || op == TERN_REDUCE_all;
    if (out->dtype != (arg ? TERN_INT64 : logical ? TERN_BOOL : x->dtype) || x->rank > Loops::max_rank) return false;
    int64_t shapes[2][Loops::max_rank], x_strides[2][Loops::max_rank], out_strides[Loops::max_rank];
    int32_t ranks[2] = {0, 0};
    for (int32_t d = 0; d < x->rank; ++d) {
        const int which = out->shape[d] == 1 && x->shape[d] != 1;
        if (!which) out_strides[ranks[0]] = out->strides[d];
        shapes[which][ranks[which]] = x->shape[d];
        x_strides[which][ranks[which]++] = x->strides[d];
    }
    if (count(x) == 0) memset(x_strides, 0, sizeof x_strides);  // there may be no memory to walk through
    const TernArray kept_x = {x->data, shapes[0], x_strides[0], ranks[0], x->dtype};
    const TernArray kept_out = {out->data, shapes[0], out_strides, ranks[0], out->dtype};
    const TernArray reduced_x = {x->data, shapes[1], x_strides[1], ranks[1], x->dtype};
    const TernArray *const kept_arrays[] = {&kept_x, &kept_out}, *const reduced_arrays[] = {&reduced_x};
    const Loops kept(2, kept_arrays, true), reduced(1, reduced_arrays, !arg);
    bool done = false;
    const auto one = [&](auto type) {
        done = dispatch<typename decltype(type)::type>(op, kept, reduced, static_cast<const char *>(x->data));
    };
    visit_all(x->dtype, one);
    return done;
}
