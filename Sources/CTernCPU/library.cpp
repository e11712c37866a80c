// Libraries that are opened at run time, and calls of Fortran functions in them.
#include <dlfcn.h>

#include <utility>

#include "include/CTernCPU.h"

namespace {
constexpr size_t most = 20;

template <size_t... I>
void call(void *function, void *const *a, std::index_sequence<I...>) {
    reinterpret_cast<void (*)(decltype((void)I, (void *)nullptr)...)>(function)(a[I]...);
}
template <size_t count>
void call_with(void *function, void *const *a) {
    call(function, a, std::make_index_sequence<count>());
}
template <size_t... I>
void dispatch(void *function, void *const *a, size_t count, std::index_sequence<I...>) {
    static constexpr void (*calls[])(void *, void *const *) = {call_with<I>...};
    calls[count](function, a);
}
}  // namespace

void *tern_library_open(const char *name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }
void *tern_library_symbol(void *library, const char *name) { return dlsym(library, name); }
void tern_call_fortran(void *function, void *const *arguments, int32_t count) {
    dispatch(function, arguments, size_t(count), std::make_index_sequence<most + 1>());
}
void tern_call_with_int(void *function, int32_t value) { reinterpret_cast<void (*)(int32_t)>(function)(value); }
