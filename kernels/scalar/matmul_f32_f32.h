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

/* Not inlined: gcc 12 would move the accumulator twice in every step. */
__attribute__((noinline)) static float sum_f32_f32(const struct vit_tile *t, size_t i, size_t j,
                                                   float c)
{
    const float *const a = (const float *)t->a + i * (t->a_bytes / sizeof *a) + t->k_first;
    const float *const b = (const float *)t->panel + t->k_first * NR + j;

    for (size_t l = 0; l < t->k; l++)
        c = fmaf(a[l], b[l * NR], c);
    return c;
}

static void tile_f32_f32(const struct vit_tile *t)
{
    compute_tile(t, sum_f32_f32);
}

#endif
