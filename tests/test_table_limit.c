/* test_table_limit.c - a small checkpoint cannot ask for a large table of positions */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "vit/vit.h"

/* A directory with the weights of a golden case. */
static struct made_directory with_weights(const char *name)
{
    const struct made_directory made = make_directory();
    char path[PATH_MAX], from[PATH_MAX];

    snprintf(path, sizeof path, "tests/golden/%s/model.safetensors", name);
    cr_assert(realpath(path, from) != NULL, "%s", path);
    cr_assert_eq(symlink(from, made_path(&made, "model.safetensors")), 0);
    return made;
}

static enum vit_status open_at(const struct made_directory *made, size_t side,
                               struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .height = side,
                                               .width = side };
    struct vit_model *model = NULL;
    const enum vit_status status = vit_model_open(made->path, &options, &model, err);

    vit_model_free(model);
    return status;
}

/* 2^20 patches of 28 columns: 117 MB, for weights of 66 KB. */
Test(table_limit, computed_positions_are_not_larger_than_the_weights_allow)
{
    const struct made_directory made = with_weights("vit-pytorch-1.23.6-simple");
    static const char format[] =
        "{\"model_type\": \"vit_pytorch.SimpleViT\", \"image_size\": %d, \"patch_size\": 8, "
        "\"num_classes\": 6, \"dim\": 28, \"depth\": 2, \"heads\": 3, \"mlp_dim\": 40, "
        "\"dim_head\": 10}";
    char config[sizeof format + 16];
    struct vit_error err;

    snprintf(config, sizeof config, format, 8192);
    make_text(&made, "config.json", config);
    cr_assert_eq(open_at(&made, 0, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "at 8192 × 8192: expected tables of positions of at most 2^23 "
                                  "numbers and twice the weights"),
              "%s", err.message);
    cr_assert(strstr(err.message, "found 29360128"), "%s", err.message);
    cr_assert_eq(open_at(&made, 1024, &err), VIT_OK);
    snprintf(config, sizeof config, format, 1024);
    make_text(&made, "config.json", config);
    cr_assert_eq(open_at(&made, 0, &err), VIT_OK, "%s", err.message);
    remove_directory(&made);
    count_checks(5);
}

/* The same for a table that is resized to the preprocess config's size. */
Test(table_limit, resized_positions_are_not_larger_than_the_weights_allow)
{
    const struct made_directory made = with_weights("hf-vit-classifier");
    struct vit_error err;

    make_text(&made, "config.json",
              "{\"model_type\": \"vit\", \"hidden_size\": 32, \"image_size\": 32, "
              "\"patch_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, "
              "\"intermediate_size\": 64, \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\", "
              "\"3\": \"d\", \"4\": \"e\", \"5\": \"f\", \"6\": \"g\"}}");
    make_text(&made, "preprocessor_config.json", "{\"size\": {\"height\": 8192, \"width\": 8192}}");
    cr_assert_eq(open_at(&made, 0, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "at 8192 × 8192: expected tables of positions"), "%s",
              err.message);
    cr_assert_eq(open_at(&made, 32, &err), VIT_OK, "%s", err.message);
    make_text(&made, "preprocessor_config.json", "{\"size\": {\"height\": 512, \"width\": 512}}");
    cr_assert_eq(open_at(&made, 0, &err), VIT_OK, "%s", err.message);
    remove_directory(&made);
    count_checks(4);
}

/* Biases of the scores grow with the square of the tokens; rotations are as long as a token. */
Test(table_limit, positions_within_attention_count_too)
{
    static const char *const folders[] = { "hf-beit-classifier", "timm-rope-mixed" };
    static const char *const configs[] = {
        "{\"model_type\": \"beit\", \"hidden_size\": 32, \"image_size\": 32, \"patch_size\": 8, "
        "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 64, "
        "\"use_relative_position_bias\": true, "
        "\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\", \"3\": \"d\", "
        "\"4\": \"e\", \"5\": \"f\"}}",
        "{\"architecture\": \"vit_small_patch16_rope_mixed_224\", \"num_classes\": 5, "
        "\"model_args\": {\"embed_dim\": 32, \"depth\": 2, \"num_heads\": 2, \"img_size\": 4096, "
        "\"patch_size\": 8, \"mlp_ratio\": 2}}",
    };
    struct vit_error err;

    for (size_t i = 0; i < 2; i++) {
        const struct made_directory made = with_weights(folders[i]);
        make_text(&made, "config.json", configs[i]);
        make_text(&made, "preprocessor_config.json",
                  "{\"size\": {\"height\": 512, \"width\": 512}, \"do_center_crop\": false}");
        cr_assert_eq(open_at(&made, 0, &err), VIT_EUNSUPPORTED, "%s: %s", folders[i], err.message);
        cr_assert(strstr(err.message, "expected tables of positions"), "%s", err.message);
        cr_assert_eq(open_at(&made, 32, &err), VIT_OK, "%s", err.message);
        remove_directory(&made);
        count_checks(3);
    }
}
