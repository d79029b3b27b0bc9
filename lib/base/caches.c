/* caches.c - a core's caches: Linux's files, CPUID, sysconf, assumptions, in this order */
#include "base/caches.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEVELS = 3, MAX_INDEX = 16, LINE = 1024 };

/* The smallest and largest share of a core that is believed, and what is assumed otherwise. */
static const struct {
    size_t min, max, assumed;
} bounds[LEVELS] = {
    { (size_t)4 << 10, (size_t)1 << 20, (size_t)32 << 10 },
    { (size_t)64 << 10, (size_t)64 << 20, (size_t)512 << 10 },
    { (size_t)64 << 10, (size_t)4 << 30, CACHES_MAX_L3 },
};

/* A core's share; 0 if it is unknown or no processor has it. */
static size_t share_of(const struct cache_levels *caches, size_t level)
{
    const struct cache *const cache = &caches->level[level];
    const size_t share = cache->size / (cache->cores ? cache->cores : 1);

    return share >= bounds[level].min && share <= bounds[level].max ? share : 0;
}

/* From hardware threads that share a cache to cores: those that share L1 are of one core. */
static void count_cores(struct cache_levels *caches, const size_t threads[LEVELS])
{
    for (size_t level = 0; level < LEVELS; level++) {
        const size_t cores = threads[level] / (threads[0] ? threads[0] : 1);
        caches->level[level].cores = cores ? cores : 1;
    }
}

struct vit_caches caches_share(size_t count, const struct cache_levels *sources)
{
    size_t share[LEVELS], whole[LEVELS];

    for (size_t level = 0; level < LEVELS; level++) {
        size_t i = 0;
        while (i < count && share_of(&sources[i], level) == 0)
            i++;
        share[level] = i < count ? share_of(&sources[i], level) : bounds[level].assumed;
        whole[level] = i < count ? sources[i].level[level].size : 0;
    }
    return (struct vit_caches){
        .l1d = share[0],
        .l2 = share[1],
        .l3 = share[2] < CACHES_MAX_L3 ? share[2] : CACHES_MAX_L3,
        .whole_l2 = whole[1],
        .whole_l3 = whole[2],
    };
}

/* --- Linux's files */

size_t caches_size(const char *text)
{
    static const char units[] = "KMG";
    char *end;

    if (*text < '0' || *text > '9') /* strtoul accepts a sign */
        return 0;
    const unsigned long n = strtoul(text, &end, 10);
    const char *const unit = *end ? strchr(units, *end) : NULL;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    return (unit ? end[1] : *end) == '\0' && n <= SIZE_MAX >> shift ? (size_t)n << shift : 0;
}

size_t caches_sharers(const char *list)
{
    size_t count = 0;

    for (const char *at = list;; at++) { /* "FIRST" or "FIRST-LAST", between commas */
        char *end;
        if (*at < '0' || *at > '9')
            return 0;
        const unsigned long first = strtoul(at, &end, 10);
        unsigned long last = first;
        if (*end == '-' && end[1] >= '0' && end[1] <= '9')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last > INT_MAX)
            return 0;
        count += last - first + 1;
        at = end;
        if (*at == '\0')
            return count;
        if (*at != ',')
            return 0;
    }
}

/* The first line of a file of one of a processor's caches; "" if there is none. */
static void read_line(const char *root, const char *processor, int cache, const char *name,
                      char line[LINE])
{
    char path[PATH_MAX];

    line[0] = '\0';
    snprintf(path, sizeof path, "%s/%s/cache/index%d/%s", root, processor, cache, name);
    FILE *const f = fopen(path, "re");
    if (!f)
        return;
    if (!fgets(line, LINE, f))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(f);
}

static struct cache_levels caches_of_processor(const char *root, const char *name)
{
    struct cache_levels caches = { 0 };
    size_t threads[LEVELS] = { 0 };
    char line[LINE];

    for (int i = 0; i < MAX_INDEX; i++) {
        read_line(root, name, i, "level", line);
        if (!line[0])
            break;
        const size_t level = strtoul(line, NULL, 10) - 1;
        read_line(root, name, i, "type", line);
        if (level >= LEVELS || strcmp(line, "Instruction") == 0)
            continue;
        read_line(root, name, i, "size", line);
        caches.level[level].size = caches_size(line);
        read_line(root, name, i, "shared_cpu_list", line);
        threads[level] = caches_sharers(line);
    }
    count_cores(&caches, threads);
    return caches;
}

