/* instance.h - one context of a model, with the threads and the memory of its batches */
#ifndef VIT_SERVER_INSTANCE_H
#define VIT_SERVER_INSTANCE_H

#include "server/job.h"
#include "server/settings.h"

struct instance;

bool instance_create(const struct vit_model *model, const struct settings *settings,
                     struct instance **instance, struct failure *f);
void instance_free(struct instance *instance); /* NULL is allowed */

/*
 * Computes the results of a list of jobs, which have at most max_batch images together, in one
 * forward pass. Sets their times and failures, and calls no done. One thread at a time.
 */
void instance_compute(struct instance *instance, struct job *jobs);

#endif
