// Gather, scatter, advanced indexing, and the search for what is not zero.
#include <atomic>
#include <string.h>

#include "iterate.h"
#include "visit.h"

using namespace tern;

namespace {
// Checking indices -----------------------------------------------------------------------------------------------------------
struct Check {
    int64_t least, size;
    std::atomic<bool> *bad;
    int64_t position;  // of the row that comes next
    int64_t first;     // -1: none yet
};

void check_any(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Check &check = *static_cast<const Check *>(context);
    const char *index = data[0];
    bool bad = false;
    for (int64_t i = 0; i < n; ++i, index += strides[0]) {
        const int64_t at = *reinterpret_cast<const int64_t *>(index);
        bad |= (at < check.least) | (at >= check.size);
    }
    if (bad) check.bad->store(true, std::memory_order_relaxed);
}

void check_first(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    Check &check = *static_cast<Check *>(const_cast<void *>(context));
    const char *index = data[0];
    for (int64_t i = 0; i < n && check.first < 0; ++i, index += strides[0]) {
        const int64_t at = *reinterpret_cast<const int64_t *>(index);
        if (at < check.least || at >= check.size) check.first = check.position + i;
    }
    check.position += n;
}

/// The position of the first index outside of least..<size, or TERN_INDEX_OK.
int64_t first_bad(const TernArray *index, int64_t least, int64_t size) {
    std::atomic<bool> bad{false};
    Check check = {least, size, &bad, 0, -1};
    iterate(1, &index, check_any, &check);
    if (!bad.load()) return TERN_INDEX_OK;
    const Loops loops(1, &index, false);
    loops.run(0, loops.count, check_first, &check);
    return check.first;
}

// Gather and scatter -----------------------------------------------------------------------------------------------------------
/// An array as `index` sees it: its shape, and a stride of 0 along `dim`, where the index says how far to go.
struct View {
    TernArray array;
    int64_t strides[Loops::max_rank];

    View(const TernArray *x, const TernArray *index, int32_t dim) {
        for (int32_t d = 0; d < x->rank; ++d) strides[d] = d == dim ? 0 : x->strides[d];
        array = {x->data, index->shape, strides, index->rank, x->dtype};
    }
    View(const View &) = delete;
};

struct Along {
    int64_t size, stride;  // of the indexed dimension; in bytes
    Along(const TernArray *x, int32_t dim) : size(x->rank ? x->shape[dim] : 1), stride(x->rank ? x->strides[dim] * size_of(x->dtype) : 0) {}
};

template <class T> void gather_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Along along = *static_cast<const Along *>(context);
    char *out = data[0];
    const char *index = data[1], *x = data[2];
    for (int64_t i = 0; i < n; ++i, out += strides[0], index += strides[1], x += strides[2]) {
        const int64_t at = *reinterpret_cast<const int64_t *>(index);
        *reinterpret_cast<T *>(out) = *reinterpret_cast<const T *>(x + (at < 0 ? at + along.size : at) * along.stride);
    }
}

template <class T, TernCombine op> void scatter_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Along along = *static_cast<const Along *>(context);
    char *out = data[0];
    const char *index = data[1], *source = data[2];
    for (int64_t i = 0; i < n; ++i, out += strides[0], index += strides[1], source += strides[2]) {
        const int64_t at = *reinterpret_cast<const int64_t *>(index);
        T &to = *reinterpret_cast<T *>(out + at * along.stride);
        const T from = *reinterpret_cast<const T *>(source);
        if constexpr (op == TERN_COMBINE_assign) to = from;
        else if constexpr (op == TERN_COMBINE_sum) to = convert<T>(add(load(to), load(from)));
        else if constexpr (op == TERN_COMBINE_prod) to = convert<T>(mul(load(to), load(from)));
        else if constexpr (op == TERN_COMBINE_max) to = convert<T>(maximum(load(to), load(from)));
        else to = convert<T>(minimum(load(to), load(from)));
    }
}

Kernel scatter_kernel(TernCombine op, TernDType dtype) {
    Kernel kernel = nullptr;
    if (op == TERN_COMBINE_assign) {
        visit_size(size_of(dtype), [&](auto type) { kernel = scatter_loop<typename decltype(type)::type, TERN_COMBINE_assign>; });
        return kernel;
    }
    visit_all(dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        if (op == TERN_COMBINE_sum) kernel = scatter_loop<T, TERN_COMBINE_sum>;
        else if (op == TERN_COMBINE_prod) kernel = scatter_loop<T, TERN_COMBINE_prod>;
        else if constexpr (!is_complex<T>)
            kernel = op == TERN_COMBINE_max ? scatter_loop<T, TERN_COMBINE_max> : scatter_loop<T, TERN_COMBINE_min>;
    });
    return kernel;
}

