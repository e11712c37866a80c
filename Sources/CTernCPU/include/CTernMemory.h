/// What tern_allocate has done, and how much it keeps.
#ifndef CTERNMEMORY_H
#define CTERNMEMORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes are those of whole blocks.
typedef struct TernMemory {
    int64_t used, usedPeak;  ///< now, and the most there were: exact but for 256 KiB for each thread beyond the first
    int64_t held, heldPeak;  ///< taken from the system: used, or kept for the next request
    int64_t requests;        ///< answered
    int64_t systemRequests;  ///< those of them that the system was asked for
    int64_t limit;           ///< of the bytes kept in large blocks
} TernMemory;
TernMemory tern_memory(void);
/// Counts both peaks anew, from what there is now.
void tern_memory_reset_peak(void);
/// Gives the large blocks that are kept, and the calling thread's small ones, back to the system.
void tern_memory_release(void);
/// Bytes of large blocks (over 32 KiB) to keep. Default: TERN_CACHE_MB of the environment, or 768 MiB. Small ones are kept per thread, up to
/// 8 MiB, or the limit where it is less.
void tern_memory_set_limit(int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
