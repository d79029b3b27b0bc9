/* vec.h - 16 float lanes in two ymm registers: the operations of row kernels */
#ifndef VIT_KERNELS_AVX2_VEC_H
#define VIT_KERNELS_AVX2_VEC_H

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "compile with FLAGS_avx2"
#endif

#include <immintrin.h>

#include "kernels/constants.h"

typedef struct {
    __m256 l, h; /* lanes 0-7, 8-15 */
} vec;

/* 12 registers of 16: two multiply-adds per cycle with a latency of 5 cycles need 10 */
#define PEAK_ACCUMULATORS 6

static inline vec v_set(float x)
{
    return (vec){ _mm256_set1_ps(x), _mm256_set1_ps(x) };
}

static inline vec v_load(const float *p)
{
    return (vec){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) };
}

/* All ones in the lanes below n − first, for eight lanes that begin at `first`. */
static inline __m256i lanes_below(size_t n, int first)
{
    const __m256i lane =
        _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

/* The first n < 16 lanes from memory, the others 0; reads nothing past them. */
static inline vec v_load_tail(const float *p, size_t n)
{
    if (n < 8)
        return (vec){ _mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_setzero_ps() };
    if (n == 8)
        return (vec){ _mm256_loadu_ps(p), _mm256_setzero_ps() };
    return (vec){ _mm256_loadu_ps(p), _mm256_maskload_ps(p + 8, lanes_below(n, 8)) };
}

static inline void v_store(float *p, vec a)
{
    _mm256_storeu_ps(p, a.l);
    _mm256_storeu_ps(p + 8, a.h);
}

/*
 * The first n < 8 lanes, by fours, twos and ones: on AMD, VMASKMOVPS to memory is microcode of some
 * 40 operations (Fog, "Instruction tables", Zen 3 and 4).
 */
static inline void store_below_8(float *p, __m256 a, size_t n)
{
    __m128 rest = _mm256_castps256_ps128(a);

    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(a, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, rest);
}

static inline void v_store_tail(float *p, vec a, size_t n)
{
    if (n >= 8)
        _mm256_storeu_ps(p, a.l);
    store_below_8(n >= 8 ? p + 8 : p, n >= 8 ? a.h : a.l, n % 8);
}

/* The first n < 16 lanes of a; the others from fill. */
static inline vec v_head(vec a, size_t n, vec fill)
{
    return (vec){ _mm256_blendv_ps(fill.l, a.l, _mm256_castsi256_ps(lanes_below(n, 0))),
                  _mm256_blendv_ps(fill.h, a.h, _mm256_castsi256_ps(lanes_below(n, 8))) };
}

/* Lanes 1, 0, 3, 2, … */
static inline vec v_swap_neighbors(vec a)
{
    return (vec){ _mm256_permute_ps(a.l, 0xb1), _mm256_permute_ps(a.h, 0xb1) };
}

static inline vec v_add(vec a, vec b)
{
    return (vec){ _mm256_add_ps(a.l, b.l), _mm256_add_ps(a.h, b.h) };
}

static inline vec v_sub(vec a, vec b)
{
    return (vec){ _mm256_sub_ps(a.l, b.l), _mm256_sub_ps(a.h, b.h) };
}

static inline vec v_mul(vec a, vec b)
{
    return (vec){ _mm256_mul_ps(a.l, b.l), _mm256_mul_ps(a.h, b.h) };
}

static inline vec v_div(vec a, vec b)
{
    return (vec){ _mm256_div_ps(a.l, b.l), _mm256_div_ps(a.h, b.h) };
}

static inline vec v_fma(vec a, vec b, vec c) /* a·b + c */
{
    return (vec){ _mm256_fmadd_ps(a.l, b.l, c.l), _mm256_fmadd_ps(a.h, b.h, c.h) };
}

static inline vec v_fnma(vec a, vec b, vec c) /* −a·b + c */
{
    return (vec){ _mm256_fnmadd_ps(a.l, b.l, c.l), _mm256_fnmadd_ps(a.h, b.h, c.h) };
}

static inline vec v_max(vec a, vec b) /* a > b ? a : b: the instruction's own rule */
{
    return (vec){ _mm256_max_ps(a.l, b.l), _mm256_max_ps(a.h, b.h) };
}

static inline vec v_min(vec a, vec b) /* a < b ? a : b */
{
    return (vec){ _mm256_min_ps(a.l, b.l), _mm256_min_ps(a.h, b.h) };
}

/* x ≤ limit ? a : b; b where x or limit is NaN */
static inline vec v_select_le(vec x, vec limit, vec a, vec b)
{
    return (vec){ _mm256_blendv_ps(b.l, a.l, _mm256_cmp_ps(x.l, limit.l, _CMP_LE_OQ)),
                  _mm256_blendv_ps(b.h, a.h, _mm256_cmp_ps(x.h, limit.h, _CMP_LE_OQ)) };
}

static inline vec v_abs(vec a)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (vec){ _mm256_andnot_ps(sign, a.l), _mm256_andnot_ps(sign, a.h) };
}

static inline vec v_copysign(vec a, vec sign) /* |a| with the sign of `sign` */
{
    const __m256 bit = _mm256_set1_ps(-0.0f);
    return (vec){ _mm256_or_ps(_mm256_andnot_ps(bit, a.l), _mm256_and_ps(bit, sign.l)),
                  _mm256_or_ps(_mm256_andnot_ps(bit, a.h), _mm256_and_ps(bit, sign.h)) };
}

