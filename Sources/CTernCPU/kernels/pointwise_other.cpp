// The scalar functions for the other dtypes, once: what matters to speed is float32 and float64.
#include "pointwise.h"
#include "scalar.h"

namespace tern {
#define TERN_ISA other
#include "pointwise.inl"

const PointwiseTable *const pointwise_other[12] = {
    &other::pointwise<uint8_t>,
    &other::pointwise<int8_t>,
    &other::pointwise<int16_t>,
    &other::pointwise<int32_t>,
    &other::pointwise<int64_t>,
    &other::pointwise<half>,
    nullptr,
    nullptr,
    &other::pointwise<std::complex<float>>,
    &other::pointwise<std::complex<double>>,
    &other::pointwise<bool>,
    &other::pointwise<bfloat16>,
};

template <class A, class B, class Out> static Kernel scaling(TernBinary op) {
    switch (op) {
        case TERN_BINARY_mul: return other::binary_loop<other::binary_mul, A, B, Out>;
        case TERN_BINARY_div: return other::binary_loop<other::binary_div, A, B, Out>;
        default: return nullptr;
    }
}

Kernel half_beside_float(TernBinary op, TernDType a, TernDType b) {
    if (a == TERN_FLOAT16 && b == TERN_FLOAT32) return scaling<half, float, half>(op);
    if (a == TERN_BFLOAT16 && b == TERN_FLOAT32) return scaling<bfloat16, float, bfloat16>(op);
    if (a == TERN_FLOAT32 && b == TERN_FLOAT16) return scaling<float, half, half>(op);
    if (a == TERN_FLOAT32 && b == TERN_BFLOAT16) return scaling<float, bfloat16, bfloat16>(op);
    return nullptr;
}
}  // namespace tern
