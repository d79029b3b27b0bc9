/* measure.c - work as a benchmark of Google Benchmark */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/kinds/operands.h"
#include "measure/kinds/timing.h"
#include "shim.h"

/* All registered benchmarks, for measure_finish. */
struct registered {
    struct registered *next;
    struct bench bench;
};
static struct registered *all;

/*
 * The current benchmark. Google Benchmark runs each one several times with more and more
 * iterations, so its data stay until another benchmark starts.
 */
static struct {
    const struct bench *bench;
    struct timing timing;
    const char *failure; /* why it cannot be measured, or NULL */
} turn;

/* bench/compare.py checks only in its first round: a scalar forward pass takes seconds. */
static bool checks_results(void)
{
    const char *const check = getenv("VIT_BENCH_CHECK");

    return !check || strcmp(check, "0") != 0;
}

static void begin_turn(const struct bench *b)
{
    timing_end(&turn.timing);
    turn.bench = b;
    turn.failure = timing_begin(&turn.timing, b, 1, checks_results());
}

/* Runs segments until Google Benchmark has enough; its clock is paused between them. */
static bool sample(struct bench_run *run, struct timing_samples *s)
{
    struct timing *const t = &turn.timing;
    struct segment segment = timing_segment(t);
    bool enough_memory = true;
    size_t iterations;

    while (enough_memory && (iterations = bench_next(run, t->stretch))) {
        enough_memory = timing_stretch(t, iterations, &segment, s);
        if (timing_segment_is_full(&segment)) {
            bench_pause(run);
            enough_memory = timing_end_segment(t, &segment, s) && enough_memory;
            bench_resume(run);
        }
    }
    if (enough_memory && s->peak_shares.count == 0) /* a run too short for a whole segment */
        enough_memory = timing_end_segment(t, &segment, s);
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

static void report(struct bench_run *run, const struct bench *b, struct timing_samples *s)
{
    const double seconds = median(&s->seconds);

    bench_counter(run, "GFLOP_per_s", 1e-9 * or_nan(b->operations) / seconds);
    bench_counter(run, "peak_share", median(&s->peak_shares));
    bench_counter(run, "GB_per_s", 1e-9 * or_nan(b->stream ? b->bytes : 0) / seconds);
    bench_counter(run, "bandwidth_share", median(&s->bandwidth_shares));
    bench_counter(run, "ns_per_element", 1e9 * seconds / or_nan(b->elements));
    bench_counter(run, "ms_per_image", 1e3 * seconds / or_nan(b->images));
}

static void measure(struct bench_run *run, void *arg)
{
    const struct bench *const b = arg;
    struct timing_samples s = { .seconds = { 0 } };

    if (turn.bench != b)
        begin_turn(b);
    if (turn.failure)
        bench_fail(run, turn.failure);
    else if (!sample(run, &s))
        bench_fail(run, no_memory);
    else
        report(run, b, &s);
    timing_samples_free(&s);
}

void measure_add(const char *name, const struct bench *bench)
{
    struct registered *const r = malloc(sizeof *r);
    if (!r) {
        fprintf(stderr, "bench: no memory\n");
        exit(2);
    }
    r->next = all;
    r->bench = *bench;
    all = r;
    bench_register(name, measure, &r->bench);
}

void measure_finish(void)
{
    timing_end(&turn.timing);
    while (all) {
        struct registered *const next = all->next;
        free(all);
        all = next;
    }
}
