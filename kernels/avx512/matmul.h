/* matmul.h - AVX-512 matmul micro-kernel: tiles of up to 6 × 64, 24 accumulators */
#ifndef VIT_AVX512_MATMUL_H
#define VIT_AVX512_MATMUL_H

#include "kernels/avx512/vec.h"

#define MR 6
#define NR 64

#include "kernels/simd/tile.h"

/* m and vectors are constants at every call, so the accumulators are registers. */
__attribute__((always_inline)) static inline void chains_of(size_t m, size_t vectors, size_t n,
                                                            size_t k, const float *restrict a,
                                                            size_t lda, const float *restrict panel,
                                                            const float *factor, float *out,
                                                            size_t ldo,
                                                            const struct vit_epilogue *e)
{
    __m512 c[MR][NR / 16];

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        c[i][v] = _mm512_setzero_ps();

    UNROLL_BY_4
    for (size_t l = 0; l < k; l++) {
        __m512 b[NR / 16];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            b[v] = _mm512_loadu_ps(panel + l * NR + 16 * v);
        UNROLL
        for (size_t i = 0; i < m; i++) {
            const __m512 x = _mm512_set1_ps(a[i * lda + l]);
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                c[i][v] = _mm512_fmadd_ps(x, b[v], c[i][v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const __m512 x = _mm512_set1_ps(factor[i]);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            finish(_mm512_mul_ps(c[i][v], x), i, 16 * v, v + 1 < vectors ? 16 : n - 16 * v,
                   out + i * ldo + 16 * v, e);
    }
}

#define CASE(m, v)                                                                                 \
    case (m)*8 + (v):                                                                              \
        chains_of(m, v, n, k, a, lda, panel, factor, out, ldo, e);                                 \
        break;
#define CASES(m) CASE(m, 1) CASE(m, 2) CASE(m, 3) CASE(m, 4)

static inline void tile_chains(size_t m, size_t n, size_t k, const float *a, size_t lda,
                               const float *panel, const float *factor, float *out, size_t ldo,
                               const struct vit_epilogue *e)
{
    switch (m * 8 + (n + 15) / 16) {
        CASES(1)
        CASES(2)
        CASES(3)
        CASES(4)
        CASES(5)
        CASES(6)
    }
}

#undef CASES
#undef CASE

#endif
