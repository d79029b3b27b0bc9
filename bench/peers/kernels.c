/* kernels.c - answers requests for one operation on one thread */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/memory.h"
#include "session.h"

/* Peers may sum in another order and approximate exp and erf differently, nothing more. */
static const double tolerance = 1e-4;

/* Compares the result of each library in this process with libvit's. */
static void check_results(const struct turns *t, const struct work *work, size_t count)
{
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

static enum work_kind kind_of(const char *name)
{
    for (size_t kind = 0; kind < WORK_FORWARD; kind++)
        if (strcmp(name, work_names[kind]) == 0)
            return (enum work_kind)kind;
    fatal("expected a kind of work, found \"%s\"", name);
}

/* The numbers of x and of y. */
static void sizes_of(const struct work *w, size_t *x, size_t *y)
{
    *x = w->m * (w->kind == WORK_MATMUL ? w->k : w->n);
    *y = w->m * w->n;
    if (w->kind == WORK_ATTENTION) {
        *x = w->m * memory_stride(3 * w->n * w->k);
        *y = w->m * memory_stride(w->n * w->k);
    }
}

json_t *answer_kernel(const struct session *session, const json_t *request)
{
    static struct turns turns;
    struct work w = { .kind = kind_of(request_text(request, "kind")),
                      .m = request_size(request, "m"),
                      .n = request_size(request, "n") };
    const bool three = w.kind == WORK_MATMUL || w.kind == WORK_ATTENTION;
    size_t x_size, y_size;

    w.k = three ? request_size(request, "k") : 1;
    sizes_of(&w, &x_size, &y_size);
    float *const x = new_floats(x_size), *const weights = new_floats(w.n * w.k);
    float *const gamma = new_floats(w.n), *const beta = new_floats(w.n);
    w.x = x;
    w.w = weights;
    w.gamma = gamma;
    w.beta = beta;
    w.y = new_floats(y_size);
    turns_prepare(&turns, session,
                  w.kind == WORK_MATMUL      ? DOES_MATMUL
                  : w.kind == WORK_ATTENTION ? DOES_ATTENTION
                                             : DOES_ROWS,
                  &w, json_object_get(request, "libraries"));
    check_results(&turns, &w, y_size);
    turns_take(&turns, session, request_rounds(request), 1);
    turns_close(&turns);
    free(x);
    free(weights);
    free(gamma);
    free(beta);
    free(w.y);
    return turns_answer(&turns, session);
}
