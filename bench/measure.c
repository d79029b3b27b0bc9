/* measure.c - prepares, checks and times a benchmark, and measures the limits of the machine */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "measure/peak.h"
#include "measure/samples.h"
#include "sample.h"
#include "shim.h"

/* Long enough to make the system call that reads the thread's clock negligible. */
static const double min_stretch = 1e-3;

/*
 * The frequency of a core and the load of its neighbors are stable for about this long. The peak
 * and the bandwidth, which take half as long to measure, vary by 5 % over a second.
 */
static const double segment_seconds = 0.03;

/* All registered benchmarks, for measure_finish. */
struct registered {
    struct registered *next;
    struct bench bench;
    max_align_t shape[]; /* of the kind; malloc aligns it sufficiently */
};
static struct registered *all;

/*
 * The current benchmark. Google Benchmark runs each one several times with more and more
 * iterations, so its data stay until another benchmark starts.
 */
static struct {
    const struct bench *bench;
    void *work;
    const char *failure; /* why it cannot be measured, or NULL */
    size_t stretch;      /* iterations of a stretch, except the last */
    struct peak peak;
} turn;

/* Seconds of some iterations: CPU time of this thread, or real time of several threads. */
static double time_stretch(const struct bench *b, size_t iterations)
{
    double (*const clock)(void) = b->threads > 1 ? now : thread_now;
    const double begin = clock();

    for (size_t i = 0; i < iterations; i++)
        b->kind->run(turn.work);
    return clock() - begin;
}

static void end_turn(void)
{
    if (turn.bench)
        turn.bench->kind->release(turn.work);
    memset(&turn, 0, sizeof turn);
}

/* bench/compare.py checks only in its first round: a scalar forward pass takes seconds. */
static bool checks_results(void)
{
    const char *const check = getenv("VIT_BENCH_CHECK");

    return !check || strcmp(check, "0") != 0;
}

static void begin_turn(const struct bench *b)
{
    end_turn();
    turn.bench = b;
    turn.failure = b->kind->prepare(b, &turn.work);
    if (turn.failure)
        return;

    turn.stretch = 1;
    double seconds = time_stretch(b, turn.stretch); /* the run that is checked, and a warm-up */
    if (checks_results())
        turn.failure = b->kind->check(turn.work);
    while (seconds < min_stretch) {
        turn.stretch *= 2;
        seconds = time_stretch(b, turn.stretch);
    }
    if (b->operations > 0)
        turn.peak = peak_prepare(b->level, b->threads);
}

/* The current limits of this machine: operations and bytes per second. */
struct limits {
    double peak, bandwidth;
};

static struct limits measure_limits(const struct bench *b)
{
    return (struct limits){ b->operations > 0 ? peak_measure(&turn.peak) : 0,
                            b->bytes > 0 ? b->kind->bandwidth(turn.work) : 0 };
}

/* The samples of one run: seconds per iteration of each stretch, shares of each segment. */
struct run_samples {
    struct samples seconds, peak_shares, bandwidth_shares;
};

/* Consecutive stretches between two measurements of the limits. */
struct segment {
    struct limits before;
    double iterations, seconds;
};

/*
 * Ends a segment: measures the limits, which also begin the next segment. A share that does not
 * apply is 0/0 = NaN. False: no memory.
 */
static bool end_segment(const struct bench *b, struct segment *segment, struct run_samples *s)
{
    const struct limits before = segment->before, after = measure_limits(b);
    const double rate = segment->iterations / segment->seconds;

    *segment = (struct segment){ .before = after };
    return samples_append(&s->peak_shares, 2 * b->operations * rate / (before.peak + after.peak)) &&
           samples_append(&s->bandwidth_shares,
                          2 * b->bytes * rate / (before.bandwidth + after.bandwidth));
}

/* Runs segments until Google Benchmark has enough; its clock is paused between them. */
static bool sample(struct bench_run *run, const struct bench *b, struct run_samples *s)
{
    struct segment segment = { .before = measure_limits(b) };
    bool enough_memory = true;
    size_t iterations;

    while (enough_memory && (iterations = bench_next(run, turn.stretch))) {
        const double seconds = time_stretch(b, iterations);
        segment.iterations += (double)iterations;
        segment.seconds += seconds;
        enough_memory = samples_append(&s->seconds, seconds / (double)iterations);
        if (segment.seconds >= segment_seconds) {
            bench_pause(run);
            enough_memory = end_segment(b, &segment, s) && enough_memory;
            bench_resume(run);
        }
    }
    if (enough_memory && s->peak_shares.count == 0) /* a run too short for a whole segment */
        enough_memory = end_segment(b, &segment, s);
    return enough_memory;
}

static double median(struct samples *s)
{
    samples_sort(s);
    return samples_quantile(s, 0.5);
}

/* A number that does not apply is 0 in struct bench and NaN in the report. */
static double or_nan(double x)
{
    return x > 0 ? x : (double)NAN;
}

static void report(struct bench_run *run, const struct bench *b, struct run_samples *s)
{
    const double seconds = median(&s->seconds);

    bench_counter(run, "GFLOP_per_s", 1e-9 * or_nan(b->operations) / seconds);
    bench_counter(run, "peak_share", median(&s->peak_shares));
    bench_counter(run, "GB_per_s", 1e-9 * or_nan(b->bytes) / seconds);
    bench_counter(run, "bandwidth_share", median(&s->bandwidth_shares));
    bench_counter(run, "ns_per_element", 1e9 * seconds / or_nan(b->elements));
    bench_counter(run, "ms_per_image", 1e3 * seconds / or_nan(b->images));
}

static void measure(struct bench_run *run, void *arg)
{
    const struct bench *const b = arg;
    struct run_samples s = { 0 };

    if (turn.bench != b)
        begin_turn(b);
    if (turn.failure)
        bench_fail(run, turn.failure);
    else if (!sample(run, b, &s))
        bench_fail(run, no_memory);
    else
        report(run, b, &s);
    free(s.bandwidth_shares.values);
    free(s.peak_shares.values);
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
