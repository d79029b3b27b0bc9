/* caches.h - the caches that one core may count on: from the system, from CPUID, or assumed */
#ifndef VIT_BASE_CACHES_H
#define VIT_BASE_CACHES_H

#include <stddef.h>

#include "base/cpu.h"
#include "vit/kernels.h"

/* At most so much of L3 counts: virtual machines report wrongly how many cores share it. */
#define CACHES_MAX_L3 ((size_t)2 << 20)

/* A cache of a core. size 0: unknown. */
struct cache {
    size_t size;  /* bytes of all of it */
    size_t cores; /* that share it, at least 1 */
};

/* Of level 1, data; 2; 3. */
struct cache_levels {
    struct cache level[3];
};

/* A size such as "1280K" or "32M", as the system writes it; 0 for other text. */
size_t caches_size(const char *text);

/* The number of processors in a list such as "0-3,8"; 0 for other text. */
size_t caches_sharers(const char *list);

/*
 * The caches of the processors below `root`, which is /sys/devices/system/cpu. Where processors
 * differ, each level is that of the processor whose share of it is smallest.
 */
struct cache_levels caches_of_system(const char *root);

/* The caches that CPUID describes, up to the first subleaf without one. */
struct cache_levels caches_of_cpuid(size_t count, const struct cpuid_cache *subleaves);

/*
 * A core's share by the first source that knows a level, or the assumption for that level: 32 KiB,
 * 512 KiB and 2 MiB. A share that no processor has counts as unknown.
 */
struct vit_caches caches_share(size_t count, const struct cache_levels *sources);

/* This machine's. Thread-safe. */
struct vit_caches caches_here(void);

#endif
