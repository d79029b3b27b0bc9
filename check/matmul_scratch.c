/* matmul_scratch.c - a matmul with scratch of its own, for checks and benchmarks */
#include "check/matmul_scratch.h"

#include <stdlib.h>

bool matmul_with_scratch(const struct vit_parallel *parallel, const struct vit_matmul_args *args)
{
    const size_t bytes =
        vit_matmul_scratch_bytes(args->b, args->m, parallel ? parallel->threads : 1);
    struct vit_matmul_args with_scratch = *args;

    with_scratch.scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (bytes && !with_scratch.scratch)
        return false;
    vit_matmul(parallel, &with_scratch);
    free(with_scratch.scratch);
    return true;
}
