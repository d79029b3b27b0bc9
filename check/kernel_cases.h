/* kernel_cases.h - the row kernels and the matmul shapes, for checks and benchmarks */
#ifndef VIT_CHECK_KERNEL_CASES_H
#define VIT_CHECK_KERNEL_CASES_H

#include <stddef.h>

#include "vit/kernels.h"

/*
 * A row operation: y[rows][n] from x[rows][n], row strides ldy and ldx, with gamma[n] and beta[n]
 * for operations that use them.
 */
struct rows {
    size_t rows, n;
    const float *x;
    size_t ldx;
    const float *gamma, *beta;
    float *y;
    size_t ldy;
};
struct row_case {
    const char *name;
    void (*run)(const struct vit_kernels *kernels, const struct rows *r);
};
/* The arguments of activations in every check and benchmark: no special values. */
static inline struct vit_activation_args activation_case_args(const float *weight /* [n] */)
{
    return (struct vit_activation_args){ .a = 0.3f, .b = 1.7f, .weight = weight };
}

extern const struct row_case row_cases[];
extern const size_t row_case_count;

/*
 * The matmuls of a Vision Transformer, for benchmarks: ViT-B/16 at 224, of one image and of eight;
 * its attention; ViT-S; a head.
 */
struct matmul_case {
    const char *name;
    size_t m, n, k;
};
extern const struct matmul_case matmul_cases[];
extern const size_t matmul_case_count;

#endif
