// Memory for tensors. A fresh large block costs more in page faults than the arithmetic done in it, and a small one should cost
// less than the op that fills it: so freed blocks are kept, small ones per thread, large ones in one place under a lock.
// What is counted on the way of a small block is its thread's own, and summed when somebody asks.
#include "include/CTernCPU.h"
#include "include/CTernMemory.h"

#include <atomic>
#include <pthread.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/sysinfo.h>
#else
#include <unistd.h>
#endif

namespace {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool keeps = false;  // a block that is kept hides its misuse
#else
constexpr bool keeps = true;
#endif
constexpr size_t alignment = 64;
constexpr size_t small_limit = size_t(1) << 15;        // up to here: a thread's own lists
constexpr int64_t small_list_limit = 1 << 18;          // bytes kept in one of those
constexpr size_t large_limit = size_t(1) << 30;        // beyond: never kept
constexpr int64_t usual_limit = int64_t(768) << 20;    // bytes of large blocks kept
constexpr int64_t tally_limit = 1 << 18;               // bytes that a thread takes or gives back before it tells
constexpr size_t page_limit = size_t(4) << 20;  // from here on: large pages, where the system has them
constexpr size_t page_size = size_t(2) << 20;
constexpr int small_classes = 32, all_classes = 92;

/// The class of a size, four to each power of two, and the bytes that its blocks have: 64, 128, 192, 256, 320, 384, 448, 512, 640, …
int class_of(size_t bytes, size_t &rounded) {
    if (bytes <= 4 * alignment) {
        const size_t units = bytes ? (bytes + alignment - 1) / alignment : 1;
        rounded = units * alignment;
        return int(units) - 1;
    }
    const int power = 63 - __builtin_clzll(bytes - 1);  // 2^power < bytes <= 2^(power + 1)
    const size_t step = size_t(1) << (power - 2);
    if (bytes > SIZE_MAX - step) return rounded = 0, all_classes;
    rounded = (bytes + step - 1) & ~(step - 1);
    return 4 * (power - 8) + int(rounded / step) - 1;
}

std::atomic<int64_t> held{0}, held_peak{0}, system_requests{0};  // what the system gave: changed on the slow ways only
/// Bytes of large blocks to keep; −1 until the environment has been asked. And those of one small list, which follow from it.
std::atomic<int64_t> kept_limit{-1}, small_kept_limit{small_list_limit};

void raise_to(std::atomic<int64_t> &greatest, int64_t value) {
    int64_t before = greatest.load(std::memory_order_relaxed);
    while (before < value && !greatest.compare_exchange_weak(before, value, std::memory_order_relaxed)) {}
}

/// Whether the machine has so much at all: where the system promises more than that, writing to it would end the process.
bool is_there(size_t bytes) {
    if (bytes <= large_limit) return true;
#if defined(__linux__)
    struct sysinfo about;
    return sysinfo(&about) != 0 || bytes / about.mem_unit <= about.totalram + about.totalswap;
#else
    const long pages = sysconf(_SC_PHYS_PAGES);
    return pages <= 0 || bytes / size_t(sysconf(_SC_PAGESIZE)) <= size_t(pages);
#endif
}

void *fresh(size_t rounded) {
    void *memory = nullptr;
    if (!is_there(rounded)) return nullptr;
    if (posix_memalign(&memory, rounded >= page_limit ? page_size : alignment, rounded) != 0) return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (rounded >= page_limit) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
    system_requests.fetch_add(1, std::memory_order_relaxed);
    raise_to(held_peak, held.fetch_add(int64_t(rounded), std::memory_order_relaxed) + int64_t(rounded));
    return memory;
}

void give_back(void *memory, size_t rounded) {
    held.fetch_sub(int64_t(rounded), std::memory_order_relaxed);
    free(memory);
}

struct Block {
    Block *next;
    size_t size;
};

struct List {
    Block *first;
    int64_t bytes;

