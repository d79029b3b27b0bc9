/* matmul.h - AVX2 matmul micro-kernel: tiles of up to 6 × 16, 12 accumulators */
#ifndef VIT_KERNELS_AVX2_MATMUL_H
#define VIT_KERNELS_AVX2_MATMUL_H

#include <string.h>

#include "kernels/avx2/vec.h"

#define MR                6
#define NR                16
#define COLUMN_GROUP      8
#define GEMV_PANELS       6
#define EACH_ROWS(X)      X(1) X(2) X(3) X(4) X(5) X(6)
#define NARROW_ROWS       8
#define EACH_NARROW(X)    X(7, 1) X(8, 1)
#define EACH_GROUPS(X, m) X(m, 1) X(m, 2)
#define EACH_PANELS(X)    X(2) X(3) X(4) X(5) X(6)
#define K_STEPS           1 /* of more, gcc 12 keeps accumulators in memory */

#define REG_LANES         8
typedef __m256 reg;

#define reg_set1  _mm256_set1_ps
#define reg_load  _mm256_loadu_ps
#define reg_store _mm256_storeu_ps
#define reg_mul   _mm256_mul_ps
#define reg_fma   _mm256_fmadd_ps

static inline reg reg_load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static inline void store_f16(uint16_t *p, vec a, size_t lanes)
{
    const __m256i halves = _mm256_setr_m128i(_mm256_cvtps_ph(a.l, _MM_FROUND_TO_NEAREST_INT),
                                             _mm256_cvtps_ph(a.h, _MM_FROUND_TO_NEAREST_INT));
    memcpy(p, &halves, lanes * sizeof *p);
}

static inline vec reg_join(const reg *r, size_t count)
{
    return (vec){ r[0], count > 1 ? r[1] : _mm256_setzero_ps() };
}

#include "kernels/simd/registers.h"

#endif
