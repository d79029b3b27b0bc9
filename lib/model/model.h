/* model.h - a model's weights as the forward pass wants them, packed for one table */
#ifndef VIT_MODEL_MODEL_H
#define VIT_MODEL_MODEL_H

#include "base/arena.h"
#include "checkpoint/checkpoint.h"
#include "config/tokenizer.h"
#include "vit/kernels.h"
#include "vit/vit.h"

/* y = x Wᵀ + b */
struct linear {
    struct vit_packed weight; /* of [out][in]; its panels NULL: the model has no such layer */
    float *bias;              /* [out] or NULL */
};

struct norm {
    size_t length;
    float *gamma, *beta; /* [length]; NULL: the model has no such norm */
};

/* An encoding block. */
struct block {
    struct norm norm1, norm2;
    struct linear qkv, proj, fc1, fc2;
    struct norm q_norm, k_norm; /* of a head's width */
    float *gamma1, *gamma2;     /* [dim] layer scale, or NULL */
};

/* A token transformer of T2T. */
struct stage {
    struct norm norm1, norm2;
    struct linear qkv, proj, fc1, fc2; /* a performer's qkv is keys, queries, values */
    struct linear features;            /* of a performer: [features][t2t_dim] */
    float *directions;                 /* the same, as they are */
};

/* Attention pooling: one learned query over the patches' tokens, then an MLP. */
struct map_pool {
    float *query; /* [dim] */
    struct linear q, kv, proj, fc1, fc2;
    struct norm norm;
};

struct vit_model {
    struct vit_config config;
    struct vit_preprocess_config preprocess;
    const struct vit_kernels *kernels;
    struct checkpoint *checkpoint; /* its labels and names live on; NULL for a random model */
    struct provenance provenance;
    size_t parameters;

    struct arena weights;
    size_t converted_bytes; /* maximum vit_matmul_scratch_bytes of one row, of all layers */
    struct stage stages[T2T_BLOCKS];
    struct norm patch_norm1, patch_norm2;
    struct linear patch; /* [dim][channels·patch·patch], or [dim][length of T2T's last split] */
    float *prefix;       /* [prefix][dim], class token and so on, their positions added */
    float *positions;    /* [patches][dim], or NULL */
    struct norm pre_norm;
    struct block *blocks;
    struct norm norm; /* of tokens or, with VIT_FINAL_NORM_POOLED, of what is pooled */
    struct map_pool pool;
    struct linear pre_logits, head, dist_head;
};

/* Where a model's tensors come from: a checkpoint, or a generator. */
struct weight_source {
    void *from;
    /* elements first .. first + count − 1 of a tensor in row-major order */
    enum vit_status (*read)(void *from, enum tensor_slot slot, size_t index, size_t first,
                            size_t count, float *out, struct vit_error *err);
    bool has_positions;              /* false: they are computed, where there are any */
    const struct vit_config *stored; /* what the positions were made for */
    enum positions_resize resize;
};

/* Allocates the weights of a model whose config and kernels are set, and fills them. */
enum vit_status weights_load(struct vit_model *model, const struct weight_source *source,
                             struct vit_error *err);
void weights_free(struct vit_model *model);

/* Fresh weights for vit_model_create_random. */
struct random_weights {
    uint64_t seed;
};
enum vit_status random_weights_read(void *from, enum tensor_slot slot, size_t index, size_t first,
                                    size_t count, float *out, struct vit_error *err);

#endif
