#include "include/CPeaks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { max_threads = 256, repeats = 5 };
static const double round_seconds = 4e-3;

typedef float Line __attribute__((vector_size(64)));
typedef int64_t Bits __attribute__((vector_size(64)));

/// One thread's part of a measurement: `rounds` passes over `count` lines of each array.
typedef struct Part {
    int traffic;
    bool streams;
    Line *a, *b, *c;
    size_t count, rounds;
    atomic_int *waiting;
    double seconds;
    float sink;
} Part;

#define PASS(condition, STORE)                                                                                        \
    if (p->traffic == PEAK_WRITE && condition)                                                                        \
        for (size_t i = 0; i < p->count; ++i) STORE(p->a + i, factor);                                                \
    if (p->traffic == PEAK_COPY && condition)                                                                         \
        for (size_t i = 0; i < p->count; ++i) STORE(p->a + i, p->b[i]);                                               \
    if (p->traffic == PEAK_TRIAD && condition)                                                                        \
        for (size_t i = 0; i < p->count; ++i) STORE(p->a + i, p->b[i] + factor * p->c[i]);
#define PLAIN(to, value) (*(to) = (value))
#define STREAM(to, value) __builtin_nontemporal_store(value, to)

/// The loops for one instruction set, whose vectors have `BYTES`; `SUMS` of them stay in registers.
#define LOOPS(SET, TARGET, BYTES, SUMS)                                                                               \
    typedef float Vector_##SET __attribute__((vector_size(BYTES)));                                                   \
    TARGET static void memory_##SET(Part *p) {                                                                        \
        const Line factor = (Line){} + 0.5f;                                                                          \
        Bits bits[8] = {};                                                                                            \
        for (size_t round = 0; round < p->rounds; ++round) {                                                          \
            if (p->traffic == PEAK_READ)                                                                              \
                for (size_t i = 0; i + 8 <= p->count; i += 8)                                                         \
                    for (int j = 0; j < 8; ++j) bits[j] ^= (Bits)p->a[i + j];                                         \
            PASS(!p->streams, PLAIN)                                                                                  \
            PASS(p->streams, STREAM)                                                                                  \
            __asm__ __volatile__("" ::: "memory");                                                                    \
        }                                                                                                             \
        for (int j = 0; j < 8; ++j) p->sink += (float)bits[j][0];                                                     \
    }                                                                                                                 \
    TARGET static void arithmetic_##SET(Part *p) {                                                                    \
        Vector_##SET sums[SUMS], x = (Vector_##SET){} + 0.999f, y = (Vector_##SET){} + 0.001f;                        \
        for (int j = 0; j < SUMS; ++j) sums[j] = (Vector_##SET){} + (float)j;                                         \
        for (size_t round = 0; round < p->rounds; ++round) {                                                          \
            _Pragma("clang loop unroll(full)") for (int j = 0; j < SUMS; ++j)                                         \
                sums[j] = sums[j] * x + y;  /* contracted */                                                               \
        }                                                                                                             \
        for (int j = 0; j < SUMS; ++j) p->sink += sums[j][0];                                                         \
        p->count = SUMS * sizeof(x) / sizeof(float) * 2;                                                              \
    }

#if defined(__x86_64__)
LOOPS(avx512, __attribute__((target("avx512f,fma"))), 64, 16)
LOOPS(avx2, __attribute__((target("avx2,fma"))), 32, 12)
LOOPS(plain, , 16, 12)
static void run_memory(Part *p) {
    __builtin_cpu_supports("avx512f") ? memory_avx512(p) : __builtin_cpu_supports("avx2") ? memory_avx2(p) : memory_plain(p);
}
static void run_arithmetic(Part *p) {
    __builtin_cpu_supports("avx512f") ? arithmetic_avx512(p) : __builtin_cpu_supports("avx2") ? arithmetic_avx2(p) : arithmetic_plain(p);
}
#else
LOOPS(plain, , 16, 24)
static void run_memory(Part *p) { memory_plain(p); }
static void run_arithmetic(Part *p) { arithmetic_plain(p); }
#endif

