/// Instruction sets: one source, compiled once for each. A kernel that gains from it stands in a kernels/*.inl, in the namespace
/// TERN_ISA; its .cpp names it as TERN_SOURCE and includes each.inl, and chooses by TERN_CHOOSE when it is called.
#pragma once
#include <stdint.h>

namespace tern {
enum class ISA : int32_t { baseline = 0, avx2 = 1, avx512 = 2 };
/// What this processor has, or the lesser one that TERN_CPU_ISA names. Found once.
ISA current_isa();
/// Whether AVX-512 is used, and has products of pairs of bfloat16.
bool has_bfloat16_dots();
}  // namespace tern
