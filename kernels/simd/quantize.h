/* quantize.h - rows of activations and panels of weights in 8 bits, in groups; over vec.h */
#ifndef VIT_KERNELS_SIMD_QUANTIZE_H
#define VIT_KERNELS_SIMD_QUANTIZE_H

#include <string.h>

#include "kernels/int8.h"
#include "kernels/simd/int8_group.h"
#include "kernels/simd/lanes.h"

/*
 * int8_group.h has the layout of rows and panels. An instruction set defines:
 *   INT8_MR, INT8_NR        the tile
 *   INT8_K                  the bytes of a group are padded to a multiple of this
 *   INT8_AT(l, j)           the position in a group of the panel of element (l, j)
 *   INT8_ZERO(z)            the `zero` of zero point z, and
 *   INT8_SUM(sum)           the `sums` of a column's sum, as int8_begin reads them
 *   store_u8(p, x, zero)    x rounded to integers, ties to even, + zero, limited to 0 … 255, as the
 *                           bytes that the tile reads; stores 16
 */
static inline size_t int8_padded(size_t k)
{
    return (k + INT8_K - 1) / INT8_K * INT8_K;
}

static size_t int8_row_bytes(size_t k)
{
    return int8_groups(k) * INT8_ROW_HEAD + int8_padded(k);
}

static size_t int8_panel_bytes(size_t k)
{
    return int8_groups(k) * INT8_PANEL_HEAD + int8_padded(k) * INT8_NR;
}

static void int8_pack_column(const struct int8_weights *column, size_t bytes, size_t j, char *group)
{
    int8_t *const out = (int8_t *)group + INT8_PANEL_HEAD;

    ((float *)(void *)group)[j] = column->scale;
    ((int32_t *)(void *)group)[INT8_NR + j] = INT8_SUM(column->sum);
    for (size_t l = 0; l < bytes; l++)
        out[INT8_AT(l, j)] = column->q[l];
}

static void int8_pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                      void *restrict panel)
{
    struct int8_weights column;

    for (size_t l = 0; l < k; l += GROUP) {
        const size_t count = int8_length(k, l);
        for (size_t j = 0; j < INT8_NR; j++) {
            int8_quantize_column(j < n ? count : 0, b + l * k_stride + (j < n ? j * n_stride : 0),
                                 k_stride, &column);
            int8_pack_column(&column, int8_padded(count), j, (char *)panel + int8_panel_bytes(l));
        }
    }
}

static void int8_quantize(size_t n, const float *x, char *group)
{
    uint8_t *const out = (uint8_t *)group + INT8_ROW_HEAD, last[LANES];
    vec low = v_set(0.0f), high = low, poison = low;
    size_t i;

    for (i = 0; i < n; i += LANES) { /* zeros, which a tail is filled with, change nothing */
        const vec v = load_lanes(x + i, lanes_left(n - i));
        low = v_min(v, low);
        high = v_max(v, high);
        poison = v_fma(v, v_set(0.0f), poison);
    }
    const struct int8_activations a =
        int8_activations(-v_max_lane(v_sub(v_set(0.0f), low)), v_max_lane(high), v_sum(poison));
    *(float *)(void *)group = a.scale;
    ((int32_t *)(void *)group)[1] = INT8_ZERO(a.zero);
    for (i = 0; i + LANES <= n; i += LANES)
        store_u8(out + i, v_mul(v_load(x + i), v_set(a.inverse)), a.zero);
    if (i < n) {
        store_u8(last, v_mul(v_load_tail(x + i, n - i), v_set(a.inverse)), a.zero);
        memset(last + (n - i), 0, LANES - (n - i));
        memcpy(out + i, last, int8_padded(n) - i);
    }
}

static void int8_convert(size_t m, size_t k, const float *x, size_t ldx, void *restrict rows)
{
    const size_t bytes = int8_row_bytes(k);

    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l < k; l += GROUP)
            int8_quantize(int8_length(k, l), x + i * ldx + l,
                          (char *)rows + i * bytes + int8_row_bytes(l));
}

#endif
