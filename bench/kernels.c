/* kernels.c - benchmarks of every kernel that measure/kinds lists, on the shapes of its kind */
#include <stdio.h>

#include "kinds.h"
#include "measure.h"

void add_kernels(const struct vit_kernels *level)
{
    struct kernel kernel;
    struct kernel_case c;

    for (size_t i = 0; kernel_at(i, &kernel); i++)
        for (size_t j = 0; kernel.kind->case_at(j, &c); j++) {
            const struct bench b = kernel_bench(&kernel, level, c.dimensions, 1);
            char name[160];
            snprintf(name, sizeof name, "%s/%s/%s", level->isa, kernel.name, c.name);
            measure_add(name, &b);
        }
}
