/* stats.c - what a model has done: counts and times, under Triton's names */
#include "server/stats.h"

#include <stdlib.h>
#include <time.h>

#include "server/clock.h"

const double latency_bounds[LATENCIES - 1] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                               0.1,   0.25,   0.5,   1,    5 };

void stats_begin(struct stats *s)
{
    pthread_mutex_init(&s->lock, NULL); /* never fails with default attributes on Linux */
}

void stats_end(struct stats *s)
{
    pthread_mutex_destroy(&s->lock);
}

static void add(struct duration *d, uint64_t from, uint64_t to)
{
    d->count++;
    d->ns += to > from ? to - from : 0;
}

void stats_batch(struct stats *s, size_t batch, const struct job_times *times)
{
    pthread_mutex_lock(&s->lock);
    struct counts *const c = &s->counts;
    c->batches++;
    c->images += batch;
    if (batch <= MAX_BATCH)
        add(&c->batch[batch], times->started, times->computed);
    pthread_mutex_unlock(&s->lock);
}

/* A 503 is of the queue or of the memory, a 500 of the forward pass; the others of the client. */
static enum failure_reason reason_of(const struct job *job)
{
    if (job->failure.http == HTTP_CLIENT_CLOSED)
        return FAILED_CANCELED;
    if (job->failure.http == 503)
        return FAILED_REJECTED;
    return job->failure.http >= 500 ? FAILED_BACKEND : FAILED_OTHER;
}

static uint64_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void stats_request(struct stats *s, const struct job *job)
{
    const struct job_times *const t = &job->times;
    const uint64_t now = clock_ns(), ms = milliseconds();
    const double seconds = (double)(now - t->received) * 1e-9;
    size_t bucket = 0;

    while (bucket < LATENCIES - 1 && seconds > latency_bounds[bucket])
        bucket++;
    pthread_mutex_lock(&s->lock);
    struct counts *const c = &s->counts;
    c->last_ms = ms;
    c->latency[bucket]++;
    if (job->failure.http) {
        add(&c->fail, t->received, now);
        c->failures[reason_of(job)]++;
    } else {
        add(&c->success, t->received, now);
        add(&c->queue, t->queued, t->started);
        add(&c->compute_input, t->received, t->queued);
        add(&c->compute_infer, t->started, t->computed);
        add(&c->compute_output, t->computed, now);
    }
    pthread_mutex_unlock(&s->lock);
}

struct counts *stats_copy(struct stats *s)
{
    struct counts *const copy = malloc(sizeof *copy);

    if (copy) {
        pthread_mutex_lock(&s->lock);
        *copy = s->counts;
        pthread_mutex_unlock(&s->lock);
    }
    return copy;
}
