// Memory for tensors. A fresh large block costs more in page faults than the arithmetic done in it, and a small one should cost
// less than the op that fills it: so freed blocks are kept, small ones per thread, large ones in one place under a lock.
#include "include/CTernCPU.h"

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
constexpr size_t small_cache_limit = size_t(1) << 18;  // bytes kept in one of those
constexpr size_t large_limit = size_t(1) << 30;        // beyond: never kept
constexpr size_t large_cache_limit = size_t(768) << 20;
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

struct Block {
    Block *next;
};

struct List {
    Block *first;
    size_t bytes;

    void push(void *memory, size_t size) {
        Block *block = static_cast<Block *>(memory);
        block->next = first;
        first = block;
        bytes += size;
    }
    void *pop(size_t size) {
        Block *block = first;
        if (block) {
            first = block->next;
            bytes -= size;
        }
        return block;
    }
    void clear() {
        while (Block *block = first) {
            first = block->next;
            free(block);
        }
        bytes = 0;
    }
};

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
    return memory;
}

struct Small {
    List lists[small_classes];
    bool registered, closed;
};
thread_local Small small;

struct Large {
    pthread_mutex_t mutex;
    List lists[all_classes];
    size_t bytes;
};
Large large = {PTHREAD_MUTEX_INITIALIZER, {}, 0};

// What a thread kept goes back when it ends.
pthread_key_t small_key;
pthread_once_t small_once = PTHREAD_ONCE_INIT;
void small_close(void *) {
    small.closed = true;
    for (List &list : small.lists) list.clear();
}
void small_open() { pthread_key_create(&small_key, small_close); }

void large_clear() {
    pthread_mutex_lock(&large.mutex);
    for (List &list : large.lists) list.clear();
    large.bytes = 0;
    pthread_mutex_unlock(&large.mutex);
}
}  // namespace

void *tern_allocate(size_t bytes) {
    size_t rounded;
    const int index = class_of(bytes, rounded);
    if (index >= all_classes && rounded == 0) return nullptr;
    if (keeps && rounded <= small_limit) {
        if (void *memory = small.lists[index].pop(rounded)) return memory;
    } else if (keeps && rounded <= large_limit) {
        pthread_mutex_lock(&large.mutex);
        void *memory = large.lists[index].pop(rounded);
        if (memory) large.bytes -= rounded;
        pthread_mutex_unlock(&large.mutex);
        if (memory) return memory;
    }
    if (void *memory = fresh(rounded)) return memory;
    large_clear();
    return fresh(rounded);
}

void tern_deallocate(void *memory, size_t bytes) {
    if (!memory) return;
    size_t rounded;
    const int index = class_of(bytes, rounded);
    if (keeps && rounded <= small_limit && !small.closed && small.lists[index].bytes < small_cache_limit) {
        if (!small.registered) {
            small.registered = true;
            pthread_once(&small_once, small_open);
            pthread_setspecific(small_key, &small);
        }
        return small.lists[index].push(memory, rounded);
    }
    if (keeps && rounded > small_limit && rounded <= large_limit) {
        pthread_mutex_lock(&large.mutex);
        const bool keep = large.bytes + rounded <= large_cache_limit;
        if (keep) {
            large.lists[index].push(memory, rounded);
            large.bytes += rounded;
        }
        pthread_mutex_unlock(&large.mutex);
        if (keep) return;
    }
    free(memory);
}

TernThreadState *tern_thread_state(void) {
    static thread_local TernThreadState state;
    return &state;
}
