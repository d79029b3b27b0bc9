/* matmul.h - NEON matmul micro-kernel: tiles of up to 6 × 16, 24 accumulators */
#ifndef VIT_NEON_MATMUL_H
#define VIT_NEON_MATMUL_H

#include "kernels/neon/vec.h"

#define MR         6
#define NR         16
#define VECTORS    1 /* of 16 lanes: a tile computes all of them */
#define ROW_PANELS 1

#include "kernels/simd/tile.h"

/* m is a constant at every call, so the accumulators are registers. */
__attribute__((always_inline)) static inline void chains_of(size_t m, const struct vit_tile *t,
                                                            size_t n, const float *factor,
                                                            float *out, size_t ldo,
                                                            const struct vit_epilogue *e)
{
    const float *a = t->a, *panel = t->panel;
    const size_t lda = t->lda, k = t->k;
    float32x4_t c[MR][4];

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < 4; v++)
        c[i][v] = t->from ? vld1q_f32(t->from + i * NR + 4 * v) : vdupq_n_f32(0.0f);

    for (size_t l = 0; l < k; l++) {
        float32x4_t b[4];
        UNROLL
        for (size_t v = 0; v < 4; v++)
            b[v] = vld1q_f32(panel + l * NR + 4 * v);
        UNROLL
        for (size_t i = 0; i < m; i++) {
            const float32x4_t x = vld1q_dup_f32(a + i * lda + l);
            UNROLL
            for (size_t v = 0; v < 4; v++)
                c[i][v] = vfmaq_f32(c[i][v], x, b[v]);
        }
    }
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
        CASE(6)
    }
}

#undef CASE

#endif
