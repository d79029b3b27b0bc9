/* slots.c - the slots of a model's tensors, which do not depend on a family's names */
#include "checkpoint/slots.h"

#include <stdio.h>

#include "config/tokenizer.h"

static const char *const names[SLOT_COUNT] = {
    [SLOT_CLS_TOKEN] = "cls_token",
    [SLOT_DIST_TOKEN] = "dist_token",
    [SLOT_REGISTERS] = "registers",
    [SLOT_POSITIONS] = "positions",
    [SLOT_PATCH_NORM1_WEIGHT] = "patch_norm1.weight",
    [SLOT_PATCH_NORM1_BIAS] = "patch_norm1.bias",
    [SLOT_PATCH_WEIGHT] = "patch.weight",
    [SLOT_PATCH_BIAS] = "patch.bias",
    [SLOT_PATCH_NORM2_WEIGHT] = "patch_norm2.weight",
    [SLOT_PATCH_NORM2_BIAS] = "patch_norm2.bias",
    [SLOT_PRE_NORM_WEIGHT] = "pre_norm.weight",
    [SLOT_PRE_NORM_BIAS] = "pre_norm.bias",
    [SLOT_NORM_WEIGHT] = "norm.weight",
    [SLOT_NORM_BIAS] = "norm.bias",
    [SLOT_POOL_QUERY] = "pool.query",
    [SLOT_POOL_QKV_WEIGHT] = "pool.qkv.weight",
    [SLOT_POOL_QKV_BIAS] = "pool.qkv.bias",
    [SLOT_POOL_PROJ_WEIGHT] = "pool.proj.weight",
    [SLOT_POOL_PROJ_BIAS] = "pool.proj.bias",
    [SLOT_POOL_NORM_WEIGHT] = "pool.norm.weight",
    [SLOT_POOL_NORM_BIAS] = "pool.norm.bias",
    [SLOT_POOL_FC1_WEIGHT] = "pool.fc1.weight",
    [SLOT_POOL_FC1_BIAS] = "pool.fc1.bias",
    [SLOT_POOL_FC2_WEIGHT] = "pool.fc2.weight",
    [SLOT_POOL_FC2_BIAS] = "pool.fc2.bias",
    [SLOT_PRE_LOGITS_WEIGHT] = "pre_logits.weight",
    [SLOT_PRE_LOGITS_BIAS] = "pre_logits.bias",
    [SLOT_HEAD_WEIGHT] = "head.weight",
    [SLOT_HEAD_BIAS] = "head.bias",
    [SLOT_DIST_HEAD_WEIGHT] = "dist_head.weight",
    [SLOT_DIST_HEAD_BIAS] = "dist_head.bias",
    [SLOT_TOKEN_NORM1_WEIGHT] = "norm1.weight",
    [SLOT_TOKEN_NORM1_BIAS] = "norm1.bias",
    [SLOT_TOKEN_QKV_WEIGHT] = "qkv.weight",
    [SLOT_TOKEN_QKV_BIAS] = "qkv.bias",
    [SLOT_TOKEN_PROJ_WEIGHT] = "proj.weight",
    [SLOT_TOKEN_PROJ_BIAS] = "proj.bias",
    [SLOT_TOKEN_NORM2_WEIGHT] = "norm2.weight",
    [SLOT_TOKEN_NORM2_BIAS] = "norm2.bias",
    [SLOT_TOKEN_FC1_WEIGHT] = "fc1.weight",
    [SLOT_TOKEN_FC1_BIAS] = "fc1.bias",
    [SLOT_TOKEN_FC2_WEIGHT] = "fc2.weight",
    [SLOT_TOKEN_FC2_BIAS] = "fc2.bias",
    [SLOT_TOKEN_FEATURES] = "features",
    [SLOT_NORM1_WEIGHT] = "norm1.weight",
    [SLOT_NORM1_BIAS] = "norm1.bias",
    [SLOT_QKV_WEIGHT] = "qkv.weight",
    [SLOT_QKV_BIAS] = "qkv.bias",
    [SLOT_Q_NORM_WEIGHT] = "q_norm.weight",
    [SLOT_Q_NORM_BIAS] = "q_norm.bias",
    [SLOT_K_NORM_WEIGHT] = "k_norm.weight",
    [SLOT_K_NORM_BIAS] = "k_norm.bias",
    [SLOT_PROJ_WEIGHT] = "proj.weight",
    [SLOT_PROJ_BIAS] = "proj.bias",
    [SLOT_GAMMA1] = "gamma1",
    [SLOT_NORM2_WEIGHT] = "norm2.weight",
    [SLOT_NORM2_BIAS] = "norm2.bias",
    [SLOT_FC1_WEIGHT] = "fc1.weight",
    [SLOT_FC1_BIAS] = "fc1.bias",
    [SLOT_FC2_WEIGHT] = "fc2.weight",
    [SLOT_FC2_BIAS] = "fc2.bias",
    [SLOT_GAMMA2] = "gamma2",
};

enum {
    OF_STAGE = SLOT_FIRST_OF_BLOCK - SLOT_FIRST_OF_STAGE,
    OF_BLOCK = SLOT_COUNT - SLOT_FIRST_OF_BLOCK
};
enum { FIRST_BLOCK = SLOT_FIRST_OF_STAGE + T2T_BLOCKS * OF_STAGE };

size_t slots_copies(enum tensor_slot slot, const struct vit_config *config)
{
    return slot < SLOT_FIRST_OF_STAGE ? 1 : slot < SLOT_FIRST_OF_BLOCK ? T2T_BLOCKS : config->depth;
}

size_t slots_index(enum tensor_slot slot, size_t index)
{
    if (slot < SLOT_FIRST_OF_STAGE)
        return (size_t)slot;
    if (slot < SLOT_FIRST_OF_BLOCK)
        return (size_t)slot + index * OF_STAGE;
    return FIRST_BLOCK + (size_t)(slot - SLOT_FIRST_OF_BLOCK) + index * OF_BLOCK;
}

size_t slots_count(const struct vit_config *config)
{
    return slots_index(SLOT_FIRST_OF_BLOCK, config->depth);
}

void slots_name(enum tensor_slot slot, size_t index, char name[64])
{
    if (slot < SLOT_FIRST_OF_STAGE)
        snprintf(name, 64, "%s", names[slot]);
    else
        snprintf(name, 64, "%s[%zu].%s", slot < SLOT_FIRST_OF_BLOCK ? "tokens" : "blocks", index,
                 names[slot]);
}