/* What tells kinds of cores apart: sizes of caches, and how many processors share L2. */
struct kind {
    size_t l1d, l2, sharers, l3;
};

/* Of Linux's caches the first is L1's data, the third L2 and the fourth L3, where L1 is split. */
static struct kind kind_of_processor(const char *root, const char *name)
{
    struct kind kind;
    char line[LINE];

    read_line(root, name, 0, "size", line);
    kind.l1d = caches_size(line);
    read_line(root, name, 2, "size", line);
    kind.l2 = caches_size(line);
    read_line(root, name, 2, "shared_cpu_list", line);
    kind.sharers = caches_sharers(line);
    read_line(root, name, 3, "size", line);
    kind.l3 = caches_size(line);
    return kind;
}

static bool is_same_kind(struct kind a, struct kind b)
{
    return a.l1d == b.l1d && a.l2 == b.l2 && a.sharers == b.sharers && a.l3 == b.l3;
}

struct cache_levels caches_of_system(const char *root)
{
    /* a machine whose cores differ has fewer; all of a larger one would take milliseconds */
    enum { MAX_PROCESSORS = 64 };
    struct cache_levels smallest = { 0 };
    struct kind last = { 0 };
    DIR *const directory = opendir(root);
    const struct dirent *entry;

    for (int looked = 0; directory && looked < MAX_PROCESSORS && (entry = readdir(directory));) {
        if (strncmp(entry->d_name, "cpu", 3) != 0 || caches_sharers(entry->d_name + 3) != 1)
            continue;
        const struct kind kind = kind_of_processor(root, entry->d_name);
        looked++;
        if (is_same_kind(kind, last))
            continue;
        last = kind;
        const struct cache_levels caches = caches_of_processor(root, entry->d_name);
        for (size_t level = 0; level < LEVELS; level++) {
            const size_t share = share_of(&caches, level), least = share_of(&smallest, level);
            if (share > 0 && (least == 0 || share < least))
                smallest.level[level] = caches.level[level];
        }
    }
    if (directory)
        closedir(directory);
    return smallest;
}

/* --- CPUID */

struct cache_levels caches_of_cpuid(size_t count, const struct cpuid_cache *subleaves)
{
    enum { NONE = 0, INSTRUCTION = 2 };
    struct cache_levels caches = { 0 };
    size_t threads[LEVELS] = { 0 };

    for (size_t i = 0; i < count && (subleaves[i].a & 31) != NONE; i++) {
        const struct cpuid_cache leaf = subleaves[i];
        const size_t level = (size_t)(leaf.a >> 5 & 7) - 1;
        const size_t line = (leaf.b & 0xfff) + 1, partitions = (leaf.b >> 12 & 0x3ff) + 1;
        const size_t ways = (leaf.b >> 22) + 1, sets = (size_t)leaf.c + 1;
        if (level >= LEVELS || (leaf.a & 31) == INSTRUCTION)
            continue;
        caches.level[level].size = line * partitions * ways * sets;
        threads[level] = (leaf.a >> 14 & 0xfff) + 1;
    }
    count_cores(&caches, threads);
    return caches;
}

/* --- this machine */

static struct cache_levels caches_of_sysconf(void)
{
    struct cache_levels caches = { 0 };

#ifdef _SC_LEVEL1_DCACHE_SIZE
    static const int names[LEVELS] = { _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                       _SC_LEVEL3_CACHE_SIZE };
    for (size_t level = 0; level < LEVELS; level++) {
        const long size = sysconf(names[level]);
        caches.level[level].size = size > 0 ? (size_t)size : 0;
    }
#endif
    return caches;
}

struct vit_caches caches_here(void)
{
    struct cpuid_cache subleaves[MAX_INDEX];
    const size_t count = cpu_cache_leaves(MAX_INDEX, subleaves);
    const struct cache_levels sources[] = {
        caches_of_system("/sys/devices/system/cpu"),
        caches_of_cpuid(count, subleaves),
        caches_of_sysconf(),
    };

    return caches_share(sizeof sources / sizeof *sources, sources);
}

void vit_cpu_caches(struct vit_caches *caches)
{
    *caches = caches_here();
}
