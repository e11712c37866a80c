/// The loop nest over strided arrays of one shape.
#pragma once
#include "../include/CTernCPU.h"

namespace tern {
/// The innermost loop: n elements, of operand k at data[k] and then every strides[k] bytes.
using Kernel = void (*)(char *const *data, const int64_t *strides, int64_t n, const void *context);

/// Elements that are worth a thread's attention.
constexpr int64_t pointwise_grain = 32768;

inline int64_t size_of(TernDType dtype) {
    static const uint8_t sizes[] = {1, 1, 2, 4, 8, 2, 4, 8, 8, 16, 1, 2};
    return sizes[dtype];
}

struct Loops {
    static constexpr int max_operands = 4, max_rank = 64;
    int operands, rank;  // rank >= 1
    bool fits;           // false: the arrays have more than max_rank dimensions, and there is nothing to go through
    int64_t count;
    char *data[max_operands];
    int64_t shape[max_rank], strides[max_operands][max_rank];  // the innermost dimension first; strides in bytes

    /// Dimensions of extent 1 are dropped and those that are contiguous in every operand merged. Where the order of the elements does
    /// not matter, dimensions are sorted by stride (the first operand's, then the next's), and turned to run upwards in the first.
    Loops(int operands, const TernArray *const *arrays, bool any_order);

    /// Dimensions i and j change places.
    void swap(int i, int j);

    /// Whether no two index positions of an operand name one element (decided by strides: "no" may be wrong).
    bool distinct(int operand) const;

    /// The elements begin..<end, in this order; operand k lies shift[k] bytes from where it was said to.
    void run(int64_t begin, int64_t end, Kernel kernel, const void *context, const int64_t *shift = nullptr) const;
};

/// Every element, in any order, on all threads.
/// False, and nothing is done, where they have too many dimensions.
bool iterate(const Loops &loops, Kernel kernel, const void *context = nullptr, int64_t grain = pointwise_grain);
bool iterate(int operands, const TernArray *const *arrays, Kernel kernel, const void *context = nullptr, int64_t grain = pointwise_grain);
/// The same where all operands lie without gaps: `count` elements from data[k] on, of size[k] bytes each.
void iterate_dense(int operands, char *const *data, const int64_t *size, int64_t count, Kernel kernel, const void *context = nullptr,
                   int64_t grain = pointwise_grain);
}  // namespace tern
