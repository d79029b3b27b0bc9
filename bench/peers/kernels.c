/* kernels.c - the groups matmul and rows: one operation at a time, on one thread */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_cases.h"
#include "session.h"

static const struct {
    const char *name;
    size_t rows, n;
} row_sizes[] = { { "in_cache", 8, 768 }, { "forward", 197, 768 }, { "out_of_cache", 16384, 768 } };
enum { ROW_SIZES = sizeof row_sizes / sizeof *row_sizes };

/* Peers may sum in another order and approximate exp and erf differently, nothing more. */
static const double tolerance = 1e-4;

/* The linear layers of a ViT-B block; the report has their geometric mean. */
static bool is_linear_layer(const struct matmul_case *c)
{
    return c->m > 1 && c->n >= 768 && c->k >= 768;
}

/* Compares the result of each library in this process with libvit's. */
static void check_results(const struct turns *t, const struct work *work)
{
    const size_t count = work->m * work->n;
    float *const expected = allocate(count * sizeof *expected);

    t->jobs[0].run(t->jobs[0].state, 1);
    memcpy(expected, work->y, count * sizeof *expected);
    for (size_t p = 1; p < PEERS; p++) {
        if (!t->jobs[p].run || all_peers[p]->elsewhere)
            continue;
        memset(work->y, 0xff, count * sizeof *work->y); /* NaN */
        t->jobs[p].run(t->jobs[p].state, 1);
        const double apart = difference(count, expected, work->y);
        if (!(apart < tolerance))
            fatal("%s: %s of %zu x %zu: expected libvit's result within %g of its largest number, "
                  "found %g",
                  all_peers[p]->name, work_names[work->kind], work->m, work->n, tolerance, apart);
    }
    free(expected);
}

static double compare(const struct session *session, const struct work *work, const struct row *row)
{
    static struct turns turns;
    struct peak peak = peak_prepare(session->machine.kernels, 1);

    turns_prepare(&turns, session, row->group, work);
    check_results(&turns, work);
    turns_take(&turns, session->rounds, 1, &peak);
    turns_close(&turns);
    return report_row(session, row, &turns);
}

void measure_matmul(struct session *session)
{
    double logs = 0;
    size_t count = 0;

    report_header(DOES_MATMUL, "matmul",
                  "share of the multiply-add peak; libvit: best decile, over the best peer");
    for (size_t i = 0; i < matmul_case_count; i++) {
        const struct matmul_case *const c = &matmul_cases[i];
        float *const x = new_floats(c->m * c->k), *const w = new_floats(c->n * c->k);
        const struct work work = { .kind = WORK_MATMUL,
                                   .m = c->m,
                                   .n = c->n,
                                   .k = c->k,
                                   .x = x,
                                   .w = w,
                                   .y = allocate(c->m * c->n * sizeof(float)) };
        const struct row row = { .group = DOES_MATMUL,
                                 .name = c->name,
                                 .threads = 1,
                                 .operations = 2.0 * (double)c->m * (double)c->n * (double)c->k };
        const double ratio = compare(session, &work, &row);
        if (is_linear_layer(c)) {
            logs += log(ratio);
            count++;
        }
    }
    printf("libvit over the best peer, geometric mean of ViT-B's %zu linear layers: %.3fx\n", count,
           exp(logs / (double)count));
}

void measure_rows(struct session *session)
{
    report_header(DOES_ROWS, "rows of 768", "ns per element; libvit over the best peer");
    for (enum work_kind kind = WORK_LAYERNORM; kind <= WORK_GELU; kind++) {
        for (size_t i = 0; i < ROW_SIZES; i++) {
            const size_t rows = row_sizes[i].rows, n = row_sizes[i].n;
            char name[64];
            const struct work work = { .kind = kind,
                                       .m = rows,
                                       .n = n,
                                       .x = new_floats(rows * n),
                                       .gamma = new_floats(n),
                                       .beta = new_floats(n),
                                       .y = new_floats(rows * n) };
            const struct row row = {
                .group = DOES_ROWS, .name = name, .threads = 1, .elements = (double)(rows * n)
            };
            snprintf(name, sizeof name, "%s/%s", work_names[kind], row_sizes[i].name);
            compare(session, &work, &row);
        }
    }
}