enum { arithmetic = -1 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *work(void *argument) {
    Part *p = argument;
    atomic_fetch_sub(p->waiting, 1);
    while (atomic_load(p->waiting) > 0) {}
    const double began = now();
    p->traffic == arithmetic ? run_arithmetic(p) : run_memory(p);
    p->seconds = now() - began;
    return NULL;
}

/// All parts at once: the time of the slowest.
static double together(Part *parts, int threads) {
    pthread_t ids[max_threads];
    atomic_int waiting = threads;
    for (int t = 0; t < threads; ++t) parts[t].waiting = &waiting;
    for (int t = 1; t < threads; ++t)
        if (pthread_create(&ids[t], NULL, work, &parts[t]) != 0) abort();
    work(&parts[0]);
    double slowest = parts[0].seconds;
    for (int t = 1; t < threads; ++t) {
        pthread_join(ids[t], NULL);
        if (parts[t].seconds > slowest) slowest = parts[t].seconds;
    }
    return slowest;
}

/// The least seconds of a round.
static double measured(Part *parts, int threads) {
    double least = 1e300;
    for (int i = 0; i < repeats + 2; ++i) {
        const double each = together(parts, threads) / (double)parts[0].rounds;
        if (i > 1 && each < least) least = each;  // two to warm up and to find how many rounds it takes
        if (i > 1) continue;
        const double rounds = round_seconds / (each > 1e-9 ? each : 1e-9);
        for (int t = 0; t < threads; ++t) parts[t].rounds = rounds < 1 ? 1 : (size_t)rounds;
    }
    return least;
}

double peak_bytes_per_second(PeakTraffic traffic, size_t bytes, int threads) {
    if (threads > max_threads) threads = max_threads;
    const size_t arrays = traffic == PEAK_TRIAD ? 3 : traffic == PEAK_COPY ? 2 : 1;
    size_t lines = bytes / sizeof(Line) / arrays / (size_t)threads / 8 * 8;
    if (lines < 8) lines = 8;
    const size_t page = (size_t)2 << 20, length = lines * sizeof(Line) * (size_t)threads;
    const size_t stride = (length + page - 1) / page * page + 4096 + 256;  // arrays do not start at the same place of a page
    char *memory;
    if (posix_memalign((void **)&memory, page, stride * arrays) != 0) return 0;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(memory, stride * arrays, MADV_HUGEPAGE);
#endif
    memset(memory, 0, stride * arrays);
    double best = 0;
    for (int streams = 0; streams < 2 && (streams == 0 || traffic != PEAK_READ); ++streams) {
        Part parts[max_threads] = {};
        for (int t = 0; t < threads; ++t) {
            Line *a = (Line *)memory + lines * (size_t)t;
            Line *b = (Line *)(memory + (arrays > 1 ? stride : 0)) + lines * (size_t)t;
            Line *c = (Line *)(memory + (arrays > 2 ? 2 * stride : 0)) + lines * (size_t)t;
            parts[t] = (Part){.traffic = traffic, .streams = streams, .a = a, .b = b, .c = c, .count = lines, .rounds = 1};
        }
        const double rate = (double)(length * arrays) / measured(parts, threads);
        if (rate > best) best = rate;
    }
    free(memory);
    return best;
}

double peak_flops_per_second(int threads) {
    if (threads > max_threads) threads = max_threads;
    Part parts[max_threads] = {};
    for (int t = 0; t < threads; ++t) parts[t] = (Part){.traffic = arithmetic, .rounds = 100000};
    const double seconds = measured(parts, threads);
    double flops = 0;
    for (int t = 0; t < threads; ++t) flops += (double)parts[t].count;
    return flops / seconds;
}
