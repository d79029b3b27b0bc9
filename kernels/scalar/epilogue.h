/* epilogue.h - the steps that follow the sum of a matmul; the tile of scalar's kernels */
#ifndef VIT_KERNELS_SCALAR_EPILOGUE_H
#define VIT_KERNELS_SCALAR_EPILOGUE_H

#include "kernels/scalar/rows.h"
#include "kernels/unroll.h"

/* Small and unequal: partial tiles and several panels occur in small test cases. */
#define MR 4
#define NR 8

/* Element (i, j) of the tile from its finished accumulator. */
static float epilogue(float c, size_t i, size_t j, const struct vit_epilogue *e)
{
    if (e->row_scale)
        c *= e->row_scale[i];
    else if (e->scale != 0.0f)
        c *= e->scale;
    if (e->bias)
        c += e->bias[j];
    c = activate(e->activation,
                 (struct operands){
                     .x = c,
                     .a = e->activation_args.a,
                     .b = e->activation_args.b,
                     .weight = e->activation_args.weight ? e->activation_args.weight[j] : 0.0f,
                 });
    if (e->gamma)
        c *= e->gamma[j];
    if (e->residual)
        c += e->residual[i * e->ld_residual + j];
    return c;
}

/* c + the products of the tile's k numbers, of row i of A and column j of the panel */
typedef float sum_products(const struct vit_tile *t, size_t i, size_t j, float c);

/* The tile whose elements are such sums. Inlined, so that `sum` is called by name. */
ALWAYS_INLINE void compute_tile(const struct vit_tile *t, sum_products *sum)
{
    const size_t columns = t->acc_out ? NR : t->n; /* unfinished ones include the padding's */
    const float *const acc_in = t->acc_in;
    float *const acc_out = t->acc_out;

    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < columns; j++) {
            const float c = sum(t, i, j, acc_in ? acc_in[i * NR + j] : 0.0f);
            if (acc_out)
                acc_out[i * NR + j] = c;
            else
                t->c[i * t->ldc + j] = epilogue(c, i, j, t->epilogue);
        }
}

#endif