    void push(void *memory, size_t size) {
        Block *block = static_cast<Block *>(memory);
        *block = {first, size};
        first = block;
        bytes += int64_t(size);
    }
    void *pop(size_t size) {
        Block *block = first;
        if (block) {
            first = block->next;
            bytes -= int64_t(size);
        }
        return block;
    }
    void clear() {
        while (Block *block = first) {
            first = block->next;
            give_back(block, block->size);
        }
        bytes = 0;
    }
};

/// A number that one thread writes and any may read.
struct Counter {
    std::atomic<int64_t> value;

    int64_t get() const { return value.load(std::memory_order_relaxed); }
    void set(int64_t n) { value.store(n, std::memory_order_relaxed); }
};

/// A thread's small blocks, and what it has taken and not yet told: `top` is the most that `bytes` has been since.
struct Small {
    Counter requests, bytes, top;
    List lists[small_classes];
    bool open, closed;  ///< registered, until its thread ends
    Small *next;
};
constinit thread_local Small small = {};

struct Large {
    pthread_mutex_t mutex;
    List lists[all_classes];
    int64_t bytes;
};
Large large = {PTHREAD_MUTEX_INITIALIZER, {}, 0};

/// What the threads have told, and which there are.
struct Tally {
    pthread_mutex_t mutex;
    Small *threads;
    int64_t requests, bytes, peak;
};
Tally tally = {PTHREAD_MUTEX_INITIALIZER, nullptr, 0, 0, 0};

void tell_locked() {
    if (tally.bytes + small.top.get() > tally.peak) tally.peak = tally.bytes + small.top.get();
    tally.bytes += small.bytes.get();
    tally.requests += small.requests.get();
    small.requests.set(0);
    small.bytes.set(0);
    small.top.set(0);
}
__attribute__((noinline)) void tell() {
    pthread_mutex_lock(&tally.mutex);
    tell_locked();
    pthread_mutex_unlock(&tally.mutex);
}

// What a thread kept goes back when it ends.
pthread_key_t small_key;
pthread_once_t small_once = PTHREAD_ONCE_INIT;
void small_close(void *) {
    small.open = false;
    small.closed = true;
    for (List &list : small.lists) list.clear();
    pthread_mutex_lock(&tally.mutex);
    tell_locked();
    for (Small **link = &tally.threads; *link; link = &(*link)->next) {
        if (*link != &small) continue;
        *link = small.next;
        break;
    }
    pthread_mutex_unlock(&tally.mutex);
}
void small_open() {
    if (small.open || small.closed) return;
    small.open = true;
    pthread_once(&small_once, [] { pthread_key_create(&small_key, small_close); });
    pthread_setspecific(small_key, &small);
    pthread_mutex_lock(&tally.mutex);
    small.next = tally.threads;
    tally.threads = &small;
    pthread_mutex_unlock(&tally.mutex);
}

__attribute__((noinline)) void *took_more(void *memory, int64_t bytes) {
    small.top.set(bytes);
    if (bytes > tally_limit || small.closed) tell();
    return memory;
}
inline void *took(void *memory, size_t rounded) {
    small.requests.set(small.requests.get() + 1);
    const int64_t bytes = small.bytes.get() + int64_t(rounded);
    small.bytes.set(bytes);
    return bytes <= small.top.get() ? memory : took_more(memory, bytes);
}
inline void gave(size_t rounded) {
    const int64_t bytes = small.bytes.get() - int64_t(rounded);
    small.bytes.set(bytes);
    if (bytes < -tally_limit) tell();
}

void large_clear() {
    pthread_mutex_lock(&large.mutex);
    for (List &list : large.lists) list.clear();
    large.bytes = 0;
    pthread_mutex_unlock(&large.mutex);
}

int64_t limit_of_large() {
    int64_t limit = kept_limit.load(std::memory_order_relaxed);
    if (limit >= 0) return limit;
    const char *text = getenv("TERN_CACHE_MB");
    char *end = nullptr;
    const long long megabytes = text ? strtoll(text, &end, 10) : -1;
    const bool isSound = text && end != text && !*end && megabytes >= 0 && megabytes <= INT64_MAX >> 20;
    tern_memory_set_limit(isSound ? megabytes << 20 : usual_limit);
    return kept_limit.load(std::memory_order_relaxed);
}

// What the two functions below do where a thread's own lists do not answer: apart, so that those that answer save no registers.
__attribute__((noinline)) void *allocate_slowly(size_t rounded, int index) {
    if (index >= all_classes && rounded == 0) return nullptr;
    small_open();
    void *memory = nullptr;
    if (keeps && rounded > small_limit && rounded <= large_limit) {
        pthread_mutex_lock(&large.mutex);
        memory = large.lists[index].pop(rounded);
        if (memory) large.bytes -= int64_t(rounded);
        pthread_mutex_unlock(&large.mutex);
    }
    if (!memory) memory = fresh(rounded);
    if (!memory) {
        large_clear();
        memory = fresh(rounded);
    }
    return memory ? took(memory, rounded) : nullptr;
}

__attribute__((noinline)) void deallocate_slowly(void *memory, size_t rounded, int index) {
    if (!memory) return;
    small_open();
    gave(rounded);
    if (small.closed) tell();
    if (keeps && rounded > small_limit && rounded <= large_limit) {
        const int64_t limit = limit_of_large();
        pthread_mutex_lock(&large.mutex);
        const bool keep = large.bytes + int64_t(rounded) <= limit;
        if (keep) {
            large.lists[index].push(memory, rounded);
            large.bytes += int64_t(rounded);
        }
        pthread_mutex_unlock(&large.mutex);
        if (keep) return;
    }
    give_back(memory, rounded);
}
}  // namespace

