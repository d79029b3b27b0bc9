/* test_precision_block.c - a block in each precision has the bits of the matmuls in it */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "check/matmul_scratch.h"
#include "compare.h"
#include "counts.h"
#include "model/init_weights.h"
#include "model_config.h"
#include "vit/inspect.h"

enum { SEED = 4, TOKENS = 61, DIM = 96, MLP = 200, HEADS = 4, HEAD_DIM = DIM / HEADS };

/* y[TOKENS][out] = epilogue(x[TOKENS][in] Wᵀ) on scalar; the biases of a random model are 0 */
static void multiply(enum vit_matmul_pair pair, enum tensor_slot slot, size_t in, size_t out,
                     const float *x, const struct vit_epilogue *epilogue, float *y)
{
    static const float zeros[3 * DIM];
    const struct vit_matmul_kernel *const kernel = &scalar_level()->matmul[pair];
    const struct vit_packed packed = { kernel, out, in, malloc(vit_packed_bytes(kernel, out, in)) };
    float *const w = malloc(in * out * sizeof *w);
    struct random_weights weights = { SEED };
    struct vit_epilogue with_bias = *epilogue;

    cr_assert(packed.panels && w);
    random_weights_read(&weights, slot, 1, 0, in * out, w, NULL);
    vit_pack(&packed, 0, out, w, in, 1);
    with_bias.bias = zeros;
    cr_assert(matmul_with_scratch(NULL, &(struct vit_matmul_args){ .m = TOKENS,
                                                                   .a = x,
                                                                   .lda = in,
                                                                   .b = &packed,
                                                                   .c = y,
                                                                   .ldc = out,
                                                                   .epilogue = &with_bias }));
    free(w);
    free(packed.panels);
}

/* h = LN(x), with gains of 1 */
static void normalize(const float *x, float *h)
{
    static float ones[DIM], zeros[DIM];

    for (size_t i = 0; i < DIM; i++)
        ones[i] = 1.0f;
    vit_layernorm(scalar_level(), NULL,
                  &(struct vit_layernorm_args){ .rows = TOKENS,
                                                .n = DIM,
                                                .x = x,
                                                .ldx = DIM,
                                                .gamma = ones,
                                                .beta = zeros,
                                                .eps = 1e-6f,
                                                .y = h,
                                                .ldy = DIM });
}

/* h = softmax(Q Kᵀ/√d) V */
static void attend(const float *qkv, float *h)
{
    const size_t bytes = vit_attention_scratch_bytes(scalar_level(), TOKENS, HEAD_DIM, 1);
    struct vit_attention_args args = { .queries = TOKENS,
                                       .tokens = TOKENS,
                                       .heads = HEADS,
                                       .head_dim = HEAD_DIM,
                                       .q = qkv,
                                       .ldq = 3 * DIM,
                                       .k = qkv + DIM,
                                       .v = qkv + 2 * DIM,
                                       .ldkv = 3 * DIM,
                                       .out = h,
                                       .ld_out = DIM,
                                       .scale = (float)(1.0 / sqrt(HEAD_DIM)),
                                       .scratch = aligned_alloc(64, (bytes + 63) / 64 * 64) };

    cr_assert_not_null(args.scratch);
    vit_attention(scalar_level(), NULL, &args);
    free(args.scratch);
}

/* The block with index 1, in place. */
static void block(enum vit_matmul_pair pair, float *x)
{
    static float h[TOKENS * DIM], qkv[TOKENS * 3 * DIM], mlp[TOKENS * MLP];
    const struct vit_epilogue none = { 0 }, add = { .residual = x, .ld_residual = DIM };
    const struct vit_epilogue gelu = { .activation = VIT_ACTIVATION_GELU };

    normalize(x, h);
    multiply(pair, SLOT_QKV_WEIGHT, DIM, 3 * DIM, h, &none, qkv);
    attend(qkv, h);
    multiply(pair, SLOT_PROJ_WEIGHT, DIM, DIM, h, &add, x);
    normalize(x, h);
    multiply(pair, SLOT_FC1_WEIGHT, DIM, MLP, h, &gelu, mlp);
    multiply(pair, SLOT_FC2_WEIGHT, MLP, DIM, mlp, &add, x);
}

Test(precision_block, has_the_bits_of_its_matmuls)
{
    static const enum vit_matmul_pair pairs[] = { [VIT_PRECISION_FLOAT32] = VIT_MATMUL_F32_F32,
                                                  [VIT_PRECISION_FLOAT16] = VIT_MATMUL_F32_F16,
                                                  [VIT_PRECISION_INT8] = VIT_MATMUL_U8_S8 };
    static float image[DIVISIBLE_IMAGE], before[TOKENS * DIM], after[TOKENS * DIM];
    const struct vit_config config = divisible_config(2);

    fill_pattern(DIVISIBLE_IMAGE, image, PATTERN_NORMAL, 8);
    for (int p = 0; vit_value_name("precision", p); p++) {
        const struct vit_model_options options = { .size = sizeof options,
                                                   .precision = (enum vit_precision)p };
        struct vit_model *model;
        struct vit_context *context;
        cr_assert_eq(vit_model_create_random(&config, SEED, &options, &model, NULL), VIT_OK);
        cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
        cr_assert_eq(forward_output(context, VIT_OUTPUT_BLOCK, 0, 1, image, before, NULL), VIT_OK);
        cr_assert_eq(forward_output(context, VIT_OUTPUT_BLOCK, 1, 1, image, after, NULL), VIT_OK);
        block(pairs[p], before);
        expect_same_bits(TOKENS * DIM, before, after, "%s", vit_value_name("precision", p));
        vit_context_free(context);
        vit_model_free(model);
    }
}
