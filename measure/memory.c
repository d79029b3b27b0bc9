/* memory.c - the memory of operands, laid out like the library's own, and how much there may be */
#include "measure/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE = 64, PAGE = 4096, HUGE_PAGE = 2 << 20 }; /* bytes */

void *memory_allocate(size_t bytes)
{
    const size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
    const size_t whole = (bytes ? bytes + align - 1 : align) / align * align;
    void *const memory = aligned_alloc(align, whole);

#ifdef MADV_HUGEPAGE
    if (memory && align == HUGE_PAGE)
        madvise(memory, whole, MADV_HUGEPAGE); /* advice only: failure is harmless */
#endif
    return memory;
}

float *memory_floats(size_t rows, size_t n)
{
    return memory_allocate(rows * n * sizeof(float));
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

void *memory_block(size_t count, const size_t *bytes, void **parts)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += whole_lines(bytes[i]);
    char *const block = memory_allocate(total);
    if (!block)
        return NULL;
    total = 0;
    for (size_t i = 0; i < count; i++) {
        parts[i] = block + total;
        total += whole_lines(bytes[i]);
    }
    return block;
}

size_t memory_stride(size_t n)
{
    const size_t line = LINE / sizeof(float);
    const size_t stride = (n + line - 1) / line * line;
    return stride % (PAGE / sizeof(float)) ? stride : stride + line;
}

static double smaller_limit(double a, double b) /* 0: no limit */
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* The bytes that a group's file allows; 0: "max", or no such file. */
static double limit_of(const char *mount, const char *group, const char *file)
{
    char path[PATH_MAX];
    unsigned long long bytes = 0;

    snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
    FILE *const f = fopen(path, "re");
    if (f) {
        if (fscanf(f, "%llu", &bytes) != 1)
            bytes = 0;
        fclose(f);
    }
    return (double)bytes;
}

/* The smallest limit of a group, its ancestors and the root: a container sees its own there. */
static double limit_up(const char *root, const char *controller, const char *group,
                       const char *file)
{
    char mount[PATH_MAX / 4], at[PATH_MAX / 2];

    snprintf(mount, sizeof mount, "%s%s", root, controller);
    snprintf(at, sizeof at, "%s", group);
    double limit = limit_of(mount, "", file);
    for (char *end; *at; *end = '\0') {
        limit = smaller_limit(limit, limit_of(mount, at, file));
        end = strrchr(at, '/');
    }
    return limit;
}

/* cgroups(7): a line is "ID:CONTROLLERS:/GROUP"; version 2's has no controllers. */
double memory_group_limit(const char *cgroup_file, const char *root)
{
    static const char v1[] = "memory.limit_in_bytes", v2[] = "memory.max";
    char line[PATH_MAX / 2];
    double limit = smaller_limit(limit_of(root, "/memory", v1), limit_of(root, "", v2));
    FILE *const f = fopen(cgroup_file, "re");

    while (f && fgets(line, sizeof line, f)) {
        const char *const controllers = strchr(line, ':');
        char *const group = strstr(line, ":/");
        if (!controllers || !group)
            continue;
        line[strcspn(line, "\n")] = '\0';
        *group = '\0';
        if (group == controllers + 1)
            limit = smaller_limit(limit, limit_up(root, "", group + 1, v2));
        else if (strcmp(controllers, ":memory") == 0)
            limit = smaller_limit(limit, limit_up(root, "/memory", group + 1, v1));
    }
    if (f)
        fclose(f);
    return limit;
}

double memory_limit(void)
{
    double bytes = memory_group_limit("/proc/self/cgroup", "/sys/fs/cgroup");

#ifdef _SC_PHYS_PAGES
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        bytes = smaller_limit(bytes, (double)pages * (double)page);
#endif
    return bytes > 0 ? 0.5 * bytes : 2.0 * (1u << 31);
}
