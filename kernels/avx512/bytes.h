/* bytes.h - sums of bytes times weights in zmm registers: the operations of a resize */
#ifndef VIT_KERNELS_AVX512_BYTES_H
#define VIT_KERNELS_AVX512_BYTES_H

#include <string.h>

#include "kernels/avx512/vec.h"
#include "kernels/resize.h"

typedef __m512i ints; /* 16 lanes of 32 bits, in four quarters */

/* What a sum's low and high parts of weights contribute: low + 2^16·high, modulo 2^32. */
struct sums {
    ints low, high;
};

/* The same 16 bytes in each quarter. */
static inline ints i_quarters(const void *p)
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128(p));
}

static inline __m256i two_rows(const uint8_t *a, const uint8_t *b)
{
    const __m256i first = _mm256_castsi128_si256(_mm_loadu_si128((const void *)a));
    return _mm256_inserti128_si256(first, _mm_loadu_si128((const void *)b), 1);
}

/* 16 bytes from each of four rows, one row a quarter. */
static inline ints i_rows(const uint8_t *const row[4], size_t at)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(two_rows(row[0] + at, row[1] + at)),
                              two_rows(row[2] + at, row[3] + at), 1);
}

/* Byte i of each quarter is its byte pattern[i], or 0 if that is 255. */
static inline ints i_pick(ints bytes, ints pattern)
{
    return _mm512_shuffle_epi8(bytes, pattern);
}

/* Lane i is the pair of a[i] and b[i], as numbers of 16 bits. */
static inline ints i_above(const uint8_t *a, const uint8_t *b)
{
    const ints upper = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)a));
    const ints lower = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)b));
    return _mm512_or_si512(upper, _mm512_slli_epi32(lower, 16));
}

static inline struct sums sums_zero(void)
{
    return (struct sums){ _mm512_setzero_si512(), _mm512_setzero_si512() };
}

/* A product is below 2^23, so that the sum of two is exact. */
static inline struct sums sums_add(struct sums s, ints pairs, ints low, ints high)
{
    s.low = _mm512_add_epi32(s.low, _mm512_madd_epi16(pairs, low));
    s.high = _mm512_add_epi32(s.high, _mm512_madd_epi16(pairs, high));
    return s;
}

/* Every pair times the same two weights. */
static inline struct sums sums_add_pair(struct sums s, ints pairs, const int16_t *low,
                                        const int16_t *high)
{
    int32_t l, h;
    memcpy(&l, low, sizeof l);
    memcpy(&h, high, sizeof h);
    return sums_add(s, pairs, _mm512_set1_epi32(l), _mm512_set1_epi32(h));
}

/* The four pairs of each quarter times the same eight weights. */
static inline struct sums sums_add_quarter(struct sums s, ints pairs, const int16_t *low,
                                           const int16_t *high)
{
    return sums_add(s, pairs, i_quarters(low), i_quarters(high));
}

static inline ints sums_total(struct sums s)
{
    return _mm512_add_epi32(s.low, _mm512_slli_epi32(s.high, 16));
}

/* Each lane is the sum of its quarter. */
static inline ints i_sum_quarters(ints a)
{
    a = _mm512_add_epi32(a, _mm512_shuffle_epi32(a, _MM_PERM_BADC));
    return _mm512_add_epi32(a, _mm512_shuffle_epi32(a, _MM_PERM_CDAB));
}

/* Rounds each lane and limits it to a byte. */
static inline void i_store_bytes(uint8_t *p, ints total)
{
    const ints whole =
        _mm512_srai_epi32(_mm512_add_epi32(total, _mm512_set1_epi32(RESIZE_HALF)), RESIZE_BITS);
    _mm_storeu_si128((void *)p,
                     _mm512_cvtusepi32_epi8(_mm512_max_epi32(whole, _mm512_setzero_si512())));
}

#endif
