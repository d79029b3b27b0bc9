/* exp.h - the exponential over vec.h; kernels/scalar/exp.h explains it */
#ifndef VIT_KERNELS_SIMD_EXP_H
#define VIT_KERNELS_SIMD_EXP_H

/*
 * The maximum vectors that a function with a count computes. It applies each step to all of them
 * before the next step: the steps of one vector depend on each other, those of several vectors hide
 * their latency. `count` is a constant at every call.
 */
#define VECTORS 4

#define EACH                                                                                       \
    UNROLL                                                                                         \
    for (size_t j = 0; j < count; j++)

/* n and r of exp(x) = 2ⁿ·exp(r), and shifted = n + EXP_ROUND */
ALWAYS_INLINE void v_exp_power(size_t count, const vec *x, vec *n, vec *shifted, vec *r)
{
    EACH shifted[j] = v_fma(x[j], v_set(EXP_LOG2E), v_set(EXP_ROUND));
    EACH n[j] = v_sub(shifted[j], v_set(EXP_ROUND));
    EACH r[j] = v_fma(n[j], v_set(-EXP_LN2_HI), x[j]);
    EACH r[j] = v_fma(n[j], v_set(-EXP_LN2_LO), r[j]);
}

/* exp(r) − 1 for |r| ≤ ln 2/2 */
ALWAYS_INLINE void v_expm1_reduced(size_t count, vec *r)
{
    vec p[VECTORS], square[VECTORS];

    EACH p[j] = v_set(exp_poly[4]);
    UNROLL
    for (int i = 3; i >= 0; i--)
        EACH p[j] = v_fma(p[j], r[j], v_set(exp_poly[i]));
    EACH square[j] = v_mul(r[j], r[j]);
    EACH r[j] = v_fma(square[j], p[j], r[j]);
}

/* exp(x − excess) for −150 ≤ x ≤ 0; excess is NULL for 0, which changes no bit */
ALWAYS_INLINE void v_exp_rounded(size_t count, vec *x, const vec *excess)
{
    vec n[VECTORS], shifted[VECTORS], r[VECTORS];

    v_exp_power(count, x, n, shifted, r);
    if (excess)
        EACH r[j] = v_sub(r[j], excess[j]);
    v_expm1_reduced(count, r);
    EACH r[j] = v_add(r[j], v_set(1.0f));
    EACH x[j] = v_scale_by_power(r[j], n[j], shifted[j]);
}

/* exp(x) for x ≤ 0 */
ALWAYS_INLINE void v_exp(size_t count, vec *x)
{
    EACH x[j] = v_max(v_set(EXP_MIN), x[j]);
    v_exp_rounded(count, x, NULL);
}

/* exp(x) over the whole range */
ALWAYS_INLINE void v_exponential(size_t count, vec *x)
{
    vec n[VECTORS], shifted[VECTORS], r[VECTORS];

    EACH x[j] = v_min(v_set(EXP_MAX), v_max(v_set(EXP_MIN), x[j]));
    v_exp_power(count, x, n, shifted, r);
    v_expm1_reduced(count, r);
    EACH x[j] = v_scale_by_any_power(v_add(r[j], v_set(1.0f)), n[j]);
}

#endif
