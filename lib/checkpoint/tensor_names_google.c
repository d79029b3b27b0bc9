/* tensor_names_google.c - Google's vision_transformer in JAX, as its .npz files name it */
#include "checkpoint/tensor_names.h"

#define BLOCK     "@Transformer/encoderblock_%u/"
#define ATTENTION BLOCK "MultiHeadDotProductAttention_1/"

static const struct name_rule rules[] = {
    RULE("@cls", SLOT_CLS_TOKEN, SHAPE(ONE, ONE, D), .needs = HAS_CLASS_TOKEN),
    RULE("@Transformer/posembed_input/pos_embedding", SLOT_POSITIONS, SHAPE(ONE, T, D)),
    RULE("@embedding/kernel", SLOT_PATCH_WEIGHT, SHAPE(P, P, C, D), .layout = ROW_COL_IN_OUT),
    RULE("@embedding/bias", SLOT_PATCH_BIAS, SHAPE(D)),
    RULE(BLOCK "LayerNorm_0/scale", SLOT_NORM1_WEIGHT, SHAPE(D)),
    RULE(BLOCK "LayerNorm_0/bias", SLOT_NORM1_BIAS, SHAPE(D)),
    RULE(ATTENTION "query/kernel", SLOT_QKV_WEIGHT, SHAPE(D, H, HD), .part = 0, .layout = IN_OUT),
    RULE(ATTENTION "key/kernel", SLOT_QKV_WEIGHT, SHAPE(D, H, HD), .part = 1, .layout = IN_OUT),
    RULE(ATTENTION "value/kernel", SLOT_QKV_WEIGHT, SHAPE(D, H, HD), .part = 2, .layout = IN_OUT),
    RULE(ATTENTION "query/bias", SLOT_QKV_BIAS, SHAPE(H, HD), .part = 0),
    RULE(ATTENTION "key/bias", SLOT_QKV_BIAS, SHAPE(H, HD), .part = 1),
    RULE(ATTENTION "value/bias", SLOT_QKV_BIAS, SHAPE(H, HD), .part = 2),
    RULE(ATTENTION "out/kernel", SLOT_PROJ_WEIGHT, SHAPE(H, HD, D), .layout = IN_IN_OUT),
    RULE(ATTENTION "out/bias", SLOT_PROJ_BIAS, SHAPE(D)),
    RULE(BLOCK "LayerNorm_2/scale", SLOT_NORM2_WEIGHT, SHAPE(D)),
    RULE(BLOCK "LayerNorm_2/bias", SLOT_NORM2_BIAS, SHAPE(D)),
    RULE(BLOCK "MlpBlock_3/Dense_0/kernel", SLOT_FC1_WEIGHT, SHAPE(D, M), .layout = IN_OUT),
    RULE(BLOCK "MlpBlock_3/Dense_0/bias", SLOT_FC1_BIAS, SHAPE(M)),
    RULE(BLOCK "MlpBlock_3/Dense_1/kernel", SLOT_FC2_WEIGHT, SHAPE(M, D), .layout = IN_OUT),
    RULE(BLOCK "MlpBlock_3/Dense_1/bias", SLOT_FC2_BIAS, SHAPE(D)),
    RULE("@Transformer/encoder_norm/scale", SLOT_NORM_WEIGHT, SHAPE(D)),
    RULE("@Transformer/encoder_norm/bias", SLOT_NORM_BIAS, SHAPE(D)),
    RULE("@pre_logits/kernel", SLOT_PRE_LOGITS_WEIGHT, SHAPE(W, L), .needs = HAS_PRE_LOGITS,
         .layout = IN_OUT),
    RULE("@pre_logits/bias", SLOT_PRE_LOGITS_BIAS, SHAPE(L), .needs = HAS_PRE_LOGITS),
    RULE("@head/kernel", SLOT_HEAD_WEIGHT, SHAPE(E, K), .needs = HAS_HEAD, .layout = IN_OUT),
    RULE("@head/bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "", "opt/target/", "params/", NULL };

const struct name_family names_google = {
    .name = "google",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .prefixes = prefixes,
    .resize = RESIZE_BILINEAR_CORNERS,
};
