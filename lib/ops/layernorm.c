/* layernorm.c - LayerNorm of the rows of a matrix, threads over rows */
#include "base/parallel.h"
#include "ops/ops.h"

struct layernorm {
    const struct vit_kernels *kernels;
    const struct vit_layernorm_args *args;
    size_t parts;
};

static void layernorm_task(void *arg, size_t part)
{
    const struct layernorm *const norm = arg;
    struct vit_layernorm_args rows = *norm->args;
    const size_t first = parallel_share(rows.rows, norm->parts, part);

    rows.rows = parallel_share(rows.rows, norm->parts, part + 1) - first;
    rows.x += first * rows.ldx;
    rows.y += first * rows.ldy;
    norm->kernels->layernorm(&rows);
}

void vit_layernorm(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                   const struct vit_layernorm_args *args)
{
    const double elements = (double)args->rows * (double)args->n;
    const size_t threads = parallel_threads(parallel, args->rows, elements, MIN_ELEMENTS);
    struct layernorm norm = { kernels, args, parallel_tasks(threads, args->rows) };

    if (args->rows == 0 || args->n == 0)
        return;
    parallel_run(parallel, threads, norm.parts, layernorm_task, &norm);
}
