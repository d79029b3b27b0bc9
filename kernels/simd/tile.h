/* tile.h - what every SIMD micro-kernel shares: packing a panel, and the epilogue of a tile */
#ifndef VIT_SIMD_TILE_H
#define VIT_SIMD_TILE_H

#include "kernels/simd/activation.h"

/*
 * An instruction set defines MR, NR (a multiple of LANES) and tile_chains(): the finished chains of
 * row i of a tile, times factor[i], through finish() to out[m][n], row stride ldo.
 */
static inline void tile_chains(size_t m, size_t n, size_t k, const float *a, size_t lda,
                               const float *panel, const float *factor, float *out, size_t ldo,
                               const struct vit_epilogue *e);

static inline vec load_lanes(const float *p, size_t n) /* n ≤ 16 */
{
    return n == LANES ? v_load(p) : v_load_tail(p, n);
}

static inline void store_lanes(float *p, vec a, size_t n)
{
    if (n == LANES)
        v_store(p, a);
    else
        v_store_tail(p, a, n);
}

/*
 * Lanes j .. j + lanes − 1 of row i of the tile through bias, gamma and residual, and stored: all
 * of an epilogue but scale and activation.
 */
static inline void finish(vec c, size_t i, size_t j, size_t lanes, float *out,
                          const struct vit_epilogue *e)
{
    if (e->bias)
        c = v_add(c, load_lanes(e->bias + j, lanes));
    if (e->gamma)
        c = v_mul(c, load_lanes(e->gamma + j, lanes));
    if (e->residual)
        c = v_add(c, load_lanes(e->residual + i * e->ld_residual + j, lanes));
    store_lanes(out, c, lanes);
}

/* 16 rows of 16 columns of a panel, from columns of B that are contiguous. */
static inline void pack_block(const float *b, size_t n_stride, float *restrict panel)
{
    vec r[LANES];

    for (size_t i = 0; i < LANES; i++)
        r[i] = v_load(b + i * n_stride);
    v_transpose(r);
    for (size_t i = 0; i < LANES; i++)
        v_store(panel + i * NR, r[i]);
}

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 float *restrict panel)
{
    const size_t whole_k = k_stride == 1 ? k / LANES * LANES : 0;
    const size_t whole_n = k_stride == 1 ? n / LANES * LANES : 0;

    for (size_t i = 0; i < whole_k; i += LANES)
        for (size_t j = 0; j < whole_n; j += LANES)
            pack_block(b + i + j * n_stride, n_stride, panel + i * NR + j);
    for (size_t i = 0; i < k; i++) {
        for (size_t j = i < whole_k ? whole_n : 0; j < n; j++)
            panel[i * NR + j] = b[i * k_stride + j * n_stride];
        for (size_t j = n; j < NR; j++)
            panel[i * NR + j] = 0.0f;
    }
}

static void tile(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *panel,
                 float *c, size_t ldc, const struct vit_epilogue *e)
{
    float factor[MR] = { 0 };

    for (size_t i = 0; i < m; i++) /* times 1 changes nothing */
        factor[i] = e->row_scale ? e->row_scale[i] : e->scale != 0.0f ? e->scale : 1.0f;
    if (e->activation == VIT_IDENTITY) {
        tile_chains(m, n, k, a, lda, panel, factor, c, ldc, e);
        return;
    }

    /* an activation wants registers of its own: what goes before it waits in L1 */
    const struct vit_epilogue before = { .bias = e->bias };
    struct vit_epilogue after = *e;
    _Alignas(64) float waiting[MR * NR];
    after.bias = NULL;
    tile_chains(m, n, k, a, lda, panel, factor, waiting, NR, &before);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j += LANES) {
            const size_t lanes = n - j < LANES ? n - j : LANES;
            const vec x = load_lanes(waiting + i * NR + j, lanes);
            finish(v_activate(e->activation, x), i, j, lanes, c + i * ldc + j, &after);
        }
}

#endif
