/* int8.h - AVX-512 tiles of up to 6 × 64 in 8 bits; with VNNI a step is one instruction */
#ifndef VIT_KERNELS_AVX512_INT8_H
#define VIT_KERNELS_AVX512_INT8_H

#include <string.h>

#include "kernels/avx512/matmul.h"

#define INT8_MR              6
#define INT8_NR              64
#define INT8_COLUMN_GROUP    16
#define INT8_K               4
#define INT8_AT(l, j)        ((l) / 4 * 4 * INT8_NR + 4 * (j) + (l) % 4)
#define EACH_INT8_ROWS(X)    X(1) X(2) X(3) X(4) X(5) X(6)
#define EACH_INT8_REGS(X, m) X(m, 1) X(m, 2) X(m, 3) X(m, 4)

/* 16 bits, then 0: vpmaddwd multiplies them, exactly */
#define INT8_ZERO(z)  (uint16_t)(-(z))
#define INT8_SUM(sum) (uint16_t)(sum)

typedef __m512i int_reg, byte_reg;
#define int8_float   _mm512_cvtepi32_ps
#define int8_hide(x) __asm__("" : "+v"(x))

static inline void store_u8(uint8_t *p, vec x, int32_t zero)
{
    const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero));

    _mm_storeu_si128((__m128i *)p,
                     _mm512_cvtusepi32_epi8(_mm512_max_epi32(q, _mm512_setzero_si512())));
}

static inline int_reg int8_begin(int32_t zero, const int32_t *sums)
{
    return _mm512_madd_epi16(_mm512_set1_epi32(zero), _mm512_loadu_si512(sums));
}

static inline byte_reg int8_broadcast(const char *p)
{
    int32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

static inline byte_reg int8_load(const char *p)
{
    return _mm512_loadu_si512(p);
}

#ifdef INT8_VNNI
#ifndef int8_dot /* tests/shim has it in C */
/* In assembly, because gcc 12 would add in other registers, and spill accumulators. */
static inline int_reg int8_dot(int_reg c, byte_reg a, byte_reg b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
    return c;
}
#endif
#else
/*
 * vpmaddubsw saturates at 16 bits, but no pair of weights reaches that: int8_limit_pair. The sum is
 * in assembly, because gcc 12 would add in other registers, and copy or spill accumulators.
 */
static inline int_reg int8_dot(int_reg c, byte_reg a, byte_reg b)
{
    const __m512i sums = _mm512_madd_epi16(_mm512_maddubs_epi16(a, b), _mm512_set1_epi16(1));
    __asm__("vpaddd %1, %0, %0" : "+v"(c) : "v"(sums));
    return c;
}
#endif

#endif
