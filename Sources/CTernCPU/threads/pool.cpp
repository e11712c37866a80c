// One pool of threads. A job is cut into chunks that depend on its size alone; the caller and every idle worker take the next one
// until none is left, so a core that is busy elsewhere delays nobody by more than a chunk.
#include "../include/CTernCPU.h"

#include <atomic>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

namespace {
constexpr int32_t max_threads = 1024;
constexpr int64_t max_chunks = 1024;
constexpr int worker_spins = 4000, caller_spins = 20000;  // some tens of microseconds

void pause_core() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

// How many threads ------------------------------------------------------------------------------------------------------
#if defined(__linux__)
/// "quota period" or "quota", "max" and -1 meaning none.
bool read_numbers(const char *directory, const char *file, double &first, double *second) {
    char path[1200], text[64];
    if (size_t(snprintf(path, sizeof path, "%s/%s", directory, file)) >= sizeof path) return false;
    FILE *stream = fopen(path, "re");
    if (!stream) return false;
    const size_t length = fread(text, 1, sizeof text - 1, stream);
    fclose(stream);
    text[length] = 0;
    char *end;
    first = strtod(text, &end);
    if (end == text) return false;
    if (!second) return true;
    const char *rest = end;
    *second = strtod(rest, &end);
    return end != rest;
}

/// The least quota, in cores, of a control group and those above it.
double group_quota(const char *mount, const char *group, bool unified) {
    char directory[1024];
    double least = 1e9;
    if (size_t(snprintf(directory, sizeof directory, "%s%s", mount, group)) >= sizeof directory) return least;
    for (;;) {
        double quota, period;
        const bool found = unified ? read_numbers(directory, "cpu.max", quota, &period)
                                   : read_numbers(directory, "cpu.cfs_quota_us", quota, nullptr) &&
                                         read_numbers(directory, "cpu.cfs_period_us", period, nullptr);
        if (found && quota > 0 && period > 0 && quota / period < least) least = quota / period;
        char *slash = strrchr(directory, '/');
        if (!slash || size_t(slash - directory) < strlen(mount)) return least;
        *slash = 0;
    }
}

double quota_of_cores() {
    double least = 1e9;
    auto consider = [&](const char *mount, const char *group, bool unified) {
        const double quota = group_quota(mount, group, unified);
        if (quota < least) least = quota;
    };
    consider("/sys/fs/cgroup", "", true);
    consider("/sys/fs/cgroup/cpu", "", false);
    if (FILE *stream = fopen("/proc/self/cgroup", "re")) {
        char line[1024];
        while (fgets(line, sizeof line, stream)) {  // "0::/path" or "4:cpu,cpuacct:/path"
            line[strcspn(line, "\n")] = 0;
            char *names = strchr(line, ':');
            char *path = names ? strchr(names + 1, ':') : nullptr;
            if (!path) continue;
            *names++ = 0;
            *path++ = 0;
            if (!strcmp(line, "0") && !*names) {
                consider("/sys/fs/cgroup", path, true);
                consider("/sys/fs/cgroup/unified", path, true);
            } else if (!strcmp(names, "cpu") || !strncmp(names, "cpu,", 4) || strstr(names, ",cpu,") ||
                       (strlen(names) > 4 && !strcmp(names + strlen(names) - 4, ",cpu"))) {
                consider("/sys/fs/cgroup/cpu", path, false);
                consider("/sys/fs/cgroup/cpu,cpuacct", path, false);
            }
        }
        fclose(stream);
    }
    return least;
}
#endif

int32_t allowed_cores() {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    for (int size = 1024; size <= 1 << 18; size *= 4) {  // fails while the set is smaller than the kernel's
        cpu_set_t *set = CPU_ALLOC(size);
        if (!set) break;
        const bool ok = sched_getaffinity(0, CPU_ALLOC_SIZE(size), set) == 0;
        if (ok) cores = CPU_COUNT_S(CPU_ALLOC_SIZE(size), set);
        CPU_FREE(set);
        if (ok) break;
    }
    const double quota = quota_of_cores();
    if (quota < double(cores)) cores = long(quota) + (quota > double(long(quota)));
#endif
    return cores < 1 ? 1 : cores > max_threads ? max_threads : int32_t(cores);
}

std::atomic<int32_t> thread_count{0};  // 0: not asked yet

// The pool --------------------------------------------------------------------------------------------------------------
struct Job {
    void (*body)(void *, int64_t, int64_t);
    void *context;
    int64_t count, chunks;
    int core;  ///< where the caller runs

