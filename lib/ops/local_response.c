/* local_response.c - local response normalization of a matrix, threads over columns */
#include "base/parallel.h"
#include "ops/ops.h"

enum { STRIP = 16 }; /* columns: a vector of every level */

struct local_response {
    const struct vit_kernels *kernels;
    const struct vit_local_response_args *args;
    size_t strips, parts;
};

static void local_response_task(void *arg, size_t part)
{
    const struct local_response *const norm = arg;
    struct vit_local_response_args columns = *norm->args;
    const size_t first = STRIP * parallel_share(norm->strips, norm->parts, part);
    const size_t end = STRIP * parallel_share(norm->strips, norm->parts, part + 1);

    columns.n = (end < columns.n ? end : columns.n) - first;
    columns.x += first;
    columns.y += first;
    norm->kernels->local_response(&columns);
}

void vit_local_response(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                        const struct vit_local_response_args *args)
{
    const size_t strips = args->n / STRIP + (args->n % STRIP > 0);
    const double elements = (double)args->rows * (double)args->n;
    const size_t threads = parallel_threads(parallel, strips, elements, MIN_ELEMENTS);
    struct local_response norm = { kernels, args, strips, parallel_tasks(threads, strips) };

    if (args->rows == 0 || args->n == 0)
        return;
    parallel_run(parallel, threads, norm.parts, local_response_task, &norm);
}
