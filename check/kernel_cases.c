/* kernel_cases.c - every kernel once, for the tests of parity and the benchmarks alike */
#include "check/kernel_cases.h"

static void run_layernorm(const struct vit_kernels *kernels, size_t n, const float *x,
                          const float *gamma, const float *beta, float *y)
{
    kernels->layernorm(n, x, gamma, beta, 1e-6f, y);
}

static void run_softmax(const struct vit_kernels *kernels, size_t n, const float *x,
                        const float *gamma, const float *beta, float *y)
{
    (void)gamma, (void)beta;
    kernels->softmax(n, x, y);
}

/* The sum is added to the first numerator, to be seen. */
static void run_softmax_exp(const struct vit_kernels *kernels, size_t n, const float *x,
                            const float *gamma, const float *beta, float *y)
{
    (void)gamma, (void)beta;
    const float sum = kernels->softmax_exp(n, x, y);
    y[0] += sum;
}

#define ACTIVATION(which)                                                                          \
    static void run_##which(const struct vit_kernels *kernels, size_t n, const float *x,           \
                            const float *gamma, const float *beta, float *y)                       \
    {                                                                                              \
        (void)gamma, (void)beta;                                                                   \
        kernels->activation[which](n, x, y);                                                       \
    }
ACTIVATION(VIT_IDENTITY)
ACTIVATION(VIT_GELU)
ACTIVATION(VIT_GELU_TANH)
ACTIVATION(VIT_GELU_QUICK)
ACTIVATION(VIT_RELU)
ACTIVATION(VIT_SILU)
ACTIVATION(VIT_EXP)
ACTIVATION(VIT_TANH)

const struct row_case row_cases[] = {
    { "layernorm", run_layernorm },
    { "softmax", run_softmax },
    { "softmax_exp", run_softmax_exp },
    { "identity", run_VIT_IDENTITY },
    { "gelu", run_VIT_GELU },
    { "gelu_tanh", run_VIT_GELU_TANH },
    { "gelu_quick", run_VIT_GELU_QUICK },
    { "relu", run_VIT_RELU },
    { "silu", run_VIT_SILU },
    { "exp", run_VIT_EXP },
    { "tanh", run_VIT_TANH },
};
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
