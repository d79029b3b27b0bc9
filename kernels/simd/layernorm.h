/* layernorm.h - LayerNorm over vec.h, several rows at a time; in place allowed */
#ifndef VIT_KERNELS_SIMD_LAYERNORM_H
#define VIT_KERNELS_SIMD_LAYERNORM_H

#include <math.h>

#include "kernels/constants.h"

/*
 * Rows computed at a time. The partial sums of a row are one register of dependent additions, so
 * several rows hide their latency: with 768 columns in cache, four rows together take half the time
 * of four rows one by one; two or eight together take longer than four.
 */
#define NORM_ROWS 4

/* Σx of each row */
ALWAYS_INLINE void row_sums(size_t rows, size_t n, const float *x, size_t ldx,
                            float sums[NORM_ROWS])
{
    vec sum[NORM_ROWS];
    size_t i = 0;

    UNROLL
    for (size_t r = 0; r < rows; r++)
        sum[r] = v_set(0.0f);
    for (; i + LANES <= n; i += LANES)
        UNROLL
    for (size_t r = 0; r < rows; r++)
        sum[r] = v_add(sum[r], v_load(x + r * ldx + i));
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (i < n)
            sum[r] = v_add(sum[r], v_load_tail(x + r * ldx + i, n - i));
        sums[r] = v_sum(sum[r]);
    }
}

/*
 * Σ(x − mean)² of each row. Prefetches y and the next rows of x, which need not exist: several rows
 * in memory are several short streams, too short for the hardware to prefetch well.
 */
ALWAYS_INLINE void row_squares(size_t rows, size_t n, const float *x, size_t ldx,
                               const vec mean[NORM_ROWS], float sums[NORM_ROWS], const float *y,
                               size_t ldy)
{
    vec squares[NORM_ROWS];
    size_t i = 0;

    UNROLL
    for (size_t r = 0; r < rows; r++)
        squares[r] = v_set(0.0f);
    for (; i + LANES <= n; i += LANES)
        UNROLL
    for (size_t r = 0; r < rows; r++) {
        __builtin_prefetch(y + r * ldy + i, 1);
        __builtin_prefetch(x + (rows + r) * ldx + i);
        const vec d = v_sub(v_load(x + r * ldx + i), mean[r]);
        squares[r] = v_fma(d, d, squares[r]);
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (i < n) { /* lanes past the row must contribute 0, not (0 − mean)² */
            const vec d =
                v_head(v_sub(v_load_tail(x + r * ldx + i, n - i), mean[r]), n - i, v_set(0.0f));
            squares[r] = v_fma(d, d, squares[r]);
        }
        sums[r] = v_sum(squares[r]);
    }
}

/* Rows [first, first + rows); rows is a constant at every call, at most NORM_ROWS. */
ALWAYS_INLINE void layernorm_rows(size_t first, size_t rows, const struct vit_layernorm_args *args)
{
    const size_t n = args->n, ldx = args->ldx, ldy = args->ldy;
    const float *const x = args->x + first * ldx, *const gamma = args->gamma;
    const float *const beta = args->beta;
    float *const y = args->y + first * ldy;
    float sums[NORM_ROWS];
    vec mean[NORM_ROWS], rstd[NORM_ROWS];
    size_t i = 0;

    row_sums(rows, n, x, ldx, sums);
    UNROLL
    for (size_t r = 0; r < rows; r++)
        mean[r] = v_set(sums[r] / (float)n);
    row_squares(rows, n, x, ldx, mean, sums, y, ldy);
    UNROLL
    for (size_t r = 0; r < rows; r++)
        rstd[r] = v_set(1.0f / sqrtf(sums[r] / (float)n + args->eps));

    for (; i + LANES <= n; i += LANES) {
        const vec g = v_load(gamma + i), b = v_load(beta + i);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec d = v_mul(v_sub(v_load(x + r * ldx + i), mean[r]), rstd[r]);
            v_store(y + r * ldy + i, v_fma(d, g, b));
        }
    }
    if (i < n) {
        const vec g = v_load_tail(gamma + i, n - i), b = v_load_tail(beta + i, n - i);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec d = v_mul(v_sub(v_load_tail(x + r * ldx + i, n - i), mean[r]), rstd[r]);
            v_store_tail(y + r * ldy + i, v_fma(d, g, b), n - i);
        }
    }
}

static void layernorm(const struct vit_layernorm_args *args)
{
    size_t i = 0;

    for (; i + NORM_ROWS <= args->rows; i += NORM_ROWS)
        layernorm_rows(i, NORM_ROWS, args);
    for (; i < args->rows; i++)
        layernorm_rows(i, 1, args);
}

#endif
