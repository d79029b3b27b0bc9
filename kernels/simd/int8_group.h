/* int8_group.h - how a group of 8-bit numbers begins, and how its sums reach the chains */
#ifndef VIT_KERNELS_SIMD_INT8_GROUP_H
#define VIT_KERNELS_SIMD_INT8_GROUP_H

#include <stdint.h>

#include "kernels/unroll.h"

/*
 * A row of A has for each group float scale, int32 zero and its bytes; a panel has for each group
 * float scale[INT8_NR], int32 sums[INT8_NR] and the bytes of all columns. An instruction set
 * defines INT8_NR, reg, reg_load and the like before it includes this file.
 */
enum { INT8_ROW_HEAD = 8, INT8_PANEL_HEAD = 8 * INT8_NR };

static inline float int8_scale_of(const char *row_group)
{
    return *(const float *)(const void *)row_group;
}

static inline int32_t int8_zero_of(const char *row_group)
{
    return ((const int32_t *)(const void *)row_group)[1];
}

/* [INT8_NR] */
static inline const float *int8_scales_of(const char *panel_group)
{
    return (const float *)(const void *)panel_group;
}

/* [INT8_NR] */
static inline const int32_t *int8_sums_of(const char *panel_group)
{
    return (const int32_t *)(const void *)panel_group + INT8_NR;
}

/* The chains of a row, c = fma(sum·scale of the weights, scale of the activations, c). */
ALWAYS_INLINE void int8_add(reg sum, const float *scales, float scale, float *chain)
{
    reg_store(chain, reg_fma(reg_mul(sum, reg_load(scales)), reg_set1(scale), reg_load(chain)));
}

#endif
