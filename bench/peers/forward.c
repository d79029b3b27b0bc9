/* forward.c - answers requests for whole forward passes on the same random weights */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "session.h"

enum { CLASSES = 1000 };

/* Sums in another order differ in the last bits, over twelve to twenty-four blocks. */
static const double logits_tolerance = 1e-4;

/*
 * The largest difference of each library's logits, relative to libvit's largest. Ends the program
 * unless all agree: only equal work can be compared.
 */
static json_t *compare_logits(const struct turns *t, const struct work *work)
{
    const size_t count = work->batch * CLASSES;
    float *const own = allocate(count * sizeof *own), *const other = allocate(count * sizeof *own);
    json_t *const all = json_object();

    t->jobs[0].result(t->jobs[0].state, count, own);
    for (size_t p = 1; p < PEERS; p++) {
        if (!t->jobs[p].run)
            continue;
        t->jobs[p].result(t->jobs[p].state, count, other);
        const double apart = difference(count, own, other);
        if (!(apart < logits_tolerance))
            fatal("%s: %s, batch %zu: expected logits within %g of libvit's largest, found %g",
                  all_peers[p]->name, work->model, work->batch, logits_tolerance, apart);
        json_object_set_new(all, all_peers[p]->name, json_real(apart));
    }
    free(own);
    free(other);
    return all;
}

/* {library: {"logits": error}}: the rms error against libvit's logits in float32. */
static json_t *logits_errors(const struct turns *t, const struct work *work)
{
    const size_t count = work->batch * CLASSES;
    float *const y = allocate(count * sizeof *y);
    double *const exact = allocate(count * sizeof *exact);
    json_t *const all = json_object();
    struct job own;

    peer_libvit_float32.prepare(work, &own);
    own.run(own.state, 1);
    own.result(own.state, count, y);
    own.close(own.state);
    for (size_t i = 0; i < count; i++)
        exact[i] = (double)y[i];
    for (size_t p = 0; p < PEERS; p++) {
        if (!t->jobs[p].run)
            continue;
        t->jobs[p].result(t->jobs[p].state, count, y);
        const double error = rms_error(count, exact, y);
        if (!isfinite(error))
            fatal("%s: %s, batch %zu: expected finite logits, found others", all_peers[p]->name,
                  work->model, work->batch);
        json_object_set_new(all, all_peers[p]->name, json_pack("{s:f}", "logits", error));
    }
    free(y);
    free(exact);
    return all;
}

json_t *answer_forward(const struct session *session, const json_t *request)
{
    static struct turns turns;
    const struct work work = { .kind = WORK_FORWARD,
                               .model = request_text(request, "model"),
                               .batch = request_size(request, "batch"),
                               .threads = request_size(request, "threads"),
                               .precision = request_precision(request) };
    const bool same = work.precision == VIT_PRECISION_FLOAT32;

    if (work.threads > session->machine.cpu_count)
        fatal("expected at most %zu threads, found %zu", session->machine.cpu_count, work.threads);
    models_make(&work);
    turns_prepare(&turns, session, same ? DOES_FORWARD : DOES_FORWARD_INT8, &work,
                  json_object_get(request, "libraries"));
    json_t *const apart = same ? compare_logits(&turns, &work) : logits_errors(&turns, &work);
    turns_take(&turns, session, request_rounds(request), work.threads);
    turns_close(&turns);
    json_t *const answer = turns_answer(&turns, session);
    json_object_set_new(answer, same ? "apart" : "errors", apart);
    return answer;
}

/*
 * libvit alone: one thread and two in turn, and the peak of both. Back to back, the second core
 * has just been used; after a pause, it must wake up.
 */
json_t *answer_scaling(const struct session *session, const json_t *request)
{
    enum { MOST = 2 };
    static double seconds[MOST][MAX_ROUNDS], peaks[MOST][MAX_ROUNDS];
    const size_t rounds = request_rounds(request);
    const bool pause = json_is_true(json_object_get(request, "pause"));
    struct job jobs[MOST];
    struct peak peak[MOST];

    if (session->machine.cpu_count < MOST)
        fatal("expected two processors, found one");
    for (size_t i = 0; i < MOST; i++) {
        const struct work work = { .kind = WORK_FORWARD,
                                   .model = request_text(request, "model"),
                                   .batch = request_size(request, "batch"),
                                   .threads = i + 1,
                                   .precision = request_precision(request) };
        models_make(&work);
        all_peers[0]->prepare(&work, &jobs[i]);
        jobs[i].run(jobs[i].state, 1);
        peak[i] = peak_prepare(session->machine.kernels, i + 1);
    }
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < MOST; i++) {
            const size_t threads = r % 2 ? MOST - 1 - i : i;
            if (pause)
                let_threads_sleep();
            peaks[threads][r] = peak_measure(&peak[threads]);
            if (pause)
                let_threads_sleep();
            seconds[threads][r] = jobs[threads].run(jobs[threads].state, 1);
        }
    for (size_t i = 0; i < MOST; i++)
        jobs[i].close(jobs[i].state);
    return json_pack("{s:[o,o], s:[o,o]}", "seconds_of_threads", numbers(seconds[0], rounds),
                     numbers(seconds[1], rounds), "peak_of_threads", numbers(peaks[0], rounds),
                     numbers(peaks[1], rounds));
}
