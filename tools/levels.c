/* levels.c - the instruction sets of this machine, as JSON */
#include "tools/levels.h"

#include "tools/print.h"
#include "vit/kernels.h"

json_t *levels_json(void)
{
    json_t *levels = json_array();
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        levels = json_with(levels, json_pack("{s:s, s:b}", "name", name, "usable", usable));
    return levels;
}
