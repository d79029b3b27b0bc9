/* names_series.c - the series' own Vision Transformer; %u is the block */
#include "checkpoint/names.h"

static const struct name_rule rules[] = {
    { "patch_tokens.project.weight", T_PATCH_WEIGHT, SHAPE(D, CPP), 0 },
    { "patch_tokens.project.bias", T_PATCH_BIAS, SHAPE(D), 0 },
    { "backbone.cls_token", T_CLS_TOKEN, SHAPE(ONE, ONE, D), 0 },
    { "backbone.pos_embed", T_POSITIONS, SHAPE(ONE, T, D), OR_SINUSOID },
    { "backbone.blocks.%u.norm1.weight", T_NORM1_WEIGHT, SHAPE(D), 0 },
    { "backbone.blocks.%u.norm1.bias", T_NORM1_BIAS, SHAPE(D), 0 },
    { "backbone.blocks.%u.attn.qkv.weight", T_QKV_WEIGHT, SHAPE(D3, D), 0 },
    { "backbone.blocks.%u.attn.qkv.bias", T_QKV_BIAS, SHAPE(D3), IF_QKV_BIAS },
    { "backbone.blocks.%u.attn.proj.weight", T_PROJ_WEIGHT, SHAPE(D, D), 0 },
    { "backbone.blocks.%u.attn.proj.bias", T_PROJ_BIAS, SHAPE(D), 0 },
    { "backbone.blocks.%u.norm2.weight", T_NORM2_WEIGHT, SHAPE(D), 0 },
    { "backbone.blocks.%u.norm2.bias", T_NORM2_BIAS, SHAPE(D), 0 },
    { "backbone.blocks.%u.neuralnet.fc1.weight", T_FC1_WEIGHT, SHAPE(M, D), 0 },
    { "backbone.blocks.%u.neuralnet.fc1.bias", T_FC1_BIAS, SHAPE(M), 0 },
    { "backbone.blocks.%u.neuralnet.fc2.weight", T_FC2_WEIGHT, SHAPE(D, M), 0 },
    { "backbone.blocks.%u.neuralnet.fc2.bias", T_FC2_BIAS, SHAPE(D), 0 },
    { "backbone.norm.weight", T_NORM_WEIGHT, SHAPE(D), 0 },
    { "backbone.norm.bias", T_NORM_BIAS, SHAPE(D), 0 },
    { "backbone.head.weight", T_HEAD_WEIGHT, SHAPE(K, D), 0 },
    { "backbone.head.bias", T_HEAD_BIAS, SHAPE(K), 0 },
};

const struct name_family names_series = { "series", rules, sizeof rules / sizeof *rules };
