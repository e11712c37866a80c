/// The innermost loops of the scalar functions, for one dtype; NULL where a function does not take it.
#pragma once
#include "../isa/isa.h"
#include "iterate.h"

namespace tern {
struct PointwiseTable {
    Kernel unary[TERN_UNARY_COUNT], gradient[TERN_UNARY_COUNT], binary[TERN_BINARY_COUNT];
};
extern const PointwiseTable *const pointwise_other[12];  // by dtype: all but float32 and float64
/// Of a half and a float32 operand, in either order: mul and div; NULL otherwise.
Kernel half_beside_float(TernBinary op, TernDType a, TernDType b);
}  // namespace tern
