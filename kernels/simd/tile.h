/* tile.h - what every SIMD micro-kernel shares: packing a panel, and the epilogue of a tile */
#ifndef VIT_SIMD_TILE_H
#define VIT_SIMD_TILE_H

#include <stdbool.h>

#include "kernels/simd/activation.h"

/*
 * An instruction set defines MR, NR (a multiple of LANES) and tile_chains(), which leaves the finished
 * chains of a tile in chains[m][NR]: a few KiB in L1, written once and read once after k steps.
 */
static inline void tile_chains(size_t m, size_t n, size_t k, const float *a, size_t lda,
                               const float *panel, float *chains);

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 float *restrict panel)
{
    if (n_stride == 1) { /* rows of B are contiguous: copy them */
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < n; j++)
                panel[i * NR + j] = b[i * k_stride + j];
            for (size_t j = n; j < NR; j++)
                panel[i * NR + j] = 0.0f;
        }
        return;
    }
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < k; i++)
            panel[i * NR + j] = b[i * k_stride + j * n_stride];
    for (size_t j = n; j < NR; j++)
        for (size_t i = 0; i < k; i++)
            panel[i * NR + j] = 0.0f;
}

/* Lanes j .. j + lanes − 1 of row i of the tile from their finished chains. */
static inline void epilogue(vec c, size_t i, size_t j, size_t lanes, float *out,
                            const struct vit_epilogue *e)
{
    const bool whole = lanes == LANES;

    if (e->row_scale)
        c = v_mul(c, v_set(e->row_scale[i]));
    else if (e->scale != 0.0f)
        c = v_mul(c, v_set(e->scale));
    if (e->bias)
        c = v_add(c, whole ? v_load(e->bias + j) : v_load_tail(e->bias + j, lanes));
    c = v_activate(e->activation, c);
    if (e->gamma)
        c = v_mul(c, whole ? v_load(e->gamma + j) : v_load_tail(e->gamma + j, lanes));
    if (e->residual) {
        const float *r = e->residual + i * e->ld_residual + j;
        c = v_add(c, whole ? v_load(r) : v_load_tail(r, lanes));
    }
    if (whole)
        v_store(out, c);
    else
        v_store_tail(out, c, lanes);
}

static void tile(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *panel,
                 float *c, size_t ldc, const struct vit_epilogue *e)
{
    _Alignas(64) float chains[MR * NR];

    tile_chains(m, n, k, a, lda, panel, chains);
    for (size_t i = 0; i < m; i++) {
        size_t j = 0;
        for (; j + LANES <= n; j += LANES)
            epilogue(v_load(chains + i * NR + j), i, j, LANES, c + i * ldc + j, e);
        if (j < n)
            epilogue(v_load(chains + i * NR + j), i, j, n - j, c + i * ldc + j, e);
    }
}

#endif
