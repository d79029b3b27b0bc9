/* test_drawing.c - libvit-image draws, encodes and colors; inputs become images again */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "tools/draw.h"
#include "vit/image.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* OKLab of sRGB; Ottosson 2020, "A perceptual color space for image processing" */
static void oklab(const uint8_t rgb[3], double lab[3])
{
    static const double to_cone[3][3] = { { 0.4122214708, 0.5363325363, 0.0514459929 },
                                          { 0.2119034982, 0.6806995451, 0.1073969566 },
                                          { 0.0883024619, 0.2817188376, 0.6299787005 } };
    static const double to_lab[3][3] = { { 0.2104542553, 0.7936177850, -0.0040720468 },
                                         { 1.9779984951, -2.4285922050, 0.4505937099 },
                                         { 0.0259040371, 0.7827717662, -0.8086757660 } };
    double cone[3] = { 0 };

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const double c = rgb[j] / 255.0;
            cone[i] += to_cone[i][j] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
        }
        cone[i] = cbrt(cone[i]);
    }
    for (int i = 0; i < 3; i++)
        lab[i] = to_lab[i][0] * cone[0] + to_lab[i][1] * cone[1] + to_lab[i][2] * cone[2];
}

enum { STEPS = 16 }; /* of the colormap's table */

Test(drawing, colors_are_equally_far_apart_and_grow_lighter)
{
    double steps[STEPS], mean = 0, before[3], lab[3];
    uint8_t rgb[3];

    vit_colormap(0, rgb);
    oklab(rgb, before);
    for (size_t i = 0; i < STEPS; i++) {
        vit_colormap((double)(i + 1) / STEPS, rgb);
        oklab(rgb, lab);
        cr_assert_gt(lab[0], before[0] + 0.04);
        steps[i] = sqrt(pow(lab[0] - before[0], 2) + pow(lab[1] - before[1], 2) +
                        pow(lab[2] - before[2], 2));
        mean += steps[i] / STEPS;
        memcpy(before, lab, sizeof before);
    }
    /* the measured maximum, rounded up: colors of 8 bits are not exact */
    for (size_t i = 0; i < STEPS; i++)
        cr_assert(fabs(steps[i] / mean - 1) <= 0.031, "step %zu: %g of %g", i, steps[i], mean);
    count_checks(2 * STEPS);
}

Test(drawing, numbers_outside_0_to_1_have_the_outermost_colors)
{
    static const uint8_t violet[3] = { 17, 5, 84 }, yellow[3] = { 248, 246, 119 };
    static const uint8_t red[3] = { 202, 68, 98 }; /* entry 8 of 0 to 16 */
    const struct {
        double t;
        const uint8_t *color;
    } cases[] = { { 0, violet },           { 1, yellow }, { -0.1, violet },
                  { -INFINITY, violet },   { 7, yellow }, { INFINITY, yellow },
                  { (double)NAN, violet }, { 0.5, red } };
    uint8_t rgb[3];

    for (size_t i = 0; i < COUNT(cases); i++) {
        vit_colormap(cases[i].t, rgb);
        cr_assert_eq(memcmp(rgb, cases[i].color, 3), 0, "%g", cases[i].t);
    }
    count_checks(COUNT(cases));
}

static struct vit_image create(size_t height, size_t width, enum vit_pixel_format format)
{
    struct vit_image image;
    struct vit_error err;

    cr_assert_eq(vit_image_create(height, width, format, &image, &err), VIT_OK, "%s", err.message);
    return image;
}

/* Row y begins with the low byte of y, pixel x of it goes on from there. */
static void fill_pattern_bytes(struct vit_image *image)
{
    for (size_t y = 0; y < image->height; y++)
        for (size_t i = 0; i < image->width * vit_pixel_bytes(image->format); i++)
            image->pixels[y * image->stride + i] = (uint8_t)(37 * (y * 1000 + i));
}

