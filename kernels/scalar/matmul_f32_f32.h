/* matmul_f32_f32.h - the float32 micro-kernel as its contract states it */
#ifndef VIT_KERNELS_SCALAR_MATMUL_F32_F32_H
#define VIT_KERNELS_SCALAR_MATMUL_F32_F32_H

#include "kernels/scalar/epilogue.h"

/* A panel is [k][NR] float32. */
static size_t panel_bytes_f32_f32(size_t k)
{
    return k * NR * sizeof(float);
}

static void pack_f32_f32(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                         void *restrict panel)
{
    float *const out = panel;

    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < NR; j++)
            out[i * NR + j] = j < n ? b[i * k_stride + j * n_stride] : 0.0f;
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

static void tile_f32_f32(const struct vit_tile *t)
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
