/* exp.h - the exponential over vec.h; kernels/scalar/exp.h explains it */
#ifndef VIT_KERNELS_SIMD_EXP_H
#define VIT_KERNELS_SIMD_EXP_H

/* n of exp(x) = 2ⁿ·exp(r); *high = r plus the low part of n·ln 2 */
static inline vec v_exp_power(vec x, vec *high)
{
    const vec round = v_set(EXP_ROUND);
    const vec n = v_sub(v_fma(x, v_set(EXP_LOG2E), round), round);

    *high = v_fma(n, v_set(-EXP_LN2_HI), x);
    return n;
}

/* exp(r) − 1 for |r| ≤ ln 2/2 */
static inline vec v_expm1_reduced(vec r)
{
    vec p = v_set(exp_poly[4]);
    for (int i = 3; i >= 0; i--)
        p = v_fma(p, r, v_set(exp_poly[i]));
    return v_fma(v_mul(r, r), p, r);
}

static inline vec v_exp_reduced(vec r)
{
    return v_add(v_expm1_reduced(r), v_set(1.0f));
}

/* exp(x − excess) for −150 ≤ x ≤ 0 */
static inline vec v_exp_rounded(vec x, vec excess)
{
    vec high;
    const vec n = v_exp_power(x, &high);
    const vec r = v_sub(v_fma(n, v_set(-EXP_LN2_LO), high), excess);
    return v_scale_by_power(v_exp_reduced(r), n);
}

/*
 * exp(x) for up to 4 vectors x ≤ 0. Each step is applied to all of them before the next step, which
 * hides the latency. Same bits as v_exp_rounded with excess 0: subtracting 0 changes nothing.
 */
#define EACH                                                                                       \
    UNROLL                                                                                         \
    for (size_t j = 0; j < count; j++)
ALWAYS_INLINE void v_exp_each(size_t count, vec *x)
{
    vec n[4], r[4], p[4];

    EACH r[j] = v_max(v_set(EXP_MIN), x[j]);
    EACH n[j] = v_fma(r[j], v_set(EXP_LOG2E), v_set(EXP_ROUND));
    EACH n[j] = v_sub(n[j], v_set(EXP_ROUND));
    EACH r[j] = v_fma(n[j], v_set(-EXP_LN2_HI), r[j]);
    EACH r[j] = v_fma(n[j], v_set(-EXP_LN2_LO), r[j]);
    EACH p[j] = v_set(exp_poly[4]);
    UNROLL
    for (int i = 3; i >= 0; i--)
        EACH p[j] = v_fma(p[j], r[j], v_set(exp_poly[i]));
    EACH x[j] = v_mul(r[j], r[j]);
    EACH r[j] = v_fma(x[j], p[j], r[j]);
    EACH r[j] = v_add(r[j], v_set(1.0f));
    EACH x[j] = v_scale_by_power(r[j], n[j]);
}
#undef EACH

static inline vec v_exp(vec x)
{
    v_exp_each(1, &x);
    return x;
}

/* exp(x) over the whole range */
static inline vec v_exponential(vec x)
{
    vec high;
    const vec n = v_exp_power(v_min(v_set(EXP_MAX), v_max(v_set(EXP_MIN), x)), &high);
    return v_scale_by_any_power(v_exp_reduced(v_fma(n, v_set(-EXP_LN2_LO), high)), n);
}

#endif
