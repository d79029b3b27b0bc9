/* test_pixels.c - vit_preprocess_image over pixel formats, strides and threads: the same bits */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/imagenet_config.h"
#include "tests/serial_run.h"
#include "vit/kernels.h"
#include "vit/vit.h"

enum { HEIGHT = 211, WIDTH = 157, SIDE = 96, PADDING = 5 };

static const enum vit_pixel_format formats[] = { VIT_PIXEL_FORMAT_RGB, VIT_PIXEL_FORMAT_BGR,
                                                 VIT_PIXEL_FORMAT_RGBA, VIT_PIXEL_FORMAT_GRAY };

/* The upper bytes of a linear congruential generator. */
static uint8_t random_byte(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

static size_t byte_of_channel(enum vit_pixel_format format, size_t channel)
{
    return format == VIT_PIXEL_FORMAT_GRAY  ? 0
           : format == VIT_PIXEL_FORMAT_BGR ? 2 - channel
                                            : channel;
}

/*
 * The same colors in each format, gray ones if requested; alpha and the bytes between rows are
 * random and differ from call to call.
 */
static struct vit_image make_image(enum vit_pixel_format format, size_t padding, bool gray)
{
    static uint32_t other = 7;
    const size_t each = vit_pixel_bytes(format), stride = WIDTH * each + padding;
    struct vit_image image = { malloc(HEIGHT * stride), HEIGHT, WIDTH, stride, format };
    uint32_t state = 1;

    for (size_t i = 0; i < HEIGHT * stride; i++)
        image.pixels[i] = random_byte(&other);
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        for (size_t c = 0; c < 3; c++) {
            uint8_t *const pixel = image.pixels + i / WIDTH * stride + i % WIDTH * each;
            if (c == 0 || !gray)
                random_byte(&state);
            pixel[byte_of_channel(format, c)] = (uint8_t)(state >> 24);
        }
    return image;
}

static float *preprocess(size_t channels, const struct vit_image *image,
                         const struct vit_parallel *parallel)
{
    const struct vit_preprocess_config config = imagenet_config(channels, SIDE, SIDE);
    const struct vit_preprocess_options options = { .size = sizeof options, .parallel = parallel };
    float *const out = malloc(channels * SIDE * SIDE * sizeof *out);
    struct vit_error err = { 0 };

    cr_assert_eq(vit_preprocess_image(&config, image, &options, out, &err), VIT_OK, "%s",
                 err.message);
    return out;
}

static void expect_same(size_t channels, bool gray, enum vit_pixel_format format, size_t padding)
{
    struct vit_image rgb = make_image(VIT_PIXEL_FORMAT_RGB, 0, gray);
    struct vit_image image = make_image(format, padding, gray);
    float *const expected = preprocess(channels, &rgb, NULL);
    float *const found = preprocess(channels, &image, NULL);

    cr_assert_eq(memcmp(expected, found, channels * SIDE * SIDE * sizeof *found), 0,
                 "%zu channels, format %d, padding %zu", channels, (int)format, padding);
    free(found);
    free(expected);
    free(image.pixels);
    free(rgb.pixels);
    count_checks(channels * SIDE * SIDE);
}

Test(pixels, every_format_and_stride_gives_the_bits_of_packed_rgb)
{
    for (size_t channels = 1; channels <= 3; channels += 2)
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
            for (size_t padding = 0; padding <= PADDING; padding += PADDING)
                expect_same(channels, formats[f] == VIT_PIXEL_FORMAT_GRAY, formats[f], padding);
}

Test(pixels, the_bits_do_not_depend_on_the_threads)
{
    for (size_t channels = 1; channels <= 3; channels += 2)
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            struct vit_image image = make_image(formats[f], PADDING, false);
            float *const expected = preprocess(channels, &image, NULL);
            for (size_t threads = 1; threads <= 9; threads++) {
                struct serial_run run = { 0 };
                const struct vit_parallel own = { run_serially, &run, threads };
                const struct vit_parallel openmp = { vit_parallel_openmp, NULL, threads };
                float *const a = preprocess(channels, &image, &own);
                float *const b = preprocess(channels, &image, &openmp);
                cr_assert_eq(memcmp(expected, a, channels * SIDE * SIDE * sizeof *a), 0);
                cr_assert_eq(memcmp(expected, b, channels * SIDE * SIDE * sizeof *b), 0);
                cr_assert(run.calls == 0 || threads > 1);
                cr_assert(run.calls > 0 || threads == 1 || channels == 1 || f > 0, "%zu", threads);
                free(b);
                free(a);
                count_checks(2 * channels * SIDE * SIDE + 1);
            }
            free(expected);
            free(image.pixels);
        }
}

static void refuses(const struct vit_image *image, const struct vit_preprocess_options *options,
                    enum vit_status status, const char *because)
{
    const struct vit_preprocess_config config = imagenet_config(3, SIDE, SIDE);
    float *const out = calloc(3 * SIDE * SIDE, sizeof *out);
    struct vit_error err = { 0 };

    cr_assert_eq(vit_preprocess_image(&config, image, options, out, &err), status, "%s", because);
    cr_assert(strstr(err.message, because), "\"%s\" does not contain \"%s\"", err.message, because);
    for (size_t i = 0; i < 3 * SIDE * SIDE; i++)
        cr_assert_eq(out[i], 0.0f);
    free(out);
    count_checks(2);
}

Test(pixels, an_image_out_of_range_is_refused)
{
    struct vit_image good = make_image(VIT_PIXEL_FORMAT_RGBA, 0, false), bad = good;

    bad.stride = WIDTH * 4 - 1;
    refuses(&bad, NULL, VIT_EIMAGE, "image: expected a stride of at least 628 bytes, found 627");
    bad = good;
    bad.format = (enum vit_pixel_format)4;
    refuses(&bad, NULL, VIT_EIMAGE, "image: expected a pixel format from 0 to 3, found 4");
    free(good.pixels);
}

Test(pixels, options_follow_the_abi_rule)
{
    struct {
        struct vit_preprocess_options known;
        size_t added;
    } newer = { .known = { .size = sizeof newer }, .added = 1 };
    const struct vit_parallel no_run = { NULL, NULL, 2 };
    const struct vit_preprocess_options without_run = { .size = sizeof without_run,
                                                        .parallel = &no_run };
    const struct vit_preprocess_options empty = { .size = 0 };
    struct vit_image image = make_image(VIT_PIXEL_FORMAT_RGB, 0, false);
    const struct vit_preprocess_config config = imagenet_config(3, SIDE, SIDE);
    float *const out = malloc(3 * SIDE * SIDE * sizeof *out);

    refuses(&image, &newer.known, VIT_EUNSUPPORTED, "struct vit_preprocess_options: ");
    refuses(&image, &empty, VIT_EINVAL, "struct vit_preprocess_options: ");
    refuses(&image, &without_run, VIT_EINVAL, "parallel: expected run, found NULL");
    newer.added = 0;
    cr_assert_eq(vit_preprocess_image(&config, &image, &newer.known, out, NULL), VIT_OK);
    free(out);
    free(image.pixels);
    count_checks(1);
}
