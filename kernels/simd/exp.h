/* exp.h - the exponential over vec.h; kernels/scalar/exp.h has the reasons */
#ifndef VIT_SIMD_EXP_H
#define VIT_SIMD_EXP_H

/* n of exp(x) = 2ⁿ·exp(r), and what r is before the low part of n·ln 2 is taken from it */
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

/* exp(x) for x ≤ 0: to take 0 away changes no bit */
static inline vec v_exp(vec x)
{
    vec high;
    const vec n = v_exp_power(v_max(v_set(EXP_MIN), x), &high);
    return v_scale_by_power(v_exp_reduced(v_fma(n, v_set(-EXP_LN2_LO), high)), n);
}

/* exp(x) over the whole range */
static inline vec v_exponential(vec x)
{
    vec high;
    const vec n = v_exp_power(v_min(v_set(EXP_MAX), v_max(v_set(EXP_MIN), x)), &high);
    return v_scale_by_any_power(v_exp_reduced(v_fma(n, v_set(-EXP_LN2_LO), high)), n);
}

#endif
