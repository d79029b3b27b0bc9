/* tensor_names_vit_pytorch.c - names in vit-pytorch's ViT and SimpleViT */
#include "checkpoint/families.h"

#define LAYER   "transformer.layers.%u."
#define FLATTEN .layout = LAYOUT_CHANNEL_LAST /* a patch is flattened row, column, channel */

#define COMMON_RULES                                                                               \
    NORM_RULES("to_patch_embedding.1", SLOT_PATCH_NORM1, DIM_PATCH_VALUES, FLATTEN),               \
        RULE("to_patch_embedding.2.weight", SLOT_PATCH_WEIGHT, SHAPE(DIM_WIDTH, DIM_PATCH_VALUES), \
             FLATTEN),                                                                             \
        RULE("to_patch_embedding.2.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),                      \
        NORM_RULES("to_patch_embedding.3", SLOT_PATCH_NORM2, DIM_WIDTH),                           \
        NORM_RULES(LAYER "0.norm", SLOT_NORM1, DIM_WIDTH),                                         \
        RULE(LAYER "0.to_qkv.weight", SLOT_QKV_WEIGHT, SHAPE(DIM_3_INNER, DIM_WIDTH)),             \
        NORM_RULES(LAYER "1.net.0", SLOT_NORM2, DIM_WIDTH),                                        \
        LINEAR_RULES(LAYER "1.net.1", SLOT_FC1, DIM_MLP, DIM_WIDTH),                               \
        NORM_RULES("transformer.norm", SLOT_NORM, DIM_WIDTH)

static const struct tensor_rule vit[] = {
    COMMON_RULES,
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_WIDTH), .needs = HAS_CLASS_TOKEN),
    RULE("pos_embedding", SLOT_POSITIONS, SHAPE(DIM_POSITIONS, DIM_WIDTH)),
    LINEAR_RULES(LAYER "0.to_out.0", SLOT_PROJ, DIM_WIDTH, DIM_INNER, .needs = HAS_PROJ),
    LINEAR_RULES(LAYER "1.net.4", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    LINEAR_RULES("mlp_head", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT),
};

static const struct tensor_rule simple[] = {
    COMMON_RULES,
    RULE(LAYER "0.to_out.weight", SLOT_PROJ_WEIGHT, SHAPE(DIM_WIDTH, DIM_INNER)),
    LINEAR_RULES(LAYER "1.net.3", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    LINEAR_RULES("linear_head", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT),
};

const struct tensor_names names_vit_pytorch = { vit, sizeof vit / sizeof *vit, NULL, NULL };
const struct tensor_names names_vit_pytorch_simple = { simple, sizeof simple / sizeof *simple, NULL,
                                                       NULL };
