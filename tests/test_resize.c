/* test_resize.c - the resize against Pillow, byte for byte */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check/digest.h"
#include "model/resize.h"
#include "tests/compare.h"
#include "tests/counts.h"
#include "tests/noise.h"

/* By the scalar kernels, which every level must agree with. */
static uint8_t *resized(size_t channels, enum vit_interpolation interpolation, size_t height,
                        size_t width, uint8_t *in, struct resize_span rows,
                        struct resize_span columns)
{
    struct resize resize = { scalar_level(), interpolation, channels, rows, columns, NULL };
    const struct vit_image image = { in, height, width, width * channels,
                                     channels == 3 ? VIT_PIXEL_FORMAT_RGB : VIT_PIXEL_FORMAT_GRAY };
    const size_t bytes = rows.count * columns.count * channels;
    uint8_t *const out = malloc(bytes), *const other = malloc(bytes);
    struct vit_error err = { 0 };
    size_t i = 0;

    cr_assert_eq(resize_u8(&resize, &image, out, &err), VIT_OK, "%s", err.message);
    while ((resize.kernels = next_level(&i, bytes))) {
        cr_assert_eq(resize_u8(&resize, &image, other, &err), VIT_OK, "%s", err.message);
        cr_assert_eq(memcmp(out, other, bytes), 0, "%s: %zux%zu to %zux%zu", resize.kernels->isa,
                     height, width, rows.count, columns.count);
        count_checks(bytes);
    }
    free(other);
    return out;
}

Test(resize, noise_equals_pillow)
{
    static const struct {
        size_t channels;
        enum vit_interpolation interpolation;
        size_t height, width, to_height, to_width;
        uint64_t digest; /* of what Pillow 9.4 gives */
    } cases[] = {
        { 3, VIT_INTERPOLATION_BICUBIC, 37, 53, 37, 53,
          0x727248dd683fae43u }, /* the image itself */
        { 3, VIT_INTERPOLATION_BILINEAR, 37, 53, 37, 53, 0x727248dd683fae43u },
        { 3, VIT_INTERPOLATION_BICUBIC, 37, 53, 11, 97, 0x423ccd9e5f06242fu },
        { 3, VIT_INTERPOLATION_BILINEAR, 37, 53, 11, 97, 0x5ce7a9d6f8060852u },
        { 1, VIT_INTERPOLATION_BICUBIC, 37, 53, 5, 5, 0xfe0591c0f884f787u },
        { 1, VIT_INTERPOLATION_BILINEAR, 37, 53, 5, 5, 0xcb5037bb82195951u },
        { 1, VIT_INTERPOLATION_BICUBIC, 1, 1, 40, 30, 0x34641eca81ffef25u },
        { 1, VIT_INTERPOLATION_BILINEAR, 1, 1, 40, 30, 0x34641eca81ffef25u },
        { 3, VIT_INTERPOLATION_BICUBIC, 2, 3, 19, 7, 0xbd6b3c7e82bcd01bu },
        { 3, VIT_INTERPOLATION_BILINEAR, 2, 3, 19, 7, 0xc02eb933bbed0273u },
        { 3, VIT_INTERPOLATION_BICUBIC, 200, 3, 16, 16, 0xf967bcb560ed5fcau },
        { 3, VIT_INTERPOLATION_BILINEAR, 200, 3, 16, 16, 0xf840b2cdd59bbd0cu },
        { 1, VIT_INTERPOLATION_BICUBIC, 1, 5000, 3, 4, 0x93728c460b507137u },
        { 1, VIT_INTERPOLATION_BILINEAR, 1, 5000, 3, 4, 0x99de76aa1775985eu },
        { 3, VIT_INTERPOLATION_BICUBIC, 333, 250, 224, 224, 0x34bb362beb4db1acu },
        { 3, VIT_INTERPOLATION_BILINEAR, 333, 250, 224, 224, 0x49105d6e88d410e3u },
        { 1, VIT_INTERPOLATION_BICUBIC, 64, 64, 1, 1, 0xaf63f34c860213a1u },
        { 1, VIT_INTERPOLATION_BILINEAR, 64, 64, 1, 1, 0xaf63f34c860213a1u },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t h = cases[i].to_height, w = cases[i].to_width;
        uint8_t *const in = noise(cases[i].height * cases[i].width * cases[i].channels);
        uint8_t *const out =
            resized(cases[i].channels, cases[i].interpolation, cases[i].height, cases[i].width, in,
                    (struct resize_span){ h, 0, h }, (struct resize_span){ w, 0, w });
        cr_assert_eq(digest(out, h * w * cases[i].channels), cases[i].digest, "case %zu", i);
        count_checks(h * w * cases[i].channels);
        free(out);
        free(in);
    }
}

