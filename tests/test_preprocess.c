/* test_preprocess.c - vit_preprocess_image against timm and Hugging Face, byte for byte */
#include <criterion/criterion.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check/digest.h"
#include "files/safetensors.h"
#include "model/resize.h"
#include "tests/alloc_counter.h"
#include "tests/counts.h"
#include "tests/expected_input.h"
#include "tests/noise.h"
#include "vit/image.h"
#include "vit/vit.h"

#define GOLDEN "tests/golden/preprocess/"

static struct vit_preprocess_config plain_config(size_t channels, size_t height, size_t width)
{
    return (struct vit_preprocess_config){
        .size = sizeof(struct vit_preprocess_config),
        .channels = channels,
        .height = height,
        .width = width,
        .crop_mode = VIT_CROP_MODE_SQUASH,
        .crop_pct = 1.0,
        .std = { 1.0f, 1.0f, 1.0f },
    };
}

static enum vit_status preprocess_rgb(const struct vit_preprocess_config *config, size_t height,
                                      size_t width, const uint8_t *rgb, float *out,
                                      struct vit_error *err)
{
    const struct vit_image image = { (uint8_t *)rgb, height, width, width * 3,
                                     VIT_PIXEL_FORMAT_RGB };
    return vit_preprocess_image(config, &image, NULL, out, err);
}

static bool has_value(json_t *config, const char *key, const char *value)
{
    json_t *const found = json_object_get(config, key);
    return found && strcmp(json_string_value(found), value) == 0;
}

static struct vit_preprocess_config read_recipe(const char *name)
{
    json_t *const all = json_load_file(GOLDEN "recipes.json", 0, NULL);
    json_t *const one = json_object_get(all, name);
    struct vit_preprocess_config config = { .size = sizeof config, .crop_pct = 1.0 };
    double mean[3], std[3];

    cr_assert(one, "recipes.json has no %s", name);
    cr_assert_eq(json_unpack(one, "{s:[I,I,I], s:[F,F,F], s:[F,F,F], s?F}", "input_size",
                             &config.channels, &config.height, &config.width, "mean", &mean[0],
                             &mean[1], &mean[2], "std", &std[0], &std[1], &std[2], "crop_pct",
                             &config.crop_pct),
                 0);
    for (size_t c = 0; c < 3; c++) {
        config.mean[c] = (float)mean[c];
        config.std[c] = (float)std[c];
    }
    config.interpolation = has_value(one, "interpolation", "bilinear") ? VIT_INTERPOLATION_BILINEAR
                                                                       : VIT_INTERPOLATION_BICUBIC;
    config.crop_mode =
        has_value(one, "crop_mode", "squash") ? VIT_CROP_MODE_SQUASH : VIT_CROP_MODE_CENTER;
    json_decref(all);
    return config;
}

/* The byte whose normalized value is nearest. */
static int byte_of(float value, float mean, float std)
{
    return (int)lround(((double)value * (double)std + (double)mean) * 255.0);
}

/*
 * Bytes are always equal. Values are equal bit for bit where x/255 is a division, as in
 * torchvision; Hugging Face multiplies by a rounded 1/255, which moves x/255 <= 1 by at most one
 * ulp of 1.
 */
static void compare(const char *name, const struct vit_preprocess_config *config, const float *out,
                    const float *expected, bool to_the_bit)
{
    const size_t plane = config->height * config->width;

    for (size_t i = 0; i < config->channels * plane; i++) {
        const float mean = config->mean[i / plane], std = config->std[i / plane];
        const int want = byte_of(expected[i], mean, std), have = byte_of(out[i], mean, std);
        const float slack = to_the_bit ? 0.0f : FLT_EPSILON / std;
        cr_assert_eq(have, want, "%s: byte %zu is %d, expected %d", name, i, have, want);
        cr_assert_leq(fabsf(out[i] - expected[i]), slack, "%s: value %zu is %a, expected %a", name,
                      i, (double)out[i], (double)expected[i]);
    }
    count_checks(2 * config->channels * plane);
}

/*
 * expected.safetensors has FILE/CONFIG, the input from timm. Pillow decodes FILE to the same
 * pixels: test_decode.c.
 */
