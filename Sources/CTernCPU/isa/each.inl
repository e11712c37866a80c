// Includes TERN_SOURCE once for each instruction set, in namespace tern, with TERN_ISA its name (and the namespace to
// use) and TERN_LEVEL its number. Headers that the source needs come before: what they define is compiled for the baseline,
// and inlined where it is used.
namespace tern {
#define TERN_ISA baseline
#define TERN_LEVEL 0
#include TERN_SOURCE
#undef TERN_ISA
#undef TERN_LEVEL

#if defined(__x86_64__)
#define TERN_ISA avx2
#define TERN_LEVEL 1
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include TERN_SOURCE
#pragma clang attribute pop
#undef TERN_ISA
#undef TERN_LEVEL

#define TERN_ISA avx512
#define TERN_LEVEL 2
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#include TERN_SOURCE
#pragma clang attribute pop
#undef TERN_ISA
#undef TERN_LEVEL
#endif

/// The one of three tables (baseline, avx2, avx512) that this processor uses.
#if defined(__x86_64__)
#define TERN_CHOOSE(name) \
    (current_isa() == ISA::avx512 ? avx512::name : current_isa() == ISA::avx2 ? avx2::name : baseline::name)
#else
#define TERN_CHOOSE(name) (baseline::name)
#endif
}  // namespace tern
