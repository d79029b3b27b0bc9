/* test_families.c - rejects each golden model with a tensor renamed, misshapen or added */
#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counts.h"
#include "make_checkpoint.h"
#include "vit/vit.h"

/* The header of a golden model, and the size of its data. */
struct golden {
    char path[200]; /* of the directory */
    json_t *header;
    uint64_t data_bytes;
};

static json_t *read_header(const char *path, uint64_t *data_bytes)
{
    FILE *const f = fopen(path, "rb");
    uint8_t little[8];
    uint64_t length = 0;

    cr_assert(f && fread(little, 1, 8, f) == 8, "%s", path);
    for (size_t i = 0; i < 8; i++)
        length |= (uint64_t)little[i] << 8 * i;
    char *const text = malloc(length);
    cr_assert(text && fread(text, 1, length, f) == length);
    json_t *const header = json_loadb(text, length, 0, NULL);
    cr_assert_not_null(header);
    cr_assert_eq(fseek(f, 0, SEEK_END), 0);
    *data_bytes = (uint64_t)ftell(f) - 8 - length;
    free(text);
    fclose(f);
    return header;
}

/* A copy of the golden model with another header, and a sparse file for the data. */
static struct made_directory with_header(const struct golden *golden, json_t *header)
{
    const struct made_directory directory = make_directory();
    char from[256], *const text = json_dumps(header, JSON_COMPACT);
    json_error_t why;

    snprintf(from, sizeof from, "%s/config.json", golden->path);
    json_t *const config = json_load_file(from, 0, &why);
    cr_assert(config && text, "%s: %s", from, why.text);
    cr_assert_eq(json_dump_file(config, made_path(&directory, "config.json"), 0), 0);
    make_safetensors(&directory, "model.safetensors", text, NULL, 0);
    cr_assert_eq(truncate(made_path(&directory, "model.safetensors"),
                          (off_t)(8 + strlen(text) + golden->data_bytes)),
                 0);
    json_decref(config);
    free(text);
    return directory;
}

/* Expects that a model with this header is rejected with a message that has a and b. */
static void rejects(const struct golden *golden, json_t *header, const char *a, const char *b)
{
    const struct made_directory directory = with_header(golden, header);
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_EFORMAT, "%s: %s",
                 golden->path, err.message);
    cr_assert_null(model);
    cr_assert(strstr(err.message, a) && strstr(err.message, b), "%s: no '%s' or no '%s' in: %s",
              golden->path, a, b, err.message);
    remove_directory(&directory);
    count_checks(3);
}

/* Tensors in Hugging Face's files that the vision tower does not use. */
static bool is_ignored(const char *name)
{
    return strncmp(name, "text_", 5) == 0 || strstr(name, "mask_token") ||
           strncmp(name, "decoder.", 8) == 0 || strstr(name, "position_ids") ||
           strstr(name, "relative_position_index") || strcmp(name, "logit_scale") == 0 ||
           strcmp(name, "logit_bias") == 0;
}

/* vit-pytorch's class token where patches alone are averaged. */
static bool is_empty(const json_t *entry)
{
    const json_t *const offsets = json_object_get(entry, "data_offsets");

    return json_integer_value(json_array_get(offsets, 0)) ==
           json_integer_value(json_array_get(offsets, 1));
}

/* Calls check for every used tensor of every golden model in safetensors. */
static void each_tensor(void (*check)(const struct golden *golden, const char *name))
{
    glob_t found;

    cr_assert_eq(glob("tests/golden/*/model.safetensors", 0, NULL, &found), 0);
    cr_assert_geq(found.gl_pathc, 21);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct golden golden;
        const char *name;
        json_t *entry;
        golden.header = read_header(found.gl_pathv[i], &golden.data_bytes);
        snprintf(golden.path, sizeof golden.path, "%.*s",
                 (int)(strrchr(found.gl_pathv[i], '/') - found.gl_pathv[i]), found.gl_pathv[i]);
        json_object_del(golden.header, "__metadata__");
        json_object_foreach (golden.header, name, entry)
            if (!is_ignored(name) && !is_empty(entry))
                check(&golden, name);
        json_decref(golden.header);
    }
    globfree(&found);
}

/* Fixed positions may be absent. Without its tensor, a model has no layer scale, projection or
 * pooler. */
static bool may_be_absent(const char *name)
{
    return strcmp(name, "visual_projection.weight") == 0 || strstr(name, "pooler.") ||
           strstr(name, "pos_embed") || strstr(name, ".ls") || strstr(name, "gamma");
}

