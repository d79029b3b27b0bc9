/* roles.c - what a tensor is for, whatever a family calls it */
#include "checkpoint/roles.h"

#include <stdio.h>

#include "config/config.h"

static const char *const names[T_ROLES] = {
    [T_CLS_TOKEN] = "cls_token",
    [T_DIST_TOKEN] = "dist_token",
    [T_REGISTERS] = "registers",
    [T_POSITIONS] = "positions",
    [T_PATCH_NORM1_WEIGHT] = "patch_norm1.weight",
    [T_PATCH_NORM1_BIAS] = "patch_norm1.bias",
    [T_PATCH_WEIGHT] = "patch.weight",
    [T_PATCH_BIAS] = "patch.bias",
    [T_PATCH_NORM2_WEIGHT] = "patch_norm2.weight",
    [T_PATCH_NORM2_BIAS] = "patch_norm2.bias",
    [T_PRE_NORM_WEIGHT] = "pre_norm.weight",
    [T_PRE_NORM_BIAS] = "pre_norm.bias",
    [T_NORM_WEIGHT] = "norm.weight",
    [T_NORM_BIAS] = "norm.bias",
    [T_POOL_QUERY] = "pool.query",
    [T_POOL_QKV_WEIGHT] = "pool.qkv.weight",
    [T_POOL_QKV_BIAS] = "pool.qkv.bias",
    [T_POOL_PROJ_WEIGHT] = "pool.proj.weight",
    [T_POOL_PROJ_BIAS] = "pool.proj.bias",
    [T_POOL_NORM_WEIGHT] = "pool.norm.weight",
    [T_POOL_NORM_BIAS] = "pool.norm.bias",
    [T_POOL_FC1_WEIGHT] = "pool.fc1.weight",
    [T_POOL_FC1_BIAS] = "pool.fc1.bias",
    [T_POOL_FC2_WEIGHT] = "pool.fc2.weight",
    [T_POOL_FC2_BIAS] = "pool.fc2.bias",
    [T_PRE_LOGITS_WEIGHT] = "pre_logits.weight",
    [T_PRE_LOGITS_BIAS] = "pre_logits.bias",
    [T_HEAD_WEIGHT] = "head.weight",
    [T_HEAD_BIAS] = "head.bias",
    [T_DIST_HEAD_WEIGHT] = "dist_head.weight",
    [T_DIST_HEAD_BIAS] = "dist_head.bias",
    [T_TOKEN_NORM1_WEIGHT] = "norm1.weight",
    [T_TOKEN_NORM1_BIAS] = "norm1.bias",
    [T_TOKEN_QKV_WEIGHT] = "qkv.weight",
    [T_TOKEN_QKV_BIAS] = "qkv.bias",
    [T_TOKEN_PROJ_WEIGHT] = "proj.weight",
    [T_TOKEN_PROJ_BIAS] = "proj.bias",
    [T_TOKEN_NORM2_WEIGHT] = "norm2.weight",
    [T_TOKEN_NORM2_BIAS] = "norm2.bias",
    [T_TOKEN_FC1_WEIGHT] = "fc1.weight",
    [T_TOKEN_FC1_BIAS] = "fc1.bias",
    [T_TOKEN_FC2_WEIGHT] = "fc2.weight",
    [T_TOKEN_FC2_BIAS] = "fc2.bias",
    [T_TOKEN_FEATURES] = "features",
    [T_NORM1_WEIGHT] = "norm1.weight",
    [T_NORM1_BIAS] = "norm1.bias",
    [T_QKV_WEIGHT] = "qkv.weight",
    [T_QKV_BIAS] = "qkv.bias",
    [T_Q_NORM_WEIGHT] = "q_norm.weight",
    [T_Q_NORM_BIAS] = "q_norm.bias",
    [T_K_NORM_WEIGHT] = "k_norm.weight",
    [T_K_NORM_BIAS] = "k_norm.bias",
    [T_PROJ_WEIGHT] = "proj.weight",
    [T_PROJ_BIAS] = "proj.bias",
    [T_GAMMA1] = "gamma1",
    [T_NORM2_WEIGHT] = "norm2.weight",
    [T_NORM2_BIAS] = "norm2.bias",
    [T_FC1_WEIGHT] = "fc1.weight",
    [T_FC1_BIAS] = "fc1.bias",
    [T_FC2_WEIGHT] = "fc2.weight",
    [T_FC2_BIAS] = "fc2.bias",
    [T_GAMMA2] = "gamma2",
};

enum { OF_STAGE = T_FIRST_OF_BLOCK - T_FIRST_OF_STAGE, OF_BLOCK = T_ROLES - T_FIRST_OF_BLOCK };
enum { FIRST_BLOCK = T_FIRST_OF_STAGE + TOKEN_STAGES * OF_STAGE };

size_t roles_copies(enum tensor_role role, const struct vit_config *config)
{
    return role < T_FIRST_OF_STAGE ? 1 : role < T_FIRST_OF_BLOCK ? TOKEN_STAGES : config->depth;
}

size_t roles_place(enum tensor_role role, size_t index)
{
    if (role < T_FIRST_OF_STAGE)
        return (size_t)role;
    if (role < T_FIRST_OF_BLOCK)
        return (size_t)role + index * OF_STAGE;
    return FIRST_BLOCK + (size_t)(role - T_FIRST_OF_BLOCK) + index * OF_BLOCK;
}

size_t roles_count(const struct vit_config *config)
{
    return roles_place(T_FIRST_OF_BLOCK, config->depth);
}

void roles_name(enum tensor_role role, size_t index, char *what)
{
    if (role < T_FIRST_OF_STAGE)
        snprintf(what, 64, "%s", names[role]);
    else
        snprintf(what, 64, "%s[%zu].%s", role < T_FIRST_OF_BLOCK ? "tokens" : "blocks", index,
                 names[role]);
}
