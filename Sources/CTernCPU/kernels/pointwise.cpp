// The scalar functions: float32 and float64, for every instruction set, and the way to all of them.
#include "pointwise.h"

#include "scalar.h"

#define TERN_SOURCE "../kernels/pointwise.inl"
#include "../isa/each.inl"

namespace tern {
static const PointwiseTable &table(TernDType dtype) {
    if (dtype == TERN_FLOAT32) return TERN_CHOOSE(pointwise<float>);
    if (dtype == TERN_FLOAT64) return TERN_CHOOSE(pointwise<double>);
    return *pointwise_other[dtype];
}

#define TEST 1
#define MODULUS 2
#define NUMBER 0
#define REAL 0
#define FLOAT 0
#define RFLOAT 0
#define INTEGER 0
#define ANY 0
static const int unary_results[] = {
#define UNARY(category, name, expression, slope) category,
#include "../include/pointwise.def"
};
static const int binary_results[] = {
#define BINARY(category, name, expression) category,
#include "../include/pointwise.def"
};

static TernDType result(int kind, TernDType dtype) {
    if (kind == TEST) return TERN_BOOL;
    if (kind == MODULUS && dtype == TERN_COMPLEX64) return TERN_FLOAT32;
    if (kind == MODULUS && dtype == TERN_COMPLEX128) return TERN_FLOAT64;
    return dtype;
}
}  // namespace tern

using namespace tern;

bool tern_unary(TernUnary op, const TernArray *out, const TernArray *x) {
    const Kernel kernel = table(x->dtype).unary[op];
    if (!kernel || out->dtype != result(unary_results[op], x->dtype)) return false;
    const TernArray *const arrays[] = {out, x};
    return iterate(2, arrays, kernel);
}

bool tern_unary_gradient(TernUnary op, const TernArray *out, const TernArray *g, const TernArray *x, const TernArray *y) {
    const Kernel kernel = table(x->dtype).gradient[op];
    if (!kernel || out->dtype != x->dtype || g->dtype != x->dtype || y->dtype != x->dtype) return false;
    const TernArray *const arrays[] = {out, g, x, y};
    return iterate(4, arrays, kernel);
}

bool tern_binary(TernBinary op, const TernArray *out, const TernArray *a, const TernArray *b) {
    const bool mixed = a->dtype != b->dtype;
    const Kernel kernel = mixed ? half_beside_float(op, a->dtype, b->dtype) : table(a->dtype).binary[op];
    const TernDType dtype = mixed && a->dtype == TERN_FLOAT32 ? b->dtype : a->dtype;
    if (!kernel || out->dtype != result(binary_results[op], dtype)) return false;
    const TernArray *const arrays[] = {out, a, b};
    return iterate(3, arrays, kernel);
}

bool tern_binary_dense(TernBinary op, TernDType to, TernDType from, void *out, const void *a, const void *b, int64_t count) {
    const Kernel kernel = table(from).binary[op];
    if (!kernel || to != result(binary_results[op], from)) return false;
    char *const data[] = {static_cast<char *>(out), const_cast<char *>(static_cast<const char *>(a)),
                          const_cast<char *>(static_cast<const char *>(b))};
    const int64_t size[] = {size_of(to), size_of(from), size_of(from)};
    iterate_dense(3, data, size, count, kernel);
    return true;
}
