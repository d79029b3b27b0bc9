/* layernorm.h - LayerNorm over vec.h, several rows at a time; in place allowed */
#ifndef VIT_KERNELS_SIMD_LAYERNORM_H
#define VIT_KERNELS_SIMD_LAYERNORM_H

#include <stdbool.h>

#include "kernels/constants.h"
#include "kernels/layernorm.h"
#include "kernels/simd/lanes.h"

/*
 * Rows computed at a time. The partial sums of a row are one register of dependent additions, so
 * several rows hide their latency: with 768 columns in cache, four rows together take half the time
 * of four rows one by one; two or eight together take longer than four.
 */
#define NORM_ROWS 4

/*
 * Where x and y have more bytes, no cache is expected to hold them, and rows are computed one by
 * one: memory is then one stream to read and one to write, and hardware prefetches the next row
 * while one is computed. Four rows are further than it looks ahead.
 */
#define NORM_CACHED_BYTES ((size_t)16 << 20)

/*
 * Rows whose deviations are summed at a time: each has two accumulators. Those of four rows fit in
 * the registers only where one register holds all lanes.
 */
#define DEVIATION_ROWS (LANES == REG_LANES ? 4 : 2)

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

/* Σd and Σd² of a row's deviations d = x − mean */
struct deviations {
    float sum, squares;
};

/*
 * The deviations of each row. Unless next is 1, prefetches y and the rows `next` rows on, which
 * need not exist: several rows in memory are several short streams, too short for the hardware to
 * prefetch well.
 */
ALWAYS_INLINE void row_deviations(size_t rows, size_t next, size_t n, const float *x, size_t ldx,
                                  const vec *mean, const float *y, size_t ldy,
                                  struct deviations *deviations)
{
    vec sum[DEVIATION_ROWS], squares[DEVIATION_ROWS];
    size_t i = 0;

    UNROLL
    for (size_t r = 0; r < rows; r++)
        sum[r] = squares[r] = v_set(0.0f);
    for (; i + LANES <= n; i += LANES)
        UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (next > 1) {
            __builtin_prefetch(y + r * ldy + i, 1);
            __builtin_prefetch(x + (next + r) * ldx + i);
        }
        const vec d = v_sub(v_load(x + r * ldx + i), mean[r]);
        sum[r] = v_add(sum[r], d);
        squares[r] = v_fma(d, d, squares[r]);
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (i < n) { /* lanes past the row must contribute 0, not 0 − mean */
            const vec d =
                v_head(v_sub(v_load_tail(x + r * ldx + i, n - i), mean[r]), n - i, v_set(0.0f));
            sum[r] = v_add(sum[r], d);
            squares[r] = v_fma(d, d, squares[r]);
        }
        deviations[r] = (struct deviations){ v_sum(sum[r]), v_sum(squares[r]) };
    }
}

/* n numbers of gamma or beta from i on, or `missing` where the norm has none */
ALWAYS_INLINE vec load_or(const float *from, size_t i, size_t n, float missing)
{
    return from ? load_lanes(from + i, n) : v_set(missing);
}

/*
 * Rows [first, first + rows); rows is a constant at every call, at most NORM_ROWS, and so is
 * `plain`: LayerNorm with gamma and beta. RMSNorm has 0 for the mean and its correction.
 */
ALWAYS_INLINE void layernorm_rows(size_t first, size_t rows, bool plain,
                                  const struct vit_layernorm_args *args)
{
    const bool no_mean = !plain && args->no_mean;
    const size_t n = args->n, ldx = args->ldx, ldy = args->ldy;
    const float *const x = args->x + first * ldx;
    const float *const gamma = args->gamma, *const beta = args->beta;
    float *const y = args->y + first * ldy;
    struct deviations deviations[NORM_ROWS];
    float sums[NORM_ROWS] = { 0 };
    vec mean[NORM_ROWS], correction[NORM_ROWS], rstd[NORM_ROWS];
    size_t i = 0;

    if (!no_mean)
        row_sums(rows, n, x, ldx, sums);
    UNROLL
    for (size_t r = 0; r < rows; r++)
        mean[r] = v_set(sums[r] / (float)n);
    UNROLL
    for (size_t r = 0; r < rows; r += DEVIATION_ROWS)
        row_deviations(rows < DEVIATION_ROWS ? rows : DEVIATION_ROWS, rows, n, x + r * ldx, ldx,
                       mean + r, y + r * ldy, ldy, deviations + r);
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        const float c = no_mean ? 0.0f : deviations[r].sum / (float)n;
        correction[r] = v_set(c);
        rstd[r] = v_set(layernorm_rstd(deviations[r].squares / (float)n, c, args->eps));
    }

    for (; i + LANES <= n; i += LANES) {
        const vec g = plain ? v_load(gamma + i) : load_or(gamma, i, LANES, 1.0f);
        const vec b = plain ? v_load(beta + i) : load_or(beta, i, LANES, 0.0f);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec d = v_sub(v_sub(v_load(x + r * ldx + i), mean[r]), correction[r]);
            v_store(y + r * ldy + i, v_fma(v_mul(d, rstd[r]), g, b));
        }
    }
    if (i < n) {
        const vec g = plain ? v_load_tail(gamma + i, n - i) : load_or(gamma, i, n - i, 1.0f);
        const vec b = plain ? v_load_tail(beta + i, n - i) : load_or(beta, i, n - i, 0.0f);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec d = v_sub(v_sub(v_load_tail(x + r * ldx + i, n - i), mean[r]), correction[r]);
            v_store_tail(y + r * ldy + i, v_fma(v_mul(d, rstd[r]), g, b), n - i);
        }
    }
}

ALWAYS_INLINE void layernorm_kind(bool plain, const struct vit_layernorm_args *args)
{
    const size_t rows = args->n > 0 ? args->rows : 0;
    const bool cached = 2 * rows * args->n * sizeof(float) <= NORM_CACHED_BYTES;
    size_t i = 0;

    for (; cached && i + NORM_ROWS <= rows; i += NORM_ROWS)
        layernorm_rows(i, NORM_ROWS, plain, args);
    for (; i < rows; i++)
        layernorm_rows(i, 1, plain, args);
}

static void layernorm(const struct vit_layernorm_args *args)
{
    if (args->gamma && args->beta && !args->no_mean)
        layernorm_kind(true, args);
    else
        layernorm_kind(false, args);
}

#endif