static void renamed(const struct golden *golden, const char *name)
{
    json_t *const header = json_copy(golden->header);
    char other[160];

    snprintf(other, sizeof other, "%s_", name);
    cr_assert_eq(json_object_set(header, other, json_object_get(header, name)), 0);
    json_object_del(header, name);
    rejects(golden, header, name, may_be_absent(name) ? "tensor" : "found no such tensor");
    json_decref(header);
}

Test(families, the_message_names_a_tensor_that_was_renamed)
{
    each_tensor(renamed);
}

static void misshapen(const struct golden *golden, const char *name)
{
    json_t *const header = json_deep_copy(golden->header);
    json_t *const shape = json_object_get(json_object_get(header, name), "shape");

    json_array_append_new(shape, json_integer(1));
    rejects(golden, header, name, ": expected shape [");
    json_decref(header);
}

Test(families, the_message_names_a_tensor_with_a_wrong_shape)
{
    each_tensor(misshapen);
}

static void one_too_many(const struct golden *golden, const char *name)
{
    json_t *const header = json_copy(golden->header);
    char other[160];

    snprintf(other, sizeof other, "%s_", name);
    json_object_set_new(header, other,
                        json_pack("{s:s, s:[i], s:[I, I]}", "dtype", "F32", "shape", 0,
                                  "data_offsets", (json_int_t)golden->data_bytes,
                                  (json_int_t)golden->data_bytes));
    rejects(golden, header, other, ": unexpected tensor: expected a name like ");
    json_decref(header);
}

Test(families, the_message_about_an_added_tensor_has_the_closest_name)
{
    each_tensor(one_too_many);
}

/* vit-pytorch before 1.23: nn.Linear(dim, 0). Weights that have numbers would be a head. */
Test(families, a_head_of_no_classes_may_be_an_empty_layer)
{
    struct golden golden = { .path = "tests/golden/vit-pytorch-1.23.6-headless" };
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    golden.header = read_header("tests/golden/vit-pytorch-1.23.6-headless/model.safetensors",
                                &golden.data_bytes);
    json_object_set_new(
        golden.header, "mlp_head.weight",
        json_pack("{s:s, s:[i,i], s:[i,i]}", "dtype", "F32", "shape", 0, 16, "data_offsets", 0, 0));
    json_object_set_new(
        golden.header, "mlp_head.bias",
        json_pack("{s:s, s:[i], s:[i,i]}", "dtype", "F32", "shape", 0, "data_offsets", 0, 0));
    const struct made_directory directory = with_header(&golden, golden.header);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_OK, "%s", err.message);
    vit_model_free(model);
    remove_directory(&directory);
    json_object_set_new(
        golden.header, "mlp_heads.bias",
        json_pack("{s:s, s:[i], s:[i,i]}", "dtype", "F32", "shape", 0, "data_offsets", 0, 0));
    rejects(&golden, golden.header, "tensor mlp_heads.bias", "unexpected");
    json_decref(golden.header);
    count_checks(1);
}

Test(families, unknown_names_are_not_attributed_to_a_family)
{
    const struct made_directory directory = make_directory();
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    make_text(&directory, "config.json", made_series_config);
    make_safetensors(&directory, "model.safetensors", "{}", "", 0);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "found no such tensor") && !strstr(err.message, "the names of"),
              "%s", err.message);
    remove_directory(&directory);
    count_checks(2);
}

Test(families, the_message_says_if_the_names_are_of_another_family_than_the_configuration)
{
    static const struct {
        const char *config, *model, *said, *found;
    } mixes[] = {
        { "timm-vit", "vit-pytorch", "timm", "vit-pytorch" },
        { "vit-pytorch", "timm-vit", "vit-pytorch", "timm" },
        { "series-relu", "t2t-transformer", "series", "t2t" },
        { "t2t-performer", "timm-vit", "t2t", "timm" },
    };

    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++) {
        struct golden golden;
        char path[256], words[120];
        snprintf(golden.path, sizeof golden.path, "tests/golden/%s", mixes[i].config);
        snprintf(path, sizeof path, "tests/golden/%s/model.safetensors", mixes[i].model);
        golden.header = read_header(path, &golden.data_bytes);
        snprintf(words, sizeof words,
                 "config.json is for family %s, the tensors have the names of %s", mixes[i].said,
                 mixes[i].found);
        rejects(&golden, golden.header, words, "/model.safetensors: tensor ");
        json_decref(golden.header);
    }
}
