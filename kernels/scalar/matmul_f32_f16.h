/* matmul_f32_f16.h - the micro-kernel of float32 activations and float16 weights */
#ifndef VIT_KERNELS_SCALAR_MATMUL_F32_F16_H
#define VIT_KERNELS_SCALAR_MATMUL_F32_F16_H

#include <string.h>

#include "kernels/scalar/epilogue.h"

/* Rounded to nearest, ties to even; subnormals are kept; from 65520 on infinite. */
static uint16_t to_f16(float x)
{
    const float magnitude = fabsf(x);
    uint32_t bits, sign;
    float shifted;

    memcpy(&sign, &x, sizeof sign);
    sign = sign >> 16 & 0x8000;
    if (!(magnitude < 65520.0f)) /* NaN too */
        return (uint16_t)(sign | (magnitude >= 65520.0f ? 0x7c00 : 0x7e00));
    if (magnitude < 0x1p-14f) {
        /* the last digit of a sum near 0.5 is 2^-24, that of a subnormal */
        shifted = magnitude + 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        return (uint16_t)(sign | (bits & 0x7fffff));
    }
    memcpy(&bits, &magnitude, sizeof bits);
    bits += 0xfff + (bits >> 13 & 1); /* half of the last digit, less where it is even */
    return (uint16_t)(sign | ((bits - ((UINT32_C(127) - 15) << 23)) >> 13));
}

static float from_f16(uint16_t h)
{
    const uint32_t magnitude = h & 0x7fff, sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t bits = magnitude << 13;
    float x;

    if (magnitude < 0x400) { /* subnormal, or 0 */
        x = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &x, sizeof bits);
    } else {
        bits += (magnitude < 0x7c00 ? UINT32_C(127) - 15 : UINT32_C(255) - 31) << 23;
    }
    bits |= sign;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A panel is [k][NR] float16. */
static size_t panel_bytes_f32_f16(size_t k)
{
    return k * NR * sizeof(uint16_t);
}

static void pack_f32_f16(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                         void *restrict panel)
{
    uint16_t *const out = panel;

    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < NR; j++)
            out[i * NR + j] = j < n ? to_f16(b[i * k_stride + j * n_stride]) : 0;
}

/* That of float32, each weight converted without rounding. */
static float sum_f32_f16(const struct vit_tile *t, size_t i, size_t j, float c)
{
    const float *const a = (const float *)t->a + i * (t->a_bytes / sizeof *a) + t->k_first;
    const uint16_t *const b = (const uint16_t *)t->panel + t->k_first * NR + j;

    for (size_t l = 0; l < t->k; l++)
        c = fmaf(a[l], from_f16(b[l * NR]), c);
    return c;
}

static void tile_f32_f16(const struct vit_tile *t)
{
    compute_tile(t, sum_f32_f16);
}

#endif
