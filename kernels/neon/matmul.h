/* matmul.h - NEON matmul micro-kernel: tiles of up to 5 × 16, 20 accumulators */
#ifndef VIT_KERNELS_NEON_MATMUL_H
#define VIT_KERNELS_NEON_MATMUL_H

#include "kernels/neon/vec.h"

#define MR         5
#define NR         16
#define VECTORS    1 /* of 16 lanes: a tile computes all of them */
#define ROW_PANELS 1

#include "kernels/simd/tile.h"

/*
 * c += four columns of A times four rows of the panel. A row of A comes as a vector, of which fmla
 * takes one lane: a load that repeats a number over a vector (ld1r) would use a multiply-add's pipe
 * as well. Columns before rows, so that two registers of the panel at a time are enough. With six
 * rows that would be 24 + 6 + 2, all there are, but gcc 12 loads ahead and spills accumulators.
 */
__attribute__((always_inline)) static inline void four_steps(size_t m, const float *a, size_t lda,
                                                             const float *panel,
                                                             float32x4_t c[MR][4])
{
    float32x4_t x[MR];

    UNROLL
    for (size_t i = 0; i < m; i++)
        x[i] = vld1q_f32(a + i * lda);
    UNROLL
    for (size_t q = 0; q < 4; q++)
        UNROLL
    for (size_t v = 0; v < 4; v++) {
        const float32x4_t b = vld1q_f32(panel + q * NR + 4 * v);
        UNROLL
        for (size_t i = 0; i < m; i++)
            c[i][v] = vfmaq_n_f32(c[i][v], b, x[i][q]);
    }
}

/* The same for one column, where k is not a multiple of four. */
__attribute__((always_inline)) static inline void step(size_t m, const float *a, size_t lda,
                                                       const float *panel, float32x4_t c[MR][4])
{
    UNROLL
    for (size_t v = 0; v < 4; v++) {
        const float32x4_t b = vld1q_f32(panel + 4 * v);
        UNROLL
        for (size_t i = 0; i < m; i++)
            c[i][v] = vfmaq_n_f32(c[i][v], b, a[i * lda]);
    }
}

/* m is a constant at every call, so the accumulators are registers. */
__attribute__((always_inline)) static inline void chains_of(size_t m, const struct vit_tile *t,
                                                            size_t n, const float *factor,
                                                            float *out, size_t ldo,
                                                            const struct vit_epilogue *e)
{
    const float *a = t->a, *panel = t->panel, *next = t->next;
    const size_t lda = t->lda, k = t->k;
    float32x4_t c[MR][4];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < 4; v++)
        c[i][v] = t->from ? vld1q_f32(t->from + i * NR + 4 * v) : vdupq_n_f32(0.0f);

    for (; l + 4 <= k; l += 4) {
        __builtin_prefetch(next + 4 * l, 0, 2);
        four_steps(m, a + l, lda, panel + l * NR, c);
    }
    for (; l < k; l++)
        step(m, a + l, lda, panel + l * NR, c);

    UNROLL
    for (size_t i = 0; i < m; i++) {
        const vec row = { { c[i][0], c[i][1], c[i][2], c[i][3] } };
        finish(v_mul(row, v_set(factor[i])), i, 0, n, out + i * ldo, e);
    }
}

#define CASE(m)                                                                                    \
    case m:                                                                                        \
        chains_of(m, t, n, factor, out, ldo, e);                                                   \
        break;

static inline void tile_chains(const struct vit_tile *t, size_t n, const float *factor, float *out,
                               size_t ldo, const struct vit_epilogue *e)
{
    switch (t->m) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
    }
}

#undef CASE

#endif
