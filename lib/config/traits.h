/* traits.h - what a model can have, as bits */
#ifndef VIT_CONFIG_TRAITS_H
#define VIT_CONFIG_TRAITS_H

/*
 * The tensors that a checkpoint must hold follow from them. config_traits() in config/derived.h
 * finds those of a configuration.
 */
enum config_traits {
    HAS_CLASS_TOKEN = 1 << 0,
    HAS_DISTILLATION = 1 << 1,
    HAS_REGISTERS = 1 << 2,
    HAS_POSITIONS = 1 << 3, /* a stored table, learned or fixed */
    HAS_PATCHES = 1 << 4,
    HAS_PATCH_BIAS = 1 << 5,
    HAS_PATCH_NORMS = 1 << 6,
    HAS_T2T = 1 << 7,
    HAS_TOKEN_ATTENTION = 1 << 8, /* T2T with softmax attention */
    HAS_PERFORMER = 1 << 9,       /* T2T with random features */
    HAS_PRE_NORM = 1 << 10,
    HAS_QKV_BIAS = 1 << 11,
    HAS_QK_NORM = 1 << 12,
    HAS_PROJ = 1 << 13,
    HAS_PROJ_BIAS = 1 << 14,
    HAS_LAYER_SCALE = 1 << 15,
    HAS_PLAIN_MLP = 1 << 16,
    HAS_GATED_MLP = 1 << 17,
    HAS_TOKEN_NORM = 1 << 18,
    HAS_POOLED_NORM = 1 << 19,
    HAS_MAP_POOL = 1 << 20,
    HAS_PRE_LOGITS = 1 << 21,
    HAS_HEAD = 1 << 22,
    HAS_HEAD_BIAS = 1 << 23,
    HAS_PLAIN_PATCHES = 1 << 24, /* no patch norms */
    HAS_MLP_BIAS = 1 << 25,
    HAS_SLOPES = 1 << 26, /* PReLU */
    HAS_NORM_WEIGHT = 1 << 27,
    HAS_NORM_BIAS = 1 << 28,
};

#endif
