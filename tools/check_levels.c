/* check_levels.c - the instruction sets that `libvit check` runs on */
#include "tools/check_levels.h"

#include <stdlib.h>
#include <string.h>

const char *check_forced_level(const char *isa)
{
    const char *const forced = getenv("VIT_ISA");

    return isa ? isa : forced && forced[0] ? forced : NULL;
}

size_t check_levels(const char *isa, const struct vit_kernels *levels[CHECK_MAX_LEVELS])
{
    const char *const forced = check_forced_level(isa);
    const char *name;
    size_t count = 0;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)) && count < CHECK_MAX_LEVELS; i++)
        if (usable && (!forced || strcmp(forced, name) == 0) &&
            vit_kernels_get(name, &levels[count], NULL) == VIT_OK)
            count++;
    return count;
}
