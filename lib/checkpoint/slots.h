/* slots.h - the slots of a model's tensors, which do not depend on a family's names */
#ifndef VIT_CHECKPOINT_SLOTS_H
#define VIT_CHECKPOINT_SLOTS_H

#include <stddef.h>

#include "vit/config.h"

/*
 * The slots: SLOT(identifier, name, how a random model fills it: enum slot_init). Each comment has
 * the layout; the weight of a linear layer is [out][in]. There are three groups. The numbers of a
 * random model depend on the names.
 */

/* Slots that exist once. */
#define SLOTS_ONCE(SLOT)                                                                           \
    SLOT(CLS_TOKEN, "cls_token", NORMAL)                 /* [dim] */                               \
    SLOT(DIST_TOKEN, "dist_token", NORMAL)               /* [dim] */                               \
    SLOT(REGISTERS, "registers", NORMAL)                 /* [registers][dim] */                    \
    SLOT(POSITIONS, "positions", NORMAL)                 /* [positions][dim] */                    \
    SLOT(FREQUENCIES, "rotary.frequencies", NORMAL)      /* [2][depth][heads][head_dim/2] */       \
    SLOT(SHARED_RELATIVE_BIAS, "relative_bias", NORMAL)  /* [distances and three][heads] */        \
    SLOT(PATCH_NORM1_WEIGHT, "patch_norm1.weight", ONES) /* [channels·patch·patch] */            \
    SLOT(PATCH_NORM1_BIAS, "patch_norm1.bias", ZEROS)                                              \
    SLOT(PATCH_WEIGHT, "patch.weight", NORMAL) /* [dim][numbers that become one token] */          \
    SLOT(PATCH_BIAS, "patch.bias", ZEROS)      /* [dim] */                                         \
    SLOT(PATCH_NORM2_WEIGHT, "patch_norm2.weight", ONES) /* [dim] */                               \
    SLOT(PATCH_NORM2_BIAS, "patch_norm2.bias", ZEROS)                                              \
    SLOT(PRE_NORM_WEIGHT, "pre_norm.weight", ONES) /* [dim] */                                     \
    SLOT(PRE_NORM_BIAS, "pre_norm.bias", ZEROS)                                                    \
    SLOT(NORM_WEIGHT, "norm.weight", ONES) /* [dim], the final norm, or [pooled] */                \
    SLOT(NORM_BIAS, "norm.bias", ZEROS)                                                            \
    SLOT(POOL_QUERY, "pool.query", NORMAL)           /* [dim] */                                   \
    SLOT(POOL_QKV_WEIGHT, "pool.qkv.weight", NORMAL) /* [3·dim][dim]: query, keys, values */      \
    SLOT(POOL_QKV_BIAS, "pool.qkv.bias", ZEROS)                                                    \
    SLOT(POOL_PROJ_WEIGHT, "pool.proj.weight", NORMAL) /* [dim][dim] */                            \
    SLOT(POOL_PROJ_BIAS, "pool.proj.bias", ZEROS)                                                  \
    SLOT(POOL_NORM_WEIGHT, "pool.norm.weight", ONES) /* [dim] */                                   \
    SLOT(POOL_NORM_BIAS, "pool.norm.bias", ZEROS)                                                  \
    SLOT(POOL_FC1_WEIGHT, "pool.fc1.weight", NORMAL) /* [pool_mlp_dim][dim] */                     \
    SLOT(POOL_FC1_BIAS, "pool.fc1.bias", ZEROS)                                                    \
    SLOT(POOL_FC2_WEIGHT, "pool.fc2.weight", NORMAL) /* [dim][pool_mlp_dim] */                     \
    SLOT(POOL_FC2_BIAS, "pool.fc2.bias", ZEROS)                                                    \
    SLOT(PRE_LOGITS_WEIGHT, "pre_logits.weight", NORMAL) /* [pre_logits][pooled] */                \
    SLOT(PRE_LOGITS_BIAS, "pre_logits.bias", ZEROS)                                                \
    SLOT(HEAD_WEIGHT, "head.weight", NORMAL) /* [classes][embedding] */                            \
    SLOT(HEAD_BIAS, "head.bias", ZEROS)                                                            \
    SLOT(DIST_HEAD_WEIGHT, "dist_head.weight", NORMAL)                                             \
    SLOT(DIST_HEAD_BIAS, "dist_head.bias", ZEROS)

/*
 * Slots of T2T's token transformers, one each. In a performer, qkv has keys, queries, values,
 * and features the random directions.
 */
#define SLOTS_PER_STAGE(SLOT)                                                                      \
    SLOT(TOKEN_NORM1_WEIGHT, "norm1.weight", ONES) /* [width of the token transformer's input] */  \
    SLOT(TOKEN_NORM1_BIAS, "norm1.bias", ZEROS)                                                    \
    SLOT(TOKEN_QKV_WEIGHT, "qkv.weight", NORMAL) /* [3·t2t_dim][that width] */                    \
    SLOT(TOKEN_QKV_BIAS, "qkv.bias", ZEROS)                                                        \
    SLOT(TOKEN_PROJ_WEIGHT, "proj.weight", NORMAL) /* [t2t_dim][t2t_dim] */                        \
    SLOT(TOKEN_PROJ_BIAS, "proj.bias", ZEROS)                                                      \
    SLOT(TOKEN_NORM2_WEIGHT, "norm2.weight", ONES) /* [t2t_dim] */                                 \
    SLOT(TOKEN_NORM2_BIAS, "norm2.bias", ZEROS)                                                    \
    SLOT(TOKEN_FC1_WEIGHT, "fc1.weight", NORMAL) /* [t2t_mlp_dim][t2t_dim] */                      \
    SLOT(TOKEN_FC1_BIAS, "fc1.bias", ZEROS)                                                        \
    SLOT(TOKEN_FC2_WEIGHT, "fc2.weight", NORMAL) /* [t2t_dim][t2t_mlp_dim] */                      \
    SLOT(TOKEN_FC2_BIAS, "fc2.bias", ZEROS)                                                        \
    SLOT(TOKEN_FEATURES, "features", DIRECTIONS) /* [t2t_dim/2][t2t_dim] */

