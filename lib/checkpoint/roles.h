/* roles.h - what a tensor is for, whatever a family calls it */
#ifndef VIT_CHECKPOINT_ROLES_H
#define VIT_CHECKPOINT_ROLES_H

#include <stddef.h>

#include "vit/vit.h"

/*
 * Linear weights are [out][in]. One of each, then those of T2T's token transformers, one per stage,
 * then those of the encoding blocks, one per block.
 */
enum tensor_role {
    T_CLS_TOKEN,          /* [dim] */
    T_DIST_TOKEN,         /* [dim] */
    T_REGISTERS,          /* [registers][dim] */
    T_POSITIONS,          /* [positions][dim], a row for each token that has one */
    T_PATCH_NORM1_WEIGHT, /* [channels·patch·patch] */
    T_PATCH_NORM1_BIAS,
    T_PATCH_WEIGHT,       /* [dim][channels·patch·patch], or of T2T's last split */
    T_PATCH_BIAS,         /* [dim] */
    T_PATCH_NORM2_WEIGHT, /* [dim] */
    T_PATCH_NORM2_BIAS,
    T_PRE_NORM_WEIGHT, /* [dim] */
    T_PRE_NORM_BIAS,
    T_NORM_WEIGHT, /* [dim], the final norm, or [pooled] */
    T_NORM_BIAS,
    T_POOL_QUERY,      /* [dim] */
    T_POOL_QKV_WEIGHT, /* [3·dim][dim]: the query's, the tokens' keys', their values' */
    T_POOL_QKV_BIAS,
    T_POOL_PROJ_WEIGHT, /* [dim][dim] */
    T_POOL_PROJ_BIAS,
    T_POOL_NORM_WEIGHT, /* [dim] */
    T_POOL_NORM_BIAS,
    T_POOL_FC1_WEIGHT, /* [mlp_dim][dim] */
    T_POOL_FC1_BIAS,
    T_POOL_FC2_WEIGHT, /* [dim][mlp_dim] */
    T_POOL_FC2_BIAS,
    T_PRE_LOGITS_WEIGHT, /* [pre_logits][pooled] */
    T_PRE_LOGITS_BIAS,
    T_HEAD_WEIGHT, /* [classes][embedding] */
    T_HEAD_BIAS,
    T_DIST_HEAD_WEIGHT,
    T_DIST_HEAD_BIAS,

    T_TOKEN_NORM1_WEIGHT, /* [length of the stage's input] */
    T_TOKEN_NORM1_BIAS,
    T_TOKEN_QKV_WEIGHT, /* [3·t2t_dim][length]; of a performer keys, queries, values */
    T_TOKEN_QKV_BIAS,
    T_TOKEN_PROJ_WEIGHT, /* [t2t_dim][t2t_dim] */
    T_TOKEN_PROJ_BIAS,
    T_TOKEN_NORM2_WEIGHT, /* [t2t_dim] */
    T_TOKEN_NORM2_BIAS,
    T_TOKEN_FC1_WEIGHT, /* [t2t_mlp_dim][t2t_dim] */
    T_TOKEN_FC1_BIAS,
    T_TOKEN_FC2_WEIGHT, /* [t2t_dim][t2t_mlp_dim] */
    T_TOKEN_FC2_BIAS,
    T_TOKEN_FEATURES, /* [t2t_dim/2][t2t_dim], a performer's random directions */

    T_NORM1_WEIGHT, /* [dim] */
    T_NORM1_BIAS,
    T_QKV_WEIGHT, /* [3·heads·head_dim][dim]: queries, keys, values */
    T_QKV_BIAS,
    T_Q_NORM_WEIGHT, /* [head_dim] */
    T_Q_NORM_BIAS,
    T_K_NORM_WEIGHT,
    T_K_NORM_BIAS,
    T_PROJ_WEIGHT, /* [dim][heads·head_dim] */
    T_PROJ_BIAS,
    T_GAMMA1, /* [dim], layer scale of the attention branch */
    T_NORM2_WEIGHT,
    T_NORM2_BIAS,
    T_FC1_WEIGHT, /* [mlp_dim][dim], of a gated MLP [2·mlp_dim][dim] */
    T_FC1_BIAS,
    T_FC2_WEIGHT, /* [dim][mlp_dim] */
    T_FC2_BIAS,
    T_GAMMA2, /* [dim], layer scale of the MLP branch */
    T_ROLES,
    T_FIRST_OF_STAGE = T_TOKEN_NORM1_WEIGHT,
    T_FIRST_OF_BLOCK = T_NORM1_WEIGHT,
};

/* Tensors that a configuration has room for, by role, and where one stands; index is the stage or
 * the block, 0 where there is one. */
size_t roles_count(const struct vit_config *config);
size_t roles_place(enum tensor_role role, size_t index);
/* How many a role has: 1, the stages or the blocks. */
size_t roles_copies(enum tensor_role role, const struct vit_config *config);

/* "blocks[3].qkv.weight"; what[64] */
void roles_name(enum tensor_role role, size_t index, char *what);

#endif
