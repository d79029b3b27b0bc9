/* tensor_names_google.c - names in the .npz files of Google's vision_transformer (JAX) */
#include "checkpoint/families.h"

#define BLOCK     "@Transformer/encoderblock_%u/"
#define ATTENTION BLOCK "MultiHeadDotProductAttention_1/"
#define MLP       BLOCK "MlpBlock_3/"

#define SCALE_RULES(name, slot)                                                                    \
    RULE(name "/scale", slot##_WEIGHT, SHAPE(DIM_WIDTH)),                                          \
        RULE(name "/bias", slot##_BIAS, SHAPE(DIM_WIDTH))
#define KERNEL_RULES(name, slot, in, out, ...)                                                     \
    RULE(name "/kernel", slot##_WEIGHT, SHAPE(in, out), .layout = LAYOUT_IN_OUT, __VA_ARGS__),     \
        RULE(name "/bias", slot##_BIAS, SHAPE(out), __VA_ARGS__)

static const struct tensor_rule rules[] = {
    RULE("@cls", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH), .needs = HAS_CLASS_TOKEN),
    RULE("@Transformer/posembed_input/pos_embedding", SLOT_POSITIONS,
         SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH)),
    RULE("@embedding/kernel", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_PATCH, DIM_PATCH, DIM_CHANNELS, DIM_WIDTH), .layout = LAYOUT_ROW_COL_IN_OUT),
    RULE("@embedding/bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),
    SCALE_RULES(BLOCK "LayerNorm_0", SLOT_NORM1),
    RULE(ATTENTION "query/kernel", SLOT_QKV_WEIGHT, SHAPE(DIM_WIDTH, DIM_HEADS, DIM_HEAD_WIDTH),
         .part = 0, .layout = LAYOUT_IN_OUT),
    RULE(ATTENTION "key/kernel", SLOT_QKV_WEIGHT, SHAPE(DIM_WIDTH, DIM_HEADS, DIM_HEAD_WIDTH),
         .part = 1, .layout = LAYOUT_IN_OUT),
    RULE(ATTENTION "value/kernel", SLOT_QKV_WEIGHT, SHAPE(DIM_WIDTH, DIM_HEADS, DIM_HEAD_WIDTH),
         .part = 2, .layout = LAYOUT_IN_OUT),
    RULE(ATTENTION "query/bias", SLOT_QKV_BIAS, SHAPE(DIM_HEADS, DIM_HEAD_WIDTH), .part = 0),
    RULE(ATTENTION "key/bias", SLOT_QKV_BIAS, SHAPE(DIM_HEADS, DIM_HEAD_WIDTH), .part = 1),
    RULE(ATTENTION "value/bias", SLOT_QKV_BIAS, SHAPE(DIM_HEADS, DIM_HEAD_WIDTH), .part = 2),
    RULE(ATTENTION "out/kernel", SLOT_PROJ_WEIGHT, SHAPE(DIM_HEADS, DIM_HEAD_WIDTH, DIM_WIDTH),
         .layout = LAYOUT_IN_IN_OUT),
    RULE(ATTENTION "out/bias", SLOT_PROJ_BIAS, SHAPE(DIM_WIDTH)),
    SCALE_RULES(BLOCK "LayerNorm_2", SLOT_NORM2),
    KERNEL_RULES(MLP "Dense_0", SLOT_FC1, DIM_WIDTH, DIM_MLP),
    KERNEL_RULES(MLP "Dense_1", SLOT_FC2, DIM_MLP, DIM_WIDTH),
    SCALE_RULES("@Transformer/encoder_norm", SLOT_NORM),
    KERNEL_RULES("@pre_logits", SLOT_PRE_LOGITS, DIM_POOLED, DIM_PRE_LOGITS,
                 .needs = HAS_PRE_LOGITS),
    KERNEL_RULES("@head", SLOT_HEAD, DIM_HEAD_INPUT, DIM_CLASSES, .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "", "opt/target/", "params/", NULL };

/* The state of training beside the parameters, as Flax saves it. */
static const char *const ignored[] = { "opt/state/*", "opt_state/*", "step", "accum_train_time",
                                       NULL };

const struct tensor_names names_google = {
    .rules = rules, .count = sizeof rules / sizeof *rules, .prefixes = prefixes, .ignored = ignored
};
