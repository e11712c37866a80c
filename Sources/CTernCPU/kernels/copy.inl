// Copies among the floating dtypes. Included in namespace tern: see isa/each.inl.
#include "converted.inl"

namespace TERN_ISA {
template <class To, class From> void floating_copy_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(To) && strides[1] == sizeof(From)) {
        To *out = reinterpret_cast<To *>(data[0]);
        const From *x = reinterpret_cast<const From *>(data[1]);
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = converted<To>(x[i]);
        return;
    }
    char *out = data[0], *x = data[1];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1])
        *reinterpret_cast<To *>(out) = converted<To>(*reinterpret_cast<const From *>(x));
}

template <class To> constexpr Kernel floating_copies(int from) {
    const Kernel kernels[] = {floating_copy_loop<To, half>, floating_copy_loop<To, bfloat16>, floating_copy_loop<To, float>,
                              floating_copy_loop<To, double>};
    return kernels[from];
}
inline Kernel floating_copy(int to, int from) {
    return to == 0 ? floating_copies<half>(from) : to == 1 ? floating_copies<bfloat16>(from) : to == 2 ? floating_copies<float>(from)
                                                                                              : floating_copies<double>(from);
}
}  // namespace TERN_ISA
