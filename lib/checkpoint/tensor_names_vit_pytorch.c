/* tensor_names_vit_pytorch.c - names in vit-pytorch's ViT and SimpleViT, releases 0.35 to 1.23 */
#include "checkpoint/families.h"

#define LAYER   "transformer.layers.%u."
#define FLATTEN .layout = LAYOUT_CHANNEL_LAST /* a patch is flattened row, column, channel */

/* Up to 0.35 the projection is the first layer that has weights; later a norm precedes it. */
#define PATCH_RULES                                                                                \
    NORM_RULES("to_patch_embedding.1", SLOT_PATCH_NORM1, DIM_PATCH_VALUES, FLATTEN,                \
               .needs = HAS_PATCH_NORMS),                                                          \
        RULE("to_patch_embedding.2.weight", SLOT_PATCH_WEIGHT, SHAPE(DIM_WIDTH, DIM_PATCH_VALUES), \
             FLATTEN, .needs = HAS_PATCH_NORMS),                                                   \
        RULE("to_patch_embedding.2.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH),                       \
             .needs = HAS_PATCH_NORMS),                                                            \
        NORM_RULES("to_patch_embedding.3", SLOT_PATCH_NORM2, DIM_WIDTH, .needs = HAS_PATCH_NORMS), \
        RULE("to_patch_embedding.1.weight", SLOT_PATCH_WEIGHT, SHAPE(DIM_WIDTH, DIM_PATCH_VALUES), \
             FLATTEN, .needs = HAS_PLAIN_PATCHES),                                                 \
        RULE("to_patch_embedding.1.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH),                       \
             .needs = HAS_PLAIN_PATCHES)

/* Up to 1.2 the head is a norm and a linear layer, and no norm precedes the pooling. */
#define HEAD_RULES(head)                                                                           \
    NORM_RULES("transformer.norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM),                 \
        NORM_RULES(head ".0", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),                     \
        LINEAR_RULES(head, SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT,                                 \
                     .needs = HAS_HEAD | HAS_TOKEN_NORM),                                          \
        LINEAR_RULES(head ".1", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT,                            \
                     .needs = HAS_HEAD | HAS_POOLED_NORM)

#define BLOCK_START_RULES                                                                          \
    NORM_RULES(LAYER "0.norm", SLOT_NORM1, DIM_WIDTH),                                             \
        RULE(LAYER "0.to_qkv.weight", SLOT_QKV_WEIGHT, SHAPE(DIM_3_INNER, DIM_WIDTH))

/* The names with "fn" and "1.norm" are those up to 1.2. */
static const struct tensor_rule vit[] = {
    PATCH_RULES,
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_WIDTH), .needs = HAS_CLASS_TOKEN,
         .leading_ones = true),
    RULE("pos_embedding", SLOT_POSITIONS, SHAPE(DIM_POSITIONS, DIM_WIDTH), .leading_ones = true),
    BLOCK_START_RULES,
    RULE(LAYER "0.fn.to_qkv.weight", SLOT_QKV_WEIGHT, SHAPE(DIM_3_INNER, DIM_WIDTH)),
    LINEAR_RULES(LAYER "0.to_out.0", SLOT_PROJ, DIM_WIDTH, DIM_INNER, .needs = HAS_PROJ),
    LINEAR_RULES(LAYER "0.fn.to_out.0", SLOT_PROJ, DIM_WIDTH, DIM_INNER, .needs = HAS_PROJ),
    NORM_RULES(LAYER "1.net.0", SLOT_NORM2, DIM_WIDTH),
    NORM_RULES(LAYER "1.norm", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER "1.net.1", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER "1.fn.net.0", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER "1.net.4", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    LINEAR_RULES(LAYER "1.fn.net.3", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    HEAD_RULES("mlp_head"),
};

static const struct tensor_rule simple[] = {
    PATCH_RULES,
    BLOCK_START_RULES,
    RULE(LAYER "0.to_out.weight", SLOT_PROJ_WEIGHT, SHAPE(DIM_WIDTH, DIM_INNER)),
    NORM_RULES(LAYER "1.net.0", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER "1.net.1", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER "1.net.3", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    HEAD_RULES("linear_head"),
};

/*
 * The class token where patches alone are averaged (config_vit_pytorch.c), and the Linear(dim, 0)
 * that releases before 1.23 have as the head of no classes.
 */
static const char *const empty[] = { "cls_token",          "mlp_head.weight",
                                     "mlp_head.bias",      "mlp_head.1.weight",
                                     "mlp_head.1.bias",    "linear_head.weight",
                                     "linear_head.bias",   "linear_head.1.weight",
                                     "linear_head.1.bias", NULL };

const struct tensor_names names_vit_pytorch = { .rules = vit,
                                                .count = sizeof vit / sizeof *vit,
                                                .empty = empty };
const struct tensor_names names_vit_pytorch_simple = { .rules = simple,
                                                       .count = sizeof simple / sizeof *simple,
                                                       .empty = empty };
