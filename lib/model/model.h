/* model.h - a model's weights as the forward pass wants them, packed for one table */
#ifndef VIT_MODEL_H
#define VIT_MODEL_H

#include "base/arena.h"
#include "checkpoint/checkpoint.h"
#include "vit/vit.h"

/* y = x Wᵀ + b */
struct linear {
    size_t in, out;
    float *weight; /* vit_matmul_pack of [out][in] */
    float *bias;   /* [out] or NULL */
};

struct norm {
    float *gamma, *beta; /* [dim] */
};

struct block {
    struct norm norm1, norm2;
    struct linear qkv, proj, fc1, fc2;
    float *gamma1, *gamma2; /* [dim] layer scale, or NULL */
};

struct vit_model {
    struct vit_config config;
    struct vit_recipe recipe;
    const struct vit_kernels *kernels;
    struct checkpoint *checkpoint; /* its labels live on; NULL for a random model */
    size_t parameters;

    struct arena weights;
    struct linear patch; /* [dim][channels·patch·patch] */
    float *cls_token;    /* [dim] */
    float *positions;    /* [patches + 1][dim] */
    struct block *blocks;
    struct norm norm;
    struct linear head;
};

/* Where a model's tensors come from: a checkpoint, or a generator. */
struct weight_source {
    const void *from;
    /* elements first .. first + count − 1 of a tensor in row-major order */
    enum vit_status (*read)(const void *from, enum tensor_role role, size_t block, size_t first,
                            size_t count, float *out, struct vit_error *err);
    bool has_positions; /* false: the sinusoid is computed */
};

/* Allocates the weights of a model whose config and kernels are set, and fills them. */
enum vit_status weights_load(struct vit_model *model, const struct weight_source *source,
                             struct vit_error *err);
void weights_free(struct vit_model *model);

/* Fresh weights for vit_model_random. */
struct random_weights {
    uint64_t seed;
};
enum vit_status random_weights_read(const void *from, enum tensor_role role, size_t block,
                                    size_t first, size_t count, float *out, struct vit_error *err);

/* table[tokens][dim]: sine at even j, cosine at odd j, of i/10000^(2·⌊j/2⌋/dim). */
void sinusoid_positions(size_t tokens, size_t dim, float *table);

#endif
