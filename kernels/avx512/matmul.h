/* matmul.h - AVX-512 matmul micro-kernel: tiles of up to 6 × 64, 24 accumulators */
#ifndef VIT_KERNELS_AVX512_MATMUL_H
#define VIT_KERNELS_AVX512_MATMUL_H

#include "kernels/avx512/vec.h"

#define MR                6
#define NR                64
#define COLUMN_GROUP      16
#define GEMV_PANELS       4
#define EACH_ROWS(X)      X(1) X(2) X(3) X(4) X(5) X(6)
#define EACH_GROUPS(X, m) X(m, 1) X(m, 2) X(m, 3) X(m, 4)
#define EACH_PANELS(X)    X(2) X(3) X(4)
#define K_STEPS           4

#define REG_LANES         16
typedef __m512 reg;

#define reg_set1  _mm512_set1_ps
#define reg_load  _mm512_loadu_ps
#define reg_store _mm512_storeu_ps
#define reg_mul   _mm512_mul_ps
#define reg_fma   _mm512_fmadd_ps

static inline reg reg_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/* Zen 4 takes longer to convert into a zmm register than into two ymm registers. */
#define reg_load_f16_once reg_load_f16_once
static inline reg reg_load_f16_once(const uint16_t *p)
{
    const __m256 low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
    const __m256 high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)));

    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

static inline void store_f16(uint16_t *p, vec a, size_t lanes)
{
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << lanes) - 1),
                             _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

/*
 * Half a register: a ymm register, whose multiply-adds take half of the time where the multiply-add
 * units have 256 bits (Zen 4). Every tile of a matmul of 20 rows or more has five or six rows.
 */
#define HALF_LANES   8
#define EACH_HALF(X) X(5, 2) X(5, 3) X(5, 4) X(6, 2) X(6, 3) X(6, 4)

static inline reg reg_load_half(const float *p)
{
    return _mm512_castps256_ps512(_mm256_loadu_ps(p));
}

static inline reg reg_load_half_f16(const uint16_t *p)
{
    return _mm512_castps256_ps512(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
}

/* In assembly, because gcc 12 copies a register at each cast to its half and back. */
static inline reg reg_fma_half(reg a, reg b, reg c)
{
    __asm__("vfmadd231ps %t1, %t2, %t0" : "+v"(c) : "v"(a), "v"(b));
    return c;
}

static inline vec reg_join(const reg *r, size_t count)
{
    (void)count; /* one register is a whole vec */
    return *r;
}

#include "kernels/simd/registers.h"

#endif