// Advanced indexing -------------------------------------------------------------------------------------------------------------
struct Offsets {
    int64_t size, stride;
    int64_t *next;
};

void add_offsets(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    Offsets &offsets = *static_cast<Offsets *>(const_cast<void *>(context));
    const char *index = data[0];
    for (int64_t i = 0; i < n; ++i, index += strides[0]) {
        const int64_t at = *reinterpret_cast<const int64_t *>(index);
        *offsets.next++ += (at + (at < 0 ? offsets.size : 0)) * offsets.stride;
    }
}

/// The indexed dimensions and the others of x[indices], for reading or writing.
struct Indexing {
    int64_t count = 1;           // of index positions
    int64_t *offsets = nullptr;  // how far each is into x, in bytes
    int64_t error = TERN_INDEX_OK;
    TernArray picked, rest_x, rest_other;  // `other`: out, or values

    Indexing(const TernArray *x, const TernArray *indices, int32_t indexed, const TernArray *other, bool from_end) {
        const TernArray &first = indices[0];
        for (int32_t d = 0; d < first.rank; ++d) count *= first.shape[d];
        picked = {other->data, first.shape, other->strides, first.rank, other->dtype};
        const int32_t rank = x->rank - indexed;
        rest_x = {x->data, x->shape + indexed, x->strides + indexed, rank, x->dtype};
        rest_other = {other->data, x->shape + indexed, other->strides + first.rank, rank, other->dtype};
        if (count == 0) return;
        for (int32_t k = 0; k < indexed; ++k) {
            const int64_t bad = first_bad(&indices[k], from_end ? -x->shape[k] : 0, x->shape[k]);
            if (bad >= 0 && (error < 0 || bad < error)) error = bad;
        }
        if (error >= 0) return;
        offsets = static_cast<int64_t *>(tern_allocate(size_t(count) * sizeof(int64_t)));
        if (!offsets) {
            error = TERN_INDEX_NO_KERNEL;
            return;
        }
        memset(offsets, 0, size_t(count) * sizeof(int64_t));
        for (int32_t k = 0; k < indexed; ++k) {
            const TernArray *const index = &indices[k];
            const Loops loops(1, &index, false);
            Offsets task = {x->shape[k], x->strides[k] * size_of(x->dtype), offsets};
            loops.run(0, loops.count, add_offsets, &task);
        }
    }
    ~Indexing() { tern_deallocate(offsets, size_t(count) * sizeof(int64_t)); }
    Indexing(const Indexing &) = delete;
};

/// For every index position (of `loops`: other, offsets), the rest: elements `from`..<`to` of it.
struct Rest {
    const Loops &rest;  // operands: out, x
    bool writes;        // x[…] = other, rather than other = x[…]
    const char *other;  // where rest's operand `other` starts
    Kernel kernel;
    int64_t from, to;
};

void visit_rest(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Rest &task = *static_cast<const Rest *>(context);
    const char *offset = data[1];
    for (int64_t i = 0; i < n; ++i, offset += strides[1]) {
        const int64_t other = data[0] + i * strides[0] - task.other, x = *reinterpret_cast<const int64_t *>(offset);
        const int64_t shift[] = {task.writes ? x : other, task.writes ? other : x};
        task.rest.run(task.from, task.to, task.kernel, nullptr, shift);
    }
}

template <class T> void copy_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(T) && strides[1] == sizeof(T)) {
        memcpy(data[0], data[1], size_t(n) * sizeof(T));
        return;
    }
    char *out = data[0];
    const char *x = data[1];
    for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1]) *reinterpret_cast<T *>(out) = *reinterpret_cast<const T *>(x);
}

template <class T> void add_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(T) && strides[1] == sizeof(T)) {
        T *out = reinterpret_cast<T *>(data[0]);
        const T *x = reinterpret_cast<const T *>(data[1]);
        for (int64_t i = 0; i < n; ++i) out[i] = convert<T>(add(load(out[i]), load(x[i])));
        return;
    }
    char *out = data[0];
    const char *x = data[1];
    for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1]) {
        T &to = *reinterpret_cast<T *>(out);
        to = convert<T>(add(load(to), load(*reinterpret_cast<const T *>(x))));
    }
}

template <class T> void pick_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const char *x = static_cast<const char *>(context), *offset = data[1];
    char *out = data[0];
    for (int64_t i = 0; i < n; ++i, out += strides[0], offset += strides[1])
        *reinterpret_cast<T *>(out) = *reinterpret_cast<const T *>(x + *reinterpret_cast<const int64_t *>(offset));
}

Kernel element_copy(int64_t size) {
    Kernel kernel = nullptr;
    visit_size(size, [&](auto type) { kernel = copy_loop<typename decltype(type)::type>; });
    return kernel;
}

