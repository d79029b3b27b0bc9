/* tile.h - what every SIMD micro-kernel shares: packing a panel, and the epilogue of a tile */
#ifndef VIT_KERNELS_SIMD_TILE_H
#define VIT_KERNELS_SIMD_TILE_H

#include <stdbool.h>

#include "kernels/simd/activation.h"

/*
 * An instruction set defines MR, NR (a multiple of 8), VECTORS in NR, ROW_PANELS (MR at most) and
 * tile_chains(): the first n columns of the tile's chains, over t->k from t->from on, row i times
 * factor[i], through finish() to out[m][n], row stride ldo.
 */
static inline void tile_chains(const struct vit_tile *t, size_t n, const float *factor, float *out,
                               size_t ldo, const struct vit_epilogue *e);

static inline size_t lanes_left(size_t n)
{
    return n < LANES ? n : LANES;
}

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

/* Whether finish() only stores. */
static inline bool plain(const struct vit_epilogue *e)
{
    return !e->bias && !e->gamma && !e->residual;
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

/* 16 rows and columns of a panel, from columns of B that are contiguous. */
static inline void pack_block(const float *b, size_t n_stride, float *restrict panel)
{
    vec r[LANES];

    UNROLL
    for (size_t j = 0; j < LANES; j++)
        r[j] = v_load(b + j * n_stride);
    v_transpose(r);
    UNROLL
    for (size_t i = 0; i < LANES; i++)
        v_store(panel + i * NR, r[i]);
}

/* The same where there are fewer of either; what is missing of `width` columns is 0. */
static void pack_edge(size_t rows, size_t columns, size_t width, const float *b, size_t n_stride,
                      float *restrict panel)
{
    vec r[LANES];

    for (size_t j = 0; j < LANES; j++)
        r[j] = j < columns ? load_lanes(b + j * n_stride, rows) : v_set(0.0f);
    v_transpose(r);
    for (size_t i = 0; i < rows; i++)
        store_lanes(panel + i * NR, r[i], width);
}

/* Columns j .. j + width − 1 of a panel, of which B has `columns`, each contiguous. */
static void pack_columns(size_t columns, size_t width, size_t k, const float *b, size_t n_stride,
                         float *restrict panel)
{
    for (size_t i = 0; i < k; i += LANES)
        if (columns == LANES && i + LANES <= k)
            pack_block(b + i, n_stride, panel + i * NR);
        else
            pack_edge(lanes_left(k - i), columns, width, b + i, n_stride, panel + i * NR);
}

/* The same where B's rows are contiguous. */
static void pack_rows(size_t columns, size_t width, size_t k, const float *b, size_t k_stride,
                      float *restrict panel)
{
    for (size_t i = 0; i < k; i++)
        store_lanes(panel + i * NR, load_lanes(b + i * k_stride, columns), width);
}

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 float *restrict panel)
{
    for (size_t j = 0; j < NR; j += LANES) {
        const size_t width = lanes_left(NR - j), columns = j < n ? lanes_left(n - j) : 0;
        const float *from = b + (columns ? j * n_stride : 0);

        if (k_stride == 1)
            pack_columns(columns, width, k, from, n_stride, panel + j);
        else if (n_stride == 1)
            pack_rows(columns, width, k, from, k_stride, panel + j);
        else
            for (size_t i = 0; i < k; i++)
                for (size_t l = 0; l < width; l++)
                    panel[i * NR + j + l] = l < columns ? from[i * k_stride + l * n_stride] : 0.0f;
    }
}

static void tile(const struct vit_tile *t)
{
    static const struct vit_epilogue none = { 0 };
    const struct vit_epilogue *e = t->to ? &none : t->epilogue;
    float factor[MR] = { 0 };

    for (size_t i = 0; i < t->m; i++) /* times 1 changes nothing */
        factor[i] = e->row_scale ? e->row_scale[i] : e->scale != 0.0f ? e->scale : 1.0f;
    if (t->to) { /* whole panels, padding included, so that chains go on as they began */
        tile_chains(t, NR, factor, t->to, NR, e);
        return;
    }
    if (e->activation == VIT_ACTIVATION_IDENTITY) {
        tile_chains(t, t->n, factor, t->c, t->ldc, e);
        return;
    }

    /* an activation wants registers of its own: what goes before it waits in L1 */
    const struct vit_epilogue before = { .bias = e->bias };
    struct vit_epilogue after = *e;
    _Alignas(64) float waiting[MR * NR];
    after.bias = NULL;
    tile_chains(t, t->n, factor, waiting, NR, &before);
    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < t->n; j += LANES) {
            const size_t lanes = lanes_left(t->n - j);
            const vec x = load_lanes(waiting + i * NR + j, lanes);
            finish(v_activate(e->activation, x), i, j, lanes, t->c + i * t->ldc + j, &after);
        }
}

#endif
