/* job.h - one request's images on their way through a model, and the times of its stations */
#ifndef VIT_SERVER_JOB_H
#define VIT_SERVER_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "server/failure.h"
#include "server/outputs.h"

/* Nanoseconds of the monotonic clock; 0: not reached. */
struct job_times {
    uint64_t received; /* the last byte of the request */
    uint64_t queued, started, computed;
};

struct job {
    size_t batch;                   /* images, at least 1 */
    const float *images;            /* [batch][channels][height][width] */
    float *results[SERVED_OUTPUTS]; /* [batch][rows][columns]; NULL: not wanted */
    size_t priority;                /* 0: the default; 1: the highest */
    uint64_t timeout_us;            /* in the queue; 0: the model's */
    struct failure failure;         /* what went wrong; http 0: nothing */
    struct job_times times;
    void (*done)(struct job *job); /* called once, on any thread, when the results are there */
    /* whether nobody waits for the results any more; called before they are computed */
    bool (*abandoned)(const struct job *job);

    /* the batcher's */
    struct job *next;
    uint64_t deadline_ns; /* UINT64_MAX: none */
};

#endif
