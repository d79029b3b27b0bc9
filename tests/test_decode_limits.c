/* test_decode_limits.c - the options of vit_image_decode: limits, and structs of other versions */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/counts.h"
#include "vit/image.h"

#define PATH         "tests/golden/decode/lossless.webp"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct file {
    uint8_t bytes[4096];
    size_t size;
};

static struct file load(void)
{
    struct file file;
    FILE *const f = fopen(PATH, "rb");

    cr_assert_not_null(f);
    file.size = fread(file.bytes, 1, sizeof file.bytes, f);
    cr_assert(file.size > 0 && file.size < sizeof file.bytes);
    fclose(f);
    return file;
}

/* One option at a time; the file has 17 × 23 pixels. */
Test(decode_limits, limits_are_the_callers)
{
    const struct file file = load();
    const struct {
        struct vit_decode_options options;
        const char *because; /* NULL: it decodes */
    } cases[] = {
        { { .max_pixels = 17 * 23 }, NULL },
        { { .max_pixels = 17 * 23 - 1 }, "expected at most 390 pixels, found 17x23" },
        { { .max_bytes = file.size }, NULL },
        { { .max_bytes = file.size - 1 }, "bytes, found more" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vit_decode_options options = cases[i].options;
        struct vit_image memory = { 0 }, disk = { 0 };
        struct vit_error err = { 0 };
        const enum vit_status expected = cases[i].because ? VIT_EUNSUPPORTED : VIT_OK;
        options.size = sizeof options;
        cr_assert_eq(vit_image_decode(file.bytes, file.size, &options, &memory, &err), expected);
        cr_assert(!cases[i].because || (strncmp(err.message, "image: ", 7) == 0 &&
                                        strstr(err.message, cases[i].because)),
                  "%s", err.message);
        cr_assert_eq(vit_image_decode_file(PATH, &options, &disk, &err), expected);
        cr_assert(!cases[i].because || strstr(err.message, cases[i].because), "%s", err.message);
        vit_image_free(&memory);
        vit_image_free(&disk);
    }
    count_checks(2 * COUNT(cases));
}

/* The options of an older and of a newer version of this library. */
Test(decode_limits, options_of_another_size_are_read)
{
    struct {
        struct vit_decode_options known;
        size_t added;
    } newer = { .known = { .size = sizeof newer } };
    struct {
        size_t size, max_bytes;
    } older = { sizeof older, 100 };
    const struct file file = load();
    struct vit_image image = { 0 };
    struct vit_error err = { 0 };

    cr_assert_eq(vit_image_decode(file.bytes, file.size, &newer.known, &image, &err), VIT_OK);
    vit_image_free(&image);
    newer.added = 1;
    cr_assert_eq(vit_image_decode(file.bytes, file.size, &newer.known, &image, &err),
                 VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "decode options: expected zeros after byte"), "%s", err.message);
    cr_assert_eq(vit_image_decode(file.bytes, file.size, (const void *)&older, &image, &err),
                 VIT_EUNSUPPORTED);
    cr_assert_str_eq(err.message, "image: expected at most 100 bytes, found more");
    older.size = 0;
    cr_assert_eq(vit_image_decode(file.bytes, file.size, (const void *)&older, &image, &err),
                 VIT_EINVAL);
    older.size = SIZE_MAX;
    cr_assert_eq(vit_image_decode(file.bytes, file.size, (const void *)&older, &image, &err),
                 VIT_EINVAL);
    count_checks(5);
}
