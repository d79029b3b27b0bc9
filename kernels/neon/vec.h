/* vec.h - 16 float lanes in four q registers: the operations of row kernels */
#ifndef VIT_KERNELS_NEON_VEC_H
#define VIT_KERNELS_NEON_VEC_H

#if !defined(__aarch64__) || !defined(__ARM_NEON)
#error "compile for aarch64 with FLAGS_neon"
#endif

#include <arm_neon.h>
#include <string.h>

#include "kernels/constants.h"

typedef struct {
    float32x4_t q[4]; /* lanes 0-3, 4-7, 8-11, 12-15 */
} vec;

/* 24 of 32 registers: up to four multiply-adds per cycle with a latency of 4 cycles */
#define PEAK_ACCUMULATORS 6

/* Applies an expression to each of the four registers; the compiler unrolls the loop. */
#define EACH_QUARTER(expression)                                                                   \
    vec r;                                                                                         \
    for (int i = 0; i < 4; i++)                                                                    \
        r.q[i] = (expression);                                                                     \
    return r

static inline vec v_set(float x)
{
    EACH_QUARTER(vdupq_n_f32(x));
}

static inline vec v_load(const float *p)
{
    EACH_QUARTER(vld1q_f32(p + 4 * i));
}

static inline void v_store(float *p, vec a)
{
    for (int i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, a.q[i]);
}

/* The first n < 16 lanes from memory, the others 0; reads nothing past them. */
static inline vec v_load_tail(const float *p, size_t n)
{
    float lane[LANES] = { 0 };
    memcpy(lane, p, n * sizeof *p);
    return v_load(lane);
}

static inline void v_store_tail(float *p, vec a, size_t n)
{
    float lane[LANES];
    v_store(lane, a);
    memcpy(p, lane, n * sizeof *p);
}

/* The first n < 16 lanes of a; the others from fill. */
static inline vec v_head(vec a, size_t n, vec fill)
{
    static const uint32_t lane[LANES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const uint32x4_t count = vdupq_n_u32((uint32_t)n);
    EACH_QUARTER(vbslq_f32(vcltq_u32(vld1q_u32(lane + 4 * i), count), a.q[i], fill.q[i]));
}

/* Lanes 1, 0, 3, 2, … */
static inline vec v_swap_neighbors(vec a)
{
    EACH_QUARTER(vrev64q_f32(a.q[i]));
}

static inline vec v_add(vec a, vec b)
{
    EACH_QUARTER(vaddq_f32(a.q[i], b.q[i]));
}

static inline vec v_sub(vec a, vec b)
{
    EACH_QUARTER(vsubq_f32(a.q[i], b.q[i]));
}

static inline vec v_mul(vec a, vec b)
{
    EACH_QUARTER(vmulq_f32(a.q[i], b.q[i]));
}

static inline vec v_div(vec a, vec b)
{
    EACH_QUARTER(vdivq_f32(a.q[i], b.q[i]));
}

static inline vec v_fma(vec a, vec b, vec c) /* a·b + c */
{
    EACH_QUARTER(vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}

static inline vec v_fnma(vec a, vec b, vec c) /* −a·b + c */
{
    EACH_QUARTER(vfmsq_f32(c.q[i], a.q[i], b.q[i]));
}

/*
 * Not vmaxq: it returns NaN if either side is NaN, and +0 for −0 and +0. clang 14 would turn the
 * comparison into vmaxq where a is +0; the empty asm hides from it where the mask comes from.
 */
static inline float32x4_t max_quarter(float32x4_t a, float32x4_t b)
{
    uint32x4_t greater = vcgtq_f32(a, b);
    __asm__("" : "+w"(greater));
    return vbslq_f32(greater, a, b);
}

static inline vec v_max(vec a, vec b) /* a > b ? a : b */
{
    EACH_QUARTER(max_quarter(a.q[i], b.q[i]));
}

static inline vec v_min(vec a, vec b) /* a < b ? a : b */
{
    EACH_QUARTER(vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]));
}

/* x ≤ limit ? a : b; b where x or limit is NaN */
static inline vec v_select_le(vec x, vec limit, vec a, vec b)
{
    EACH_QUARTER(vbslq_f32(vcleq_f32(x.q[i], limit.q[i]), a.q[i], b.q[i]));
}

static inline vec v_abs(vec a)
{
    EACH_QUARTER(vabsq_f32(a.q[i]));
}

static inline vec v_copysign(vec a, vec sign) /* |a| with the sign of `sign` */
{
    EACH_QUARTER(vbslq_f32(vdupq_n_u32(0x80000000), sign.q[i], a.q[i]));
}

