/* kernel_cases.c - the row kernels and the matmul shapes, for checks and benchmarks */
#include "check/kernel_cases.h"

/* LayerNorm's arguments; the caller may omit a part of them. */
static struct vit_layernorm_args norm_args(const struct rows *r)
{
    return (struct vit_layernorm_args){ .rows = r->rows,
                                        .n = r->n,
                                        .x = r->x,
                                        .ldx = r->ldx,
                                        .gamma = r->gamma,
                                        .beta = r->beta,
                                        .eps = 1e-6f,
                                        .y = r->y,
                                        .ldy = r->ldy };
}

static void run_layernorm(const struct vit_kernels *kernels, const struct rows *r)
{
    const struct vit_layernorm_args args = norm_args(r);

    kernels->layernorm(&args);
}

/* As PyTorch's, which has no bias. */
static void run_rmsnorm(const struct vit_kernels *kernels, const struct rows *r)
{
    struct vit_layernorm_args args = norm_args(r);

    args.no_mean = true;
    args.beta = NULL;
    kernels->layernorm(&args);
}

/* Windows of one row: each row is then by itself. check/cases_ops.c has the others. */
static void run_local_response(const struct vit_kernels *kernels, const struct rows *r)
{
    kernels->local_response(&(struct vit_local_response_args){ .rows = r->rows,
                                                               .n = r->n,
                                                               .x = r->x,
                                                               .ldx = r->ldx,
                                                               .size = 1,
                                                               .alpha = 1e-4f,
                                                               .k = 1.0f,
                                                               .quarters = 3,
                                                               .y = r->y,
                                                               .ldy = r->ldy });
}

static void run_softmax(const struct vit_kernels *kernels, const struct rows *r)
{
    kernels->softmax(r->rows, r->n, r->x, r->ldx, r->y, r->ldy);
}

/* Adds each sum to its row's first numerator, so that checks see it. */
static void run_exp_sub_max(const struct vit_kernels *kernels, const struct rows *r)
{
    enum { SOME = 32 };
    float sums[SOME];

    for (size_t i = 0; i < r->rows; i += SOME) {
        const size_t some = r->rows - i < SOME ? r->rows - i : SOME;
        float *const y = r->y + i * r->ldy;
        kernels->exp_sub_max(some, r->n, r->x + i * r->ldx, r->ldx, y, r->ldy, sums);
        for (size_t j = 0; j < some; j++)
            y[j * r->ldy] += sums[j];
    }
}

#define RUN_ACTIVATION(IDENTIFIER, name, value, count, weights)                                    \
    static void run_##name(const struct vit_kernels *kernels, const struct rows *r)                \
    {                                                                                              \
        const struct vit_activation_args args = activation_case_args(r->gamma);                    \
        for (size_t i = 0; i < r->rows; i++)                                                       \
            kernels->activation[value](r->n, r->x + i * r->ldx, &args, r->y + i * r->ldy);         \
    }
VIT_ACTIVATION_LIST(RUN_ACTIVATION)

static void run_add(const struct vit_kernels *kernels, const struct rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        kernels->add(r->n, r->x + i * r->ldx, r->gamma, r->y + i * r->ldy);
}

static void run_multiply(const struct vit_kernels *kernels, const struct rows *r)
{
    for (size_t i = 0; i < r->rows; i++)
        kernels->multiply(r->n, r->x + i * r->ldx, r->gamma, r->y + i * r->ldy);
}

/* n is even there: the last number of an odd row stays. */
#define RUN_ROTATE(name)                                                                           \
    static void run_##name(const struct vit_kernels *kernels, const struct rows *r)                \
    {                                                                                              \
        for (size_t i = 0; i < r->rows; i++) {                                                     \
            const float *const x = r->x + i * r->ldx;                                              \
            float *const y = r->y + i * r->ldy;                                                    \
            if (r->n % 2)                                                                          \
                y[r->n - 1] = x[r->n - 1];                                                         \
            kernels->name(r->n / 2 * 2, x, r->gamma, r->beta, y);                                  \
        }                                                                                          \
    }
RUN_ROTATE(rotate_halves)
RUN_ROTATE(rotate_neighbors)

/* clang-format off */
#define ROW_CASE(IDENTIFIER, name, value, args, weights) { #name, run_##name },
const struct row_case row_cases[] = {
    { "layernorm", run_layernorm },
    { "rmsnorm", run_rmsnorm },
    { "softmax", run_softmax },
    { "exp_sub_max", run_exp_sub_max },
    VIT_ACTIVATION_LIST(ROW_CASE)
    { "add", run_add },
    { "multiply", run_multiply },
    { "local_response", run_local_response },
    { "rotate_halves", run_rotate_halves },
    { "rotate_neighbors", run_rotate_neighbors },
};
/* clang-format on */
const size_t row_case_count = sizeof row_cases / sizeof *row_cases;

const struct matmul_case matmul_cases[] = {
    { "vit_b/qkv", 197, 2304, 768 },     { "vit_b/proj", 197, 768, 768 },
    { "vit_b/fc1", 197, 3072, 768 },     { "vit_b/fc2", 197, 768, 3072 },
    { "vit_b_x8/qkv", 1576, 2304, 768 }, { "vit_b_x8/proj", 1576, 768, 768 },
    { "vit_b_x8/fc1", 1576, 3072, 768 }, { "vit_b_x8/fc2", 1576, 768, 3072 },
    { "vit_b/q_k", 197, 197, 64 },       { "vit_b/p_v", 197, 64, 197 },
    { "vit_s/qkv", 197, 1152, 384 },     { "vit_b/head", 1, 1000, 768 },
};
const size_t matmul_case_count = sizeof matmul_cases / sizeof *matmul_cases;
