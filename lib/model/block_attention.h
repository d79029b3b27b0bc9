/* block_attention.h - the attention of a block over its qkv, with its positions */
#ifndef VIT_MODEL_BLOCK_ATTENTION_H
#define VIT_MODEL_BLOCK_ATTENTION_H

#include "config/derived.h"
#include "model/weights.h"

/* Without output and scratch. The result points into the block. */
static inline struct vit_attention_args block_attention(const struct vit_config *c,
                                                        const struct block *b, struct matrix qkv)
{
    const struct vit_rotation *const rotation = &b->position.rotation;

    return (struct vit_attention_args){ .queries = config_tokens(c),
                                        .tokens = config_tokens(c),
                                        .heads = c->heads,
                                        .head_dim = config_head_dim(c),
                                        .q = qkv.at,
                                        .ldq = qkv.ld,
                                        .k = qkv.at + config_inner(c),
                                        .v = qkv.at + 2 * config_inner(c),
                                        .ldkv = qkv.ld,
                                        .scale = config_scale(c),
                                        .rotation = rotation->cosines ? rotation : NULL,
                                        .bias = b->position.bias };
}

#endif
