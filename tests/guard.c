/* guard.c - mmap'ed arrays between two pages without access */
#include "guard.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard guard_new(size_t count, enum guard_side side)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = count * sizeof(float);
    const size_t inside = (bytes + page - 1) / page * page;
    struct guard g = { .count = count, .map_bytes = inside + 2 * page };

    g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(g.map != MAP_FAILED);
    char *first = (char *)g.map + page;
    cr_assert(inside == 0 || mprotect(first, inside, PROT_READ | PROT_WRITE) == 0);
    g.at = (float *)(void *)(side == GUARD_BEFORE ? first : first + inside - bytes);
    memset(g.at, 0x5a, bytes);
    return g;
}

void guard_free(struct guard *guard)
{
    munmap(guard->map, guard->map_bytes);
}
