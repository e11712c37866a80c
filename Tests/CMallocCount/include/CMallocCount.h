#ifndef CMALLOCCOUNT_H
#define CMALLOCCOUNT_H

/// How often the calling thread has asked the system's allocator for memory; -1 where it can't be told (outside of glibc, under sanitizers).
long malloc_count(void);

#endif
