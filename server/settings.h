/* settings.h - how a model is served: batches, queue, contexts, precision */
#ifndef VIT_SERVER_SETTINGS_H
#define VIT_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_PRIORITIES = 16 };

/* The names in comments are those of Triton's model configuration. */
struct settings {
    size_t max_batch;        /* max_batch_size */
    uint64_t delay_us;       /* max_queue_delay_microseconds: how long a batch waits to fill */
    size_t queue_limit;      /* max_queue_size: requests that wait; 0: no limit */
    uint64_t timeout_us;     /* default_timeout_microseconds: in the queue; 0: none */
    bool timeout_delays;     /* timeout_action DELAY: serve it after all others, not REJECT */
    bool no_override;        /* not allow_timeout_override: a request cannot shorten its timeout */
    size_t priorities;       /* priority_levels; 0: priorities are ignored */
    size_t default_priority; /* default_priority_level */
    size_t instances;        /* instance_group.count: contexts */
    size_t threads;          /* of each context; 0: the processors that there are, shared evenly */
    size_t height, width;    /* of the image; 0: the checkpoint's */
    int precision;           /* enum vit_precision */
    const char *keep, *isa;  /* as in struct vit_model_options; or NULL */
    const char *packed; /* a file of packed weights, from the checkpoint's directory; or NULL */
};

#endif
