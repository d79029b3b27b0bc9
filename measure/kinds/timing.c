/* timing.c - prepares, checks and times one kind of work, relative to the limits of the machine */
#include "measure/kinds/timing.h"

#include <stdlib.h>

#include "measure/clock.h"
#include "measure/kinds/operands.h"

/* Long enough to make the system call that reads the thread's clock negligible. */
static const double min_stretch = 1e-3;

static const double segment_seconds = 0.03;

/* Seconds of some iterations: CPU time of this thread, or real time of several threads. */
static double time_iterations(struct timing *t, size_t iterations)
{
    double (*const clock)(void) = t->bench.threads > 1 ? now : thread_now;
    size_t next = t->next;
    const double begin = clock();

    for (size_t i = 0; i < iterations; i++) {
        t->bench.kind->run(t->works[next]);
        next = next + 1 < t->copies ? next + 1 : 0;
    }
    t->next = next;
    return clock() - begin;
}

static const char *prepare(struct timing *t, size_t copies)
{
    const char *failure = NULL;

    t->works = calloc(copies, sizeof *t->works);
    if (!t->works)
        return no_memory;
    t->copies = copies;
    if (t->bench.stream && !(t->streams = calloc(copies, sizeof *t->streams)))
        return no_memory;
    for (size_t i = 0; i < copies && !failure; i++) {
        failure = t->bench.kind->prepare(&t->bench, &t->works[i]);
        if (!failure && t->streams)
            t->streams[i] = t->bench.stream(t->works[i]);
    }
    return failure;
}

const char *timing_begin(struct timing *t, const struct bench *bench, size_t copies, bool check)
{
    *t = (struct timing){ .bench = *bench, .stretch = 1 };
    const char *failure = prepare(t, copies);
    if (failure)
        return failure;

    double seconds = time_iterations(t, 1); /* the run that is checked, and a warm-up */
    if (check)
        failure = bench->kind->check(t->works[0]);
    if (failure)
        return failure;
    for (size_t i = 1; i < copies; i++) /* the first use of each page of the results */
        time_iterations(t, 1);
    while (seconds < min_stretch) {
        t->stretch *= 2;
        seconds = time_iterations(t, t->stretch);
    }
    if (bench->operations > 0)
        t->peak = peak_prepare_matmul(bench->level, bench->matmul, bench->threads);
    return NULL;
}

void timing_end(struct timing *t)
{
    for (size_t i = 0; i < t->copies; i++)
        t->bench.kind->release(t->works[i]);
    free(t->streams);
    free(t->works);
    *t = (struct timing){ .copies = 0 };
}

void timing_samples_free(struct timing_samples *s)
{
    free(s->bandwidth_shares.values);
    free(s->peak_shares.values);
    free(s->bandwidths.values);
    free(s->peaks.values);
    free(s->seconds.values);
    *s = (struct timing_samples){ .seconds = { 0 } };
}

struct segment timing_segment(struct timing *t)
{
    const struct bench *const b = &t->bench;

    return (struct segment){
        .peak = b->operations > 0 ? peak_measure(&t->peak) : 0,
        .bandwidth = t->streams ? bandwidth_measure(t->streams, t->copies, t->next, b->threads) : 0
    };
}

bool timing_stretch(struct timing *t, size_t iterations, struct segment *segment,
                    struct timing_samples *s)
{
    const double seconds = time_iterations(t, iterations);

    segment->iterations += (double)iterations;
    segment->seconds += seconds;
    return samples_append(&s->seconds, seconds / (double)iterations);
}

bool timing_segment_is_full(const struct segment *segment)
{
    return segment->seconds >= segment_seconds;
}

/* A share that does not apply is 0/0 = NaN. */
bool timing_end_segment(struct timing *t, struct segment *segment, struct timing_samples *s)
{
    const struct bench *const b = &t->bench;
    const double rate = segment->iterations / segment->seconds;
    const struct segment after = timing_segment(t);
    const double peak = (segment->peak + after.peak) / 2;
    const double bandwidth = (segment->bandwidth + after.bandwidth) / 2;
    const double bytes = t->streams ? b->bytes : 0;

    *segment = after;
    return samples_append(&s->peaks, peak) && samples_append(&s->bandwidths, bandwidth) &&
           samples_append(&s->peak_shares, b->operations * rate / peak) &&
           samples_append(&s->bandwidth_shares, bytes * rate / bandwidth);
}