int64_t grain_of(int64_t work) { return work < pointwise_grain ? pointwise_grain / (work + 1) + 1 : 1; }

// Not zero -------------------------------------------------------------------------------------------------------------------------
template <class T> void count_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    int64_t &total = *static_cast<int64_t *>(const_cast<void *>(context)), sum = 0;
    const char *x = data[0];
    if (strides[0] == sizeof(T)) {
        for (int64_t i = 0; i < n; ++i) sum += convert<bool>(reinterpret_cast<const T *>(x)[i]);
    } else {
        for (int64_t i = 0; i < n; ++i, x += strides[0]) sum += convert<bool>(*reinterpret_cast<const T *>(x));
    }
    total += sum;
}

struct Found {
    const TernArray *x;
    char *out;
    int64_t row, column;  // strides in bytes
    int64_t position;     // of the row of elements that comes next
};

template <class T> void find_loop(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    Found &found = *static_cast<Found *>(const_cast<void *>(context));
    const char *x = data[0];
    for (int64_t i = 0; i < n; ++i, x += strides[0]) {
        if (!convert<bool>(*reinterpret_cast<const T *>(x))) continue;
        int64_t rest = found.position + i;
        for (int32_t d = found.x->rank - 1; d >= 0; --d) {
            *reinterpret_cast<int64_t *>(found.out + d * found.column) = rest % found.x->shape[d];
            rest /= found.x->shape[d];
        }
        found.out += found.row;
    }
    found.position += n;
}
}  // namespace

int64_t tern_gather(const TernArray *out, const TernArray *x, int32_t dim, const TernArray *index, bool from_end) {
    if (out->dtype != x->dtype || index->dtype != TERN_INT64 || x->rank > Loops::max_rank) return TERN_INDEX_NO_KERNEL;
    const Along along(x, dim);
    if (const int64_t bad = first_bad(index, from_end ? -along.size : 0, along.size); bad >= 0) return bad;
    const View view(x, index, dim);
    const TernArray *const arrays[] = {out, index, &view.array};
    visit_size(size_of(x->dtype), [&](auto type) { iterate(3, arrays, gather_loop<typename decltype(type)::type>, &along); });
    return TERN_INDEX_OK;
}

int64_t tern_scatter(TernCombine op, const TernArray *out, int32_t dim, const TernArray *index, const TernArray *source) {
    const Kernel kernel = scatter_kernel(op, out->dtype);
    if (!kernel || source->dtype != out->dtype || index->dtype != TERN_INT64 || out->rank > Loops::max_rank) return TERN_INDEX_NO_KERNEL;
    const Along along(out, dim);
    if (const int64_t bad = first_bad(index, 0, along.size); bad >= 0) return bad;
    const View view(out, index, dim);
    const int64_t total = count(index);
    if (total < 2 * pointwise_grain || index->rank < 2) {
        const TernArray from = {source->data, index->shape, source->strides, index->rank, source->dtype};
        const TernArray *const arrays[] = {&view.array, index, &from};
        const Loops loops(3, arrays, false);
        loops.run(0, loops.count, kernel, &along);
        return TERN_INDEX_OK;
    }
    // Positions that differ in another dimension never meet: cut one of those, and keep the order in each piece.
    const int32_t cut = dim == index->rank - 1 ? 0 : index->rank - 1;
    const int64_t extent = index->shape[cut], work = grain_of(total / extent), grain = cut && work < 16 ? 16 : work;
    parallel_for(extent, grain, [&](int64_t begin, int64_t end) {
        int64_t shape[Loops::max_rank];
        memcpy(shape, index->shape, size_t(index->rank) * sizeof *shape);
        shape[cut] = end - begin;
        const auto piece = [&](const TernArray *x, const int64_t *strides) {
            char *first = static_cast<char *>(x->data) + begin * strides[cut] * size_of(x->dtype);
            return TernArray{first, shape, strides, index->rank, x->dtype};
        };
        const TernArray to = piece(out, view.strides), at = piece(index, index->strides), from = piece(source, source->strides);
        const TernArray *const arrays[] = {&to, &at, &from};
        const Loops loops(3, arrays, false);
        loops.run(0, loops.count, kernel, &along);
    });
    return TERN_INDEX_OK;
}

