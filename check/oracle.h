/* oracle.h - compares the scalar kernels with the same functions in double precision */
#ifndef VIT_CHECK_ORACLE_H
#define VIT_CHECK_ORACLE_H

#include <stdint.h>

#include "check/check.h"

/* A check of scalar, named KERNEL.oracle in the list of checks. */
struct oracle {
    const char *name;
    void (*run)(struct check_run *c, size_t index);
    enum vit_matmul_pair pair; /* of a matmul */
};

/* The number of its cases: one for each bound of a function, otherwise 1. */
size_t oracle_cases(const struct oracle *oracle);
extern const struct oracle oracles[];
extern const size_t oracle_count;

/* The maximum error, and where it was found. */
struct oracle_error {
    double max;
    float at;     /* the argument, for a function */
    size_t count; /* the numbers that were compared */
};

/*
 * A bound of a function's error over the floats from low to high. docs/numerics.md has the same
 * table.
 */
struct function_bound {
    const char *function; /* an activation, or "exp_sub_max" */
    float low, high;
    double ulps;
};
extern const struct function_bound function_bounds[];
extern const size_t function_bound_count;

/* Over every step-th float of both signs, beginning with the bits `first`. */
struct oracle_error function_error(const struct vit_kernels *kernels,
                                   const struct function_bound *bound, uint32_t first,
                                   uint32_t step);

/*
 * LayerNorm of random rows of up to 3072, near 0 and far from it, in ulps of the row's largest
 * |z·gamma| + |beta|, z being the normalized number; at most 1.6 for 1,000 seeds. Some rows exceed
 * it: those of two neighboring floats.
 */
#define LAYERNORM_BOUND 3.0
/*
 * RMSNorm of random rows of up to 3072 without beta, in ulps of each number; 400 seeds gave at most
 * 4.2, in the longest rows that are far from 0.
 */
#define RMSNORM_BOUND 6.0
/* Local response normalization, in ulps of each number: double precision, rounded once. */
#define LOCAL_RESPONSE_BOUND 0.501
/*
 * Of random rows. x − max is rounded once, which changes the exponential by up to |x − max| ulps:
 * these do not count. Apart from them 1,000 seeds gave at most 4.3. Some rows exceed it: those of
 * many numerators that round in the same direction.
 */
#define SOFTMAX_BOUND 6.0
/* A share of the bound that the roundings of any row add up to: see oracle_hard.c. */
#define HARD_BOUND 1.0
/*
 * Of random rows, in ulps of |x·cos| + |partner·sin|: the product and the sum round once each, by
 * at most half an ulp of theirs.
 */
#define ROTATE_BOUND 1.0
/* The same of attention: see oracle_attention.c. */
#define ATTENTION_BOUND 1.0
/* The error is a share of the pair's bound: see oracle_rows.c. */
#define MATMUL_BOUND 1.0
/* Each step of the epilogue is the exact step rounded once, so the only correct error is 0 ulp. */
#define EPILOGUE_BOUND 0.0

/*
 * ROW(kernel, check, bound, unit): the error function KERNEL_error of oracle_*.c for
 * a row kernel or an operation, and its check in the list.
 */
#define ORACLE_ROW_LIST(ROW)                                                                       \
    ROW(layernorm, "layernorm", LAYERNORM_BOUND, "ulp of the row's largest terms")                 \
    ROW(rmsnorm, "rmsnorm", RMSNORM_BOUND, "ulp")                                                  \
    ROW(local_response, "local_response", LOCAL_RESPONSE_BOUND, "ulp")                             \
    ROW(softmax, "softmax", SOFTMAX_BOUND, "ulp beyond |x - max|")                                 \
    ROW(rotate, "rotate", ROTATE_BOUND, "ulp of its two products")                                 \
    ROW(layernorm_hard, "layernorm.hard", HARD_BOUND, "of the sum of its roundings")               \
    ROW(softmax_hard, "softmax.hard", HARD_BOUND, "of the sum of its roundings")                   \
    ROW(attention, "vit_attention", ATTENTION_BOUND, "of the sum of its roundings")                \
    ROW(attention_weights, "vit_attention_weights", ATTENTION_BOUND, "of the sum of its roundings")

#define ORACLE_ERROR(kernel, check, bound, unit)                                                   \
    struct oracle_error kernel##_error(const struct vit_kernels *kernels, uint64_t seed);
ORACLE_ROW_LIST(ORACLE_ERROR)
#undef ORACLE_ERROR

/* Those of each pair of number types. */
struct oracle_error matmul_error(const struct vit_kernels *kernels, enum vit_matmul_pair pair,
                                 uint64_t seed);
struct oracle_error epilogue_error(const struct vit_kernels *kernels, enum vit_matmul_pair pair,
                                   uint64_t seed);

#endif
