/* tile.h - what every SIMD micro-kernel shares: packing a panel, and the epilogue of a tile */
#ifndef VIT_SIMD_TILE_H
#define VIT_SIMD_TILE_H

#include <stdbool.h>

#include "kernels/simd/activation.h"

/*
 * An instruction set defines MR, NR (a multiple of LANES) and tile_chains(): the finished chains of
 * row i of a tile, times factor[i], to out[m][n], row stride ldo.
 */
static inline void tile_chains(size_t m, size_t n, size_t k, const float *a, size_t lda,
                               const float *panel, const float *factor, float *out, size_t ldo);

/* The first n lanes, where lanes are fewer than 16 at a row's end only. */
static inline void store_lanes(float *p, vec a, size_t n)
{
    if (n >= LANES)
        v_store(p, a);
    else
        v_store_tail(p, a, n);
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

/*
 * Lanes j .. j + lanes − 1 of row i of the tile, from bias to residual: the scale is in c
 * already.
 */
static inline void epilogue(vec c, size_t i, size_t j, size_t lanes, float *out,
                            const struct vit_epilogue *e)
{
    const bool whole = lanes == LANES;

    if (e->bias)
        c = v_add(c, whole ? v_load(e->bias + j) : v_load_tail(e->bias + j, lanes));
    c = v_activate(e->activation, c);
    if (e->gamma)
        c = v_mul(c, whole ? v_load(e->gamma + j) : v_load_tail(e->gamma + j, lanes));
    if (e->residual) {
        const float *r = e->residual + i * e->ld_residual + j;
        c = v_add(c, whole ? v_load(r) : v_load_tail(r, lanes));
    }
    store_lanes(out, c, lanes);
}

static void tile(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *panel,
                 float *c, size_t ldc, const struct vit_epilogue *e)
{
    /* what bias, activation, gamma and residual want: a few KiB in L1, written and read once */
    _Alignas(64) float chains[MR * NR];
    float factor[MR] = { 0 };

    for (size_t i = 0; i < m; i++) /* times 1 changes nothing */
        factor[i] = e->row_scale ? e->row_scale[i] : e->scale != 0.0f ? e->scale : 1.0f;
    if (!e->bias && e->activation == VIT_IDENTITY && !e->gamma && !e->residual) {
        tile_chains(m, n, k, a, lda, panel, factor, c, ldc);
        return;
    }
    tile_chains(m, n, k, a, lda, panel, factor, chains, NR);
    for (size_t i = 0; i < m; i++) {
        size_t j = 0;
        for (; j + LANES <= n; j += LANES)
            epilogue(v_load(chains + i * NR + j), i, j, LANES, c + i * ldc + j, e);
        if (j < n)
            epilogue(v_load_tail(chains + i * NR + j, n - j), i, j, n - j, c + i * ldc + j, e);
    }
}

#endif
