/* bytes.h - sums of bytes times weights in ymm registers: the operations of a resize */
#ifndef VIT_KERNELS_AVX2_BYTES_H
#define VIT_KERNELS_AVX2_BYTES_H

#include <string.h>

#include "kernels/avx2/vec.h"
#include "kernels/resize.h"

/* 16 lanes of 32 bits, in four quarters */
typedef struct {
    __m256i l, h; /* quarters 0 and 1, 2 and 3 */
} ints;

/* What a sum's low and high parts of weights contribute: low + 2^16·high, modulo 2^32. */
struct sums {
    ints low, high;
};

/* The same 16 bytes in each quarter. */
static inline ints i_quarters(const void *p)
{
    const __m256i half = _mm256_broadcastsi128_si256(_mm_loadu_si128(p));
    return (ints){ half, half };
}

static inline __m256i two_rows(const uint8_t *a, const uint8_t *b)
{
    const __m256i first = _mm256_castsi128_si256(_mm_loadu_si128((const void *)a));
    return _mm256_inserti128_si256(first, _mm_loadu_si128((const void *)b), 1);
}

/* 16 bytes from each of four rows, one row a quarter. */
static inline ints i_rows(const uint8_t *const row[4], size_t at)
{
    return (ints){ two_rows(row[0] + at, row[1] + at), two_rows(row[2] + at, row[3] + at) };
}

/* Byte i of each quarter is its byte pattern[i], or 0 if that is 255. */
static inline ints i_pick(ints bytes, ints pattern)
{
    return (ints){ _mm256_shuffle_epi8(bytes.l, pattern.l),
                   _mm256_shuffle_epi8(bytes.h, pattern.h) };
}

static inline __m256i above_half(const uint8_t *a, const uint8_t *b)
{
    const __m256i upper = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)a));
    const __m256i lower = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)b));
    return _mm256_or_si256(upper, _mm256_slli_epi32(lower, 16));
}

/* Lane i is the pair of a[i] and b[i], as numbers of 16 bits. */
static inline ints i_above(const uint8_t *a, const uint8_t *b)
{
    return (ints){ above_half(a, b), above_half(a + 8, b + 8) };
}

static inline struct sums sums_zero(void)
{
    const ints zero = { _mm256_setzero_si256(), _mm256_setzero_si256() };
    return (struct sums){ zero, zero };
}

/* A product is below 2^23, so that the sum of two is exact. */
static inline ints add_products(ints sum, ints pairs, ints weights)
{
    return (ints){ _mm256_add_epi32(sum.l, _mm256_madd_epi16(pairs.l, weights.l)),
                   _mm256_add_epi32(sum.h, _mm256_madd_epi16(pairs.h, weights.h)) };
}

static inline ints same_pair(const int16_t *weights)
{
    int32_t pair;
    memcpy(&pair, weights, sizeof pair);
    return (ints){ _mm256_set1_epi32(pair), _mm256_set1_epi32(pair) };
}

/* Every pair times the same two weights. */
static inline struct sums sums_add_pair(struct sums s, ints pairs, const int16_t *low,
                                        const int16_t *high)
{
    return (struct sums){ add_products(s.low, pairs, same_pair(low)),
                          add_products(s.high, pairs, same_pair(high)) };
}

/* The four pairs of each quarter times the same eight weights. */
static inline struct sums sums_add_quarter(struct sums s, ints pairs, const int16_t *low,
                                           const int16_t *high)
{
    return (struct sums){ add_products(s.low, pairs, i_quarters(low)),
                          add_products(s.high, pairs, i_quarters(high)) };
}

static inline ints sums_total(struct sums s)
{
    return (ints){ _mm256_add_epi32(s.low.l, _mm256_slli_epi32(s.high.l, 16)),
                   _mm256_add_epi32(s.low.h, _mm256_slli_epi32(s.high.h, 16)) };
}

static inline __m256i sum_halves(__m256i a)
{
    a = _mm256_add_epi32(a, _mm256_shuffle_epi32(a, 0x4e));
    return _mm256_add_epi32(a, _mm256_shuffle_epi32(a, 0xb1));
}

/* Each lane is the sum of its quarter. */
static inline ints i_sum_quarters(ints a)
{
    return (ints){ sum_halves(a.l), sum_halves(a.h) };
}

/* Rounds each lane and limits it to a byte. */
static inline void i_store_bytes(uint8_t *p, ints total)
{
    const __m256i half = _mm256_set1_epi32(RESIZE_HALF);
    const __m256i l = _mm256_srai_epi32(_mm256_add_epi32(total.l, half), RESIZE_BITS);
    const __m256i h = _mm256_srai_epi32(_mm256_add_epi32(total.h, half), RESIZE_BITS);
    const __m256i words = _mm256_packs_epi32(l, h); /* quarters 0, 2, 1, 3 */
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words, words),
                                                      _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0));
    _mm_storeu_si128((void *)p, _mm256_castsi256_si128(bytes));
}

#endif