void *tern_allocate(size_t bytes) {
    size_t rounded;
    const int index = class_of(bytes, rounded);
    if (keeps && index < small_classes) {
        if (void *memory = small.lists[index].pop(rounded)) return took(memory, rounded);
    }
    return allocate_slowly(rounded, index);
}

void tern_deallocate(void *memory, size_t bytes) {
    size_t rounded;
    const int index = class_of(bytes, rounded);
    if (keeps && index < small_classes && memory && small.open) {
        List &list = small.lists[index];
        if (list.bytes < small_kept_limit.load(std::memory_order_relaxed)) {
            list.push(memory, rounded);
            return gave(rounded);
        }
    }
    deallocate_slowly(memory, rounded, index);
}

TernMemory tern_memory(void) {
    pthread_mutex_lock(&tally.mutex);
    TernMemory m = {tally.bytes, tally.peak, 0, 0, tally.requests, system_requests.load(), limit_of_large()};
    int64_t top = tally.bytes;
    for (const Small *thread = tally.threads; thread; thread = thread->next) {
        m.requests += thread->requests.get();
        m.used += thread->bytes.get();
        top += thread->top.get();
    }
    pthread_mutex_unlock(&tally.mutex);
    if (top > m.usedPeak) m.usedPeak = top;
    m.held = held.load();
    m.heldPeak = held_peak.load();
    return m;
}

void tern_memory_reset_peak(void) {
    pthread_mutex_lock(&tally.mutex);
    tally.peak = tally.bytes;
    for (Small *thread = tally.threads; thread; thread = thread->next) {
        const int64_t bytes = thread->bytes.get();
        tally.peak += bytes;
        thread->top.set(bytes);
    }
    pthread_mutex_unlock(&tally.mutex);
    held_peak.store(held.load());
}

void tern_memory_release(void) {
    for (List &list : small.lists) list.clear();
    large_clear();
}

void tern_memory_set_limit(int64_t bytes) {
    const int64_t limit = bytes < 0 ? 0 : bytes, each = limit / small_classes;
    small_kept_limit.store(each < small_list_limit ? each : small_list_limit, std::memory_order_relaxed);
    kept_limit.store(limit, std::memory_order_relaxed);
    pthread_mutex_lock(&large.mutex);
    const bool tooMuch = large.bytes > limit;
    pthread_mutex_unlock(&large.mutex);
    if (tooMuch) large_clear();
}

TernThreadState *tern_thread_state(void) {
    static thread_local TernThreadState state;
    return &state;
}
