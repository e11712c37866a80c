#include "iterate.h"

#include <utility>

#include "dispatch.h"

namespace tern {
Loops::Loops(int operands, const TernArray *const *arrays, bool any_order)
    : operands(operands), rank(0), fits(arrays[0]->rank <= max_rank), count(1) {
    for (int k = 0; k < operands; ++k) data[k] = static_cast<char *>(arrays[k]->data);
    const TernArray *first = arrays[0];
    bool empty = !fits;
    for (int32_t d = first->rank - 1; d >= 0; --d) empty |= first->shape[d] == 0;
    if (empty) {
        count = 0, rank = 1, shape[0] = 0;
        for (int k = 0; k < operands; ++k) strides[k][0] = 0;
        return;
    }
    for (int32_t d = first->rank - 1; d >= 0; --d) {
        const int64_t n = first->shape[d];
        if (n == 1) continue;
        count *= n;
        shape[rank] = n;
        for (int k = 0; k < operands; ++k) strides[k][rank] = arrays[k]->strides[d] * size_of(arrays[k]->dtype);
        if (any_order && strides[0][rank] < 0)
            for (int k = 0; k < operands; ++k) {
                data[k] += strides[k][rank] * (n - 1);
                strides[k][rank] = -strides[k][rank];
            }
        ++rank;
    }
    const auto before = [&](int i, int j) {  // should dimension i be inside j?
        for (int k = 0; k < operands; ++k) {
            const int64_t a = strides[k][i] < 0 ? -strides[k][i] : strides[k][i], b = strides[k][j] < 0 ? -strides[k][j] : strides[k][j];
            if (a != b && a && b) return a < b;
        }
        return false;
    };
    if (any_order)
        for (int i = 1; i < rank; ++i)
            for (int j = i; j > 0 && before(j, j - 1); --j) swap(j, j - 1);

    const auto continues = [&](int inner, int outer) {
        for (int k = 0; k < operands; ++k)
            if (strides[k][outer] != strides[k][inner] * shape[inner]) return false;
        return true;
    };
    int merged = 0;
    for (int d = 1; d < rank; ++d) {
        if (continues(merged, d)) {
            shape[merged] *= shape[d];
        } else if (++merged != d) {
            shape[merged] = shape[d];
            for (int k = 0; k < operands; ++k) strides[k][merged] = strides[k][d];
        }
    }
    if (rank == 0) {
        shape[0] = 1;
        for (int k = 0; k < operands; ++k) strides[k][0] = 0;
    }
    rank = merged + 1;
}

void Loops::swap(int i, int j) {
    std::swap(shape[i], shape[j]);
    for (int k = 0; k < operands; ++k) std::swap(strides[k][i], strides[k][j]);
}

bool Loops::distinct(int k) const {
    int64_t sorted[max_rank], extent[max_rank], reach = 0;
    int n = 0;
    for (int d = 0; d < rank; ++d) {
        if (shape[d] <= 1) continue;
        const int64_t stride = strides[k][d] < 0 ? -strides[k][d] : strides[k][d];
        int at = n++;
        for (; at > 0 && sorted[at - 1] > stride; --at) sorted[at] = sorted[at - 1], extent[at] = extent[at - 1];
        sorted[at] = stride, extent[at] = shape[d];
    }
    for (int d = 0; d < n; ++d) {
        if (sorted[d] <= reach) return false;
        reach += sorted[d] * (extent[d] - 1);
    }
    return true;
}

void Loops::run(int64_t begin, int64_t end, Kernel kernel, const void *context, const int64_t *shift) const {
    char *at[max_operands];
    int64_t inner[max_operands], index[max_rank];
    for (int k = 0; k < operands; ++k) at[k] = data[k] + (shift ? shift[k] : 0), inner[k] = strides[k][0];
    if (rank == 1) {
        for (int k = 0; k < operands; ++k) at[k] += begin * inner[k];
        if (begin < end) kernel(at, inner, end - begin, context);
        return;
    }
    int64_t rest = begin;
    for (int d = 0; d < rank; ++d) {
        index[d] = d + 1 < rank ? rest % shape[d] : rest;
        if (d + 1 < rank) rest /= shape[d];
        if (index[d])
            for (int k = 0; k < operands; ++k) at[k] += index[d] * strides[k][d];
    }
    while (begin < end) {
        const int64_t left = shape[0] - index[0], n = left < end - begin ? left : end - begin;
        kernel(at, inner, n, context);
        begin += n;
        if (begin >= end) return;
        for (int k = 0; k < operands; ++k) at[k] -= index[0] * inner[k];
        index[0] = 0;
        for (int d = 1; d < rank; ++d) {
            const bool carry = ++index[d] == shape[d];
            for (int k = 0; k < operands; ++k) at[k] += carry ? strides[k][d] * (1 - shape[d]) : strides[k][d];
            if (!carry) break;
            index[d] = 0;
        }
    }
}

bool iterate(const Loops &loops, Kernel kernel, const void *context, int64_t grain) {
    if (loops.count < 2 * grain) loops.run(0, loops.count, kernel, context);
    else parallel_for(loops.count, grain, [&](int64_t begin, int64_t end) { loops.run(begin, end, kernel, context); });
    return loops.fits;
}

/// The number of elements where all arrays lie row-major without gaps, else -1.
static int64_t dense_count(int operands, const TernArray *const *arrays) {
    int64_t count = 1;
    for (int32_t d = arrays[0]->rank - 1; d >= 0; --d) {
        const int64_t n = arrays[0]->shape[d];
        if (n != 1)
            for (int k = 0; k < operands; ++k)
                if (arrays[k]->strides[d] != count) return -1;
        count *= n;
    }
    return count;
}

void iterate_dense(int operands, char *const *data, const int64_t *size, int64_t count, Kernel kernel, const void *context, int64_t grain) {
    static const int64_t still[Loops::max_operands] = {};
    if (count < 2 * grain) {
        if (count > 0) kernel(data, count == 1 ? still : size, count, context);
        return;
    }
    parallel_for(count, grain, [&](int64_t begin, int64_t end) {
        char *at[Loops::max_operands];
        for (int k = 0; k < operands; ++k) at[k] = data[k] + begin * size[k];
        kernel(at, size, end - begin, context);
    });
}

bool iterate(int operands, const TernArray *const *arrays, Kernel kernel, const void *context, int64_t grain) {
    // Most work is one line of elements: it is done without setting up a loop nest.
    const int64_t count = dense_count(operands, arrays);
    if (count < 0) return iterate(Loops(operands, arrays, true), kernel, context, grain);
    char *data[Loops::max_operands];
    int64_t size[Loops::max_operands];
    for (int k = 0; k < operands; ++k) data[k] = static_cast<char *>(arrays[k]->data), size[k] = size_of(arrays[k]->dtype);
    iterate_dense(operands, data, size, count, kernel, context, grain);
    return true;
}
}  // namespace tern