static void equals_golden(const char *recipe_name, bool to_the_bit)
{
    const struct vit_preprocess_config config = read_recipe(recipe_name);
    struct safetensors *golden = NULL;
    struct vit_error err = { 0 };
    size_t files = 0;

    cr_assert_eq(safetensors_open(GOLDEN "expected.safetensors", &golden, &err), VIT_OK, "%s",
                 err.message);
    for (size_t i = 0; i < golden->count; i++) {
        const struct safetensors_entry *const want = &golden->entries[i];
        const char *const slash = strchr(want->name, '/');
        char path[256];

        if (!slash || strcmp(slash + 1, recipe_name) != 0)
            continue;
        snprintf(path, sizeof path, GOLDEN "%.*s", (int)(slash - want->name), want->name);
        cr_assert_eq(want->elements, config.channels * config.height * config.width);

        struct vit_image image;
        cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err), VIT_OK, "%s", err.message);
        float *const expected =
            expected_input(golden, want, config.height * config.width, config.mean, config.std);
        float *const out = malloc(want->elements * sizeof *out);
        cr_assert_eq(vit_preprocess_image(&config, &image, NULL, out, &err), VIT_OK, "%s: %s",
                     want->name, err.message);
        compare(want->name, &config, out, expected, to_the_bit);
        free(out);
        free(expected);
        vit_image_free(&image);
        files++;
    }
    cr_assert_eq(files, 11);
    safetensors_close(golden);
}

Test(preprocess, bicubic_with_a_margin_equals_timm)
{
    equals_golden("timm-bicubic-0.9", true);
}

Test(preprocess, an_oblong_crop_equals_timm)
{
    equals_golden("timm-bicubic-1.0-imagenet", true);
}

Test(preprocess, bilinear_with_a_margin_equals_timm)
{
    equals_golden("timm-bilinear-0.875", true);
}

Test(preprocess, squash_equals_timm)
{
    equals_golden("timm-squash", true);
}

Test(preprocess, straight_bilinear_equals_hugging_face)
{
    equals_golden("hf-bilinear", false);
}

Test(preprocess, luma_equals_pillow)
{
    const struct vit_preprocess_config config = plain_config(1, 32, 48);
    uint8_t *const in = noise(60 * 90 * 3);
    float out[32 * 48];
    uint8_t bytes[32 * 48];

    cr_assert_eq(preprocess_rgb(&config, 60, 90, in, out, NULL), VIT_OK);
    for (size_t i = 0; i < 32 * 48; i++)
        bytes[i] = (uint8_t)byte_of(out[i], 0.0f, 1.0f);
    cr_assert_eq(digest(bytes, sizeof bytes), 0x7b93c780e55b242du); /* Pillow 9.4, convert("L") */
    count_checks(32 * 48);
    free(in);
}

/* Margins of 3 and 21, 3 and 3, 5 and 19: halves go down, where timm's would go to even. */
Test(preprocess, hugging_faces_crop_equals_its_offsets)
{
    static const struct {
        size_t edge, crop;
        enum vit_crop_mode mode;
        uint64_t digest; /* of what Pillow 9.4 gives, cropped from (size - crop)//2 */
    } cases[] = {
        { 37, 34, VIT_CROP_MODE_CENTER, 0xfa1945eefd5f461cu },
        { 37, 34, VIT_CROP_MODE_SQUASH, 0x71ed74e3924a591du },
        { 29, 24, VIT_CROP_MODE_CENTER, 0xeef5c6a477f60f9cu },
    };
    uint8_t *const in = noise(60 * 90 * 3), bytes[3 * 34 * 34];
    float out[3 * 34 * 34];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t side = cases[i].crop, count = 3 * side * side;
        struct vit_preprocess_config config = plain_config(3, side, side);
        config.crop_mode = cases[i].mode;
        config.crop_pct = (double)side / (double)cases[i].edge;
        config.crop_rounds_down = true;
        cr_assert_eq(preprocess_rgb(&config, 60, 90, in, out, NULL), VIT_OK);
        for (size_t j = 0; j < count; j++)
            bytes[j] = (uint8_t)byte_of(out[j], 0.0f, 1.0f);
        cr_assert_eq(digest(bytes, count), cases[i].digest, "case %zu", i);
        count_checks(count);
    }
    free(in);
}

Test(preprocess, luma_of_gray_is_that_gray)
{
    const struct vit_preprocess_config config = plain_config(1, 1, 256);
    uint8_t gray[256][3];
    float out[256];

    for (size_t v = 0; v < 256; v++)
        memset(gray[v], (int)v, 3);
    cr_assert_eq(preprocess_rgb(&config, 1, 256, gray[0], out, NULL), VIT_OK);
    for (size_t v = 0; v < 256; v++)
        cr_assert_eq(out[v], (float)v / 255.0f, "gray %zu", v);
    count_checks(256);
}

