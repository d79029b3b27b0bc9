/* matmul.h - the float32 micro-kernel as its contract states it: accumulate, then the epilogue */
#ifndef VIT_KERNELS_SCALAR_MATMUL_H
#define VIT_KERNELS_SCALAR_MATMUL_H

#include "kernels/scalar/rows.h"

/* Small and unequal: partial tiles and several panels occur in small test cases. */
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

/*
 * c + Σ a[l]·b[l·NR], one multiply-add after the other. Not inlined: gcc 12 would move the
 * accumulator twice in every step.
 */
__attribute__((noinline)) static float accumulate(size_t k, const float *a, const float *b, float c)
{
    for (size_t l = 0; l < k; l++)
        c = fmaf(a[l], b[l * NR], c);
    return c;
}

static void tile(const struct vit_tile *t)
{
    const size_t columns = t->acc_out ? NR : t->n; /* unfinished ones include the padding's */
    const float *const acc_in = t->acc_in;
    float *const acc_out = t->acc_out;

    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < columns; j++) {
            const float *const a = (const float *)t->a + i * (t->a_bytes / sizeof *a) + t->k_first;
            const float *const b = (const float *)t->panel + t->k_first * NR + j;
            const float c = accumulate(t->k, a, b, acc_in ? acc_in[i * NR + j] : 0.0f);
            if (acc_out)
                acc_out[i * NR + j] = c;
            else
                t->c[i * t->ldc + j] = epilogue(c, i, j, t->epilogue);
        }
}

#endif
