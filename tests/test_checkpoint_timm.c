/* test_checkpoint_timm.c - timm's directories: the tensors that arguments add, remove or reshape */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "tests/counts.h"
#include "tests/expect_config.h"
#include "tests/make_checkpoint.h"

/* Writes the config.json of made_timm's model with more arguments. */
static void make_args(const struct made_directory *directory, const char *args)
{
    char text[512];

    snprintf(text, sizeof text, "%.*s,%s}}", (int)strlen(made_timm_config) - 2, made_timm_config,
             args);
    make_text(directory, "config.json", text);
}

Test(checkpoint_timm, layer_scale_in_one_block_is_required_in_all)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    for (int block = 0; block < 2; block++)
        for (int branch = 1; branch <= 2; branch++) {
            struct made_tensor *t = &tensors[count++];
            *t = (struct made_tensor){ "", NULL, 1, { 8 } };
            snprintf(t->name, sizeof t->name, "blocks.%d.ls%d.gamma", block, branch);
        }
    make_model(&directory, tensors, count);
    checkpoint = expect_checkpoint(&directory);
    cr_assert(checkpoint_config(checkpoint)->layer_scale);
    cr_assert(checkpoint_has(checkpoint, SLOT_GAMMA1, 0) &&
              checkpoint_has(checkpoint, SLOT_GAMMA2, 1));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "blocks.1.ls2.gamma: expected shape [8], found no such tensor");
    remove_directory(&directory);
    count_checks(2);
}

Test(checkpoint_timm, layer_scale_may_have_the_names_of_deit3)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    for (int block = 0; block < 2; block++)
        for (int branch = 1; branch <= 2; branch++) {
            struct made_tensor *t = &tensors[count++];
            *t = (struct made_tensor){ "", NULL, 1, { 8 } };
            snprintf(t->name, sizeof t->name, "blocks.%d.gamma_%d", block, branch);
        }
    make_model(&directory, tensors, count);
    checkpoint = expect_checkpoint(&directory);
    cr_assert(checkpoint_config(checkpoint)->layer_scale);
    cr_assert(checkpoint_has(checkpoint, SLOT_GAMMA1, 1) &&
              checkpoint_has(checkpoint, SLOT_GAMMA2, 0));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "blocks.1.gamma_2: expected shape [8], found no such tensor");
    tensors[count] = (struct made_tensor){ "blocks.0.ls1.gamma", NULL, 1, { 8 } };
    make_model(&directory, tensors, count + 1);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor blocks.0.gamma_1: unexpected tensor: ");
    remove_directory(&directory);
    count_checks(2);
}

Test(checkpoint_timm, the_norms_of_queries_and_keys_are_required_in_each_block)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_args(&directory, "\"qk_norm\":true");
    for (int block = 0; block < 2; block++)
        for (int i = 0; i < 4; i++) {
            struct made_tensor *t = &tensors[count++];
            *t = (struct made_tensor){ "", NULL, 1, { 4 } };
            snprintf(t->name, sizeof t->name, "blocks.%d.attn.%c_norm.%s", block, "kq"[i / 2],
                     i % 2 ? "weight" : "bias");
        }
    make_model(&directory, tensors, count);
    checkpoint = expect_checkpoint(&directory);
    cr_assert(checkpoint_has(checkpoint, SLOT_Q_NORM_WEIGHT, 1));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    expect_rejected_checkpoint(
        &directory, VIT_EFORMAT,
        "blocks.1.attn.q_norm.weight: expected shape [4], found no such tensor");
    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, count);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor blocks.0.attn.k_norm.bias: unexpected tensor (one of 8): "
                               "the configuration does not "
                               "use it");
    remove_directory(&directory);
    count_checks(1);
}

Test(checkpoint_timm, the_configuration_determines_registers_and_their_positions)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    struct made_tensor *const positions = &tensors[1];
    struct checkpoint *checkpoint;

    cr_assert_str_eq(positions->name, "pos_embed");
    tensors[count] = (struct made_tensor){ "reg_token", NULL, 3, { 1, 2, 8 } };
    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, count + 1);
    expect_rejected_checkpoint(
        &directory, VIT_EFORMAT,
        "tensor reg_token: unexpected tensor: the configuration does not use it");
    make_args(&directory, "\"reg_tokens\":2");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor pos_embed: expected shape [1, 7, 8], found [1, 5, 8]");
    positions->shape[1] = 4; /* no_embed_class forgotten */
    make_model(&directory, tensors, count + 1);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor pos_embed: expected shape [1, 7, 8], found [1, 4, 8]");
    make_args(&directory, "\"reg_tokens\":2,\"no_embed_class\":true");
    checkpoint = expect_checkpoint(&directory);
    cr_assert(checkpoint_has(checkpoint, SLOT_REGISTERS, 0));
    checkpoint_close(checkpoint);
    make_args(&directory, "\"reg_tokens\":4,\"no_embed_class\":true");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor reg_token: expected shape [1, 4, 8], found [1, 2, 8]");
    make_model(&directory, tensors, count);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor reg_token: expected shape [1, 4, 8], found no such tensor");
    remove_directory(&directory);
    count_checks(2);
}

Test(checkpoint_timm, the_norm_after_pooling_has_its_own_name)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);

    make_args(&directory, "\"global_pool\":\"avg\"");
    make_model(&directory, tensors, count);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor fc_norm.weight: expected shape [8], found no such tensor");
    make_args(&directory, "\"num_classes\":0");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor head.bias: unexpected tensor (one of 2): ");
    remove_directory(&directory);
}

Test(checkpoint_timm, the_configuration_determines_the_qkv_bias)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);

    make_args(&directory, "\"qkv_bias\":false");
    make_model(&directory, tensors, count);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "tensor blocks.0.attn.qkv.bias: unexpected tensor (one of 2): ");
    remove_directory(&directory);
}
