/* matmul.h - the float32 micro-kernel as its contract states it: accumulate, then the epilogue */
#ifndef VIT_KERNELS_SCALAR_MATMUL_H
#define VIT_KERNELS_SCALAR_MATMUL_H

#include "kernels/scalar/rows.h"

#define MR 4
#define NR 8

/* A panel is [k][NR] float32. */
static size_t panel_bytes(size_t k)
{
    return k * NR * sizeof(float);
}

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 void *restrict panel)
{
    float *const out = panel;

    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < NR; j++)
            out[i * NR + j] = j < n ? b[i * k_stride + j * n_stride] : 0.0f;
}

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

static void tile(const struct vit_tile *t)
{
    const size_t columns = t->acc_out ? NR : t->n; /* unfinished ones include the padding's */
    const size_t lda = t->a_bytes / sizeof(float);
    const float *const a = (const float *)t->a + t->k_first;
    const float *const panel = (const float *)t->panel + t->k_first * NR;
    const float *const acc_in = t->acc_in;
    float *const acc_out = t->acc_out;

    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < columns; j++) {
            float acc = acc_in ? acc_in[i * NR + j] : 0.0f;
            for (size_t l = 0; l < t->k; l++)
                acc = fmaf(a[i * lda + l], panel[l * NR + j], acc);
            if (acc_out)
                acc_out[i * NR + j] = acc;
            else
                t->c[i * t->ldc + j] = epilogue(acc, i, j, t->epilogue);
        }
}

#endif
