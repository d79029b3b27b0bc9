/* epilogue.h - the epilogue of a matmul over vec.h, for the kernels of all number types */
#ifndef VIT_KERNELS_SIMD_EPILOGUE_H
#define VIT_KERNELS_SIMD_EPILOGUE_H

#include <stdbool.h>

#include "kernels/simd/activation_rows.h"
#include "kernels/simd/lanes.h"

/* The factor of rows that have none of their own; 1 changes nothing. */
static inline float scale_of(const struct vit_epilogue *e)
{
    return e->scale != 0.0f ? e->scale : 1.0f;
}

/* Whether finish() only stores. */
static inline bool only_stores(const struct vit_epilogue *e)
{
    return !e->bias && !e->gamma && !e->residual;
}

/*
 * Applies all of an epilogue except scale and activation to columns j .. j + lanes − 1 of row i of
 * the tile, and stores them.
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

/* Fetches the lines of m rows of n columns of C for writing. */
static void prefetch_lines(size_t m, const float *c, size_t ldc, size_t n)
{
    for (size_t i = 0; i < m; i++, c += ldc) {
        for (size_t j = 0; j < n; j += 16)
            __builtin_prefetch(c + j, 1);
        __builtin_prefetch(c + n - 1, 1);
    }
}

/*
 * An epilogue from its activation on, which needs registers of its own: its input, m rows of n
 * columns, row stride `stride`, waits in L1. Where a row is no multiple of the vectors that an
 * activation takes at a time, all rows of a whole tile are one row of the activation.
 */
static void activate_rows(size_t m, size_t n, size_t stride, size_t first, float *rows, float *c,
                          size_t ldc, const struct vit_epilogue *e)
{
    const struct vit_activation_args *const args = &e->activation_args;
    activation_row *const activate = choose_activation(e->activation);
    const bool one_row = stride % (ROW_VECTORS * LANES) != 0 && n == stride && !args->weight;
    const struct vit_epilogue after = { .gamma = e->gamma,
                                        .residual = e->residual,
                                        .ld_residual = e->ld_residual };

    if (one_row)
        activate(m * stride, rows, args, rows);
    for (size_t i = 0; i < m; i++, rows += stride, c += ldc) {
        if (!one_row && only_stores(&after)) {
            activate(n, rows, args, c);
            continue;
        }
        if (!one_row)
            activate(n, rows, args, rows);
        for (size_t j = 0; j < n; j += LANES) {
            const size_t lanes = lanes_left(n - j);
            finish(load_lanes(rows + j, lanes), first + i, j, lanes, c + j, &after);
        }
    }
}

#endif
