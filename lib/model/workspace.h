/* workspace.h - the activations of one image's forward pass */
#ifndef VIT_MODEL_WORKSPACE_H
#define VIT_MODEL_WORKSPACE_H

#include "model/model.h"

struct workspace {
    void *tokenizer;  /* the tokenizer's own buffers */
    struct matrix x;  /* [tokens][dim], the residual stream */
    float *embedding; /* one for each head */

    /* From here on the memory is also the tokenizer's, which is done before the blocks begin. */
    struct matrix h;   /* [tokens][dim or heads·head_dim, the larger] */
    struct matrix qkv; /* [tokens][3][heads][head_dim] */
    struct matrix mlp; /* [tokens][rows of fc1] */
    float *pool;       /* attention pooling: [3·dim + mlp_dim] */
    void *attention;   /* scratch of vit_attention */
    void *matmul;      /* scratch of vit_matmul */
};

/* The bytes of the structs that a workspace points to, without the activations. */
size_t workspace_structs(const struct vit_model *model);

/* Allocates them. False: no memory. */
bool workspace_init(const struct vit_model *model, const struct memory *memory,
                    struct workspace *ws);
/* A zeroed one is allowed; `memory` as for workspace_init. */
void workspace_free(const struct vit_model *model, const struct memory *memory,
                    struct workspace *ws);

/* Carves the activations for an image on `threads` threads. Call it twice: see struct arena. */
void workspace_carve(struct arena *arena, const struct vit_model *model, size_t threads,
                     struct workspace *ws);

#endif
