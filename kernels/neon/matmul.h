/* matmul.h - NEON matmul micro-kernel: tiles of up to 5 × 16, 20 accumulators */
#ifndef VIT_KERNELS_NEON_MATMUL_H
#define VIT_KERNELS_NEON_MATMUL_H

#include "kernels/neon/vec.h"

#define MR                5
#define NR                16
#define COLUMN_GROUP      16
#define GEMV_PANELS       1
#define EACH_ROWS(X)      X(1) X(2) X(3) X(4) X(5)
#define EACH_GROUPS(X, m) X(m, 1)
#define EACH_PANELS(X)
#define K_STEPS   4

#define REG_LANES 4
typedef float32x4_t reg;

#define reg_set1         vdupq_n_f32
#define reg_load         vld1q_f32
#define reg_store        vst1q_f32
#define reg_mul          vmulq_f32
#define reg_fma(a, b, c) vfmaq_f32(c, a, b)

static inline vec reg_join(const reg *r, size_t count)
{
    (void)count; /* always four */
    return (vec){ { r[0], r[1], r[2], r[3] } };
}

/*
 * Loads four steps of a row of A as one vector; each fmla uses one lane of it. A load that
 * broadcasts one number (ld1r) would also occupy a multiply-add pipe. Columns before rows, so that
 * two registers of the panel at a time are enough. With six rows that would be 24 + 6 + 2 = all 32
 * registers, but gcc 12 loads ahead and spills accumulators.
 */
#define HAS_STEPS
ALWAYS_INLINE void k_steps(size_t m, size_t columns, const float *a, size_t lda,
                           const weight *panel, reg acc[MR][NR / REG_LANES])
{
    reg x[MR];

    UNROLL
    for (size_t i = 0; i < m; i++)
        x[i] = reg_load(a + i * lda);
    UNROLL
    for (size_t q = 0; q < 4; q++)
        UNROLL
    for (size_t v = 0; v < columns / REG_LANES; v++) {
        const reg b = weight_load(panel + q * NR + REG_LANES * v);
        UNROLL
        for (size_t i = 0; i < m; i++)
            acc[i][v] = vfmaq_n_f32(acc[i][v], b, x[i][q]);
    }
}

#include "kernels/simd/matmul.h"

#endif
