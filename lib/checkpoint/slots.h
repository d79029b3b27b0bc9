/* slots.h - the slots of a model's tensors, which do not depend on a family's names */
#ifndef VIT_CHECKPOINT_SLOTS_H
#define VIT_CHECKPOINT_SLOTS_H

#include <stddef.h>

#include "vit/config.h"

/*
 * Each comment has the layout; the weight of a linear layer is [out][in]. There are three groups:
 * slots that exist once, slots of T2T's token transformers (one per stage), and slots of the
 * encoder blocks (one per block).
 */
enum tensor_slot {
    SLOT_CLS_TOKEN,          /* [dim] */
    SLOT_DIST_TOKEN,         /* [dim] */
    SLOT_REGISTERS,          /* [registers][dim] */
    SLOT_POSITIONS,          /* [positions][dim], a row for each token with a position */
    SLOT_PATCH_NORM1_WEIGHT, /* [channels·patch·patch] */
    SLOT_PATCH_NORM1_BIAS,
    SLOT_PATCH_WEIGHT, /* [dim][channels·patch·patch], or [dim][width of T2T's last split] */
    SLOT_PATCH_BIAS,   /* [dim] */
    SLOT_PATCH_NORM2_WEIGHT, /* [dim] */
    SLOT_PATCH_NORM2_BIAS,
    SLOT_PRE_NORM_WEIGHT, /* [dim] */
    SLOT_PRE_NORM_BIAS,
    SLOT_NORM_WEIGHT, /* [dim], the final norm, or [pooled] */
    SLOT_NORM_BIAS,
    SLOT_POOL_QUERY,      /* [dim] */
    SLOT_POOL_QKV_WEIGHT, /* [3·dim][dim]: of the query, of the tokens' keys, of their values */
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

    SLOT_TOKEN_NORM1_WEIGHT, /* [width of the stage's input] */
    SLOT_TOKEN_NORM1_BIAS,
    SLOT_TOKEN_QKV_WEIGHT, /* [3·t2t_dim][that width]; in a performer: keys, queries, values */
    SLOT_TOKEN_QKV_BIAS,
    SLOT_TOKEN_PROJ_WEIGHT, /* [t2t_dim][t2t_dim] */
    SLOT_TOKEN_PROJ_BIAS,
    SLOT_TOKEN_NORM2_WEIGHT, /* [t2t_dim] */
    SLOT_TOKEN_NORM2_BIAS,
    SLOT_TOKEN_FC1_WEIGHT, /* [t2t_mlp_dim][t2t_dim] */
    SLOT_TOKEN_FC1_BIAS,
    SLOT_TOKEN_FC2_WEIGHT, /* [t2t_dim][t2t_mlp_dim] */
    SLOT_TOKEN_FC2_BIAS,
    SLOT_TOKEN_FEATURES, /* [t2t_dim/2][t2t_dim], the random directions of a performer */

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
    SLOT_FC1_WEIGHT, /* [mlp_dim][dim], or [2·mlp_dim][dim] in a gated MLP */
    SLOT_FC1_BIAS,
    SLOT_FC2_WEIGHT, /* [dim][mlp_dim] */
    SLOT_FC2_BIAS,
    SLOT_GAMMA2, /* [dim], layer scale of the MLP branch */
    SLOT_COUNT,
    SLOT_FIRST_OF_STAGE = SLOT_TOKEN_NORM1_WEIGHT,
    SLOT_FIRST_OF_BLOCK = SLOT_NORM1_WEIGHT,
};

/* The number of tensors of a configuration, and the place of one among them; index is that of the
 * stage or block, 0 for a slot that exists once. */
size_t slots_count(const struct vit_config *config);
size_t slots_index(enum tensor_slot slot, size_t index);
/* How often a slot exists: 1, or the number of stages or blocks. */
size_t slots_copies(enum tensor_slot slot, const struct vit_config *config);

/* "blocks[3].qkv.weight" */
void slots_name(enum tensor_slot slot, size_t index, char name[64]);

#endif
