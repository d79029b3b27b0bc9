/* tensor_names.h - how a family names its tensors: which a model must have, and in which shape */
#ifndef VIT_CHECKPOINT_TENSOR_NAMES_H
#define VIT_CHECKPOINT_TENSOR_NAMES_H

#include <stdbool.h>

#include "checkpoint/slots.h"
#include "config/derived.h"
#include "files/safetensors_write.h"
#include "files/tensors.h"

/* A dimension of a shape, which depends on the configuration. */
enum dim {
    DIM_END, /* follows the last dimension */
    DIM_ONE,
    DIM_TWO,
    DIM_WIDTH,        /* dim */
    DIM_2_WIDTH,      /* 2·dim */
    DIM_3_WIDTH,      /* 3·dim */
    DIM_DEPTH,        /* depth */
    DIM_PAIRS,        /* head_dim/2 */
    DIM_RELATIVE,     /* rows of a table of relative biases */
    DIM_POOL_MLP,     /* pool_mlp_dim */
    DIM_HEADS,        /* heads */
    DIM_HEAD_WIDTH,   /* head_dim */
    DIM_INNER,        /* heads·head_dim */
    DIM_3_INNER,      /* 3·heads·head_dim */
    DIM_MLP,          /* mlp_dim */
    DIM_FC1,          /* rows of fc1: mlp_dim, or 2·mlp_dim in a gated MLP */
    DIM_CHANNELS,     /* channels */
    DIM_PATCH,        /* patch */
    DIM_PATCH_VALUES, /* channels·patch² */
    DIM_CLASSES,      /* classes */
    DIM_POOLED,       /* width of the pooled vector */
    DIM_PRE_LOGITS,   /* pre_logits */
    DIM_HEAD_INPUT,   /* width of the head's input */
    DIM_POSITIONS,    /* rows of the position table */
    DIM_REGISTERS,    /* registers */
    DIM_T2T_INPUT,    /* T2T: width of the token transformer's input */
    DIM_T2T_OUTPUT,   /* T2T: width of the last soft split's rows */
    DIM_T2T_WIDTH,    /* t2t_dim */
    DIM_3_T2T_WIDTH,  /* 3·t2t_dim */
    DIM_T2T_MLP,      /* t2t_mlp_dim */
    DIM_T2T_FEATURES, /* random features of a performer */
    DIM_COUNT
};

/* The stored layout of a tensor. The slot's is [out][in]; a patch is channel, row, column. */
enum layout {
    LAYOUT_SLOT,           /* the slot's own */
    LAYOUT_IN_OUT,         /* [in][out on any number of axes] */
    LAYOUT_IN_IN_OUT,      /* [in on two axes][out] */
    LAYOUT_ROW_COL_IN_OUT, /* [row][column][channel][out] of a patch */
    LAYOUT_CHANNEL_LAST,   /* [out, if any][row · column · channel] */
};

struct tensor_rule {
    /*
     * %u is the index of the block or token transformer, %1 the same counted from 1. A leading @ is
     * the family's prefix, if the file has one.
     */
    const char *pattern;
    enum tensor_slot slot;
    enum dim shape[4];
    uint64_t needs;   /* of config/traits.h: the model must have all to have the tensor */
    uint64_t of_norm; /* the same: HAS_NORM_WEIGHT or HAS_NORM_BIAS of a norm's tensors */
    unsigned part; /* 0 to TENSOR_PARTS − 1: several tensors can form a slot's, one after another */
    enum layout layout;
    bool optional_if_fixed; /* may be absent if the positions are not learned */
    bool leading_ones;      /* the stored shape may begin with any number of ones */
};

enum { TENSOR_PARTS = 3 };

/* Whether a model of these traits has the tensor. */
static inline bool rule_applies(const struct tensor_rule *rule, uint64_t traits)
{
    return ((rule->needs | rule->of_norm) & ~traits) == 0;
}

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_WIDTH), .needs = HAS_CLASS_TOKEN) */
#define RULE(name, tensor, ...)                                                                    \
    {                                                                                              \
        .pattern = name, .slot = tensor, .shape = __VA_ARGS__                                      \
    }

