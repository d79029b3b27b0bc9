/* names_timm.c - timm's VisionTransformer; %u is the block */
#include "checkpoint/names.h"

static const struct name_rule rules[] = {
    RULE("cls_token", T_CLS_TOKEN, SHAPE(ONE, ONE, D)),
    RULE("pos_embed", T_POSITIONS, SHAPE(ONE, T, D)),
    RULE("patch_embed.proj.weight", T_PATCH_WEIGHT, SHAPE(D, C, P, P)),
    RULE("patch_embed.proj.bias", T_PATCH_BIAS, SHAPE(D)),
    RULE("blocks.%u.norm1.weight", T_NORM1_WEIGHT, SHAPE(D)),
    RULE("blocks.%u.norm1.bias", T_NORM1_BIAS, SHAPE(D)),
    RULE("blocks.%u.attn.qkv.weight", T_QKV_WEIGHT, SHAPE(I3, D)),
    RULE("blocks.%u.attn.qkv.bias", T_QKV_BIAS, SHAPE(I3), .needs = HAS_QKV_BIAS),
    RULE("blocks.%u.attn.proj.weight", T_PROJ_WEIGHT, SHAPE(D, D)),
    RULE("blocks.%u.attn.proj.bias", T_PROJ_BIAS, SHAPE(D)),
    RULE("blocks.%u.ls1.gamma", T_GAMMA1, SHAPE(D), .needs = HAS_LAYER_SCALE),
    RULE("blocks.%u.norm2.weight", T_NORM2_WEIGHT, SHAPE(D)),
    RULE("blocks.%u.norm2.bias", T_NORM2_BIAS, SHAPE(D)),
    RULE("blocks.%u.mlp.fc1.weight", T_FC1_WEIGHT, SHAPE(M, D)),
    RULE("blocks.%u.mlp.fc1.bias", T_FC1_BIAS, SHAPE(M)),
    RULE("blocks.%u.mlp.fc2.weight", T_FC2_WEIGHT, SHAPE(D, M)),
    RULE("blocks.%u.mlp.fc2.bias", T_FC2_BIAS, SHAPE(D)),
    RULE("blocks.%u.ls2.gamma", T_GAMMA2, SHAPE(D), .needs = HAS_LAYER_SCALE),
    RULE("norm.weight", T_NORM_WEIGHT, SHAPE(D)),
    RULE("norm.bias", T_NORM_BIAS, SHAPE(D)),
    RULE("head.weight", T_HEAD_WEIGHT, SHAPE(K, D)),
    RULE("head.bias", T_HEAD_BIAS, SHAPE(K)),
};

const struct name_family names_timm = {
    .name = "timm",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .resize = RESIZE_BICUBIC_ANTIALIAS,
};
