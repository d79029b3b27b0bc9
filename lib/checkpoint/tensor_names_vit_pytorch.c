/* tensor_names_vit_pytorch.c - vit-pytorch's ViT and SimpleViT; %u is the block */
#include "checkpoint/tensor_names.h"

/* What both have; a patch is flattened row, column, channel. */
#define BOTH                                                                                       \
    RULE("to_patch_embedding.1.weight", SLOT_PATCH_NORM1_WEIGHT, SHAPE(CPP),                       \
         .layout = CHANNEL_LAST),                                                                  \
        RULE("to_patch_embedding.1.bias", SLOT_PATCH_NORM1_BIAS, SHAPE(CPP),                       \
             .layout = CHANNEL_LAST),                                                              \
        RULE("to_patch_embedding.2.weight", SLOT_PATCH_WEIGHT, SHAPE(D, CPP),                      \
             .layout = CHANNEL_LAST),                                                              \
        RULE("to_patch_embedding.2.bias", SLOT_PATCH_BIAS, SHAPE(D)),                              \
        RULE("to_patch_embedding.3.weight", SLOT_PATCH_NORM2_WEIGHT, SHAPE(D)),                    \
        RULE("to_patch_embedding.3.bias", SLOT_PATCH_NORM2_BIAS, SHAPE(D)),                        \
        RULE("transformer.layers.%u.0.norm.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),                  \
        RULE("transformer.layers.%u.0.norm.bias", SLOT_NORM1_BIAS, SHAPE(D)),                      \
        RULE("transformer.layers.%u.0.to_qkv.weight", SLOT_QKV_WEIGHT, SHAPE(I3, D)),              \
        RULE("transformer.layers.%u.1.net.0.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),                 \
        RULE("transformer.layers.%u.1.net.0.bias", SLOT_NORM2_BIAS, SHAPE(D)),                     \
        RULE("transformer.layers.%u.1.net.1.weight", SLOT_FC1_WEIGHT, SHAPE(M, D)),                \
        RULE("transformer.layers.%u.1.net.1.bias", SLOT_FC1_BIAS, SHAPE(M)),                       \
        RULE("transformer.norm.weight", SLOT_NORM_WEIGHT, SHAPE(D)),                               \
        RULE("transformer.norm.bias", SLOT_NORM_BIAS, SHAPE(D))

static const struct name_rule vit[] = {
    BOTH,
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(ONE, D), .needs = HAS_CLASS_TOKEN),
    RULE("pos_embedding", SLOT_POSITIONS, SHAPE(T, D)),
    RULE("transformer.layers.%u.0.to_out.0.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I),
         .needs = HAS_PROJ),
    RULE("transformer.layers.%u.0.to_out.0.bias", SLOT_PROJ_BIAS, SHAPE(D), .needs = HAS_PROJ),
    RULE("transformer.layers.%u.1.net.4.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),
    RULE("transformer.layers.%u.1.net.4.bias", SLOT_FC2_BIAS, SHAPE(D)),
    RULE("mlp_head.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E)),
    RULE("mlp_head.bias", SLOT_HEAD_BIAS, SHAPE(K)),
};

static const struct name_rule simple_vit[] = {
    BOTH,
    RULE("transformer.layers.%u.0.to_out.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),
    RULE("transformer.layers.%u.1.net.3.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),
    RULE("transformer.layers.%u.1.net.3.bias", SLOT_FC2_BIAS, SHAPE(D)),
    RULE("linear_head.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E)),
    RULE("linear_head.bias", SLOT_HEAD_BIAS, SHAPE(K)),
};

const struct name_family names_vit_pytorch = {
    .name = "vit-pytorch",
    .rules = vit,
    .count = sizeof vit / sizeof *vit,
    .resize = RESIZE_NEVER,
};

const struct name_family names_simple_vit = {
    .name = "vit-pytorch SimpleViT",
    .rules = simple_vit,
    .count = sizeof simple_vit / sizeof *simple_vit,
    .resize = RESIZE_NEVER, /* nothing is stored: the positions of any grid are computed */
};