/* Padding, or a crop outside the image, would not be white. */
Test(preprocess, a_white_image_stays_white_at_every_size)
{
    static const size_t sides[] = { 1, 2, 3, 7, 16, 31, 640 };
    static const double margins[] = { 1.0, 0.999, 0.9, 0.875, 1.0 / 3.0, 0.01 };
    static const size_t wanted[] = { 1, 2, 5, 14 };
    const size_t n_sides = sizeof sides / sizeof *sides, n_wanted = sizeof wanted / sizeof *wanted;
    uint8_t *const white = malloc(640 * 640 * 3);
    float out[14 * 14 * 3];

    memset(white, 255, 640 * 640 * 3);
    for (size_t image = 0; image < n_sides * n_sides; image++) {
        for (size_t want = 0; want < n_wanted * n_wanted; want++) {
            for (size_t m = 0; m < 2 * sizeof margins / sizeof *margins; m++) {
                struct vit_preprocess_config config =
                    plain_config(3, wanted[want / n_wanted], wanted[want % n_wanted]);
                config.crop_mode = m % 2 ? VIT_CROP_MODE_SQUASH : VIT_CROP_MODE_CENTER;
                config.crop_pct = margins[m / 2];
                const size_t count = 3 * config.height * config.width;
                cr_assert_eq(preprocess_rgb(&config, sides[image / n_sides], sides[image % n_sides],
                                            white, out, NULL),
                             VIT_OK);
                for (size_t i = 0; i < count; i++)
                    cr_assert_eq(out[i], 1.0f, "image %zu, result %zu, margin %zu", image, want, m);
                count_checks(count);
            }
        }
    }
    free(white);
}

static void refuses(const struct vit_preprocess_config *config, size_t height, size_t width,
                    enum vit_status status, const char *because)
{
    static const uint8_t pixel[3];
    struct vit_error err = { 0 };
    float out[3] = { 7.0f, 7.0f, 7.0f };

    cr_assert_eq(preprocess_rgb(config, height, width, pixel, out, &err), status, "%s", because);
    cr_assert_eq(err.status, status);
    cr_assert(strstr(err.message, because), "\"%s\" does not contain \"%s\"", err.message, because);
    cr_assert_eq(preprocess_rgb(config, height, width, pixel, out, NULL), status);
    cr_assert(out[0] == 7.0f && out[1] == 7.0f && out[2] == 7.0f);
    count_checks(3);
}

#define REFUSES(field, value, because)                                                             \
    do {                                                                                           \
        struct vit_preprocess_config config = plain_config(3, 1, 1);                               \
        config.field = (value);                                                                    \
        refuses(&config, 1, 1, VIT_EINVAL, because);                                               \
    } while (0)

Test(preprocess, a_config_out_of_range_is_refused)
{
    REFUSES(size, 1, "struct vit_preprocess_config: expected size 88, found 1");
    REFUSES(channels, 0, "expected 1 or 3 channels, found 0");
    REFUSES(channels, 2, "expected 1 or 3 channels, found 2");
    REFUSES(channels, SIZE_MAX, "expected 1 or 3 channels");
    REFUSES(height, 0, "sides of at least 1, found 0x1");
    REFUSES(width, 0, "sides of at least 1, found 1x0");
    REFUSES(height, SIZE_MAX, "after the resize, found 1.84467");
    REFUSES(width, SIZE_MAX, "after the resize, found 1x1.84467");
    REFUSES(interpolation, (enum vit_interpolation)2, "interpolation: expected 0 or 1, found 2");
    REFUSES(crop_mode, (enum vit_crop_mode)7, "crop_mode: expected 0 or 1, found 7");
    REFUSES(crop_pct, 0.0, "crop_pct: expected a number in (0, 1], found 0");
    REFUSES(crop_pct, -0.5, "crop_pct: expected a number in (0, 1], found -0.5");
    REFUSES(crop_pct, 1.0000001, "crop_pct: expected a number in (0, 1], found 1");
    REFUSES(crop_pct, (double)NAN, "crop_pct: expected a number in (0, 1], found ");
    REFUSES(crop_pct, (double)INFINITY, "crop_pct: expected a number in (0, 1], found inf");
    REFUSES(crop_pct, 5e-324, "found infxinf from 1x1");
    REFUSES(crop_pct, 1e-300, "found 1e+300x1e+300 from 1x1");
    REFUSES(mean[2], INFINITY, "mean[2]: expected a finite number, found inf");
    REFUSES(mean[0], NAN, "mean[0]: expected a finite number, found ");
    REFUSES(std[1], 0.0f, "std[1]: expected a finite number other than 0, found 0");
    REFUSES(std[0], NAN, "std[0]: expected a finite number other than 0, found ");
    REFUSES(std[2], INFINITY, "std[2]: expected a finite number other than 0, found inf");
    REFUSES(std[1], 1e-40f, "std[1]: expected (x - mean) / std finite for x from 0 to 1, found");
    REFUSES(std[0], -1e-39f, "std[0]: expected (x - mean) / std finite for x from 0 to 1, found");
}

