#include "isa.h"

#include <atomic>
#include <stdlib.h>
#include <string.h>

#include "../include/CTernCPU.h"

namespace tern {
static const char *const names[] = {"baseline", "avx2", "avx512"};

static ISA find() {
    ISA best = ISA::baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();  // asks the operating system too (xgetbv) whether it saves the wider registers
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) best = ISA::avx2;
    if (best == ISA::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        best = ISA::avx512;
#endif
    if (const char *asked = getenv("TERN_CPU_ISA"))
        for (int isa = 0; isa < int(best); ++isa)
            if (!strcmp(asked, names[isa])) return ISA(isa);
    return best;
}

ISA current_isa() {
    static std::atomic<int32_t> found{-1};  // two threads may both look: they find the same
    int32_t isa = found.load(std::memory_order_relaxed);
    if (isa < 0) found.store(isa = int32_t(find()), std::memory_order_relaxed);
    return ISA(isa);
}

bool has_bfloat16_dots() {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("avx512bf16");
    return has && current_isa() == ISA::avx512;
#else
    return false;
#endif
}
}  // namespace tern

const char *tern_instruction_set(void) { return tern::names[int(tern::current_isa())]; }
