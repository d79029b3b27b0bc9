/* test_flops.c - vit_config_flops against multiply-adds counted by hand */
#include <criterion/criterion.h>
#include <math.h>

#include "counts.h"
#include "vit/inspect.h"

static const struct vit_config small = { .size = sizeof small,
                                         .channels = 1,
                                         .height = 8,
                                         .width = 12,
                                         .patch = 4,
                                         .dim = 8,
                                         .depth = 3,
                                         .heads = 2,
                                         .mlp_dim = 16,
                                         .classes = 2,
                                         .eps = 1e-6f,
                                         .class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION,
                                         .registers = 2 };

static double flops(const struct vit_config *config)
{
    struct vit_error err = { 0 };
    double value = 0;

    cr_assert_eq(vit_config_flops(config, &value, &err), VIT_OK, "%s", err.message);
    return value;
}

Test(flops, are_twice_the_multiply_adds_of_every_matmul)
{
    /* by hand: patches, blocks of q k v, scores and values, projection, MLP; then the head */
    struct vit_config c = small;
    const double patches = 6 * 16 * 8, block = 10 * 8 * 24 + 2 * 100 * 8 + 10 * 64 + 10 * 256;
    struct vit_config base = { .size = sizeof base };

    cr_assert_eq(flops(&c), 2 * (patches + 3 * block + 2 * 8 * 2));
    c.gated_mlp = true;
    cr_assert_eq(flops(&c), 2 * (patches + 3 * (block + 10 * 128) + 2 * 8 * 2));
    c = small;
    c.head_dim = 6; /* 12 in place of 8 */
    cr_assert_eq(flops(&c),
                 2 * (patches + 3 * (10 * 8 * 36 + 2 * 100 * 12 + 10 * 96 + 10 * 256) + 32));
    c = small;
    c.class_tokens = VIT_CLASS_TOKENS_NONE;
    c.registers = 4;
    c.pool = VIT_POOL_MAP;
    c.classes = 0;
    cr_assert_eq(flops(&c), 2 * (patches + 3 * block + 64 + 2 * 384 + 2 * 48 + 64 + 2 * 128));
    /* DeiT-B has 17.6·10^9 multiply-adds, Touvron et al. 2021; within 1 % */
    cr_assert_eq(vit_config_from_name("vit_base_patch16_224", &base, NULL), VIT_OK);
    cr_assert_lt(fabs(flops(&base) / 2 / 17.6e9 - 1), 0.01);
    count_checks(5);
}

Test(flops, of_t2t_follow_its_soft_splits)
{
    struct vit_config c = { .size = sizeof c,
                            .channels = 3,
                            .height = 16,
                            .width = 16,
                            .patch = 16,
                            .dim = 8,
                            .depth = 1,
                            .heads = 1,
                            .mlp_dim = 8,
                            .classes = 1,
                            .eps = 1e-5f,
                            .tokenizer = VIT_TOKENIZER_T2T_TRANSFORMER,
                            .t2t_kernels = { 7, 3, 3 },
                            .t2t_dim = 4,
                            .t2t_heads = 1,
                            .t2t_mlp_dim = 4 };
    /* 16 tokens of 147, 4 of 36, 1 of 36 */
    const double first = 16 * 147 * 12 + 2 * 256 * 4 + 16 * 16 + 2 * 16 * 16;
    const double second = 4 * 36 * 12 + 2 * 16 * 4 + 4 * 16 + 2 * 4 * 16;
    const double rest = 36 * 8 + 2 * 8 * 24 + 2 * 4 * 8 + 2 * 64 + 2 * 2 * 64 + 8;

    cr_assert_eq(flops(&c), 2 * (first + second + rest));
    c.tokenizer = VIT_TOKENIZER_T2T_PERFORMER; /* 2 features */
    cr_assert_eq(flops(&c), 2 * (first - 2 * 256 * 4 + 4 * 16 * 2 * 4 + second - 2 * 16 * 4 +
                                 4 * 4 * 2 * 4 + rest));
    count_checks(2);
}

Test(flops, of_a_configuration_that_cannot_be_computed_are_refused)
{
    struct vit_config c = small;
    double value;

    c.heads = 0;
    cr_assert_eq(vit_config_flops(&c, &value, NULL), VIT_EINVAL);
    c = small;
    c.size = 3;
    cr_assert_eq(vit_config_flops(&c, &value, NULL), VIT_EINVAL);
    count_checks(2);
}