Test(resize, a_part_equals_that_part_of_the_whole)
{
    const size_t height = 61, width = 47, to_height = 33, to_width = 90;
    uint8_t *const in = noise(height * width * 3);
    uint8_t *const whole = resized(3, VIT_INTERPOLATION_BICUBIC, height, width, in,
                                   (struct resize_span){ to_height, 0, to_height },
                                   (struct resize_span){ to_width, 0, to_width });

    for (size_t top = 0; top < to_height; top += 5) {
        for (size_t left = 0; left < to_width; left += 7) {
            const size_t h = 1 + (to_height - top - 1) / 2, w = 1 + (to_width - left - 1) / 2;
            uint8_t *const part = resized(3, VIT_INTERPOLATION_BICUBIC, height, width, in,
                                          (struct resize_span){ to_height, top, h },
                                          (struct resize_span){ to_width, left, w });
            for (size_t y = 0; y < h; y++)
                cr_assert_eq(
                    memcmp(part + y * w * 3, whole + ((top + y) * to_width + left) * 3, w * 3), 0,
                    "rows from %zu, columns from %zu", top, left);
            count_checks(h * w * 3);
            free(part);
        }
    }
    free(whole);
    free(in);
}

Test(resize, the_longest_side_sums_without_overflow)
{
    const size_t longest = RESIZE_MAX_SIDE;
    uint8_t *const white = malloc(longest);

    memset(white, 255, longest);
    for (size_t to = 1; to <= 5; to += 2) {
        for (int f = VIT_INTERPOLATION_BICUBIC; f <= VIT_INTERPOLATION_BILINEAR; f++) {
            uint8_t *const out =
                resized(1, (enum vit_interpolation)f, longest, 1, white,
                        (struct resize_span){ to, 0, to }, (struct resize_span){ 1, 0, 1 });
            for (size_t i = 0; i < to; i++) /* a rounded weight may be off by half of 2^-22 */
                cr_assert_geq(out[i], 128, "%zu of %zu is %d", i, to, out[i]);
            count_checks(to);
            free(out);
        }
    }
    free(white);
}

/* Calls of the passes of a table of kernels, and the rows that they computed. */
static atomic_size_t calls_across, calls_down, rows_across;

static void counted_across(const struct vit_resize_across_args *args)
{
    calls_across++;
    rows_across += args->rows;
    scalar_level()->resize_across(args);
}

static void counted_down(const struct vit_resize_down_args *args)
{
    calls_down++;
    scalar_level()->resize_down(args);
}

Test(resize, both_passes_run_in_the_kernels_on_the_rows_that_the_result_needs)
{
    struct vit_kernels kernels = *scalar_level();
    const struct vit_parallel parallel = { vit_parallel_openmp, NULL, 3 };
    const size_t height = 600, width = 1800, rows = 60, columns = 600;
    struct resize resize = {
        &kernels, VIT_INTERPOLATION_BILINEAR, 3, { height / 3, 40, rows }, { columns, 0, columns },
        NULL
    };
    uint8_t *const in = noise(height * width * 3);
    const struct vit_image image = { in, height, width, width * 3, VIT_PIXEL_FORMAT_RGB };
    uint8_t *const alone = malloc(rows * columns * 3), *const shared = malloc(rows * columns * 3);

    kernels.resize_across = counted_across;
    kernels.resize_down = counted_down;
    cr_assert_eq(resize_u8(&resize, &image, alone, NULL), VIT_OK);
    cr_expect_eq(calls_across, 1);
    cr_expect_eq(calls_down, rows);
    cr_expect_leq(rows_across, rows * 3 + 6); /* a window has six rows */
    resize.parallel = &parallel;
    cr_assert_eq(resize_u8(&resize, &image, shared, NULL), VIT_OK);
    cr_expect_gt(calls_across, 2, "a thread has every row");
    cr_expect_leq(rows_across, 2 * (rows * 3 + 6));
    cr_expect_eq(memcmp(alone, shared, rows * columns * 3), 0);
    count_checks(7);
    free(shared);
    free(alone);
    free(in);
}
