/* rows.c - benchmarks of the row operations, in cache and out of it */
#include <stdio.h>
#include <stdlib.h>

#include "bandwidth.h"
#include "base/arena.h"
#include "kernel_cases.h"
#include "kinds.h"
#include "sample.h"
#include "vit/kernels.h"

struct shape {
    const struct row_case *kernel;
    size_t rows, n;
};

struct work {
    const struct vit_kernels *level;
    struct shape shape;
    struct arena memory;
    float *x, *y;        /* [rows][n] */
    float *gamma, *beta; /* [n] */
};

static void carve(struct work *r)
{
    const size_t count = r->shape.rows * r->shape.n;

    r->x = arena_floats(&r->memory, count);
    r->y = arena_floats(&r->memory, count);
    r->gamma = arena_floats(&r->memory, r->shape.n);
    r->beta = arena_floats(&r->memory, r->shape.n);
}

static const char *prepare(const struct bench *bench, void **work)
{
    const struct shape *const s = bench->shape;
    struct work *const r = calloc(1, sizeof *r);

    *work = r;
    if (!r)
        return no_memory;
    r->level = bench->level;
    r->shape = *s;
    carve(r);
    if (!arena_allocate(&r->memory))
        return no_memory;
    carve(r);
    fill_uniform(s->rows * s->n, r->x);
    fill_uniform(s->n, r->gamma);
    fill_uniform(s->n, r->beta);
    return NULL;
}

static void release(void *work)
{
    struct work *const r = work;

    if (r)
        arena_free(&r->memory);
    free(r);
}

static void compute(const struct vit_kernels *level, const struct work *r, size_t first,
                    size_t count, float *y)
{
    const size_t n = r->shape.n;

    r->shape.kernel->run(level,
                         &(struct rows){ count, n, r->x + first * n, n, r->gamma, r->beta, y, n });
}

static void run(void *work)
{
    const struct work *const r = work;

    compute(r->level, r, 0, r->shape.rows, r->y);
}

static const char *check(void *work)
{
    const struct work *const r = work;
    const size_t n = r->shape.n;
    const struct vit_kernels *scalar;
    const char *failure = NULL;

    vit_kernels_get("scalar", &scalar, NULL);
    float *const expected = malloc(MAX_SAMPLE_ROWS * n * sizeof *expected);
    if (!expected)
        return no_memory;
    for (size_t i = 0; i < SAMPLES && !failure; i++) {
        const struct sample s = sample_of(r->shape.rows, i);
        compute(scalar, r, s.first, s.count, expected);
        if (!same_rows(s.count, n, r->y + s.first * n, n, expected, n))
            failure = differs_from_scalar;
    }
    free(expected);
    return failure;
}

static double bandwidth(void *work)
{
    const struct work *const r = work;

    return bandwidth_copy(r->x, r->y, r->shape.rows * r->shape.n * sizeof(float));
}

static const struct benchmark_kind rows_kind = { prepare, run, check, bandwidth, release };

/* Tokens of ViT-B: a few that fit in L1 or L2, those of an image, and 96 MiB. */
static const struct {
    const char *name;
    size_t rows, n;
} sizes[] = {
    { "in_cache", 8, 768 },
    { "197x768", 197, 768 },
    { "out_of_cache", 16384, 768 },
};

void add_rows(const struct vit_kernels *level)
{
    for (size_t i = 0; i < row_case_count; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            const struct shape shape = { &row_cases[i], sizes[j].rows, sizes[j].n };
            const double elements = (double)shape.rows * (double)shape.n;
            const struct bench b = { .kind = &rows_kind,
                                     .level = level,
                                     .threads = 1,
                                     .bytes = 2 * sizeof(float) * elements,
                                     .elements = elements };
            char name[128];
            snprintf(name, sizeof name, "%s/%s/%s", level->isa, row_cases[i].name, sizes[j].name);
            measure_add(name, &b, &shape, sizeof shape);
        }
}
