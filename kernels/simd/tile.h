/* tile.h - what every SIMD micro-kernel shares: packing a panel, and the epilogue of a tile */
#ifndef VIT_SIMD_TILE_H
#define VIT_SIMD_TILE_H

#include <stdbool.h>

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

/* Gamma and residual of lanes j .. j + lanes − 1 of row i of the tile, and the store. */
static inline void finish_activated(vec c, size_t i, size_t j, size_t lanes, float *out,
                                    const struct vit_epilogue *e)
{
    if (e->gamma)
        c = v_mul(c, load_lanes(e->gamma + j, lanes));
    if (e->residual)
        c = v_add(c, load_lanes(e->residual + i * e->ld_residual + j, lanes));
    store_lanes(out, c, lanes);
}

/* The same with the bias before them: all of an epilogue but scale and activation, in registers. */
static inline void finish(vec c, size_t i, size_t j, size_t lanes, float *out,
                          const struct vit_epilogue *e)
{
    if (e->bias)
        c = v_add(c, load_lanes(e->bias + j, lanes));
    finish_activated(c, i, j, lanes, out, e);
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

/* Bias, activation and the rest of a row of the tile whose chains are in memory. */
static inline void activate_row(size_t n, const float *chains, size_t i, float *out,
                                const struct vit_epilogue *e)
{
    for (size_t j = 0; j < n; j += LANES) {
        const size_t lanes = n - j < LANES ? n - j : LANES;
        vec c = load_lanes(chains + j, lanes);
        if (e->bias)
            c = v_add(c, load_lanes(e->bias + j, lanes));
        finish_activated(v_activate(e->activation, c), i, j, lanes, out + j, e);
    }
}

static void tile(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *panel,
                 float *c, size_t ldc, const struct vit_epilogue *e)
{
    static const struct vit_epilogue none = { 0 };
    _Alignas(64) float chains[MR * NR]; /* an activation's registers would not fit beside them */
    float factor[MR] = { 0 };

    for (size_t i = 0; i < m; i++) /* times 1 changes nothing */
        factor[i] = e->row_scale ? e->row_scale[i] : e->scale != 0.0f ? e->scale : 1.0f;
    if (e->activation == VIT_IDENTITY) {
        tile_chains(m, n, k, a, lda, panel, factor, c, ldc, e);
        return;
    }
    tile_chains(m, n, k, a, lda, panel, factor, chains, NR, &none);
    for (size_t i = 0; i < m; i++)
        activate_row(n, chains + i * NR, i, c + i * ldc, e);
}

#endif
