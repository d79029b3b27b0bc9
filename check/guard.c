/* guard.c - arrays from mmap between two pages without access */
#define _DEFAULT_SOURCE    /* MAP_ANONYMOUS, in POSIX only since 2024 */
#define _DARWIN_C_SOURCE 1 /* the same for Apple */
#include "check/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SPARES = 64 };

/* Pages of freed arrays: mapping and protecting them takes longer than most kernels. */
static struct {
    void *map;
    size_t bytes;
} spare[SPARES];

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *take_spare(size_t bytes)
{
    for (size_t i = 0; i < SPARES; i++)
        if (spare[i].map && spare[i].bytes == bytes) {
            void *const map = spare[i].map;
            spare[i].map = NULL;
            return map;
        }
    return NULL;
}

static void *map_pages(size_t bytes)
{
    const size_t page = page_bytes();
    char *const map = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + page, bytes - 2 * page, PROT_READ | PROT_WRITE) != 0) {
        perror("no memory between guard pages");
        exit(2);
    }
    return map;
}

struct guard guard_new(size_t bytes, size_t alignment, enum guard_side side)
{
    const size_t page = page_bytes();
    size_t inside = page;
    while (inside < bytes) /* few different sizes, so that spare pages fit */
        inside *= 2;
    struct guard g = { .bytes = bytes, .map_bytes = inside + 2 * page };

    g.map = take_spare(g.map_bytes);
    if (!g.map)
        g.map = map_pages(g.map_bytes);
    char *const first = (char *)g.map + page;
    const size_t offset = side == GUARD_BEFORE ? 0 : (inside - bytes) / alignment * alignment;
    g.at = (float *)(void *)(first + offset);
    memset(first, GUARD_FILL, inside);
    return g;
}

void guard_free(struct guard *guard)
{
    static size_t oldest;
    size_t i = 0;

    while (i < SPARES && spare[i].map)
        i++;
    if (i == SPARES) {
        i = oldest++ % SPARES;
        munmap(spare[i].map, spare[i].bytes);
    }
    spare[i].map = guard->map;
    spare[i].bytes = guard->map_bytes;
}

bool guard_filled(const void *at, size_t bytes)
{
    const unsigned char *const p = at;
    return bytes == 0 || (*p == GUARD_FILL && memcmp(p, p + 1, bytes - 1) == 0);
}

bool guard_intact(const struct guard *guard)
{
    const size_t page = page_bytes();
    const char *const first = (const char *)guard->map + page, *const at = (const char *)guard->at;
    const char *const end = at + guard->bytes;
    const char *const last = (const char *)guard->map + guard->map_bytes - page;

    return guard_filled(first, (size_t)(at - first)) && guard_filled(end, (size_t)(last - end));
}