/* Two factors, since 2ⁿ alone may underflow: the first product is exact, the second rounds. */
static inline float32x4_t scale_quarter(float32x4_t a, float32x4_t shifted)
{
    const int32x4_t power = vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23);
    const int32x4_t biased = vaddq_s32(power, vdupq_n_s32((127 + 96) << 23));
    return vmulq_f32(vmulq_f32(a, vreinterpretq_f32_s32(biased)), vdupq_n_f32(0x1p-96f));
}

/*
 * a·2ⁿ for integral −220 ≤ n ≤ 0 and a near 1, rounded once; shifted = n + EXP_ROUND, whose low
 * bits are those of the integer n
 */
static inline vec v_scale_by_power(vec a, vec n, vec shifted)
{
    (void)n;
    EACH_QUARTER(scale_quarter(a.q[i], shifted.q[i]));
}

/* Times 2^⌊n/2⌋, then times the rest: neither power overflows or underflows. */
static inline float32x4_t scale_quarter_any(float32x4_t a, float32x4_t n)
{
    const int32x4_t whole = vcvtq_s32_f32(n), bias = vdupq_n_s32(127);
    const int32x4_t first = vshrq_n_s32(whole, 1), second = vsubq_s32(whole, first);
    a = vmulq_f32(a, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(first, bias), 23)));
    return vmulq_f32(a, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(second, bias), 23)));
}

/* The same for −220 ≤ n ≤ 220: infinity where it overflows. */
static inline vec v_scale_by_any_power(vec a, vec n)
{
    EACH_QUARTER(scale_quarter_any(a.q[i], n.q[i]));
}

/* The tree of the numeric contract: l += l+8, l+4, l+2, l+1. */
static inline float v_sum(vec a)
{
    const float32x4_t s4 =
        vaddq_f32(vaddq_f32(a.q[0], a.q[2]), vaddq_f32(a.q[1], a.q[3])); /* l+8, then l+4 */
    const float32x2_t s2 = vadd_f32(vget_low_f32(s4), vget_high_f32(s4));
    return vget_lane_f32(s2, 0) + vget_lane_f32(s2, 1);
}

/* The largest lane; no lane is NaN. */
static inline float v_max_lane(vec a)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.q[0], a.q[2]), vmaxq_f32(a.q[1], a.q[3])));
}

static inline float32x4_t low_halves(float32x4_t a, float32x4_t b)
{
    return vcombine_f32(vget_low_f32(a), vget_low_f32(b));
}

static inline float32x4_t high_halves(float32x4_t a, float32x4_t b)
{
    return vcombine_f32(vget_high_f32(a), vget_high_f32(b));
}

/* r[i][j] ⇄ r[j][i], in blocks of 4 × 4. */
static inline void v_transpose(vec r[LANES])
{
    vec t[LANES];

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const float32x4x2_t top = vtrnq_f32(r[4 * i].q[j], r[4 * i + 1].q[j]);
            const float32x4x2_t bottom = vtrnq_f32(r[4 * i + 2].q[j], r[4 * i + 3].q[j]);
            t[4 * j].q[i] = low_halves(top.val[0], bottom.val[0]);
            t[4 * j + 1].q[i] = low_halves(top.val[1], bottom.val[1]);
            t[4 * j + 2].q[i] = high_halves(top.val[0], bottom.val[0]);
            t[4 * j + 3].q[i] = high_halves(top.val[1], bottom.val[1]);
        }
    memcpy(r, t, sizeof t);
}

/* --- the same 16 lanes in double precision */

typedef struct {
    float64x2_t d[8];
} wide;

#define EACH_EIGHTH(value)                                                                         \
    wide out;                                                                                      \
    UNROLL                                                                                         \
    for (int i = 0; i < 8; i++)                                                                    \
        out.d[i] = value;                                                                          \
    return out

static inline wide w_set(double x)
{
    EACH_EIGHTH(vdupq_n_f64(x));
}

static inline wide w_widen(vec a)
{
    EACH_EIGHTH(i % 2 ? vcvt_high_f64_f32(a.q[i / 2]) : vcvt_f64_f32(vget_low_f32(a.q[i / 2])));
}

static inline vec w_narrow(wide a) /* rounded to nearest even */
{
    EACH_QUARTER(vcvt_high_f32_f64(vcvt_f32_f64(a.d[2 * i]), a.d[2 * i + 1]));
}

static inline wide w_add(wide a, wide b)
{
    EACH_EIGHTH(vaddq_f64(a.d[i], b.d[i]));
}

static inline wide w_mul(wide a, wide b)
{
    EACH_EIGHTH(vmulq_f64(a.d[i], b.d[i]));
}

static inline wide w_div(wide a, wide b)
{
    EACH_EIGHTH(vdivq_f64(a.d[i], b.d[i]));
}

static inline wide w_sqrt(wide a)
{
    EACH_EIGHTH(vsqrtq_f64(a.d[i]));
}

#endif
