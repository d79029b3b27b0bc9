/* test_checkpoint_timm.c - timm's directories: the tensors that arguments add, take or reshape */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

static void opens(const struct made_directory *directory, struct checkpoint **checkpoint)
{
    struct vit_error err;

    cr_assert_eq(checkpoint_open(directory->path, 0, 0, checkpoint, &err), VIT_OK, "%s",
                 err.message);
    tally(1);
}

static void refuses(const struct made_directory *directory, enum vit_status status,
                    const char *words)
{
    struct checkpoint *checkpoint = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(checkpoint_open(directory->path, 0, 0, &checkpoint, &err), status, "%s",
                 err.message);
    cr_assert_null(checkpoint);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(3);
}

/* made_timm's model with more arguments. */
static void make_args(const struct made_directory *directory, const char *args)
{
    char text[512];

    snprintf(text, sizeof text, "%.*s,%s}}", (int)strlen(made_timm_config) - 2, made_timm_config,
             args);
    make_text(directory, "config.json", text);
}

Test(checkpoint_timm, layer_scale_is_found_in_the_file_and_then_needed_everywhere)
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
    opens(&directory, &checkpoint);
    cr_assert(checkpoint_config(checkpoint)->layer_scale);
    cr_assert(checkpoint_has(checkpoint, SLOT_GAMMA1, 0) &&
              checkpoint_has(checkpoint, SLOT_GAMMA2, 1));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    refuses(&directory, VIT_EFORMAT, "blocks.1.ls2.gamma is missing, expected [8]");
    remove_directory(&directory);
    tally(2);
}

Test(checkpoint_timm, layer_scale_may_have_deit3s_own_names)
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
    opens(&directory, &checkpoint);
    cr_assert(checkpoint_config(checkpoint)->layer_scale);
    cr_assert(checkpoint_has(checkpoint, SLOT_GAMMA1, 1) &&
              checkpoint_has(checkpoint, SLOT_GAMMA2, 0));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    refuses(&directory, VIT_EFORMAT, "blocks.1.gamma_2 is missing, expected [8]");
    tensors[count] = (struct made_tensor){ "blocks.0.ls1.gamma", NULL, 1, { 8 } };
    make_model(&directory, tensors, count + 1);
    refuses(&directory, VIT_EFORMAT, "tensor blocks.0.gamma_1 is unexpected, and 0 more");
    remove_directory(&directory);
    tally(2);
}

Test(checkpoint_timm, the_norms_of_queries_and_keys_are_needed_in_each_block)
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
    opens(&directory, &checkpoint);
    cr_assert(checkpoint_has(checkpoint, SLOT_Q_NORM_WEIGHT, 1));
    checkpoint_close(checkpoint);
    make_model(&directory, tensors, count - 1);
    refuses(&directory, VIT_EFORMAT, "blocks.1.attn.q_norm.weight is missing, expected [4]");
    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, count);
    refuses(
        &directory, VIT_EFORMAT,
        "tensor blocks.0.attn.k_norm.bias is unexpected, and 7 more: the configuration asks for "
        "none");
    remove_directory(&directory);
    tally(1);
}

Test(checkpoint_timm, registers_and_their_positions_are_there_as_the_configuration_says)
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
    refuses(&directory, VIT_EFORMAT,
            "tensor reg_token is unexpected, and 0 more: the configuration asks for none");
    make_args(&directory, "\"reg_tokens\":2");
    refuses(&directory, VIT_EFORMAT, "tensor pos_embed is [1, 5, 8], expected [1, 7, 8]");
    positions->shape[1] = 4; /* no_embed_class forgotten */
    make_model(&directory, tensors, count + 1);
    refuses(&directory, VIT_EFORMAT, "tensor pos_embed is [1, 4, 8], expected [1, 7, 8]");
    make_args(&directory, "\"reg_tokens\":2,\"no_embed_class\":true");
    opens(&directory, &checkpoint);
    cr_assert(checkpoint_has(checkpoint, SLOT_REGISTERS, 0));
    checkpoint_close(checkpoint);
    make_args(&directory, "\"reg_tokens\":4,\"no_embed_class\":true");
    refuses(&directory, VIT_EFORMAT, "tensor reg_token is [1, 2, 8], expected [1, 4, 8]");
    make_model(&directory, tensors, count);
    refuses(&directory, VIT_EFORMAT, "tensor reg_token is missing, expected [1, 4, 8]");
    remove_directory(&directory);
    tally(2);
}

Test(checkpoint_timm, the_norm_has_the_name_of_its_place)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);

    make_args(&directory, "\"global_pool\":\"avg\"");
    make_model(&directory, tensors, count);
    refuses(&directory, VIT_EFORMAT, "tensor fc_norm.weight is missing, expected [8]");
    make_args(&directory, "\"num_classes\":0");
    refuses(&directory, VIT_EFORMAT, "tensor head.bias is unexpected, and 1 more");
    remove_directory(&directory);
}

Test(checkpoint_timm, the_qkv_bias_is_there_exactly_if_the_configuration_says_so)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);

    make_args(&directory, "\"qkv_bias\":false");
    make_model(&directory, tensors, count);
    refuses(&directory, VIT_EFORMAT, "tensor blocks.0.attn.qkv.bias is unexpected, and 1 more");
    remove_directory(&directory);
}