/* Slots of the encoder blocks, one per block. A gated MLP has 2·mlp_dim rows in fc1. */
#define SLOTS_PER_BLOCK(SLOT)                                                                      \
    SLOT(NORM1_WEIGHT, "norm1.weight", ONES) /* [dim] */                                           \
    SLOT(NORM1_BIAS, "norm1.bias", ZEROS)                                                          \
    SLOT(QKV_WEIGHT, "qkv.weight", NORMAL) /* [3·heads·head_dim][dim]: queries, keys, values */  \
    SLOT(QKV_BIAS, "qkv.bias", ZEROS)      /* or that of queries and values */                     \
    SLOT(RELATIVE_BIAS, "relative_bias", NORMAL) /* [distances and three][heads] */                \
    SLOT(Q_NORM_WEIGHT, "q_norm.weight", ONES)   /* [head_dim] */                                  \
    SLOT(Q_NORM_BIAS, "q_norm.bias", ZEROS)                                                        \
    SLOT(K_NORM_WEIGHT, "k_norm.weight", ONES)                                                     \
    SLOT(K_NORM_BIAS, "k_norm.bias", ZEROS)                                                        \
    SLOT(ATTENTION_NORM_WEIGHT, "attention_norm.weight", ONES) /* [heads·head_dim] */             \
    SLOT(ATTENTION_NORM_BIAS, "attention_norm.bias", ZEROS)                                        \
    SLOT(PROJ_WEIGHT, "proj.weight", NORMAL) /* [dim][heads·head_dim] */                          \
    SLOT(PROJ_BIAS, "proj.bias", ZEROS)                                                            \
    SLOT(GAMMA1, "gamma1", SMALL) /* [dim], layer scale of the attention branch */                 \
    SLOT(NORM2_WEIGHT, "norm2.weight", ONES)                                                       \
    SLOT(NORM2_BIAS, "norm2.bias", ZEROS)                                                          \
    SLOT(FC1_WEIGHT, "fc1.weight", NORMAL) /* [mlp_dim, or twice that][dim] */                     \
    SLOT(FC1_BIAS, "fc1.bias", ZEROS)                                                              \
    SLOT(SLOPE, "slope", QUARTER)                  /* [1] of PReLU */                              \
    SLOT(MLP_NORM_WEIGHT, "mlp_norm.weight", ONES) /* [mlp_dim] */                                 \
    SLOT(MLP_NORM_BIAS, "mlp_norm.bias", ZEROS)                                                    \
    SLOT(FC2_WEIGHT, "fc2.weight", NORMAL) /* [dim][mlp_dim] */                                    \
    SLOT(FC2_BIAS, "fc2.bias", ZEROS)                                                              \
    SLOT(GAMMA2, "gamma2", SMALL) /* [dim], layer scale of the MLP branch */

#define SLOT_IDENTIFIER(identifier, name, init) SLOT_##identifier,
#define SLOT_ONE(identifier, name, init)        +1
enum tensor_slot {
    SLOTS_ONCE(SLOT_IDENTIFIER) SLOTS_PER_STAGE(SLOT_IDENTIFIER) SLOTS_PER_BLOCK(SLOT_IDENTIFIER)
        SLOT_COUNT,
    SLOT_FIRST_OF_STAGE = 0 SLOTS_ONCE(SLOT_ONE),
    SLOT_FIRST_OF_BLOCK = SLOT_FIRST_OF_STAGE SLOTS_PER_STAGE(SLOT_ONE),
};

/* What a random model's tensor holds. */
enum slot_init {
    SLOT_INIT_ZEROS,
    SLOT_INIT_ONES,
    SLOT_INIT_NORMAL,     /* truncated normal, std 0.02: weights, tokens, positions */
    SLOT_INIT_SMALL,      /* 1e-5: layer scale */
    SLOT_INIT_QUARTER,    /* 1/4: PReLU, as PyTorch begins it */
    SLOT_INIT_DIRECTIONS, /* standard normal: the directions of a performer */
};
enum slot_init slots_init(enum tensor_slot slot);

/* The number of tensors of a configuration, and the place of one among them; index is that of the
 * token transformer or block, 0 for a slot that exists once. */
size_t slots_count(const struct vit_config *config);
size_t slots_index(enum tensor_slot slot, size_t index);
/* How often a slot exists: 1, or the number of token transformers or blocks. */
size_t slots_copies(enum tensor_slot slot, const struct vit_config *config);

/* "blocks[3].qkv.weight" */
void slots_name(enum tensor_slot slot, size_t index, char name[64]);

/* Of the layer that a weight belongs to: "blocks.3.qkv", which a shell takes as it is. */
void slots_layer_name(enum tensor_slot weight, size_t index, char name[64]);

/* Those of all blocks: "blocks.N.qkv" */
void slots_layer_pattern(enum tensor_slot weight, char name[64]);

#endif
