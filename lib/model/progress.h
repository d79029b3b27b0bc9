/* progress.h - a source of weights that counts the numbers it reads, and tells the caller */
#ifndef VIT_MODEL_PROGRESS_H
#define VIT_MODEL_PROGRESS_H

#include "model/weight_source.h"
#include "vit/vit.h"

struct progress {
    const struct weight_source *source;
    const struct vit_model_options *options; /* their hook */
    size_t done, total;
    bool again; /* what is read now was counted before */
};

/*
 * The source of p, counted: reading is VIT_ECANCELED if the hook returns true, which is called for
 * less than the total alone.
 */
struct weight_source progress_source(struct progress *p);

/* Tells the caller that all is done. VIT_ECANCELED: the hook returned true. */
enum vit_status progress_end(const struct progress *p, struct vit_error *err);

#endif
