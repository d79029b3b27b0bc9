/* weights.h - a model's weights as the forward pass reads them */
#ifndef VIT_MODEL_WEIGHTS_H
#define VIT_MODEL_WEIGHTS_H

#include "checkpoint/digest.h"
#include "checkpoint/packed.h"
#include "model/block_positions.h"
#include "model/layers.h"
#include "model/positions.h"
#include "model/weight_source.h"
#include "vit/vit.h"

/* An encoder block. */
struct block {
    struct norm norm1, norm2;
    struct linear qkv, proj, fc1, fc2;
    float *qv_bias;             /* [2·inner] of queries and values, as stored; NULL: in qkv */
    struct norm q_norm, k_norm; /* of a head's width */
    struct block_position position;
    struct norm attention_norm, mlp_norm;
    float *gamma1, *gamma2; /* [dim] layer scale, or NULL */
    float *slope;           /* of PReLU, one for all channels; or NULL */
};

/* Attention pooling: one learned query over the patch tokens, then an MLP. */
struct map_pool {
    float *query; /* [dim] */
    struct linear q, kv, proj, fc1, fc2;
    struct norm norm;
};

/* A linear layer in the list of them. */
struct layer {
    enum tensor_slot slot; /* of its weight */
    size_t index;          /* of the block */
    size_t inputs, outputs, bytes;
    enum vit_precision precision;
};

struct weights {
    struct memory memory; /* of all arrays and structs */
    struct arena arena;
    struct weight_plan plan; /* its items point into this struct */
    struct packed_map map;   /* the file that has the arrays of the plan, or none */
    size_t parameters;
    struct sha256_text digest; /* of vit_model_digest; empty without options->digest */
    struct layer *layers;      /* [layer_count], in the order of the forward pass */
    size_t layer_count;
    /* the packed matrix of most rows of each pair of number types; without a kernel: none */
    struct vit_packed widest[VIT_MATMUL_PAIRS];

    void *tokenizer; /* the tokenizer's own */
    size_t tokenizer_bytes;
    float *prefix; /* [prefix][dim], class token and so on, with their positions */
    struct positions positions;
    struct block_positions block_positions;
    struct norm pre_norm;
    struct block *blocks; /* [block_capacity], at least one */
    size_t block_capacity;
    struct norm norm; /* of tokens or, with VIT_FINAL_NORM_POOLED, of the pooled vector */
    struct map_pool pool;
    struct linear pre_logits, head, dist_head;
};

/*
 * The bytes that the weights of a configuration take, at most: a mapped table of positions takes
 * none. VIT_EINVAL as precision_choose; VIT_ENOMEM, also if the bytes do not fit in size_t.
 */
enum vit_status weights_measure(const struct vit_config *config, const struct vit_kernels *kernels,
                                const struct vit_model_options *options, size_t *bytes,
                                struct vit_error *err);

/*
 * Allocates the weights of a configuration, from weights->memory, and reads them, or maps the file
 * options->packed in their place. The linear layers are packed for the kernels of
 * options->precision and options->keep. *weights, which was zeroed except for its memory, must not
 * move afterwards. VIT_ENOMEM; VIT_EUNSUPPORTED: a weight exceeds the precision; as
 * packed_file_map, precision_choose, positions_load and checkpoint_digest; what the source returns;
 * VIT_ECANCELED: options->progress returned true.
 */
enum vit_status weights_load(const struct vit_config *config, const struct vit_kernels *kernels,
                             const struct vit_model_options *options,
                             const struct weight_source *source, struct weights *weights,
                             struct vit_error *err);
void weights_free(struct weights *weights); /* zeroed ones are allowed */

#endif
