/// From a dtype known at run time to a C++ type, whatever the dtype.
#pragma once
#include "dispatch.h"

namespace tern {
/// f(Type<the dtype's type>{})
template <class F> void visit_all(TernDType dtype, F &&f) {
    if (dtype == TERN_BOOL) return f(Type<bool>{});
    if (!visit_integers(dtype, f) && !visit_floating(dtype, f)) visit_complex(dtype, f);
}

struct alignas(8) SixteenBytes { uint64_t a, b; };

/// f(Type<a type of this many bytes>{}): for what only moves elements.
template <class F> void visit_size(int64_t size, F &&f) {
    switch (size) {
        case 1: return f(Type<uint8_t>{});
        case 2: return f(Type<uint16_t>{});
        case 4: return f(Type<uint32_t>{});
        case 8: return f(Type<uint64_t>{});
        default: return f(Type<SixteenBytes>{});
    }
}
}  // namespace tern
