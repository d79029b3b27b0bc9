/* slots.h - what a tensor is for, whatever a family calls it */
#ifndef VIT_CHECKPOINT_SLOTS_H
#define VIT_CHECKPOINT_SLOTS_H

#include <stddef.h>

#include "vit/config.h"

/*
 * Linear weights are [out][in]. One of each, then those of T2T's token transformers, one per stage,
 * then those of the encoding blocks, one per block.
 */
enum tensor_slot {
    SLOT_CLS_TOKEN,          /* [dim] */
    SLOT_DIST_TOKEN,         /* [dim] */
    SLOT_REGISTERS,          /* [registers][dim] */
    SLOT_POSITIONS,          /* [positions][dim], a row for each token that has one */
    SLOT_PATCH_NORM1_WEIGHT, /* [channels·patch·patch] */
    SLOT_PATCH_NORM1_BIAS,
    SLOT_PATCH_WEIGHT,       /* [dim][channels·patch·patch], or of T2T's last split */
    SLOT_PATCH_BIAS,         /* [dim] */
    SLOT_PATCH_NORM2_WEIGHT, /* [dim] */
    SLOT_PATCH_NORM2_BIAS,
    SLOT_PRE_NORM_WEIGHT, /* [dim] */
    SLOT_PRE_NORM_BIAS,
    SLOT_NORM_WEIGHT, /* [dim], the final norm, or [pooled] */
    SLOT_NORM_BIAS,
    SLOT_POOL_QUERY,      /* [dim] */
    SLOT_POOL_QKV_WEIGHT, /* [3·dim][dim]: the query's, the tokens' keys', their values' */
    SLOT_POOL_QKV_BIAS,
    SLOT_POOL_PROJ_WEIGHT, /* [dim][dim] */
    SLOT_POOL_PROJ_BIAS,
    SLOT_POOL_NORM_WEIGHT, /* [dim] */
    SLOT_POOL_NORM_BIAS,
    SLOT_POOL_FC1_WEIGHT, /* [mlp_dim][dim] */
    SLOT_POOL_FC1_BIAS,
    SLOT_POOL_FC2_WEIGHT, /* [dim][mlp_dim] */
    SLOT_POOL_FC2_BIAS,
    SLOT_PRE_LOGITS_WEIGHT, /* [pre_logits][pooled] */
    SLOT_PRE_LOGITS_BIAS,
    SLOT_HEAD_WEIGHT, /* [classes][embedding] */
    SLOT_HEAD_BIAS,
    SLOT_DIST_HEAD_WEIGHT,
    SLOT_DIST_HEAD_BIAS,

    SLOT_TOKEN_NORM1_WEIGHT, /* [length of the stage's input] */
    SLOT_TOKEN_NORM1_BIAS,
    SLOT_TOKEN_QKV_WEIGHT, /* [3·t2t_dim][length]; of a performer keys, queries, values */
    SLOT_TOKEN_QKV_BIAS,
    SLOT_TOKEN_PROJ_WEIGHT, /* [t2t_dim][t2t_dim] */
    SLOT_TOKEN_PROJ_BIAS,
    SLOT_TOKEN_NORM2_WEIGHT, /* [t2t_dim] */
    SLOT_TOKEN_NORM2_BIAS,
    SLOT_TOKEN_FC1_WEIGHT, /* [t2t_mlp_dim][t2t_dim] */
    SLOT_TOKEN_FC1_BIAS,
    SLOT_TOKEN_FC2_WEIGHT, /* [t2t_dim][t2t_mlp_dim] */
    SLOT_TOKEN_FC2_BIAS,
    SLOT_TOKEN_FEATURES, /* [t2t_dim/2][t2t_dim], a performer's random directions */

    SLOT_NORM1_WEIGHT, /* [dim] */
    SLOT_NORM1_BIAS,
    SLOT_QKV_WEIGHT, /* [3·heads·head_dim][dim]: queries, keys, values */
    SLOT_QKV_BIAS,
    SLOT_Q_NORM_WEIGHT, /* [head_dim] */
    SLOT_Q_NORM_BIAS,
    SLOT_K_NORM_WEIGHT,
    SLOT_K_NORM_BIAS,
    SLOT_PROJ_WEIGHT, /* [dim][heads·head_dim] */
    SLOT_PROJ_BIAS,
    SLOT_GAMMA1, /* [dim], layer scale of the attention branch */
    SLOT_NORM2_WEIGHT,
    SLOT_NORM2_BIAS,
    SLOT_FC1_WEIGHT, /* [mlp_dim][dim], of a gated MLP [2·mlp_dim][dim] */
    SLOT_FC1_BIAS,
    SLOT_FC2_WEIGHT, /* [dim][mlp_dim] */
    SLOT_FC2_BIAS,
    SLOT_GAMMA2, /* [dim], layer scale of the MLP branch */
    SLOT_COUNT,
    SLOT_FIRST_OF_STAGE = SLOT_TOKEN_NORM1_WEIGHT,
    SLOT_FIRST_OF_BLOCK = SLOT_NORM1_WEIGHT,
};

/* Tensors that a configuration has room for, by slot, and where one stands; index is the stage or
 * the block, 0 where there is one. */
size_t slots_count(const struct vit_config *config);
size_t slots_index(enum tensor_slot slot, size_t index);
/* How many a slot has: 1, the stages or the blocks. */
size_t slots_copies(enum tensor_slot slot, const struct vit_config *config);

/* "blocks[3].qkv.weight"; what[64] */
void slots_name(enum tensor_slot slot, size_t index, char *what);

#endif
