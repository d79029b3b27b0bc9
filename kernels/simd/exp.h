/* exp.h - the exponential over vec.h; kernels/scalar/exp.h has the reasons */
#ifndef VIT_SIMD_EXP_H
#define VIT_SIMD_EXP_H

/* exp(x + low) in every lane */
static inline vec v_exp_sum(vec x, vec low)
{
    const vec round = v_set(EXP_ROUND);

    x = v_min(v_set(EXP_MAX), x);
    x = v_max(v_set(EXP_MIN), x);
    const vec n = v_sub(v_fma(x, v_set(EXP_LOG2E), round), round);
    const vec high = v_fma(n, v_set(-EXP_LN2_HI), x);
    const vec r = v_add(v_fma(n, v_set(-EXP_LN2_LO), high), low);

    vec p = v_set(exp_poly[4]);
    for (int i = 3; i >= 0; i--)
        p = v_fma(p, r, v_set(exp_poly[i]));
    const vec e = v_add(v_fma(v_mul(r, r), p, r), v_set(1.0f));
    return v_scale_by_power(e, n);
}

static inline vec v_exp(vec x)
{
    return v_exp_sum(x, v_set(0.0f));
}

#endif
