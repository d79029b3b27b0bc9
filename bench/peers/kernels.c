/* kernels.c - answers requests for one operation on one thread */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/memory.h"
#include "session.h"

/* Peers may sum in another order and approximate exp and erf differently, nothing more. */
static const double tolerance = 1e-4;

/* The error is that of so many rows, those that ONNX Runtime's int8 graphs return. */
enum { RESULT_ROWS = 8 };

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

/* y[rows][n] = x · wᵀ in double precision. */
static void multiply(size_t rows, const struct work *w, double *y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < w->n; j++) {
            double sum = 0;
            for (size_t l = 0; l < w->k; l++)
                sum += (double)w->x[i * w->k + l] * (double)w->w[j * w->k + l];
            y[i * w->n + j] = sum;
        }
}

/* The first rows of what a library computes from inputs that are in x already. */
static void compute(const struct job *job, const struct work *w, enum inputs inputs, size_t count,
                    float *y)
{
    memset(w->y, 0xff, w->m * w->n * sizeof *w->y); /* NaN */
    if (job->fill)
        job->fill(job->state, inputs);
    job->run(job->state, 1);
    if (job->result)
        job->result(job->state, count, y);
    else
        memcpy(y, w->y, count * sizeof *y);
}

/*
 * {library: {inputs: error}}: the rms error of each library's first rows against double precision.
 * An error of 1, that of zeros, ends the program. Last come the inputs that are timed.
 */
static json_t *errors_of(const struct turns *t, const struct work *w, float *x)
{
    const size_t rows = w->m < RESULT_ROWS ? w->m : RESULT_ROWS, count = rows * w->n;
    double *const exact = allocate(count * sizeof *exact);
    float *const y = allocate(count * sizeof *y);
    json_t *const all = json_object();

    for (int inputs = INPUTS_KINDS - 1; inputs >= 0; inputs--) {
        fill_inputs(w->m, w->k, (enum inputs)inputs, x);
        multiply(rows, w, exact);
        for (size_t p = 0; p < PEERS; p++) {
            if (!t->jobs[p].run)
                continue;
            compute(&t->jobs[p], w, (enum inputs)inputs, count, y);
            const double error = rms_error(count, exact, y);
            if (!(error < 1))
                fatal("%s: matmul of %zu x %zu x %zu: expected an rms error below 1, found %g",
                      all_peers[p]->name, w->m, w->n, w->k, error);
            if (!json_object_get(all, all_peers[p]->name))
                json_object_set_new(all, all_peers[p]->name, json_object());
            json_object_set_new(json_object_get(all, all_peers[p]->name), inputs_names[inputs],
                                json_real(error));
        }
    }
    free(exact);
    free(y);
    return all;
}

static enum group_bit group_of(const struct work *w)
{
    static const enum group_bit matmul[] = { [VIT_PRECISION_FLOAT32] = DOES_MATMUL,
                                             [VIT_PRECISION_FLOAT16] = DOES_FLOAT16,
                                             [VIT_PRECISION_INT8] = DOES_INT8 };

    return w->kind == WORK_MATMUL      ? matmul[w->precision]
           : w->kind == WORK_ATTENTION ? DOES_ATTENTION
                                       : DOES_ROWS;
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
                      .n = request_size(request, "n"),
                      .precision = request_precision(request) };
    const bool normal = w.precision != VIT_PRECISION_FLOAT32;
    const bool three = w.kind == WORK_MATMUL || w.kind == WORK_ATTENTION;
    size_t x_size, y_size;
    json_t *errors = NULL;

    w.k = three ? request_size(request, "k") : 1;
    sizes_of(&w, &x_size, &y_size);
    float *const x = new_floats(x_size), *const weights = new_floats(w.n * w.k);
    float *const gamma = new_floats(w.n), *const beta = new_floats(w.n);
    w.x = x;
    w.w = weights;
    w.gamma = gamma;
    w.beta = beta;
    w.y = new_floats(y_size);
    if (normal) {
        fill_inputs(w.m, w.k, INPUTS_NORMAL, x);
        fill_weights(w.n, w.k, weights);
    }
    turns_prepare(&turns, session, group_of(&w), &w, json_object_get(request, "libraries"));
    if (normal)
        errors = errors_of(&turns, &w, x);
    else
        check_results(&turns, &w, y_size);
    turns_take(&turns, session, request_rounds(request), 1);
    turns_close(&turns);
    free(x);
    free(weights);
    free(gamma);
    free(beta);
    free(w.y);
    json_t *const answer = turns_answer(&turns, session);
    if (errors)
        json_object_set_new(answer, "errors", errors);
    return answer;
}
