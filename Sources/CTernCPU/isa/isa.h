/// Instruction sets: one source, compiled once for each. A kernel that gains from it stands in kernels/*.inl, in the namespace
/// TERN_ISA, and isa/{baseline,avx2,avx512}.cpp include it between TERN_TARGET_BEGIN and TERN_TARGET_END.
#pragma once
#include <stdint.h>

namespace tern {
enum class ISA : int32_t { baseline = 0, avx2 = 1, avx512 = 2 };
/// What this processor has, or the lesser one that TERN_CPU_ISA names. Found once.
ISA current_isa();
}  // namespace tern
