/* batcher.h - the queue of a model: requests become batches, which contexts compute */
#ifndef VIT_SERVER_BATCHER_H
#define VIT_SERVER_BATCHER_H

#include "server/job.h"
#include "server/settings.h"

struct batcher;
struct stats;

/*
 * Starts a thread for each of the settings' instances, with a context and a pool of its own, and
 * one that watches timeouts. A failure leaves nothing behind.
 */
bool batcher_create(const struct vit_model *model, const struct settings *settings,
                    struct stats *stats, struct batcher **batcher, struct failure *f);

/*
 * Puts a job into the queue. Its done is called in every case, and possibly before this returns: at
 * once with 503 if the queue is full or closed, with 503 when its time in the queue is over.
 */
void batcher_submit(struct batcher *b, struct job *job);

/* From now on no batch waits to fill: for the end of the server, and of a model. */
void batcher_hurry(struct batcher *b);

/* The requests that wait. */
size_t batcher_pending(struct batcher *b);

/* Computes what is queued, then ends the threads. NULL is allowed. */
void batcher_free(struct batcher *b);

#endif
