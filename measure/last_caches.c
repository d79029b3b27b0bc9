/* last_caches.c - counts the caches of level 3 by the lists of processors that share them */
#include "measure/last_caches.h"

#include <limits.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdio.h>

enum { MAX_PROCESSORS = 1024, MAX_INDEX = 16 };

/* The number at the beginning of a file of a processor's cache, or -1. */
static int read_number(const char *root, size_t processor, int cache, const char *name)
{
    char path[PATH_MAX];
    int number = -1;

    snprintf(path, sizeof path, "%s/cpu%zu/cache/index%d/%s", root, processor, cache, name);
    FILE *const f = fopen(path, "re");
    if (f) {
        if (fscanf(f, "%d", &number) != 1)
            number = -1;
        fclose(f);
    }
    return number;
}

/* The first of the processors that share this one's L3, or -1: lists are sorted. */
static int first_sharer(const char *root, size_t processor)
{
    int level = 0;

    for (int i = 0; i < MAX_INDEX && level >= 0; i++) {
        level = read_number(root, processor, i, "level");
        if (level == 3)
            return read_number(root, processor, i, "shared_cpu_list");
    }
    return -1;
}

size_t last_caches_of(const char *root, size_t count, const bool *allowed)
{
    bool seen[MAX_PROCESSORS] = { false };
    size_t caches = 0;

    for (size_t i = 0; i < count && i < MAX_PROCESSORS; i++) {
        const int first = allowed[i] ? first_sharer(root, i) : -1;
        if (first < 0 || first >= MAX_PROCESSORS)
            continue;
        caches += !seen[first];
        seen[first] = true;
    }
    return caches;
}

size_t last_caches_here(void)
{
    size_t caches = 0;

#ifdef __linux__
    bool allowed[MAX_PROCESSORS] = { false };
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (size_t i = 0; i < MAX_PROCESSORS && i < CPU_SETSIZE; i++)
            allowed[i] = CPU_ISSET(i, &set);
        caches = last_caches_of("/sys/devices/system/cpu", MAX_PROCESSORS, allowed);
    }
#endif
    return caches ? caches : 1;
}
