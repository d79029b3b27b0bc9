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

static inline reg reg_load_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline void store_f16(uint16_t *p, vec a, size_t lanes)
{
    uint16_t halves[LANES];

    for (size_t i = 0; i < 4; i++)
        vst1_u16(halves + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(a.q[i])));
    memcpy(p, halves, lanes * sizeof *p);
}

static inline vec reg_join(const reg *r, size_t count)
{
    (void)count; /* always four */
    return (vec){ { r[0], r[1], r[2], r[3] } };
}

/*
 * Four steps of a row of A are one load, and each multiply-add uses one lane of it. A load that
 * broadcasts one number (ld1r) would also occupy a multiply-add pipe. With six rows that would be
 * 24 + 6 + 2 = all 32 registers, but gcc 12 loads ahead and spills accumulators.
 */
#define reg_fma_lane(c, b, x, q) vfmaq_n_f32(c, b, (x)[q])

#include "kernels/simd/registers.h"

#endif
