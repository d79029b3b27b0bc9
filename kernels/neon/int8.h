/* int8.h - NEON tiles of up to 4 × 16 in 8 bits; with dotprod 6 × 16 */
#ifndef VIT_KERNELS_NEON_INT8_H
#define VIT_KERNELS_NEON_INT8_H

#include "kernels/neon/matmul.h"

#define INT8_NR              16
#define INT8_COLUMN_GROUP    16
#define EACH_INT8_REGS(X, m) X(m, 4)

#include "kernels/simd/int8_group.h"

/* The bytes of A are q − 128, so that both factors are signed: Σ q·w is Σ a·w + 128·Σ w. */
#define INT8_ZERO(z)  (128 - (z))
#define INT8_SUM(sum) (sum)

typedef int32x4_t int_reg;
typedef int8x16_t byte_reg;
#define int8_float vcvtq_f32_s32

static inline void store_u8(uint8_t *p, vec x, int32_t zero)
{
    const int32x4_t z = vdupq_n_s32(zero);
    int16x4_t words[4];

    for (int i = 0; i < 4; i++)
        words[i] = vqmovn_s32(vaddq_s32(vcvtnq_s32_f32(x.q[i]), z));
    const uint8x8_t low = vqmovun_s16(vcombine_s16(words[0], words[1]));
    const uint8x8_t high = vqmovun_s16(vcombine_s16(words[2], words[3]));
    vst1q_u8(p, veorq_u8(vcombine_u8(low, high), vdupq_n_u8(0x80)));
}

static inline int_reg int8_begin(int32_t zero, const int32_t *sums)
{
    return vmulq_n_s32(vld1q_s32(sums), zero);
}

#if defined(INT8_I8MM)
#define INT8_MR           6
#define EACH_INT8_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define INT8_K            8
#define INT8_AT(l, j)     ((l) / 8 * 8 * INT8_NR + 8 * (j) + (l) % 8)

/* Eight numbers of each of two rows. */
static inline byte_reg two_rows(const char *first, const char *second)
{
    return vcombine_s8(vld1_s8((const int8_t *)first), vld1_s8((const int8_t *)second));
}

/*
 * Accumulators of two rows and two columns. Where m is odd, the last row is its own neighbor, and
 * its second result is dropped.
 */
#define HAS_INT8_GROUP
ALWAYS_INLINE void int8_group(size_t m, size_t regs, size_t k, const char *a, size_t a_bytes,
                              const char *panel, const char *prefetch, float *chains)
{
    const float *const scales = int8_scales_of(panel);
    const int32_t *const sums = int8_sums_of(panel);
    const size_t pairs = (m + 1) / 2;
    int_reg acc[(INT8_MR + 1) / 2][INT8_NR / 2];

    UNROLL
    for (size_t p = 0; p < pairs; p++)
        UNROLL
    for (size_t v = 0; v < 2 * regs; v++)
        acc[p][v] = vdupq_n_s32(0);
    for (size_t l = 0; l < k; l += 8) {
        byte_reg x[(INT8_MR + 1) / 2];
        __builtin_prefetch(prefetch + INT8_NR / 4 * l, 0, PREFETCH2);
        UNROLL
        for (size_t p = 0; p < pairs; p++) {
            const char *const row = a + INT8_ROW_HEAD + l + 2 * p * a_bytes;
            x[p] = two_rows(row, 2 * p + 1 < m ? row + a_bytes : row);
        }
        UNROLL
        for (size_t v = 0; v < 2 * regs; v++) {
            const byte_reg w =
                vld1q_s8((const int8_t *)panel + INT8_PANEL_HEAD + l * INT8_NR + 16 * v);
            UNROLL
            for (size_t p = 0; p < pairs; p++)
                acc[p][v] = vmmlaq_s32(acc[p][v], x[p], w);
        }
    }
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const float scale = int8_scale_of(a + i * a_bytes);
        const int32_t zero = int8_zero_of(a + i * a_bytes);
        UNROLL
        for (size_t v = 0; v < regs; v++) {
            const int64x2_t left = vreinterpretq_s64_s32(acc[i / 2][2 * v]);
            const int64x2_t right = vreinterpretq_s64_s32(acc[i / 2][2 * v + 1]);
            const int64x2_t row = i % 2 ? vtrn2q_s64(left, right) : vtrn1q_s64(left, right);
            const int_reg sum =
                vaddq_s32(vreinterpretq_s32_s64(row), int8_begin(zero, sums + 4 * v));
            int8_add(int8_float(sum), scales + 4 * v, scale, chains + i * INT8_NR + 4 * v);
        }
    }
}
#elif defined(INT8_DOTPROD)
#define INT8_MR           6
#define EACH_INT8_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define INT8_K            4
#define INT8_AT(l, j)     ((l) / 4 * 4 * INT8_NR + 4 * (j) + (l) % 4)
#define int8_dot          vdotq_s32
#define int8_hide(x)      __asm__("" : "+w"(x))

static inline byte_reg int8_broadcast(const char *p)
{
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vreinterpretq_s8_s32(vdupq_n_s32(bytes));
}

static inline byte_reg int8_load(const char *p)
{
    return vld1q_s8((const int8_t *)p);
}
#else
#define INT8_MR           4
#define EACH_INT8_ROWS(X) X(1) X(2) X(3) X(4)
#define INT8_K            4
/* of eight columns, two numbers each, then the next two */
#define INT8_AT(l, j)                                                                              \
    ((l) / 4 * 4 * INT8_NR + (j) / 8 * 32 + (l) % 4 / 2 * 16 + (j) % 8 * 2 + (l) % 2)

static inline int8x16_t two_bytes(const char *p)
{
    int16_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vreinterpretq_s8_s16(vdupq_n_s16(bytes));
}

/* Two products of at most 128·127 fit in 16 bits. */
#define HAS_INT8_STEP
ALWAYS_INLINE void int8_step(size_t m, size_t regs, const char *a, size_t a_bytes, const char *b,
                             int_reg acc[INT8_MR][INT8_NR / REG_LANES])
{
    UNROLL
    for (size_t v = 0; v < regs; v += 2) {
        const int8x16_t w0 = vld1q_s8((const int8_t *)b + 16 * v);
        const int8x16_t w1 = vld1q_s8((const int8_t *)b + 16 * v + 16);
        UNROLL
        for (size_t i = 0; i < m; i++) {
            const int8x16_t x0 = two_bytes(a + i * a_bytes), x1 = two_bytes(a + i * a_bytes + 2);
            int16x8_t sums = vmull_s8(vget_low_s8(x0), vget_low_s8(w0));
            sums = vmlal_s8(sums, vget_low_s8(x1), vget_low_s8(w1));
            acc[i][v] = vpadalq_s16(acc[i][v], sums);
            sums = vmull_high_s8(x0, w0);
            sums = vmlal_high_s8(sums, x1, w1);
            acc[i][v + 1] = vpadalq_s16(acc[i][v + 1], sums);
        }
    }
}
#endif

#endif