Test(drawing, an_overlay_is_hottest_in_the_middle_of_the_hottest_cell)
{
    const double values[2 * 3] = { 0, 0.2, 0.1, 0.3, 0.4, 1 };
    struct vit_image image = create(20, 30, VIT_PIXEL_FORMAT_RGB);
    struct vit_image gray = create(2, 2, VIT_PIXEL_FORMAT_GRAY);
    size_t hottest = 0;

    memset(image.pixels, 0, image.height * image.stride);
    cr_assert_eq(vit_colormap_overlay(2, 3, values, &image, NULL), VIT_OK);
    for (size_t i = 0; i < 20 * 30; i++) /* yellow has the most green */
        hottest = image.pixels[3 * i + 1] > image.pixels[3 * hottest + 1] ? i : hottest;
    cr_assert(hottest / 30 >= 14 && hottest % 30 >= 24, "%zu, %zu", hottest / 30, hottest % 30);
    cr_assert_eq(vit_colormap_overlay(2, 0, values, &image, NULL), VIT_EINVAL);
    cr_assert_eq(vit_colormap_overlay(2, 3, values, &gray, NULL), VIT_EINVAL);
    vit_image_free(&gray);
    vit_image_free(&image);
    count_checks(3);
}

Test(drawing, a_view_shares_the_pixels_inside_and_nothing_outside)
{
    static const struct {
        size_t y, x, height, width, clipped_height, clipped_width;
    } cases[] = { { 1, 2, 3, 2, 3, 2 },
                  { 0, 0, 5, 7, 5, 7 },
                  { 4, 6, 9, 9, 1, 1 },
                  { 5, 0, 1, 1, 0, 1 },
                  { 9, SIZE_MAX, SIZE_MAX, SIZE_MAX, 0, 0 } };
    static const uint8_t dark[4] = { 1, 2, 3, 4 };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vit_image image = create(5, 7, VIT_PIXEL_FORMAT_RGBA);
        struct vit_image view =
            vit_image_view(&image, cases[i].y, cases[i].x, cases[i].height, cases[i].width);
        cr_assert_eq(view.height, cases[i].clipped_height);
        cr_assert_eq(view.width, cases[i].clipped_width);
        vit_image_fill(&view, dark);
        for (size_t y = 0; y < 5; y++)
            for (size_t x = 0; x < 7; x++) {
                const bool inside = y >= cases[i].y && y - cases[i].y < view.height &&
                                    x >= cases[i].x && x - cases[i].x < view.width;
                cr_assert_eq(image.pixels[y * image.stride + 4 * x], inside ? 1 : 255);
            }
        vit_image_free(&image);
    }
    count_checks(COUNT(cases) * 37);
}

Test(drawing, a_copy_takes_the_pixels_that_both_images_have)
{
    struct vit_image from = create(4, 6, VIT_PIXEL_FORMAT_BGR);
    struct vit_image to = create(6, 5, VIT_PIXEL_FORMAT_BGR);
    struct vit_image other = create(6, 5, VIT_PIXEL_FORMAT_RGB);
    struct vit_error err;

    fill_pattern_bytes(&from);
    cr_assert_eq(vit_image_copy(&from, &to, &err), VIT_OK, "%s", err.message);
    for (size_t y = 0; y < 6; y++)
        for (size_t i = 0; i < 15; i++)
            cr_assert_eq(to.pixels[y * to.stride + i],
                         y < 4 ? (uint8_t)(37 * (y * 1000 + i)) : 255);
    cr_assert_eq(vit_image_copy(&from, &other, &err), VIT_EINVAL);
    vit_image_free(&other);
    vit_image_free(&to);
    vit_image_free(&from);
    count_checks(91);
}

/* What Pillow's convert("RGB") makes of a pixel. */
static void to_rgb(const uint8_t *pixel, enum vit_pixel_format format, uint8_t rgb[3])
{
    for (size_t c = 0; c < 3; c++)
        rgb[c] = pixel[format == VIT_PIXEL_FORMAT_GRAY  ? 0
                       : format == VIT_PIXEL_FORMAT_BGR ? 2 - c
                                                        : c];
}