int64_t tern_index(const TernArray *out, const TernArray *x, const TernArray *indices, int32_t indexed, bool from_end) {
    if (out->dtype != x->dtype || indexed < 1 || indexed > x->rank || x->rank > Loops::max_rank || out->rank > Loops::max_rank)
        return TERN_INDEX_NO_KERNEL;
    for (int32_t k = 0; k < indexed; ++k)
        if (indices[k].dtype != TERN_INT64) return TERN_INDEX_NO_KERNEL;
    const Indexing indexing(x, indices, indexed, out, from_end);
    if (indexing.error != TERN_INDEX_OK || indexing.count == 0) return indexing.error;
    int64_t steps[Loops::max_rank], step = 1;
    for (int32_t d = indexing.picked.rank - 1; d >= 0; --d) steps[d] = step, step *= indexing.picked.shape[d];
    const TernArray offsets = {indexing.offsets, indexing.picked.shape, steps, indexing.picked.rank, TERN_INT64};
    const TernArray *const outer[] = {&indexing.picked, &offsets}, *const inner[] = {&indexing.rest_other, &indexing.rest_x};
    const Loops rest(2, inner, true);
    if (rest.count == 1) {
        visit_size(size_of(x->dtype), [&](auto type) { iterate(2, outer, pick_loop<typename decltype(type)::type>, x->data); });
    } else if (rest.count > 1) {
        const Rest task = {rest, false, static_cast<const char *>(out->data), element_copy(size_of(x->dtype)), 0, rest.count};
        iterate(2, outer, visit_rest, &task, grain_of(rest.count));
    }
    return TERN_INDEX_OK;
}

int64_t tern_index_put(const TernArray *out, const TernArray *indices, int32_t indexed, const TernArray *values, bool accumulate) {
    if (out->dtype != values->dtype || indexed < 1 || indexed > out->rank || out->rank > Loops::max_rank || values->rank > Loops::max_rank)
        return TERN_INDEX_NO_KERNEL;
    for (int32_t k = 0; k < indexed; ++k)
        if (indices[k].dtype != TERN_INT64) return TERN_INDEX_NO_KERNEL;
    const Indexing indexing(out, indices, indexed, values, true);
    if (indexing.error != TERN_INDEX_OK || indexing.count == 0) return indexing.error;
    Kernel kernel = element_copy(size_of(out->dtype));
    if (accumulate) visit_all(out->dtype, [&](auto type) { kernel = add_loop<typename decltype(type)::type>; });
    int64_t steps[Loops::max_rank], step = 1;
    for (int32_t d = indexing.picked.rank - 1; d >= 0; --d) steps[d] = step, step *= indexing.picked.shape[d];
    const TernArray offsets = {indexing.offsets, indexing.picked.shape, steps, indexing.picked.rank, TERN_INT64};
    const TernArray *const outer[] = {&indexing.picked, &offsets}, *const inner[] = {&indexing.rest_x, &indexing.rest_other};
    const Loops rest(2, inner, true), positions(2, outer, false);
    // In order, for the last of equal indices wins; in parallel over the rest, whose elements never meet.
    const int64_t grain = grain_of(indexing.count);
    parallel_for(rest.count, grain < 32 ? 32 : grain, [&](int64_t begin, int64_t end) {
        const Rest task = {rest, true, static_cast<const char *>(values->data), kernel, begin, end};
        positions.run(0, positions.count, visit_rest, &task);
    });
    return TERN_INDEX_OK;
}

int64_t tern_count_nonzero(const TernArray *x) {
    const Loops loops(1, &x, true);
    std::atomic<int64_t> total{0};
    visit_all(x->dtype, [&](auto type) {
        parallel_for(loops.count, pointwise_grain, [&](int64_t begin, int64_t end) {
            int64_t sum = 0;
            loops.run(begin, end, count_loop<typename decltype(type)::type>, &sum);
            total.fetch_add(sum, std::memory_order_relaxed);
        });
    });
    return total.load();
}

bool tern_nonzero(const TernArray *out, const TernArray *x) {
    if (out->dtype != TERN_INT64 || out->rank != 2 || x->rank > Loops::max_rank) return false;
    if (count(out) == 0) return true;
    const Loops loops(1, &x, false);
    constexpr int64_t most = 256;  // pieces: counted, then written, each from where those before it end
    const int64_t full = loops.count / pointwise_grain, pieces = full < 1 ? 1 : full < most ? full : most;
    const int64_t size = loops.count / pieces, larger = loops.count % pieces;
    const auto start = [&](int64_t piece) { return size * piece + (piece < larger ? piece : larger); };
    int64_t counts[most] = {};
    visit_all(x->dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        if (pieces > 1)
            parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
                for (int64_t piece = begin; piece < end; ++piece) loops.run(start(piece), start(piece + 1), count_loop<T>, &counts[piece]);
            });
        for (int64_t piece = 0, sum = 0; piece < pieces; ++piece) {
            const int64_t here = counts[piece];
            counts[piece] = sum;
            sum += here;
        }
        const int64_t row = out->strides[0] * 8, column = out->strides[1] * 8;
        parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
            for (int64_t piece = begin; piece < end; ++piece) {
                Found found = {x, static_cast<char *>(out->data) + counts[piece] * row, row, column, start(piece)};
                loops.run(start(piece), start(piece + 1), find_loop<T>, &found);
            }
        });
    });
    return true;
}
