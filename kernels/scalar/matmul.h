/* matmul.h - the micro-kernel as its contract states it: chains, then the epilogue */
#ifndef VIT_KERNELS_SCALAR_MATMUL_H
#define VIT_KERNELS_SCALAR_MATMUL_H

#include "kernels/scalar/rows.h"

#define MR 4
#define NR 8

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 float *restrict panel)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < NR; j++)
            panel[i * NR + j] = j < n ? b[i * k_stride + j * n_stride] : 0.0f;
}

/* Element (i, j) of the tile from its finished chain. */
static float epilogue(float c, size_t i, size_t j, const struct vit_epilogue *e)
{
    if (e->row_scale)
        c *= e->row_scale[i];
    else if (e->scale != 0.0f)
        c *= e->scale;
    if (e->bias)
        c += e->bias[j];
    c = activate(e->activation, c);
    if (e->gamma)
        c *= e->gamma[j];
    if (e->residual)
        c += e->residual[i * e->ld_residual + j];
    return c;
}

static void tile(const struct vit_tile *t)
{
    const size_t columns = t->to ? NR : t->n; /* chains that wait, the padding's too */

    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < columns; j++) {
            float chain = t->from ? t->from[i * NR + j] : 0.0f;
            for (size_t l = 0; l < t->k; l++)
                chain = fmaf(t->a[i * t->lda + l], t->panel[l * NR + j], chain);
            if (t->to)
                t->to[i * NR + j] = chain;
            else
                t->c[i * t->ldc + j] = epilogue(chain, i, j, t->epilogue);
        }
}

#endif
