/* names_timm.c - timm's VisionTransformer; %u is the block */
#include "checkpoint/names.h"

static const struct name_rule rules[] = {
    { "cls_token", T_CLS_TOKEN, SHAPE(ONE, ONE, D), 0 },
    { "pos_embed", T_POSITIONS, SHAPE(ONE, T, D), 0 },
    { "patch_embed.proj.weight", T_PATCH_WEIGHT, SHAPE(D, C, P, P), 0 },
    { "patch_embed.proj.bias", T_PATCH_BIAS, SHAPE(D), 0 },
    { "blocks.%u.norm1.weight", T_NORM1_WEIGHT, SHAPE(D), 0 },
    { "blocks.%u.norm1.bias", T_NORM1_BIAS, SHAPE(D), 0 },
    { "blocks.%u.attn.qkv.weight", T_QKV_WEIGHT, SHAPE(D3, D), 0 },
    { "blocks.%u.attn.qkv.bias", T_QKV_BIAS, SHAPE(D3), IF_QKV_BIAS },
    { "blocks.%u.attn.proj.weight", T_PROJ_WEIGHT, SHAPE(D, D), 0 },
    { "blocks.%u.attn.proj.bias", T_PROJ_BIAS, SHAPE(D), 0 },
    { "blocks.%u.ls1.gamma", T_GAMMA1, SHAPE(D), IF_LAYER_SCALE },
    { "blocks.%u.norm2.weight", T_NORM2_WEIGHT, SHAPE(D), 0 },
    { "blocks.%u.norm2.bias", T_NORM2_BIAS, SHAPE(D), 0 },
    { "blocks.%u.mlp.fc1.weight", T_FC1_WEIGHT, SHAPE(M, D), 0 },
    { "blocks.%u.mlp.fc1.bias", T_FC1_BIAS, SHAPE(M), 0 },
    { "blocks.%u.mlp.fc2.weight", T_FC2_WEIGHT, SHAPE(D, M), 0 },
    { "blocks.%u.mlp.fc2.bias", T_FC2_BIAS, SHAPE(D), 0 },
    { "blocks.%u.ls2.gamma", T_GAMMA2, SHAPE(D), IF_LAYER_SCALE },
    { "norm.weight", T_NORM_WEIGHT, SHAPE(D), 0 },
    { "norm.bias", T_NORM_BIAS, SHAPE(D), 0 },
    { "head.weight", T_HEAD_WEIGHT, SHAPE(K, D), 0 },
    { "head.bias", T_HEAD_BIAS, SHAPE(K), 0 },
};

const struct name_family names_timm = { "timm", rules, sizeof rules / sizeof *rules };
