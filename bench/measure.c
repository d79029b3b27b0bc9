/* measure.c - a benchmark: prepared when its turn comes, checked, timed between its yardsticks */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "shim.h"
#include "tools/clock.h"
#include "tools/peak.h"
#include "tools/series.h"

/* Against which reading the thread's clock, a system call, is nothing. */
static const double least_stretch = 1e-3;

/* The clock of a core, and what its neighbours do to it, hold for about this long. */
static const double yardstick_interval = 0.1;

/* Everything registered, for measure_finish. */
struct registered {
    struct registered *next;
    struct bench bench;
    max_align_t shape[]; /* the topic's; malloc's alignment is enough for it */
};
static struct registered *all;

/*
 * The benchmark whose turn it is. Google Benchmark runs each one several times over, with more and
 * more iterations, so what one needs stays until another's turn comes.
 */
static struct {
    const struct bench *bench;
    void *work;
    const char *failure; /* why it cannot be measured, or NULL */
    size_t stretch;      /* iterations that make one stretch */
    struct peak peak;
} turn;

/* Seconds that so many iterations take: of this thread, or by the wall's clock of several. */
static double time_stretch(const struct bench *b, size_t iterations)
{
    double (*const clock)(void) = b->threads > 1 ? now : thread_now;
    const double begin = clock();

    for (size_t i = 0; i < iterations; i++)
        b->topic->run(turn.work);
    return clock() - begin;
}

static void end_turn(void)
{
    if (turn.bench)
        turn.bench->topic->release(turn.work);
    memset(&turn, 0, sizeof turn);
}

static void begin_turn(const struct bench *b)
{
    end_turn();
    turn.bench = b;
    turn.failure = b->topic->prepare(b, &turn.work);
    if (turn.failure)
        return;

    turn.stretch = 1;
    double seconds = time_stretch(b, turn.stretch); /* the run that is checked, and a warm-up */
    turn.failure = b->topic->check(turn.work);
    while (seconds < least_stretch) {
        turn.stretch *= 2;
        seconds = time_stretch(b, turn.stretch);
    }
    if (b->operations > 0)
        turn.peak = peak_prepare(b->level, b->threads);
}

/* Of one run: seconds of an iteration, operations and bytes a second. */
struct samples {
    struct series seconds, peaks, bandwidths;
};

static bool take_yardsticks(const struct bench *b, struct samples *s)
{
    if (b->operations > 0 && !series_append(&s->peaks, peak_measure(&turn.peak)))
        return false;
    return b->bytes <= 0 || series_append(&s->bandwidths, b->topic->bandwidth(turn.work));
}

/* Stretches, and every now and then the yardsticks, while Google Benchmark's clock stands. */
static bool sample(struct bench_run *run, const struct bench *b, struct samples *s)
{
    double since = yardstick_interval; /* the first stretch is followed by the yardsticks */

    while (bench_next(run, turn.stretch)) {
        const double seconds = time_stretch(b, turn.stretch);
        since += seconds;
        bool appended = series_append(&s->seconds, seconds / (double)turn.stretch);
        if (appended && since >= yardstick_interval) {
            bench_pause(run);
            appended = take_yardsticks(b, s);
            bench_resume(run);
            since = 0;
        }
        if (!appended)
            return false;
    }
    return true;
}

static double median(struct series *s)
{
    if (s->count == 0)
        return (double)NAN;
    series_sort(s);
    return series_quantile(s, 0.5);
}

/* What is 0 does not apply. */
static double or_nan(double x)
{
    return x > 0 ? x : (double)NAN;
}

static void report(struct bench_run *run, const struct bench *b, struct samples *s)
{
    const double seconds = median(&s->seconds);
    const double rate = or_nan(b->operations) / seconds, speed = or_nan(b->bytes) / seconds;

    bench_counter(run, "GFLOP_per_s", 1e-9 * rate);
    bench_counter(run, "peak_share", rate / median(&s->peaks));
    bench_counter(run, "GB_per_s", 1e-9 * speed);
    bench_counter(run, "bandwidth_share", speed / median(&s->bandwidths));
    bench_counter(run, "ns_per_element", 1e9 * seconds / or_nan(b->elements));
    bench_counter(run, "ms_per_image", 1e3 * seconds / or_nan(b->images));
}

static void measure(struct bench_run *run, void *arg)
{
    const struct bench *const b = arg;
    struct samples s = { 0 };

    if (turn.bench != b)
        begin_turn(b);
    if (turn.failure)
        bench_fail(run, turn.failure);
    else if (!sample(run, b, &s))
        bench_fail(run, no_memory);
    else
        report(run, b, &s);
    free(s.bandwidths.values);
    free(s.peaks.values);
    free(s.seconds.values);
}

void measure_add(const char *name, const struct bench *bench, const void *shape, size_t shape_size)
{
    struct registered *const r = malloc(sizeof *r + shape_size);
    if (!r) {
        fprintf(stderr, "bench: no memory\n");
        exit(2);
    }
    r->next = all;
    r->bench = *bench;
    r->bench.shape = memcpy(r->shape, shape, shape_size);
    all = r;
    bench_register(name, measure, &r->bench);
}

void measure_finish(void)
{
    end_turn();
    while (all) {
        struct registered *const next = all->next;
        free(all);
        all = next;
    }
}
