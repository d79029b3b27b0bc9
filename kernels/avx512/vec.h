/* vec.h - 16 float lanes in one zmm register: the operations of row kernels */
#ifndef VIT_KERNELS_AVX512_VEC_H
#define VIT_KERNELS_AVX512_VEC_H

#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||                   \
    !defined(__AVX512VL__)
#error "compile with FLAGS_avx512"
#endif

#include <immintrin.h>

#include "kernels/constants.h"

typedef __m512 vec;

/* two multiply-adds per cycle with a latency of up to 5 cycles need 10; 32 registers */
#define PEAK_ACCUMULATORS 24

static inline vec v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline __mmask16 first_lanes(size_t n) /* n < 16 */
{
    return (__mmask16)((1u << n) - 1);
}

/* The first n < 16 lanes from memory, the others 0; reads nothing past them. */
static inline vec v_load_tail(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}

static inline void v_store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}

static inline void v_store_tail(float *p, vec a, size_t n)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), a);
}

/* The first n < 16 lanes of a; the others from fill. */
static inline vec v_head(vec a, size_t n, vec fill)
{
    return _mm512_mask_mov_ps(fill, first_lanes(n), a);
}

/* Lanes 1, 0, 3, 2, … */
static inline vec v_swap_neighbors(vec a)
{
    return _mm512_permute_ps(a, 0xb1);
}

static inline vec v_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec v_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec v_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline vec v_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}

static inline vec v_fma(vec a, vec b, vec c) /* a·b + c */
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec v_fnma(vec a, vec b, vec c) /* −a·b + c */
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vec v_max(vec a, vec b) /* a > b ? a : b: the instruction's own rule */
{
    return _mm512_max_ps(a, b);
}

static inline vec v_min(vec a, vec b) /* a < b ? a : b */
{
    return _mm512_min_ps(a, b);
}

/* x ≤ limit ? a : b; b where x or limit is NaN */
static inline vec v_select_le(vec x, vec limit, vec a, vec b)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, limit, _CMP_LE_OQ), b, a);
}

static inline vec v_abs(vec a)
{
    return _mm512_abs_ps(a);
}

static inline vec v_copysign(vec a, vec sign) /* |a| with the sign of `sign` */
{
    const __m512 bit = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(bit, a), _mm512_and_ps(bit, sign));
}

/* a·2ⁿ for integral −220 ≤ n ≤ 0, rounded once; shifted = n + EXP_ROUND */
static inline vec v_scale_by_power(vec a, vec n, vec shifted)
{
    (void)shifted;
    return _mm512_scalef_ps(a, n);
}

/* The same for −220 ≤ n ≤ 220: infinity where it overflows. */
static inline vec v_scale_by_any_power(vec a, vec n)
{
    return _mm512_scalef_ps(a, n);
}

static inline __m256 high_half(vec a)
{
    return _mm512_extractf32x8_ps(a, 1);
}

/* The tree of the numeric contract: l += l+8, l+4, l+2, l+1. */
static inline float v_sum(vec a)
{
    const __m256 s8 = _mm256_add_ps(_mm512_castps512_ps256(a), high_half(a));
    const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}

/* The largest lane; no lane is NaN. */
static inline float v_max_lane(vec a)
{
    const __m256 m8 = _mm256_max_ps(_mm512_castps512_ps256(a), high_half(a));
    const __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(m8), _mm256_extractf128_ps(m8, 1));
    const __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
    return _mm_cvtss_f32(_mm_max_ss(m2, _mm_movehdup_ps(m2)));
}

/* r[i][j] ⇄ r[j][i]: pairs, then fours within each 128-bit quarter, then the quarters. */
static inline void v_transpose(vec r[LANES])
{
    vec u[LANES];

    UNROLL
    for (int g = 0; g < LANES; g += 4) {
        const __m512d low0 = _mm512_castps_pd(_mm512_unpacklo_ps(r[g], r[g + 1]));
        const __m512d high0 = _mm512_castps_pd(_mm512_unpackhi_ps(r[g], r[g + 1]));
        const __m512d low1 = _mm512_castps_pd(_mm512_unpacklo_ps(r[g + 2], r[g + 3]));
        const __m512d high1 = _mm512_castps_pd(_mm512_unpackhi_ps(r[g + 2], r[g + 3]));
        u[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(low0, low1));
        u[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low0, low1));
        u[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high0, high1));
        u[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high0, high1));
    }
    UNROLL
    for (int j = 0; j < 4; j++) {
        const vec top0 = _mm512_shuffle_f32x4(u[j], u[4 + j], 0x44);
        const vec top1 = _mm512_shuffle_f32x4(u[j], u[4 + j], 0xee);
        const vec bottom0 = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0x44);
        const vec bottom1 = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0xee);
        r[j] = _mm512_shuffle_f32x4(top0, bottom0, 0x88);
        r[4 + j] = _mm512_shuffle_f32x4(top0, bottom0, 0xdd);
        r[8 + j] = _mm512_shuffle_f32x4(top1, bottom1, 0x88);
        r[12 + j] = _mm512_shuffle_f32x4(top1, bottom1, 0xdd);
    }
}

/* --- the same 16 lanes in double precision */

typedef struct {
    __m512d l, h; /* lanes 0-7, 8-15 */
} wide;

static inline wide w_set(double x)
{
    return (wide){ _mm512_set1_pd(x), _mm512_set1_pd(x) };
}

static inline wide w_widen(vec a)
{
    const __m256d high = _mm512_extractf64x4_pd(_mm512_castps_pd(a), 1);
    return (wide){ _mm512_cvtps_pd(_mm512_castps512_ps256(a)),
                   _mm512_cvtps_pd(_mm256_castpd_ps(high)) };
}

static inline vec w_narrow(wide a) /* rounded to nearest even */
{
    const __m512d low = _mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps(a.l)));
    const __m256d high = _mm256_castps_pd(_mm512_cvtpd_ps(a.h));
    return _mm512_castpd_ps(_mm512_insertf64x4(low, high, 1));
}

static inline wide w_add(wide a, wide b)
{
    return (wide){ _mm512_add_pd(a.l, b.l), _mm512_add_pd(a.h, b.h) };
}

static inline wide w_mul(wide a, wide b)
{
    return (wide){ _mm512_mul_pd(a.l, b.l), _mm512_mul_pd(a.h, b.h) };
}

static inline wide w_div(wide a, wide b)
{
    return (wide){ _mm512_div_pd(a.l, b.l), _mm512_div_pd(a.h, b.h) };
}

static inline wide w_sqrt(wide a)
{
    return (wide){ _mm512_sqrt_pd(a.l), _mm512_sqrt_pd(a.h) };
}

#endif