Test(preprocess, an_empty_or_overlong_image_is_refused)
{
    const struct vit_preprocess_config config = plain_config(3, 1, 1);

    refuses(&config, 0, 1, VIT_EIMAGE, "found 0x1");
    refuses(&config, 1, 0, VIT_EIMAGE, "found 1x0");
    refuses(&config, RESIZE_MAX_SIDE + 1, 1, VIT_EIMAGE, "found 1048577x1");
    refuses(&config, 1, SIZE_MAX, VIT_EIMAGE, "sides from 1 to 1048576");
}

Test(preprocess, a_resize_too_long_to_count_is_refused)
{
    struct vit_preprocess_config config = plain_config(3, 2048, 2048);

    config.crop_mode = VIT_CROP_MODE_CENTER;
    refuses(&config, 1, RESIZE_MAX_SIDE, VIT_EIMAGE, "found 2048x2147483648 from 1x1048576");
    refuses(&config, RESIZE_MAX_SIDE, 1, VIT_EIMAGE, "found 2147483648x2048 from 1048576x1");
    config.width = 4096;
    refuses(&config, RESIZE_MAX_SIDE, 1, VIT_EIMAGE, "found 4294967296x4096 from 1048576x1");
}

Test(preprocess, a_result_too_large_for_memory_is_refused)
{
    const struct vit_preprocess_config config = plain_config(3, INT32_MAX, INT32_MAX);

    refuses(&config, 1, 1, VIT_ENOMEM, "out of memory for 3x2147483647x2147483647 floats");
}

/* The resized image has 25.6 million columns; the crop has 224 of them. */
Test(preprocess, memory_for_a_line_of_pixels_depends_on_the_crop_alone)
{
    struct vit_preprocess_config config = plain_config(3, 224, 224);
    float *const out = malloc(3 * 224 * 224 * sizeof *out);
    uint8_t *const line = calloc(100000, 3);

    memset(line + 3 * 49990, 255, 3 * 20); /* white around the middle */
    config.crop_mode = VIT_CROP_MODE_CENTER;
    config.crop_pct = 0.875;
    cr_assert_eq(preprocess_rgb(&config, 1, 100000, line, out, NULL), VIT_OK);
    for (size_t i = 0; i < 3 * 224 * 224; i++)
        cr_assert_eq(out[i], 1.0f);
    count_checks(3 * 224 * 224);
    free(line);
    free(out);
}

/* At full width it would have 134 MB between the passes; with one channel 45. */
Test(preprocess, memory_for_a_tall_image_is_limited_and_its_pixels_stay)
{
    enum { ROWS = 200000, VALUES = 3 * 224 * 224 };
    struct vit_preprocess_config config = plain_config(3, 224, 224);
    uint8_t *const gray = noise(ROWS), *const rgb = malloc((size_t)3 * ROWS);
    float *const expected = malloc(VALUES * sizeof *expected);
    float *const found = malloc(VALUES * sizeof *found);
    const struct vit_image as_gray = { gray, ROWS, 1, 1, VIT_PIXEL_FORMAT_GRAY };
    const size_t before = watched_bytes();

    for (size_t i = 0; i < (size_t)3 * ROWS; i++)
        rgb[i] = gray[i / 3];
    config.crop_mode = VIT_CROP_MODE_SQUASH;
    cr_assert_eq(preprocess_rgb(&config, ROWS, 1, rgb, found, NULL), VIT_OK);
    cr_assert_leq(watched_bytes() - before, (size_t)80 << 20, "%zu", watched_bytes() - before);
    cr_assert_eq(vit_preprocess_image(&config, &as_gray, NULL, expected, NULL), VIT_OK);
    cr_assert_eq(memcmp(found, expected, VALUES * sizeof *found), 0);
    count_checks(VALUES);
    free(gray);
    free(rgb);
    free(expected);
    free(found);
}
