/* rows.c - measures the row operations, in cache and out of it */
#include <stdio.h>
#include <stdlib.h>

#include "check/kernel_cases.h"
#include "measure/kinds/kinds.h"
#include "measure/kinds/operands.h"
#include "measure/memory.h"

struct work {
    const struct vit_kernels *level;
    const struct row_case *kernel; /* the subject */
    size_t rows, n, threads;
    void *block;         /* of the arrays */
    float *x, *y;        /* [rows][n] */
    float *gamma, *beta; /* [n] */
};

static const char *prepare(const struct bench *bench, void **work)
{
    struct work *const r = calloc(1, sizeof *r);

    *work = r;
    if (!r)
        return no_memory;
    *r = (struct work){ .level = bench->level,
                        .kernel = bench->subject,
                        .rows = bench->dimensions[0],
                        .n = bench->dimensions[1],
                        .threads = bench->threads };
    const size_t row = r->n * sizeof(float);
    void *parts[4];
    r->block = memory_block(4, (size_t[]){ r->rows * row, r->rows * row, row, row }, parts);
    if (!r->block)
        return no_memory;
    r->x = parts[0];
    r->y = parts[1];
    r->gamma = parts[2];
    r->beta = parts[3];
    fill_uniform(r->rows * r->n, r->x);
    fill_uniform(r->n, r->gamma);
    fill_uniform(r->n, r->beta);
    return NULL;
}

static void release(void *work)
{
    struct work *const r = work;

    if (r)
        free(r->block);
    free(r);
}

static void compute(const struct vit_kernels *level, const struct work *r, size_t first,
                    size_t count, float *y)
{
    const size_t n = r->n;

    r->kernel->run(level, &(struct rows){ count, n, r->x + first * n, n, r->gamma, r->beta, y, n });
}

/* The rows of one thread. */
static void compute_part(void *arg, size_t thread)
{
    const struct work *const r = arg;
    const size_t begin = thread * r->rows / r->threads;
    const size_t end = (thread + 1) * r->rows / r->threads;

    compute(r->level, r, begin, end - begin, r->y + begin * r->n);
}

static void run(void *work)
{
    struct work *const r = work;

    if (r->threads > 1)
        vit_parallel_openmp(NULL, r->threads, compute_part, r);
    else
        compute(r->level, r, 0, r->rows, r->y);
}

static const char *check(void *work)
{
    const struct work *const r = work;
    const size_t n = r->n;
    const struct vit_kernels *scalar;
    const char *failure = NULL;

    vit_kernels_get("scalar", &scalar, NULL);
    float *const expected = memory_floats(MAX_SAMPLE_ROWS, n);
    if (!expected)
        return no_memory;
    for (size_t i = 0; i < SAMPLES && !failure; i++) {
        const struct sample s = sample_of(r->rows, i);
        compute(scalar, r, s.first, s.count, expected);
        if (!same_rows(s.count, n, r->y + s.first * n, n, expected, n))
            failure = differs_from_scalar;
    }
    free(expected);
    return failure;
}

static struct stream stream(void *work)
{
    const struct work *const r = work;

    return (struct stream){ r->x, r->y, r->rows * r->n * sizeof(float) };
}

static void count(struct bench *bench)
{
    const double n = (double)bench->dimensions[1];

    bench->elements = (double)bench->dimensions[0] * n;
    bench->bytes = 2 * sizeof(float) * bench->elements;
    bench->memory = bench->bytes + 2 * sizeof(float) * n;
    bench->checked = sizeof(float) * MAX_SAMPLE_ROWS * n;
    bench->stream = stream;
}

static bool rows_at(size_t i, char name[64], const void **subject)
{
    if (i >= row_case_count)
        return false;
    snprintf(name, 64, "%s", row_cases[i].name);
    *subject = &row_cases[i];
    return true;
}

/* Tokens of ViT-B: a few that fit in L1 or L2, those of an image, and 96 MiB. */
static bool case_at(size_t i, struct kernel_case *c)
{
    static const struct kernel_case cases[] = { { "in_cache", { 8, 768 } },
                                                { "197x768", { 197, 768 } },
                                                { "out_of_cache", { 16384, 768 } } };

    return kernel_case_at(cases, sizeof cases / sizeof *cases, i, c);
}

const struct kernel_kind rows_kind = {
    .work = { prepare, run, check, release },
    .shape = "ROWSxN",
    .example = "197x768",
    .measures = "every row of [ROWS][N] on its own; relative to copying them",
    .dimension_count = 2,
    .kernel_at = rows_at,
    .case_at = case_at,
    .count = count,
};