Test(drawing, a_png_of_any_format_and_stride_is_decoded_as_it_was_encoded)
{
    enum { HEIGHT = 7, WIDTH = 5 };
    struct vit_error err;

    for (int format = VIT_PIXEL_FORMAT_RGB; format <= VIT_PIXEL_FORMAT_GRAY; format++) {
        struct vit_image whole = create(HEIGHT + 2, WIDTH + 3, (enum vit_pixel_format)format);
        struct vit_image found;
        uint8_t *png, rgb[3];
        size_t size;
        fill_pattern_bytes(&whole);
        const struct vit_image view = vit_image_view(&whole, 1, 2, HEIGHT, WIDTH);
        cr_assert_eq(vit_image_encode_png(&view, &png, &size, &err), VIT_OK, "%s", err.message);
        cr_assert_eq(vit_image_decode(png, size, NULL, &found, &err), VIT_OK, "%s", err.message);
        cr_assert(found.height == HEIGHT && found.width == WIDTH);
        for (size_t i = 0; i < HEIGHT * WIDTH; i++) {
            to_rgb(view.pixels + i / WIDTH * view.stride + i % WIDTH * vit_pixel_bytes(view.format),
                   view.format, rgb);
            cr_assert_eq(memcmp(found.pixels + 3 * i, rgb, 3), 0, "format %d, pixel %zu", format,
                         i);
        }
        vit_png_free(png);
        vit_image_free(&found);
        vit_image_free(&whole);
    }
    count_checks(4 * HEIGHT * WIDTH);
}

Test(drawing, images_that_cannot_be_created_or_encoded_are_refused)
{
    static uint8_t pixel[4];
    const struct vit_image bad[] = {
        { pixel, 0, 1, 3, VIT_PIXEL_FORMAT_RGB },
        { pixel, 1, 0, 3, VIT_PIXEL_FORMAT_RGB },
        { pixel, 1, 1, 2, VIT_PIXEL_FORMAT_RGB },
        { pixel, 1, 1, 3, VIT_PIXEL_FORMAT_RGBA },
        { pixel, 1, 1, 3, (enum vit_pixel_format)4 },
        { pixel, 1, (size_t)1 << 31, (size_t)1 << 32, VIT_PIXEL_FORMAT_GRAY },
        { pixel, 1, 1, (size_t)1 << 31, VIT_PIXEL_FORMAT_GRAY },
    };
    struct vit_image image;
    uint8_t *png;
    size_t size;

    for (size_t i = 0; i < COUNT(bad); i++)
        cr_assert_eq(vit_image_encode_png(&bad[i], &png, &size, NULL), VIT_EINVAL, "%zu", i);
    cr_assert_eq(vit_image_create(0, 1, VIT_PIXEL_FORMAT_RGB, &image, NULL), VIT_EINVAL);
    cr_assert_eq(vit_image_create(1, 1, (enum vit_pixel_format)4, &image, NULL), VIT_EINVAL);
    cr_assert_eq(vit_image_create(SIZE_MAX / 2, 3, VIT_PIXEL_FORMAT_RGB, &image, NULL), VIT_ENOMEM);
    count_checks(COUNT(bad) + 3);
}

static void enlarges(enum vit_pixel_format format, size_t height, size_t width, size_t factor)
{
    static uint8_t bytes[16 * 20 * 3];
    const size_t each = vit_pixel_bytes(format);
    const struct vit_image small = { bytes, height, width, 20 * 3, format };
    struct vit_image image;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    cr_assert_eq(draw_enlarged(&small, &image, NULL), VIT_OK);
    cr_assert(image.height == height * factor && image.width == width * factor);
    for (size_t y = 0; y < image.height; y++)
        for (size_t x = 0; x < image.width; x++)
            for (size_t c = 0; c < 3; c++)
                cr_assert_eq(image.pixels[y * image.stride + x * 3 + c],
                             bytes[y / factor * small.stride + x / factor * each + c % each]);
    vit_image_free(&image);
    count_checks(height * width);
}

Test(drawing, each_pixel_that_a_model_sees_becomes_a_square)
{
    enlarges(VIT_PIXEL_FORMAT_RGB, 16, 20, 448 / 20);
    enlarges(VIT_PIXEL_FORMAT_GRAY, 16, 12, 448 / 16);
}