/* A norm: NORM_RULES("norm", SLOT_NORM, DIM_WIDTH) is norm.weight and norm.bias. */
#define NORM_RULES(name, slot, dim, ...)                                                           \
    RULE(name ".weight", slot##_WEIGHT, SHAPE(dim), .of_norm = HAS_NORM_WEIGHT, __VA_ARGS__),      \
        RULE(name ".bias", slot##_BIAS, SHAPE(dim), .of_norm = HAS_NORM_BIAS, __VA_ARGS__)

/* A linear layer: LINEAR_RULES("head", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD). */
#define LINEAR_RULES(name, slot, out, in, ...)                                                     \
    RULE(name ".weight", slot##_WEIGHT, SHAPE(out, in), __VA_ARGS__),                              \
        RULE(name ".bias", slot##_BIAS, SHAPE(out), __VA_ARGS__)

/* Queries, keys and values that are three linear layers. */
#define QKV_RULES(query, key, value)                                                               \
    RULE(query ".weight", SLOT_QKV_WEIGHT, SHAPE(DIM_INNER, DIM_WIDTH)),                           \
        RULE(key ".weight", SLOT_QKV_WEIGHT, SHAPE(DIM_INNER, DIM_WIDTH), .part = 1),              \
        RULE(value ".weight", SLOT_QKV_WEIGHT, SHAPE(DIM_INNER, DIM_WIDTH), .part = 2),            \
        RULE(query ".bias", SLOT_QKV_BIAS, SHAPE(DIM_INNER), .needs = HAS_QKV_BIAS),               \
        RULE(key ".bias", SLOT_QKV_BIAS, SHAPE(DIM_INNER), .part = 1, .needs = HAS_QKV_BIAS),      \
        RULE(value ".bias", SLOT_QKV_BIAS, SHAPE(DIM_INNER), .part = 2, .needs = HAS_QKV_BIAS)

/* The same and the projection. */
#define ATTENTION_RULES(query, key, value, proj)                                                   \
    QKV_RULES(query, key, value), LINEAR_RULES(proj, SLOT_PROJ, DIM_WIDTH, DIM_INNER)

/* The biases of queries and values, where keys have none. */
#define QV_BIAS_RULES(query, value)                                                                \
    RULE(query, SLOT_QKV_BIAS, SHAPE(DIM_INNER), .needs = HAS_QV_BIAS),                            \
        RULE(value, SLOT_QKV_BIAS, SHAPE(DIM_INNER), .part = 1, .needs = HAS_QV_BIAS)

/* A linear layer with a bias of its own trait: it is `bias` that the bias needs. */
#define LINEAR_RULES_BIAS(name, slot, out, in, bias)                                               \
    RULE(name ".weight", slot##_WEIGHT, SHAPE(out, in)),                                           \
        RULE(name ".bias", slot##_BIAS, SHAPE(out), .needs = bias)

/* A block as timm names it, which T2T-ViT and the series follow; `mlp` is its MLP's name. */
#define BLOCK_RULES(block, mlp)                                                                    \
    NORM_RULES(block ".norm1", SLOT_NORM1, DIM_WIDTH),                                             \
        RULE(block ".attn.qkv.weight", SLOT_QKV_WEIGHT, SHAPE(DIM_3_INNER, DIM_WIDTH)),            \
        RULE(block ".attn.qkv.bias", SLOT_QKV_BIAS, SHAPE(DIM_3_INNER), .needs = HAS_QKV_BIAS),    \
        LINEAR_RULES_BIAS(block ".attn.proj", SLOT_PROJ, DIM_WIDTH, DIM_INNER, HAS_PROJ_BIAS),     \
        NORM_RULES(block ".norm2", SLOT_NORM2, DIM_WIDTH),                                         \
        LINEAR_RULES_BIAS(block "." mlp ".fc1", SLOT_FC1, DIM_FC1, DIM_WIDTH, HAS_MLP_BIAS),       \
        RULE(block "." mlp ".act.weight", SLOT_SLOPE, SHAPE(DIM_ONE), .needs = HAS_SLOPES),        \
        LINEAR_RULES_BIAS(block "." mlp ".fc2", SLOT_FC2, DIM_WIDTH, DIM_MLP, HAS_MLP_BIAS)

/* What precedes the blocks of timm's VisionTransformer and Eva. */
#define TIMM_TOKEN_RULES                                                                           \
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH),                          \
         .needs = HAS_CLASS_TOKEN),                                                                \
        RULE("reg_token", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),                \
             .needs = HAS_REGISTERS),                                                              \
        RULE("pos_embed", SLOT_POSITIONS, SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH),                \
             .needs = HAS_POSITIONS),                                                              \
        RULE("patch_embed.proj.weight", SLOT_PATCH_WEIGHT,                                         \
             SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),                                \
        RULE("patch_embed.proj.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH), .needs = HAS_PATCH_BIAS), \
        NORM_RULES("norm_pre", SLOT_PRE_NORM, DIM_WIDTH, .needs = HAS_PRE_NORM)

/* timm's attention pooling */
#define TIMM_POOL_RULES                                                                            \
    RULE("attn_pool.latent", SLOT_POOL_QUERY, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH),                  \
         .needs = HAS_MAP_POOL),                                                                   \
        LINEAR_RULES("attn_pool.q", SLOT_POOL_QKV, DIM_WIDTH, DIM_WIDTH, .needs = HAS_MAP_POOL),   \
        LINEAR_RULES("attn_pool.kv", SLOT_POOL_QKV, DIM_2_WIDTH, DIM_WIDTH, .needs = HAS_MAP_POOL, \
                     .part = 1),                                                                   \
        LINEAR_RULES("attn_pool.proj", SLOT_POOL_PROJ, DIM_WIDTH, DIM_WIDTH,                       \
                     .needs = HAS_MAP_POOL),                                                       \
        NORM_RULES("attn_pool.norm", SLOT_POOL_NORM, DIM_WIDTH, .needs = HAS_MAP_POOL),            \
        LINEAR_RULES("attn_pool.mlp.fc1", SLOT_POOL_FC1, DIM_POOL_MLP, DIM_WIDTH,                  \
                     .needs = HAS_MAP_POOL),                                                       \
        LINEAR_RULES("attn_pool.mlp.fc2", SLOT_POOL_FC2, DIM_WIDTH, DIM_POOL_MLP,                  \
                     .needs = HAS_MAP_POOL)

/* What follows their blocks. */
#define TIMM_HEAD_RULES                                                                            \
    NORM_RULES("norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM), TIMM_POOL_RULES,            \
        NORM_RULES("fc_norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),                     \
        LINEAR_RULES("head", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD)

/* Several rules may fill the same part of a slot: the first whose tensor exists counts. */
struct tensor_names {
    const struct tensor_rule *rules;
    size_t count;
    const char *const *prefixes; /* for @, in the order of the search; ends with NULL; or NULL */
    const char *const *ignored;  /* tensors that files hold and the model does not use; %u is any
                                    number, a * at the end any rest; ends with NULL; or NULL */
    const char *const *empty;    /* the same, of those that have no numbers; NULL */
    /*
     * Of models that were trained with texts: the number whose exponential multiplies a cosine, and
     * the one that is then added, after which a sigmoid follows in place of a softmax; or NULL.
     */
    const char *logit_scale, *logit_bias;
};

/* The tensor that fills a part of a slot. */
struct tensor_source {
    const struct tensor *tensor; /* NULL: none */
    const struct tensor_rule *rule;
};

/* What a tensor of the files is used for. */
struct tensor_use {
    const struct tensor_rule *rule; /* NULL: nothing */
    size_t index;                   /* of the block or token transformer */
};

/* The tensor of the slot, in token transformer or block 0, or NULL. It needs no configuration. */
const struct tensor *names_find(const struct tensor_names *names, const struct tensors *tensors,
                                enum tensor_slot slot);

/* What the scale and the bias are used for, by their names, for people; NULL for any other name. */
const char *names_use_for_texts(const struct tensor_names *names, const char *name);

/* How many of these names, of token transformer and block 0, the files have. */
size_t names_count_known(const struct tensor_names *names, const struct tensors *tensors);

/* How many consecutive blocks, from block 0 on, the files have a tensor of. */
size_t names_count_blocks(const struct tensor_names *names, const struct tensors *tensors);

/* The name and the shape that a rule's tensor has in a file with that prefix. */
void names_make(const struct tensor_rule *rule, const char *prefix, const struct vit_config *config,
                size_t index, struct new_tensor *tensor);

/*
 * Finds every tensor of a configuration: sources[slots_count][TENSOR_PARTS] and
 * uses[tensors->count], which the caller zeroes. All or nothing. VIT_EFORMAT: a tensor is missing,
 * has another shape, or is not part of the model; VIT_EUNSUPPORTED: its dtype is not readable. The
 * message names the file and the tensor.
 */
enum vit_status names_resolve(const struct tensor_names *names, const struct vit_config *config,
                              const struct tensors *tensors, struct tensor_source *sources,
                              struct tensor_use *uses, struct vit_error *err);

#endif
