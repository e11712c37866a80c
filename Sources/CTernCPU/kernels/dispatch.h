/// From a dtype known at run time to a C++ type: visit(dtype, f) calls f(Type<T>{}) and says whether there was one.
#pragma once
#include <cstdio>
#include <cstdlib>
#include "../include/CTernCPU.h"
#include "scalar.h"

namespace tern {
template <class T> struct Type { using type = T; };

template <class F> bool visit_floating(TernDType dtype, F &&f) {
    switch (dtype) {
        case TERN_FLOAT16: f(Type<half>{}); return true;
        case TERN_BFLOAT16: f(Type<bfloat16>{}); return true;
        case TERN_FLOAT32: f(Type<float>{}); return true;
        case TERN_FLOAT64: f(Type<double>{}); return true;
        default: return false;
    }
}

template <class F> bool visit_integers(TernDType dtype, F &&f) {
    switch (dtype) {
        case TERN_UINT8: f(Type<uint8_t>{}); return true;
        case TERN_INT8: f(Type<int8_t>{}); return true;
        case TERN_INT16: f(Type<int16_t>{}); return true;
        case TERN_INT32: f(Type<int32_t>{}); return true;
        case TERN_INT64: f(Type<int64_t>{}); return true;
        default: return false;
    }
}

template <class F> bool visit_complex(TernDType dtype, F &&f) {
    switch (dtype) {
        case TERN_COMPLEX64: f(Type<std::complex<float>>{}); return true;
        case TERN_COMPLEX128: f(Type<std::complex<double>>{}); return true;
        default: return false;
    }
}

inline int64_t count(const TernArray *x) {
    int64_t n = 1;
    for (int32_t d = 0; d < x->rank; d++) n *= x->shape[d];
    return n;
}

/// tern_parallel_for over a lambda (begin, end).
template <class F> void parallel_for(int64_t count, int64_t grain, const F &f) {
    tern_parallel_for(count, grain, [](void *context, int64_t begin, int64_t end) { (*static_cast<const F *>(context))(begin, end); },
                      const_cast<void *>(static_cast<const void *>(&f)));
}

/// Room for `count` numbers while a kernel works. The allocator keeps freed blocks, so this costs little.
template <class T> class Scratch {
    T *memory;
    size_t bytes;

public:
    explicit Scratch(int64_t count) : bytes(size_t(count) * sizeof(T)) {
        memory = count > 0 ? static_cast<T *>(tern_allocate(bytes)) : nullptr;
        if (count > 0 && !memory) {
            fprintf(stderr, "Tern: no memory left for %zu bytes of scratch space\n", bytes);
            abort();
        }
    }
    ~Scratch() { if (memory) tern_deallocate(memory, bytes); }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;
    operator T *() const { return memory; }
};
}  // namespace tern
