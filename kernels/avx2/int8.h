/* int8.h - AVX2 tiles of up to 4 × 16 in 8 bits; with VNNI a step is one instruction */
#ifndef VIT_KERNELS_AVX2_INT8_H
#define VIT_KERNELS_AVX2_INT8_H

#include "kernels/avx2/matmul.h"

#define INT8_NR              16
#define INT8_COLUMN_GROUP    8
#define INT8_K               4
#define INT8_AT(l, j)        ((l) / 4 * 4 * INT8_NR + 4 * (j) + (l) % 4)
#define EACH_INT8_REGS(X, m) X(m, 1) X(m, 2)

/* 16 bits, then 0: vpmaddwd multiplies them, exactly */
#define INT8_ZERO(z)  (uint16_t)(-(z))
#define INT8_SUM(sum) (uint16_t)(sum)

typedef __m256i int_reg, byte_reg;
#define int8_float   _mm256_cvtepi32_ps
#define int8_hide(x) __asm__("" : "+x"(x))

static inline void store_u8(uint8_t *p, vec x, int32_t zero)
{
    const __m256i z = _mm256_set1_epi32(zero);
    const __m256i l = _mm256_add_epi32(_mm256_cvtps_epi32(x.l), z);
    const __m256i h = _mm256_add_epi32(_mm256_cvtps_epi32(x.h), z);
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(l, h), 0xd8);

    _mm_storeu_si128((__m128i *)p, _mm_packus_epi16(_mm256_castsi256_si128(words),
                                                    _mm256_extracti128_si256(words, 1)));
}

static inline int_reg int8_begin(int32_t zero, const int32_t *sums)
{
    return _mm256_madd_epi16(_mm256_set1_epi32(zero), _mm256_loadu_si256((const __m256i *)sums));
}

static inline byte_reg int8_broadcast(const char *p)
{
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm256_set1_epi32(bytes);
}

static inline byte_reg int8_load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

#ifdef INT8_VNNI
#define INT8_MR           6
#define EACH_INT8_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)

#ifndef int8_dot /* tests/shim has it in C */
/* In assembly, because gcc 12 would add in other registers, and copy or spill accumulators. */
static inline int_reg int8_dot(int_reg c, byte_reg a, byte_reg b)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
    return c;
}
#endif
#else
#define INT8_MR           4
#define EACH_INT8_ROWS(X) X(1) X(2) X(3) X(4)

/*
 * vpmaddubsw saturates at 16 bits, but no pair of weights reaches that: int8_limit_pair. The sum is
 * in assembly, because gcc 12 would add in other registers, and copy or spill accumulators.
 */
static inline int_reg int8_add_pairs(int_reg c, __m256i pairs)
{
    const __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __asm__("vpaddd %1, %0, %0" : "+x"(c) : "x"(sums));
    return c;
}

static inline int_reg int8_dot(int_reg c, byte_reg a, byte_reg b)
{
    return int8_add_pairs(c, _mm256_maddubs_epi16(a, b));
}

/* Weights are operands in memory: where a core has two threads, instructions limit the speed. */
#define HAS_INT8_STEP
ALWAYS_INLINE void int8_step(size_t m, size_t regs, const char *a, size_t a_bytes, const char *b,
                             int_reg acc[INT8_MR][INT8_NR / REG_LANES])
{
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const byte_reg x = int8_broadcast(a + i * a_bytes);
        UNROLL
        for (size_t v = 0; v < regs; v++) {
            __m256i pairs;
            __asm__("vpmaddubsw %2, %1, %0"
                    : "=x"(pairs)
                    : "x"(x), "m"(*(const __m256i_u *)(const void *)(b + 4 * REG_LANES * v)));
            acc[i][v] = int8_add_pairs(acc[i][v], pairs);
        }
    }
}
#endif

#endif
