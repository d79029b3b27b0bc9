/* forward.h - the forward pass of one image, and the memory it runs in */
#ifndef VIT_FORWARD_H
#define VIT_FORWARD_H

#include <stdatomic.h>

#include "model/model.h"

/* What one image's forward pass runs with. Every matrix has its own row stride, ld_*. */
struct run {
    const struct vit_model *model;
    const struct vit_parallel *parallel; /* threads inside the image; NULL: one */
    bool (*cancel)(void *user);
    void *user;
    atomic_bool *cancelled; /* set once the hook has said stop */

    float
        *patches; /* [patches][channels·patch·patch]; shares the MLP's memory, which comes later */
    float *x;     /* [tokens][dim], the residual stream */
    float *h;     /* [tokens][dim] */
    float *qkv;   /* [tokens][3][heads][head_dim] */
    float *mlp;   /* [tokens][mlp_dim] */
    float *attention; /* scratch of vit_attention */
    size_t ld_patches, ld_x, ld_qkv, ld_mlp;
};

/* Which output, and after which block for VIT_OUTPUT_BLOCK. */
struct wanted {
    enum vit_output output;
    size_t block;
};

/* One image to one output; stops early, leaving out unspecified, when *cancelled. */
void forward_image(struct run *run, const struct wanted *wanted, const float *image, float *out);

#endif
