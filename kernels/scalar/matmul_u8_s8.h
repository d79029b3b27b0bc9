/* matmul_u8_s8.h - the micro-kernel of activations and weights in 8 bits, which it quantizes */
#ifndef VIT_KERNELS_SCALAR_MATMUL_U8_S8_H
#define VIT_KERNELS_SCALAR_MATMUL_U8_S8_H

#include <string.h>

#include "kernels/int8.h"
#include "kernels/scalar/epilogue.h"

/* A group of a row, and of a panel; the last group of each may be shorter. */
struct row_group {
    float scale;
    int32_t zero;
    uint8_t q[GROUP];
};
struct panel_group {
    float scale[NR];
    int8_t q[GROUP][NR];
};
enum { ROW_HEAD = offsetof(struct row_group, q), PANEL_HEAD = offsetof(struct panel_group, q) };

static size_t panel_bytes_u8_s8(size_t k)
{
    return int8_groups(k) * PANEL_HEAD + k * NR;
}

static void pack_u8_s8(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                       void *restrict panel)
{
    struct int8_weights column;

    for (size_t l = 0; l < k; l += GROUP) {
        struct panel_group *const out = (void *)((char *)panel + panel_bytes_u8_s8(l));
        const size_t count = int8_length(k, l);
        for (size_t j = 0; j < NR; j++) {
            int8_quantize_column(j < n ? count : 0, b + l * k_stride + (j < n ? j * n_stride : 0),
                                 k_stride, &column);
            out->scale[j] = column.scale;
            for (size_t i = 0; i < count; i++)
                out->q[i][j] = column.q[i];
        }
    }
}

/* The bytes of a row: each group begins at a multiple of 4. */
static size_t row_bytes_u8_s8(size_t k)
{
    return int8_groups(k) * ROW_HEAD + (k + 3) / 4 * 4;
}

static void quantize_group(size_t n, const float *x, struct row_group *out)
{
    float low = 0.0f, high = 0.0f, poison = 0.0f;

    for (size_t i = 0; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
        poison = fmaf(x[i], 0.0f, poison);
    }
    const struct int8_activations a = int8_activations(low, high, poison);
    out->scale = a.scale;
    out->zero = a.zero;
    for (size_t i = 0; i < n; i++) {
        const int32_t q = isnan(a.scale) ? 0 : nearest(x[i] * a.inverse) + a.zero;
        out->q[i] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
    }
    for (size_t i = n; i % 4; i++)
        out->q[i] = 0;
}

static void convert_u8_s8(size_t m, size_t k, const float *x, size_t ldx, void *restrict rows)
{
    const size_t bytes = row_bytes_u8_s8(k);

    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l < k; l += GROUP)
            quantize_group(int8_length(k, l), x + i * ldx + l,
                           (void *)((char *)rows + i * bytes + row_bytes_u8_s8(l)));
}

/* c + the products of n numbers of a group, whose sum is exact */
static float add_group(size_t n, const struct row_group *a, const struct panel_group *b, size_t j,
                       float c)
{
    int32_t sum = 0; /* within ±64·32640 < 2^24: exact as float32 too */

    for (size_t i = 0; i < n; i++)
        sum += (a->q[i] - a->zero) * b->q[i][j];
    return fmaf((float)sum * b->scale[j], a->scale, c);
}

static float sum_u8_s8(const struct vit_tile *t, size_t i, size_t j, float c)
{
    const char *const a = (const char *)t->a + i * t->a_bytes;
    const size_t k_end = t->k_first + t->k;

    for (size_t l = t->k_first; l < k_end; l += GROUP)
        c = add_group(int8_length(k_end, l), (const void *)(a + row_bytes_u8_s8(l)),
                      (const void *)((const char *)t->panel + panel_bytes_u8_s8(l)), j, c);
    return c;
}

static void tile_u8_s8(const struct vit_tile *t)
{
    compute_tile(t, sum_u8_s8);
}

#endif
