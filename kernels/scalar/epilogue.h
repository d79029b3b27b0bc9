/* epilogue.h - the steps that follow the sum of a matmul; the tile of scalar's kernels */
#ifndef VIT_KERNELS_SCALAR_EPILOGUE_H
#define VIT_KERNELS_SCALAR_EPILOGUE_H

#include "kernels/scalar/rows.h"

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

#endif
