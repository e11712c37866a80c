// A program that links this counts its calls of malloc, calloc and realloc, those of the libraries it uses among them.
#include "include/CMallocCount.h"

#include <stdlib.h>

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);

static _Thread_local long calls;
void *malloc(size_t bytes) { return ++calls, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return ++calls, __libc_calloc(count, bytes); }
void *realloc(void *memory, size_t bytes) { return ++calls, __libc_realloc(memory, bytes); }
long malloc_count(void) { return calls; }
#else
long malloc_count(void) { return -1; }
#endif
