/* matmul.h - AVX2 matmul micro-kernel: tiles of up to 6 × 16, 12 accumulators */
#ifndef VIT_AVX2_MATMUL_H
#define VIT_AVX2_MATMUL_H

#include "kernels/avx2/vec.h"

#define MR 6
#define NR 16

#include "kernels/simd/tile.h"

/* m is a constant at every call, so the accumulators are registers. */
__attribute__((always_inline)) static inline void chains_of(
    size_t m, size_t n, size_t k, const float *restrict a, size_t lda, const float *restrict panel,
    const float *factor, float *out, size_t ldo, const struct vit_epilogue *e)
{
    __m256 c[MR][2];

    UNROLL
    for (size_t i = 0; i < m; i++)
        c[i][0] = c[i][1] = _mm256_setzero_ps();

    UNROLL_BY_4
    for (size_t l = 0; l < k; l++) {
        /* a panel may be larger than L1; past its end a prefetch is no read */
        _mm_prefetch((const char *)(panel + (l + 16) * NR), _MM_HINT_T0);
        const __m256 b0 = _mm256_loadu_ps(panel + l * NR);
        const __m256 b1 = _mm256_loadu_ps(panel + l * NR + 8);
        UNROLL
        for (size_t i = 0; i < m; i++) {
            const __m256 x = _mm256_broadcast_ss(a + i * lda + l);
            c[i][0] = _mm256_fmadd_ps(x, b0, c[i][0]);
            c[i][1] = _mm256_fmadd_ps(x, b1, c[i][1]);
        }
    }
    UNROLL
    for (size_t i = 0; i < m; i++)
        finish(v_mul((vec){ c[i][0], c[i][1] }, v_set(factor[i])), i, 0, n, out + i * ldo, e);
}

#define CASE(m)                                                                                    \
    case m:                                                                                        \
        chains_of(m, n, k, a, lda, panel, factor, out, ldo, e);                                    \
        break;

static inline void tile_chains(size_t m, size_t n, size_t k, const float *a, size_t lda,
                               const float *panel, const float *factor, float *out, size_t ldo,
                               const struct vit_epilogue *e)
{
    switch (m) {
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
