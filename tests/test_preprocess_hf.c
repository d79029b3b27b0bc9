/* test_preprocess_hf.c - image processors in files of a checkpoint against transformers 5 */
#include <criterion/criterion.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/safetensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "vit/image.h"
#include "vit/inspect.h"

#define GOLDEN "tests/golden/"
#define CASES  GOLDEN "preprocess-hf/"

static void link_file(const struct made_directory *to, const char *folder, const char *name)
{
    char path[256], *real;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return;
    real = realpath(path, NULL);
    cr_assert(real && symlink(real, made_path(to, name)) == 0, "%s", path);
    free(real);
}

/* The model of a case, which has an image processor in files of its own. */
static struct vit_model *open_case(const char *name)
{
    static const char *const files[] = { "preprocessor_config.json", "processor_config.json" };
    json_t *const all = json_load_file(CASES "cases.json", 0, NULL);
    const struct made_directory directory = make_directory();
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };
    const char *golden = NULL;
    char path[256];

    cr_assert_eq(json_unpack(all, "{s:{s:{s:s}}}", "cases", name, "model", &golden), 0, "%s", name);
    snprintf(path, sizeof path, GOLDEN "%s", golden);
    link_file(&directory, path, "model.safetensors");
    link_file(&directory, path, "config.json");
    snprintf(path, sizeof path, CASES "%s", name);
    for (size_t i = 0; i < 2; i++)
        link_file(&directory, path, files[i]);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_OK, "%s: %s", name,
                 err.message);
    remove_directory(&directory);
    json_decref(all);
    return model;
}

static float *read_entry(const struct safetensors *file, const struct safetensors_entry *entry)
{
    float *const data = malloc(entry->elements * sizeof *data);

    cr_assert_eq(safetensors_read_f32(file, entry, 0, entry->elements, data, NULL), VIT_OK);
    return data;
}

/* transformers multiplies by a rounded 1/255: at most one ulp of 1, and then over std. */
static void check_picture(const struct vit_model *model, const char *picture,
                          const struct safetensors *expected, const struct safetensors_entry *entry)
{
    struct vit_preprocess_config config = { .size = sizeof config };
    struct vit_error err = { 0 };
    struct vit_image image;
    char path[128];

    snprintf(path, sizeof path, GOLDEN "preprocess/%s", picture);
    cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_get_preprocess_config(model, &config, &err), VIT_OK);
    cr_assert(entry->shape[1] == config.height && entry->shape[2] == config.width, "%s",
              entry->name);
    float *const want = read_entry(expected, entry);
    float *const out = malloc(entry->elements * sizeof *out);
    cr_assert_eq(vit_preprocess_image(&config, &image, NULL, out, &err), VIT_OK, "%s", err.message);
    for (size_t i = 0; i < entry->elements; i++) {
        const float slack = FLT_EPSILON / config.std[i / (config.height * config.width)];
        cr_assert_leq(fabsf(out[i] - want[i]), slack, "%s: value %zu is %g, expected %g",
                      entry->name, i, (double)out[i], (double)want[i]);
    }
    count_checks(entry->elements);
    free(out);
    free(want);
    vit_image_free(&image);
}

Test(preprocess_hf, the_processor_of_processor_config_json_takes_precedence)
{
    struct safetensors *expected;
    size_t checked = 0;

    cr_assert_eq(safetensors_open(CASES "expected.safetensors", &expected, NULL), VIT_OK);
    for (size_t i = 0; i < expected->count; i++) {
        const char *const slash = strchr(expected->entries[i].name, '/');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(slash - expected->entries[i].name),
                 expected->entries[i].name);
        if (strcmp(name, "exif") == 0)
            continue;
        struct vit_model *const model = open_case(name);
        check_picture(model, slash + 1, expected, &expected->entries[i]);
        vit_model_free(model);
        checked++;
    }
    cr_assert_eq(checked, 11);
    safetensors_close(expected);
}

/* The file itself, not decoded pixels: transformers turns it upright before the processor. */
Test(preprocess_hf, a_rotated_photo_is_turned_before_the_processor)
{
    struct vit_model *const model = open_case("preprocessor-only");
    struct vit_preprocess_config config = { .size = sizeof config };
    struct safetensors *expected;
    struct vit_image image = { 0 };
    float out[3 * 48 * 48];

    cr_assert_eq(safetensors_open(CASES "expected.safetensors", &expected, NULL), VIT_OK);
    const struct safetensors_entry *const entry =
        safetensors_find(expected, "exif/exif-rotated.jpg/preprocessor-only");
    float *const want = read_entry(expected, entry);
    cr_assert_eq(vit_model_get_preprocess_config(model, &config, NULL), VIT_OK);
    cr_assert(config.exif_orientation);
    const struct vit_decode_options options = { .size = sizeof options,
                                                .exif_orientation = config.exif_orientation };
    cr_assert_eq(
        vit_image_decode_file(GOLDEN "preprocess/exif-rotated.jpg", &options, &image, NULL),
        VIT_OK);
    cr_assert_eq(vit_preprocess_image(&config, &image, NULL, out, NULL), VIT_OK);
    for (size_t i = 0; i < entry->elements; i++)
        cr_assert_leq(fabsf(out[i] - want[i]), FLT_EPSILON / config.std[0], "value %zu", i);
    count_checks(entry->elements + 1);
    vit_image_free(&image);
    free(want);
    safetensors_close(expected);
    vit_model_free(model);
}

Test(preprocess_hf, the_source_of_each_field_names_the_file)
{
    struct vit_model *const nested = open_case("nested-wins"), *const flat =
                                                                   open_case("preprocessor-only");

    cr_assert_str_eq(vit_model_preprocess_source(nested, "mean"),
                     "processor_config.json: image_processor: image_mean");
    cr_assert_str_eq(vit_model_preprocess_source(flat, "mean"),
                     "preprocessor_config.json: image_mean");
    count_checks(2);
    vit_model_free(flat);
    vit_model_free(nested);
}
