/* traits.h - what a model can have, as bits */
#ifndef VIT_CONFIG_TRAITS_H
#define VIT_CONFIG_TRAITS_H

#include <stdint.h>

/*
 * The tensors that a checkpoint must hold follow from them. config_traits() in config/derived.h
 * finds those of a configuration.
 */
#define TRAIT(bit)               (UINT64_C(1) << (bit))
#define HAS_CLASS_TOKEN          TRAIT(0)
#define HAS_DISTILLATION         TRAIT(1)
#define HAS_REGISTERS            TRAIT(2)
#define HAS_POSITIONS            TRAIT(3) /* a stored table, learned or fixed */
#define HAS_PATCHES              TRAIT(4)
#define HAS_PATCH_BIAS           TRAIT(5)
#define HAS_PATCH_NORMS          TRAIT(6)
#define HAS_T2T                  TRAIT(7)
#define HAS_TOKEN_ATTENTION      TRAIT(8) /* T2T with softmax attention */
#define HAS_PERFORMER            TRAIT(9) /* T2T with random features */
#define HAS_PRE_NORM             TRAIT(10)
#define HAS_QKV_BIAS             TRAIT(11)
#define HAS_QK_NORM              TRAIT(12)
#define HAS_PROJ                 TRAIT(13)
#define HAS_PROJ_BIAS            TRAIT(14)
#define HAS_LAYER_SCALE          TRAIT(15)
#define HAS_PLAIN_MLP            TRAIT(16)
#define HAS_GATED_MLP            TRAIT(17)
#define HAS_TOKEN_NORM           TRAIT(18)
#define HAS_POOLED_NORM          TRAIT(19)
#define HAS_MAP_POOL             TRAIT(20)
#define HAS_PRE_LOGITS           TRAIT(21)
#define HAS_HEAD                 TRAIT(22)
#define HAS_HEAD_BIAS            TRAIT(23)
#define HAS_PLAIN_PATCHES        TRAIT(24) /* no patch norms */
#define HAS_MLP_BIAS             TRAIT(25)
#define HAS_SLOPES               TRAIT(26) /* PReLU */
#define HAS_NORM_WEIGHT          TRAIT(27)
#define HAS_NORM_BIAS            TRAIT(28)
#define HAS_QV_BIAS              TRAIT(29) /* of queries and values, not of keys */
#define HAS_ATTENTION_NORM       TRAIT(30)
#define HAS_MLP_NORM             TRAIT(31)
#define HAS_FREQUENCIES          TRAIT(32) /* learned ones of rotary positions */
#define HAS_RELATIVE_BIAS        TRAIT(33) /* a table per block */
#define HAS_SHARED_RELATIVE_BIAS TRAIT(34) /* one for all */

#endif
