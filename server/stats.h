/* stats.h - what a model has done: counts and times, under Triton's names */
#ifndef VIT_SERVER_STATS_H
#define VIT_SERVER_STATS_H

#include <pthread.h>
#include <stdint.h>

#include "server/job.h"

/* Why a request failed, as the label of nv_inference_request_failure says. */
enum failure_reason { FAILED_REJECTED, FAILED_CANCELED, FAILED_BACKEND, FAILED_OTHER, FAILURES };

struct duration {
    uint64_t count, ns;
};

enum { MAX_BATCH = 1024, LATENCIES = 12 };

/* Upper bounds of the histogram's buckets in seconds, except for the last, which has none. */
extern const double latency_bounds[LATENCIES - 1];

/* A snapshot, or, under the lock, what is counted. */
struct counts {
    struct duration success, fail, queue, compute_input, compute_infer, compute_output;
    uint64_t failures[FAILURES];
    uint64_t images, batches;
    uint64_t last_ms; /* since 1970, of the last request */
    uint64_t latency[LATENCIES];
    struct duration batch[MAX_BATCH + 1]; /* forward passes, by their images */
};

struct stats {
    pthread_mutex_t lock;
    struct counts counts;
};

void stats_begin(struct stats *s);
void stats_end(struct stats *s);

/* One forward pass. */
void stats_batch(struct stats *s, size_t batch, const struct job_times *times);

/* One request is answered: its job's failure and times. */
void stats_request(struct stats *s, const struct job *job);

/* Copies the counts; the caller frees the result. NULL: no memory. */
struct counts *stats_copy(struct stats *s);

#endif
