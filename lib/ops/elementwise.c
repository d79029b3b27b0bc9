/* elementwise.c - sums, gates and activations of whole matrices, threads over rows */
#include "base/parallel.h"
#include "ops/ops.h"

struct elementwise {
    const struct vit_kernels *kernels;
    const struct vit_elementwise_args *args;
    void (*row)(const struct elementwise *e, size_t i);
    size_t parts;
};

static void add_row(const struct elementwise *e, size_t i)
{
    const struct vit_elementwise_args *const args = e->args;

    e->kernels->add(args->n, args->a + i * args->lda, args->b + i * args->ldb,
                    args->y + i * args->ldy);
}

static void apply_activation(const struct elementwise *e, const float *x, float *y)
{
    e->kernels->activation[e->args->activation](e->args->n, x, &e->args->activation_args, y);
}

static void activate_row(const struct elementwise *e, size_t i)
{
    const struct vit_elementwise_args *const args = e->args;
    const float *const a = args->a + i * args->lda;
    float *const y = args->y + i * args->ldy;

    for (size_t j = 0; args->row_add && j < args->n; j++)
        y[j] = a[j] + args->row_add[i];
    apply_activation(e, args->row_add ? y : a, y);
}

static void gate_row(const struct elementwise *e, size_t i)
{
    const struct vit_elementwise_args *const args = e->args;
    float *const y = args->y + i * args->ldy;

    apply_activation(e, args->a + i * args->lda, y);
    e->kernels->multiply(args->n, y, args->b + i * args->ldb, y);
}

static void elementwise_task(void *arg, size_t part)
{
    const struct elementwise *const e = arg;
    const size_t end = parallel_share(e->args->rows, e->parts, part + 1);

    for (size_t i = parallel_share(e->args->rows, e->parts, part); i < end; i++)
        e->row(e, i);
}

static void run_rows(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                     const struct vit_elementwise_args *args,
                     void (*row)(const struct elementwise *e, size_t i))
{
    const double elements = (double)args->rows * (double)args->n;
    const size_t threads = parallel_threads(parallel, args->rows, elements, MIN_ELEMENTS);
    struct elementwise e = { kernels, args, row, parallel_tasks(threads, args->rows) };

    if (args->rows == 0 || args->n == 0)
        return;
    parallel_run(parallel, threads, e.parts, elementwise_task, &e);
}

void vit_add(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
             const struct vit_elementwise_args *args)
{
    run_rows(kernels, parallel, args, add_row);
}

void vit_activate(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                  const struct vit_elementwise_args *args)
{
    run_rows(kernels, parallel, args, activate_row);
}

void vit_gate(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
              const struct vit_elementwise_args *args)
{
    run_rows(kernels, parallel, args, gate_row);
}
