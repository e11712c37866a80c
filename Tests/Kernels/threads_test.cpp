// Memory, and the pool with many callers.
#include <pthread.h>

#include <atomic>

#include "../../Sources/CTernCPU/include/CTernMemory.h"
#include "testing.h"

static void test_memory() {
    bool right = true;
    std::vector<std::pair<void *, size_t>> blocks;
    for (int i = 0; i < 4000; ++i) {
        const size_t bytes = size_t(std::exp2(random_unit() * 23));
        char *memory = static_cast<char *>(tern_allocate(bytes));
        right &= memory && reinterpret_cast<uintptr_t>(memory) % 64 == 0;
        memory[0] = memory[bytes - 1] = char(i);
        blocks.push_back({memory, bytes});
        if (blocks.size() > 40) {
            std::swap(blocks[size_t(random_int(0, 40))], blocks.back());
            tern_deallocate(blocks.back().first, blocks.back().second);
            blocks.pop_back();
        }
    }
    for (auto &block : blocks) tern_deallocate(block.first, block.second);
    void *empty = tern_allocate(0);
    right &= empty != nullptr;
    tern_deallocate(empty, 0);
    tern_deallocate(nullptr, 0);
    CHECK(right && !tern_allocate(SIZE_MAX) && !tern_allocate(SIZE_MAX / 2), "memory");
    tern_thread_state()->gradDisabled = true;
    pthread_t thread;
    bool other = true;
    pthread_create(&thread, nullptr, [](void *result) -> void * {
        *static_cast<bool *>(result) = tern_thread_state()->gradDisabled;
        tern_deallocate(tern_allocate(100), 100);
        return nullptr;
    }, &other);
    pthread_join(thread, nullptr);
    CHECK(!other && tern_thread_state()->gradDisabled, "thread state");
    tern_thread_state()->gradDisabled = false;
}

/// What is counted; blocks of other threads too.
static void test_memory_counts() {
    tern_memory_release();
    tern_memory_reset_peak();
    const TernMemory before = tern_memory();
    CHECK(before.used == before.usedPeak && before.held == before.heldPeak && before.limit == int64_t(768) << 20, "counts at rest");
    constexpr size_t sizes[] = {100, 3000, 100000, 5000000};  // blocks of 128, 3072, 114688, 5242880
    constexpr int64_t sum = 128 + 3072 + 114688 + 5242880;
    void *blocks[4];
    for (int i = 0; i < 4; ++i) blocks[i] = tern_allocate(sizes[i]);
    const TernMemory full = tern_memory();
    for (int i = 0; i < 4; ++i) tern_deallocate(blocks[i], sizes[i]);
    TernMemory after = tern_memory();
    CHECK(full.used - before.used == sum && full.usedPeak == full.used && full.requests - before.requests == 4, "counts in use");
    CHECK(after.used == before.used && after.usedPeak == full.used && after.held <= after.heldPeak, "counts of what was freed");
    CHECK(full.systemRequests - before.systemRequests == 4 && full.held - before.held == sum, "counts of the system");
    const bool keeps = after.held != before.held;  // not under every sanitizer
    for (int i = 0; i < 4; ++i) tern_deallocate(tern_allocate(sizes[i]), sizes[i]);
    CHECK(tern_memory().systemRequests - full.systemRequests == (keeps ? 0 : 4), "blocks are used again");
    tern_memory_release();
    CHECK(tern_memory().held == before.held, "nothing kept");
    tern_memory_set_limit(0);
    for (int i = 0; i < 4; ++i) tern_deallocate(tern_allocate(sizes[i]), sizes[i]);
    CHECK(tern_memory().held == before.held, "nothing kept with a limit of 0");
    tern_memory_set_limit(before.limit);

    // One thread takes, another frees: each tells its part.
    pthread_t thread;
    void *handed[1000];
    pthread_create(&thread, nullptr, [](void *all) -> void * {
        for (int i = 0; i < 1000; ++i) static_cast<void **>(all)[i] = tern_allocate(3000);
        return nullptr;
    }, handed);
    pthread_join(thread, nullptr);
    CHECK(tern_memory().used - before.used == 1000 * 3072, "taken by another thread");
    for (void *block : handed) tern_deallocate(block, 3000);
    after = tern_memory();
    CHECK(after.used == before.used && after.usedPeak - before.used >= 1000 * 3072, "freed by this one");
}

static std::atomic<int64_t> problems{0};

/// Every index exactly once, in pieces that never depend on anything but the size; and the same from within.
static void use_pool(int rounds, bool nested) {
    for (int round = 0; round < rounds; ++round) {
        const int64_t n = 1 + round * 37 % 5000, grain = 1 + round % 50;
        std::vector<int> hits(size_t(n), 0);
        std::atomic<int64_t> sum{0};
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
            if (end - begin < grain && n >= grain) problems += 1;
            for (int64_t i = begin; i < end; ++i) hits[size_t(i)] += 1;
            sum += end - begin;
            if (nested) parallel_for(200, 10, [&](int64_t from, int64_t to) { sum += (to - from) * 0; });
        });
        if (sum != n) problems += 1;
        for (int hit : hits)
            if (hit != 1) problems += 1;
    }
}

static void test_pool() {
    const int32_t threads = tern_thread_count();
    CHECK(threads >= 1, "thread count");
    for (int32_t count : {1, 2, 3, 8}) {
        tern_set_thread_count(count);
        CHECK(tern_thread_count() == count, "thread count");
        use_pool(400, false);
        use_pool(50, true);
    }
    pthread_t callers[6];
    for (pthread_t &caller : callers) pthread_create(&caller, nullptr, [](void *) -> void * { return use_pool(300, true), nullptr; },
        nullptr);
    for (int i = 0; i < 200; ++i) tern_set_thread_count(1 + i % 6);
    for (pthread_t caller : callers) pthread_join(caller, nullptr);
    CHECK(problems == 0, "pool: %d problems", int(problems.load()));
    tern_set_thread_count(threads);
}

void test_threads() {
    test_memory();
    test_memory_counts();
    test_pool();
}
