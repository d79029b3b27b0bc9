/* kernels_only.c - a linear layer and softmax from libvit's kernels, without a model */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vit/kernels.h>

enum { ROWS = 6, IN = 50, OUT = 30 };

static void must(int failed, const char *message)
{
    if (failed) {
        fprintf(stderr, "kernels_only: %s\n", message);
        exit(EXIT_FAILURE);
    }
}

/* probabilities = softmax(x · weightᵀ + bias) with the kernels of one instruction set */
static void classify(const struct vit_kernels *kernels, const float *x /* [ROWS][IN] */,
                     const float *weight /* [OUT][IN] */, const float *bias /* [OUT] */,
                     float *probabilities /* [ROWS][OUT] */)
{
    const struct vit_matmul_kernel *kernel = &kernels->matmul[VIT_MATMUL_F32_F32];
    struct vit_packed packed = { .kernel = kernel, .n = OUT, .k = IN };
    const struct vit_parallel two = { vit_parallel_openmp, NULL, 2 };
    const struct vit_epilogue add_bias = { .bias = bias };
    const struct vit_matmul_args args = { .m = ROWS,
                                          .a = x,
                                          .lda = IN,
                                          .b = &packed,
                                          .c = probabilities,
                                          .ldc = OUT,
                                          .epilogue = &add_bias };

    /* once per weight matrix; aligned_alloc takes a multiple of the alignment */
    const size_t bytes = (vit_packed_bytes(kernel, OUT, IN) + 63) / 64 * 64;
    packed.panels = aligned_alloc(64, bytes);
    must(!packed.panels, "out of memory");
    for (size_t first = 0; first < OUT; first += vit_packed_chunk(&packed, first))
        vit_pack(&packed, first, vit_packed_chunk(&packed, first), weight + first * IN, IN, 1);

    vit_matmul(&two, &args);
    kernels->softmax(ROWS, OUT, probabilities, OUT, probabilities, OUT); /* in place */
    free(packed.panels);
}

int main(void)
{
    static float x[ROWS][IN], weight[OUT][IN], bias[OUT];
    static float probabilities[ROWS][OUT], scalar[ROWS][OUT];
    const struct vit_kernels *kernels;
    struct vit_error err;

    for (int i = 0; i < ROWS * IN; i++)
        x[i / IN][i % IN] = (float)(i * 37 % 101) / 50 - 1;
    for (int i = 0; i < OUT * IN; i++)
        weight[i / IN][i % IN] = (float)(i * 53 % 97) / 300 - 0.16f;
    for (int i = 0; i < OUT; i++)
        bias[i] = (float)i / OUT;

    must(vit_kernels_get(NULL, &kernels, &err), err.message); /* VIT_ISA, or this CPU's best */
    classify(kernels, x[0], weight[0], bias, probabilities[0]);
    must(vit_kernels_get("scalar", &kernels, &err), err.message);
    classify(kernels, x[0], weight[0], bias, scalar[0]);

    for (int i = 0; i < ROWS; i++) {
        int best = 0;
        for (int j = 1; j < OUT; j++)
            best = probabilities[i][j] > probabilities[i][best] ? j : best;
        printf("row %d: class %d, %.4f\n", i, best, (double)probabilities[i][best]);
    }
    printf("%s bits as the scalar kernels\n",
           memcmp(probabilities, scalar, sizeof scalar) == 0 ? "the same" : "other");
    return EXIT_SUCCESS;
}
