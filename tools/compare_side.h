/* compare_side.h - one of the two models that `libvit compare` runs, and its outputs of a batch */
#ifndef VIT_TOOLS_COMPARE_SIDE_H
#define VIT_TOOLS_COMPARE_SIDE_H

#include "tools/session.h"

/* A zeroed struct may be closed. */
struct side {
    struct vit_context *context;
    struct vit_context *own;             /* the same, if the side has created it; else NULL */
    size_t count;                        /* of the outputs */
    struct vit_output_request *requests; /* [count], each with its data [batch][length] */
    size_t *lengths;                     /* [count], floats of one image's output */
    float *data;                         /* of all requests */
};

/*
 * Allocates the outputs `requests`, whose data are ignored, for `batch` images. Without a context
 * it creates one that runs on the session's threads. Close it, whatever the result. VIT_ENOMEM.
 */
enum vit_status side_open(const struct session *session, const struct vit_model *model,
                          struct vit_context *context, size_t batch, size_t count,
                          const struct vit_output_request *requests, struct side *side,
                          struct vit_error *err);
void side_close(struct side *side);

enum vit_status side_forward(const struct side *side, size_t count, const struct vit_image *pixels,
                             struct vit_error *err);

/* Output i of an image of the batch, [lengths[i]]. */
const float *side_output(const struct side *side, size_t i, size_t image);

#endif