/* Two factors, since 2ⁿ alone may underflow: the first product is exact, the second rounds. */
static inline __m256 scale_half(__m256 a, __m256 shifted)
{
    const __m256i power = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    const __m256i biased = _mm256_add_epi32(power, _mm256_set1_epi32((127 + 96) << 23));
    return _mm256_mul_ps(_mm256_mul_ps(a, _mm256_castsi256_ps(biased)), _mm256_set1_ps(0x1p-96f));
}

/*
 * a·2ⁿ for integral −220 ≤ n ≤ 0 and a near 1, rounded once; shifted = n + EXP_ROUND, whose low
 * bits are those of the integer n
 */
static inline vec v_scale_by_power(vec a, vec n, vec shifted)
{
    (void)n;
    return (vec){ scale_half(a.l, shifted.l), scale_half(a.h, shifted.h) };
}

/* Times 2^⌊n/2⌋, then times the rest: neither power overflows or underflows. */
static inline __m256 scale_half_any(__m256 a, __m256 n)
{
    const __m256i whole = _mm256_cvtps_epi32(n), bias = _mm256_set1_epi32(127);
    const __m256i first = _mm256_srai_epi32(whole, 1), second = _mm256_sub_epi32(whole, first);
    a = _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(first, bias), 23)));
    return _mm256_mul_ps(
        a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(second, bias), 23)));
}

/* The same for −220 ≤ n ≤ 220: infinity where it overflows. */
static inline vec v_scale_by_any_power(vec a, vec n)
{
    return (vec){ scale_half_any(a.l, n.l), scale_half_any(a.h, n.h) };
}

/* The tree of the numeric contract: l += l+8, l+4, l+2, l+1. */
static inline float v_sum(vec a)
{
    const __m256 s8 = _mm256_add_ps(a.l, a.h);
    const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}

/* The largest lane; no lane is NaN. */
static inline float v_max_lane(vec a)
{
    const __m256 m8 = _mm256_max_ps(a.l, a.h);
    const __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(m8), _mm256_extractf128_ps(m8, 1));
    const __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
    return _mm_cvtss_f32(_mm_max_ss(m2, _mm_movehdup_ps(m2)));
}

/* Eight rows of eight, in place: pairs, then fours within each half, then the halves. */
static inline void transpose_8(__m256 r[8])
{
    __m256 u[8];

    UNROLL
    for (int g = 0; g < 8; g += 4) {
        const __m256d low0 = _mm256_castps_pd(_mm256_unpacklo_ps(r[g], r[g + 1]));
        const __m256d high0 = _mm256_castps_pd(_mm256_unpackhi_ps(r[g], r[g + 1]));
        const __m256d low1 = _mm256_castps_pd(_mm256_unpacklo_ps(r[g + 2], r[g + 3]));
        const __m256d high1 = _mm256_castps_pd(_mm256_unpackhi_ps(r[g + 2], r[g + 3]));
        u[g] = _mm256_castpd_ps(_mm256_unpacklo_pd(low0, low1));
        u[g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low0, low1));
        u[g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high0, high1));
        u[g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high0, high1));
    }
    UNROLL
    for (int j = 0; j < 4; j++) {
        r[j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x20);
        r[4 + j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x31);
    }
}

/* r[i][j] ⇄ r[j][i], by quarters of 8 × 8. */
static inline void v_transpose(vec r[LANES])
{
    __m256 quarter[4][8];

    for (int i = 0; i < 8; i++) {
        quarter[0][i] = r[i].l;
        quarter[1][i] = r[i].h;
        quarter[2][i] = r[8 + i].l;
        quarter[3][i] = r[8 + i].h;
    }
    for (int q = 0; q < 4; q++)
        transpose_8(quarter[q]);
    for (int i = 0; i < 8; i++) {
        r[i] = (vec){ quarter[0][i], quarter[2][i] };
        r[8 + i] = (vec){ quarter[1][i], quarter[3][i] };
    }
}

/* --- the same 16 lanes in double precision */

typedef struct {
    __m256d d[4];
} wide;

#define EACH_FOURTH(value)                                                                         \
    wide out;                                                                                      \
    UNROLL                                                                                         \
    for (int i = 0; i < 4; i++)                                                                    \
        out.d[i] = value;                                                                          \
    return out

static inline wide w_set(double x)
{
    EACH_FOURTH(_mm256_set1_pd(x));
}

static inline wide w_widen(vec a)
{
    return (wide){ { _mm256_cvtps_pd(_mm256_castps256_ps128(a.l)),
                     _mm256_cvtps_pd(_mm256_extractf128_ps(a.l, 1)),
                     _mm256_cvtps_pd(_mm256_castps256_ps128(a.h)),
                     _mm256_cvtps_pd(_mm256_extractf128_ps(a.h, 1)) } };
}

static inline vec w_narrow(wide a) /* rounded to nearest even */
{
    return (vec){ _mm256_set_m128(_mm256_cvtpd_ps(a.d[1]), _mm256_cvtpd_ps(a.d[0])),
                  _mm256_set_m128(_mm256_cvtpd_ps(a.d[3]), _mm256_cvtpd_ps(a.d[2])) };
}

static inline wide w_add(wide a, wide b)
{
    EACH_FOURTH(_mm256_add_pd(a.d[i], b.d[i]));
}

static inline wide w_mul(wide a, wide b)
{
    EACH_FOURTH(_mm256_mul_pd(a.d[i], b.d[i]));
}

static inline wide w_div(wide a, wide b)
{
    EACH_FOURTH(_mm256_div_pd(a.d[i], b.d[i]));
}

static inline wide w_sqrt(wide a)
{
    EACH_FOURTH(_mm256_sqrt_pd(a.d[i]));
}

#endif
