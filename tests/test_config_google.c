/* test_config_google.c - Google's .npz: what the shapes say, what config.json adds or repeats */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "files/tensors.h"
#include "tests/counts.h"
#include "tests/expect_config.h"

#define BLOCK "Transformer/encoderblock_0/"

/* A model of 1 block, dim 8, 2 heads, MLP 12, 3 classes, in 6 patches of 4 and a class token. */
static const struct tensor tensors[] = {
    { .name = BLOCK "MlpBlock_3/Dense_0/kernel", .rank = 2, .shape = { 8, 12 } },
    { .name = BLOCK "MultiHeadDotProductAttention_1/query/kernel",
      .rank = 3,
      .shape = { 8, 2, 4 } },
    { .name = "Transformer/posembed_input/pos_embedding", .rank = 3, .shape = { 1, 7, 8 } },
    { .name = "cls", .rank = 3, .shape = { 1, 1, 8 } },
    { .name = "embedding/kernel", .rank = 4, .shape = { 4, 4, 3, 8 } },
    { .name = "head/bias", .rank = 1, .shape = { 3 } },
};
enum { COUNT = sizeof tensors / sizeof *tensors, POSITIONS = 2, CLS = 3 };

/* Parses a config.json, or none, beside the tensors; `skipped` is missing, COUNT: none is. */
static enum vit_status parses(const char *config, size_t positions, size_t skipped,
                              struct parsed_config *parsed, struct vit_error *err)
{
    const struct config_files files = { .config = { .path = "some/config.json",
                                                    .text = config,
                                                    .bytes = config ? strlen(config) : 0 } };
    struct tensor found[COUNT];
    struct tensors list = { .format = TENSORS_NPZ, .path = "some/x.npz", .entries = found };

    for (size_t i = 0; i < COUNT; i++)
        if (i != skipped)
            found[list.count++] = tensors[i];
    found[POSITIONS].shape[1] = positions;
    count_checks(1);
    return parse_config(&files, &list, parsed, err);
}

Test(config_google, the_shapes_are_sufficient_for_a_square)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(parses(NULL, 1 + 4, COUNT, &parsed, &err), VIT_OK, "%s", err.message);
    const struct vit_config *const c = &parsed.config;
    cr_assert(c->height == 8 && c->width == 8 && c->patch == 4 && c->channels == 3);
    cr_assert(c->dim == 8 && c->depth == 1 && c->heads == 2 && c->head_dim == 4);
    cr_assert(c->mlp_dim == 12 && c->classes == 3 && c->eps == 1e-6f);
    cr_assert(c->class_tokens == VIT_CLASS_TOKENS_CLASS && c->pool == VIT_POOL_CLASS);
    expect_source(&parsed, "dim", "the tensors' shapes");
    expect_source(&parsed, "eps", "Google's default");
    cr_assert_eq(parses(NULL, 1 + 6, COUNT, &parsed, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "expected a square number of patches") &&
                  strstr(err.message, "found 6 patches"),
              "%s", err.message);
    count_checks(6);
}

Test(config_google, config_json_has_the_sides_and_the_eps)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(
        parses("{\"image_size\":[8,12],\"layer_norm_eps\":1e-5}", 1 + 6, COUNT, &parsed, &err),
        VIT_OK, "%s", err.message);
    cr_assert(parsed.config.height == 8 && parsed.config.width == 12 && parsed.config.eps == 1e-5f);
    expect_source(&parsed, "width", "config.json: image_size");
    expect_source(&parsed, "eps", "config.json: layer_norm_eps");
    count_checks(2);
}

Test(config_google, config_json_does_not_contradict_the_shapes)
{
    static const char *const fields[][2] = {
        { "\"patch_size\":8", "patch_size: expected 4" },
        { "\"num_heads\":1", "num_heads: expected 2" },
        { "\"num_layers\":2", "num_layers: expected 1" },
        { "\"hidden_size\":4", "hidden_size: expected 8" },
        { "\"mlp_dim\":11", "mlp_dim: expected 12" },
        { "\"num_classes\":1000", "num_classes: expected 3" },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct parsed_config parsed;
        struct vit_error err = { 0 };
        char text[64] = "{";
        strcat(strcat(text, fields[i][0]), "}");
        cr_assert_eq(parses(text, 1 + 4, COUNT, &parsed, &err), VIT_EFORMAT, "%s", text);
        cr_assert(strstr(err.message, fields[i][1]), "no '%s' in: %s", fields[i][1], err.message);
        count_checks(2);
    }
}

Test(config_google, without_a_class_token_the_patches_are_averaged)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(parses(NULL, 4, CLS, &parsed, &err), VIT_OK, "%s", err.message);
    cr_assert(parsed.config.class_tokens == VIT_CLASS_TOKENS_NONE &&
              parsed.config.pool == VIT_POOL_MEAN && parsed.config.height == 8);
    count_checks(2);
}
