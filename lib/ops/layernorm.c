/* layernorm.c - LayerNorm of the rows of a matrix, threads over rows */
#include "base/parallel.h"
#include "ops/ops.h"

struct rows {
    const struct vit_kernels *kernels;
    size_t count, n, parts;
    const float *x;
    size_t ldx;
    const float *gamma, *beta;
    float eps;
    float *y;
    size_t ldy;
};

static void normalise_part(void *arg, size_t part)
{
    const struct rows *r = arg;
    const size_t first = parallel_share(r->count, r->parts, part);
    const size_t rows = parallel_share(r->count, r->parts, part + 1) - first;

    r->kernels->layernorm(rows, r->n, r->x + first * r->ldx, r->ldx, r->gamma, r->beta, r->eps,
                          r->y + first * r->ldy, r->ldy);
}

void vit_layernorm(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                   size_t rows, size_t n, const float *x, size_t ldx, const float *gamma,
                   const float *beta, float eps, float *y, size_t ldy)
{
    const size_t threads =
        parallel_threads(parallel, rows, (double)rows * (double)n, LEAST_ELEMENTS);
    const size_t parts = parallel_tasks(threads, rows);
    struct rows r = { kernels, rows, n, parts, x, ldx, gamma, beta, eps, y, ldy };

    parallel_run(parallel, threads, parts, normalise_part, &r);
}