    /// The chunks differ by one at most.
    void run(int64_t chunk) const {
        const int64_t size = count / chunks, larger = count % chunks;
        const int64_t begin = chunk * size + (chunk < larger ? chunk : larger);
        body(context, begin, begin + size + (chunk < larger));
    }
};

// A worker enters (`inside` + 1), then looks whether the job is open; the caller closes it, then waits until nobody is inside. All four
// are sequentially consistent: either the worker sees it closed and touches nothing, or the caller sees the worker.
Job job;
std::atomic<int64_t> next_chunk{0};
std::atomic<int32_t> inside{0};
std::atomic<bool> open_job{false};
std::atomic<uint64_t> epoch{0};
std::atomic<int32_t> participants{0};  // workers with a lower number take part
std::atomic<bool> busy{false};         // whose caller owns the pool
int32_t workers = 0;                   // started; guarded by `busy`

pthread_mutex_t sleep_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t sleep_condition = PTHREAD_COND_INITIALIZER;
std::atomic<int32_t> sleepers{0};

thread_local bool in_job = false;

#if defined(__linux__)
int core_now() { return sched_getcpu(); }

/// A worker that woke on its caller's core goes to another: a system may leave both there for seconds, beside an idle core. (At most each
/// 5 ms; what the thread may run on stays as it was.)
void leave(int core) {
    static thread_local int64_t last = 0;
    if (core < 0 || core >= CPU_SETSIZE || sched_getcpu() != core) return;
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    const int64_t now = time.tv_sec * 1000 + time.tv_nsec / 1000000;
    cpu_set_t all, others;
    if (now - last < 5 || sched_getaffinity(0, sizeof all, &all) != 0) return;
    last = now, others = all;
    CPU_CLR(core, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof all, &all);
}
#else
int core_now() { return -1; }
void leave(int) {}
#endif

/// A worker in the middle of a chunk may have lost its core to another process: this core, left idle, takes it over.
void nap() {
    const timespec time = {0, 20000};
    nanosleep(&time, nullptr);
}

void take_chunks() {
    const int64_t chunks = job.chunks;
    for (int64_t chunk; (chunk = next_chunk.fetch_add(1, std::memory_order_relaxed)) < chunks;) job.run(chunk);
}

void *work(void *argument) {
    const int32_t number = int32_t(reinterpret_cast<intptr_t>(argument));
    in_job = true;
    uint64_t seen = 0;
    for (;;) {
        int spins = 0;
        while (epoch.load() == seen) {
            if (++spins < worker_spins) {
                pause_core();
                continue;
            }
            pthread_mutex_lock(&sleep_mutex);
            sleepers.fetch_add(1);
            while (epoch.load() == seen) pthread_cond_wait(&sleep_condition, &sleep_mutex);
            sleepers.fetch_sub(1);
            pthread_mutex_unlock(&sleep_mutex);
        }
        seen = epoch.load();
        if (number >= participants.load()) continue;
        inside.fetch_add(1);
        if (open_job.load()) {
            leave(job.core);
            take_chunks();
        }
        inside.fetch_sub(1);
    }
    return nullptr;
}

void start_workers(int32_t wanted) {
    if (workers >= wanted) return;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, size_t(4) << 20);
    sigset_t all, before;  // signals are the program's business
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers < wanted) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, work, reinterpret_cast<void *>(intptr_t(workers))) != 0) break;
        workers += 1;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
}
}  // namespace

int32_t tern_thread_count(void) {
    int32_t count = thread_count.load(std::memory_order_relaxed);
    if (count == 0) {
        int32_t none = 0;
        count = allowed_cores();
        if (!thread_count.compare_exchange_strong(none, count)) count = none;
    }
    return count;
}

void tern_set_thread_count(int32_t count) {
    thread_count.store(count < 1 ? 1 : count > max_threads ? max_threads : count, std::memory_order_relaxed);
}

void tern_parallel_for(int64_t count, int64_t grain, void (*body)(void *, int64_t, int64_t), void *context) {
    if (count <= 0) return;
    if (grain < 1) grain = 1;
    if (count < 2 * grain) return body(context, 0, count);
    const int64_t chunks = count / grain < max_chunks ? count / grain : max_chunks;
    const Job mine = {body, context, count, chunks, core_now()};
    const int32_t threads = in_job ? 1 : tern_thread_count();
    // A call from within a job, or while another caller has the pool, does its own work itself: the cores are taken.
    if (threads == 1 || busy.exchange(true, std::memory_order_acquire)) {
        for (int64_t chunk = 0; chunk < chunks; ++chunk) mine.run(chunk);
        return;
    }
    start_workers(threads - 1);
    const int32_t helpers = workers < threads - 1 ? workers : threads - 1;
    const int32_t wanted = int64_t(helpers) < chunks - 1 ? helpers : int32_t(chunks - 1);
    job = mine;
    next_chunk.store(0, std::memory_order_relaxed);
    participants.store(helpers);
    open_job.store(true);
    epoch.fetch_add(1);
    if (const int32_t asleep = sleepers.load(); asleep > 0) {
        pthread_mutex_lock(&sleep_mutex);
        if (helpers < workers || wanted >= workers) {
            pthread_cond_broadcast(&sleep_condition);
        } else {
            for (int32_t awake = workers - asleep; awake < wanted; ++awake) pthread_cond_signal(&sleep_condition);
        }
        pthread_mutex_unlock(&sleep_mutex);
    }
    in_job = true;
    take_chunks();
    in_job = false;
    open_job.store(false);
    for (int spins = 0; inside.load() != 0;) {
        if (++spins < caller_spins) pause_core();
        else nap();
    }
    busy.store(false, std::memory_order_release);
}
