/* timing.h - prepares, checks and times one kind of work, relative to the limits of the machine */
#ifndef VIT_MEASURE_KINDS_TIMING_H
#define VIT_MEASURE_KINDS_TIMING_H

#include "measure/kinds/kinds.h"
#include "measure/peak.h"
#include "measure/samples.h"

/* The work that is measured: one copy of its operands, or several, which are used in turn. */
struct timing {
    struct bench bench;
    void **works; /* [copies] */
    size_t copies, next;
    size_t stretch; /* iterations that are timed together */
    struct peak peak;
    struct stream *streams; /* [copies] whose bandwidth is a limit, or NULL */
};

/*
 * Prepares the copies, runs one, compares it with scalar if `check` is set, and only then times.
 * Returns NULL, or why the work cannot be measured; timing_end frees everything in any case.
 *
 * The clock is the thread's CPU time, so that other processes do not count; with several threads it
 * is real time. A stretch takes a millisecond or one iteration.
 */
const char *timing_begin(struct timing *timing, const struct bench *bench, size_t copies,
                         bool check);
void timing_end(struct timing *timing);

/* What was measured; a share or a rate that does not apply is NaN. The owner frees it. */
struct timing_samples {
    struct samples seconds;                       /* of an iteration, for each stretch */
    struct samples peaks, bandwidths;             /* per second, for each segment */
    struct samples peak_shares, bandwidth_shares; /* of each segment */
};
void timing_samples_free(struct timing_samples *samples);

/*
 * Consecutive stretches of some 30 ms between two measurements of the limits. The frequency of a
 * core and the load of its neighbors are stable for about that long.
 */
struct segment {
    double peak, bandwidth; /* measured just before */
    double iterations, seconds;
};

/* Measures the limits, which begin the first segment. */
struct segment timing_segment(struct timing *timing);

/* Runs so many iterations as one stretch of the segment. False: no memory. */
bool timing_stretch(struct timing *timing, size_t iterations, struct segment *segment,
                    struct timing_samples *samples);

/* Whether it is time to end the segment. */
bool timing_segment_is_full(const struct segment *segment);

/*
 * Ends a segment: measures the limits, which also begin the next one. The shares are relative to
 * the mean of both measurements. False: no memory.
 */
bool timing_end_segment(struct timing *timing, struct segment *segment,
                        struct timing_samples *samples);

#endif
