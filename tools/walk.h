/* walk.h - the steps of a forward pass: the shape of each, and the numbers that it keeps */
#ifndef VIT_TOOLS_WALK_H
#define VIT_TOOLS_WALK_H

#include "tools/session.h"
#include "vit/image.h"

enum { STEP_NAME = 48, MAX_STEPS = 32, STEP_RANK = 5 };

/*
 * What a step leaves. Either the pass wrote the numbers, or it cannot return them, because it fuses
 * the step with others or overwrites it: then the shape follows from the configuration.
 */
struct walk_step {
    char name[STEP_NAME];
    size_t rank, shape[STEP_RANK]; /* the batch first */
    bool kept;
    float *numbers;         /* of that shape, if it is kept; otherwise NULL */
    double min, max;        /* of the numbers */
    bool input;             /* it is not an output but what the pass begins with */
    enum vit_output output; /* that wrote the numbers */
    size_t block;           /* of that output */
    bool in_block;          /* it is a part of the block that is walked through */
};

/* A pass over `batch` copies of one image. A zeroed struct may be freed. */
struct walk {
    size_t batch, block; /* of the block that is walked through; SIZE_MAX: the model has none */
    size_t count;
    struct walk_step steps[MAX_STEPS]; /* in the order of the pass */
};

/*
 * Computes one pass over copies of the pixels, which have the model's size, with a context of its
 * own; block is that to walk through. Free the walk, whatever the result. VIT_EINVAL: the model
 * has no such block. VIT_ENOMEM; errors of vit_forward_call.
 */
enum vit_status walk_compute(const struct common_options *common, const struct session *session,
                             const struct vit_image *pixels, size_t batch, size_t block,
                             struct walk *walk, struct vit_error *err);
void walk_free(struct walk *walk);

/* The step that has an output, of a block for those of blocks; NULL: the walk has none. */
const struct walk_step *walk_find(const struct walk *walk, enum vit_output output, size_t block);

/* T2T: the grid of a soft split, its kernel, stride and padding. */
struct split {
    size_t rows, columns, kernel, stride, padding;
};
struct split walk_split(const struct vit_config *config, size_t i);

#endif
