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
}  // namespace tern
