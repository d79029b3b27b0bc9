/* bytes.h - sums of bytes times weights in four q registers: the operations of a resize */
#ifndef VIT_KERNELS_NEON_BYTES_H
#define VIT_KERNELS_NEON_BYTES_H

#include "kernels/neon/vec.h"
#include "kernels/resize.h"

/* 16 lanes of 32 bits, in four quarters */
typedef struct {
    uint32x4_t q[4];
} ints;

/* Of products modulo 2^32. */
struct sums {
    uint32x4_t q[4];
};

/* The same 16 bytes in each quarter. */
static inline ints i_quarters(const void *p)
{
    const uint32x4_t q = vreinterpretq_u32_u8(vld1q_u8(p));
    return (ints){ { q, q, q, q } };
}

/* 16 bytes from each of four rows, one row a quarter. */
static inline ints i_rows(const uint8_t *const row[4], size_t at)
{
    ints r;
    for (int i = 0; i < 4; i++)
        r.q[i] = vreinterpretq_u32_u8(vld1q_u8(row[i] + at));
    return r;
}

/* Byte i of each quarter is its byte pattern[i], or 0 if that is 255. */
static inline ints i_pick(ints bytes, ints pattern)
{
    ints r;
    for (int i = 0; i < 4; i++)
        r.q[i] = vreinterpretq_u32_u8(
            vqtbl1q_u8(vreinterpretq_u8_u32(bytes.q[i]), vreinterpretq_u8_u32(pattern.q[i])));
    return r;
}

/* Lane i is the pair of a[i] and b[i], as numbers of 16 bits. */
static inline ints i_above(const uint8_t *a, const uint8_t *b)
{
    const uint8x16_t upper = vld1q_u8(a), lower = vld1q_u8(b), zero = vdupq_n_u8(0);
    const uint8x16x2_t u = vzipq_u8(upper, zero), l = vzipq_u8(lower, zero);
    ints r;
    for (int i = 0; i < 2; i++) {
        const uint16x8x2_t pairs =
            vzipq_u16(vreinterpretq_u16_u8(u.val[i]), vreinterpretq_u16_u8(l.val[i]));
        r.q[2 * i] = vreinterpretq_u32_u16(pairs.val[0]);
        r.q[2 * i + 1] = vreinterpretq_u32_u16(pairs.val[1]);
    }
    return r;
}

static inline struct sums sums_zero(void)
{
    const uint32x4_t zero = vdupq_n_u32(0);
    return (struct sums){ { zero, zero, zero, zero } };
}

/*
 * The first and the second number of each pair times a weight of 32 bits, which is fewer
 * instructions than the two parts of 16 bits: there is none that adds the products of a pair.
 */
static inline struct sums sums_add(struct sums s, ints pairs, uint32x4_t first, uint32x4_t second)
{
    for (int i = 0; i < 4; i++) {
        s.q[i] = vmlaq_u32(s.q[i], vandq_u32(pairs.q[i], vdupq_n_u32(0xffff)), first);
        s.q[i] = vmlaq_u32(s.q[i], vshrq_n_u32(pairs.q[i], 16), second);
    }
    return s;
}

static inline uint32x4_t same_weight(int16_t low, int16_t high)
{
    return vdupq_n_u32((uint32_t)low + ((uint32_t)high << 16));
}

/* Every pair times the same two weights. */
static inline struct sums sums_add_pair(struct sums s, ints pairs, const int16_t *low,
                                        const int16_t *high)
{
    return sums_add(s, pairs, same_weight(low[0], high[0]), same_weight(low[1], high[1]));
}

/* The four pairs of each quarter times the same eight weights. */
static inline struct sums sums_add_quarter(struct sums s, ints pairs, const int16_t *low,
                                           const int16_t *high)
{
    const int32x4_t l = vreinterpretq_s32_s16(vld1q_s16(low));
    const int32x4_t h = vreinterpretq_s32_s16(vld1q_s16(high));
    const int32x4_t first = vaddq_s32(vshrq_n_s32(vshlq_n_s32(l, 16), 16), vshlq_n_s32(h, 16));
    const int32x4_t second = vaddq_s32(vshrq_n_s32(l, 16), vshlq_n_s32(vshrq_n_s32(h, 16), 16));
    return sums_add(s, pairs, vreinterpretq_u32_s32(first), vreinterpretq_u32_s32(second));
}

static inline ints sums_total(struct sums s)
{
    return (ints){ { s.q[0], s.q[1], s.q[2], s.q[3] } };
}

/* Each lane is the sum of its quarter. */
static inline ints i_sum_quarters(ints a)
{
    for (int i = 0; i < 4; i++)
        a.q[i] = vdupq_n_u32(vaddvq_u32(a.q[i]));
    return a;
}

/* Rounds each lane and limits it to a byte. */
static inline void i_store_bytes(uint8_t *p, ints total)
{
    int16x4_t words[4];
    for (int i = 0; i < 4; i++) {
        const int32x4_t sum = vreinterpretq_s32_u32(total.q[i]);
        words[i] = vmovn_s32(vshrq_n_s32(vaddq_s32(sum, vdupq_n_s32(RESIZE_HALF)), RESIZE_BITS));
    }
    vst1q_u8(p, vcombine_u8(vqmovun_s16(vcombine_s16(words[0], words[1])),
                            vqmovun_s16(vcombine_s16(words[2], words[3]))));
}

#endif
