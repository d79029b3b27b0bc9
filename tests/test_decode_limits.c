/* test_decode_limits.c - limits of images and models, files too short, structs of other versions */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "tests/counts.h"
#include "tests/encode.h"
#include "vit/image.h"
#include "vit/vit.h"

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
    char too_long[128];
    const struct {
        struct vit_decode_options options;
        const char *because; /* NULL: it decodes */
    } cases[] = {
        { { .max_pixels = 17 * 23 }, NULL },
        { { .max_pixels = 17 * 23 - 1 },
          "expected at most 390 pixels, found 17x23; max_pixels raises the limit" },
        { { .max_bytes = file.size }, NULL },
        { { .max_bytes = file.size - 1 }, too_long },
    };

    snprintf(too_long, sizeof too_long,
             "expected at most %zu bytes, found %zu; max_bytes raises the limit", file.size - 1,
             file.size);

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
    cr_assert(strstr(err.message, "image: expected at most 100 bytes, found "), "%s", err.message);
    older.size = 0;
    cr_assert_eq(vit_image_decode(file.bytes, file.size, (const void *)&older, &image, &err),
                 VIT_EINVAL);
    older.size = SIZE_MAX;
    cr_assert_eq(vit_image_decode(file.bytes, file.size, (const void *)&older, &image, &err),
                 VIT_EINVAL);
    count_checks(5);
}

/* Decodes with a limit of scans; 0: the default. */
static enum vit_status decode_scans(const struct encoded_file *file, unsigned max_scans,
                                    struct vit_error *err)
{
    const struct vit_decode_options options = { .size = sizeof options, .max_scans = max_scans };
    struct vit_image image = { 0 };
    const enum vit_status status = vit_image_decode(file->bytes, file->size, &options, &image, err);

    vit_image_free(&image);
    return status;
}

Test(decode_limits, scans_are_limited_to_100_unless_the_caller_says_otherwise)
{
    const struct encode_jpeg what = {
        .height = 64, .width = 80, .channels = 3, .progressive = true
    };
    static const struct {
        size_t scans;
        unsigned max_scans;
        const char *because; /* NULL: it decodes */
    } cases[] = {
        { 100, 0, NULL },
        { 101, 0, "image: expected at most 100 scans, found scan 101; max_scans raises the limit" },
        { 101, 101, NULL },
        { 490, 0, "image: expected at most 100 scans, found scan 101; max_scans raises the limit" },
        { 490, 490, NULL },
        { 12, 11, "image: expected at most 11 scans, found scan 12; max_scans raises the limit" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct encoded_file file = encode_scans(&what, cases[i].scans);
        struct vit_error err = { .message = "" };
        cr_assert_eq(decode_scans(&file, cases[i].max_scans, &err),
                     cases[i].because ? VIT_EUNSUPPORTED : VIT_OK, "%zu: %s", i, err.message);
        cr_assert_str_eq(err.message, cases[i].because ? cases[i].because : "");
        free(file.bytes);
    }
    count_checks(COUNT(cases));
}

static void is_truncated(struct encoded_file file, const char *because)
{
    struct vit_image image = { 0 };
    struct vit_error err = { .message = "" };

    cr_assert_eq(vit_image_decode(file.bytes, file.size, NULL, &image, &err), VIT_EIMAGE, "%s",
                 because);
    cr_assert(strstr(err.message, because), "expected \"%s\", found \"%s\"", because, err.message);
    free(file.bytes);
    count_checks(1);
}

/* Headers that claim 8192 × 8192 pixels; tests/budgets measures that no memory is taken for them.
 */
Test(decode_limits, a_file_too_short_for_its_pixels_is_truncated)
{
    const struct encode_png png = { .height = 8, .width = 8, .color = 2, .depth = 8 };
    struct encoded_file file = encode_png(&png);

    memcpy(file.bytes + 16, "\0\0\x20\0\0\0\x20\0", 8);
    memcpy(file.bytes + 29, "\xfd\xc8\x5d\x0e", 4); /* the CRC */
    is_truncated(file, "image: truncated PNG: expected more than ");
    for (int progressive = 0; progressive < 2; progressive++) {
        const struct encode_jpeg jpeg = {
            .height = 8, .width = 8, .channels = 3, .progressive = progressive
        };
        file = encode_jpeg(&jpeg);
        for (size_t i = 0; i + 9 < file.size; i++) /* SOF0, SOF2: the sides at +5, +7 */
            if (file.bytes[i] == 0xff && file.bytes[i + 1] == (progressive ? 0xc2 : 0xc0))
                memcpy(file.bytes + i + 5, "\x20\x00\x20\x00", 4);
        is_truncated(file, " bytes for 8192x8192 pixels");
    }
    file = encode_webp(ENCODE_LOSSY, 8, 8, ENCODE_FLAT);
    memcpy(file.bytes + 26, "\0\x20\0\x20", 4);
    is_truncated(file, "image: truncated WebP: expected more than ");
}

static void decodes(struct encoded_file file, size_t height, size_t width)
{
    struct vit_image image = { 0 };
    struct vit_error err = { .message = "" };

    cr_assert_eq(vit_image_decode(file.bytes, file.size, NULL, &image, &err), VIT_OK, "%s",
                 err.message);
    cr_assert(image.height == height && image.width == width);
    vit_image_free(&image);
    free(file.bytes);
    count_checks(1);
}

/* The other side of the bound: pixels of one color, as small as the encoders make them. */
Test(decode_limits, the_smallest_files_of_many_pixels_decode)
{
    for (int way = 0; way < 8; way++) {
        const struct encode_jpeg jpeg = { .height = 1500,
                                          .width = 2000,
                                          .pixels = ENCODE_FLAT,
                                          .channels = way & 1 ? 3 : 1,
                                          .vertical = way & 1 ? 2 : 1,
                                          .horizontal = way & 1 ? 2 : 1,
                                          .progressive = way & 2,
                                          .arithmetic = way & 4 };
        decodes(encode_jpeg(&jpeg), 1500, 2000);
        const struct encode_png png = { .height = 3001,
                                        .width = 4001,
                                        .pixels = ENCODE_FLAT,
                                        .color = way & 1 ? 2 : 0,
                                        .depth = way & 2   ? 8
                                                 : way & 1 ? 16
                                                           : 1,
                                        .interlaced = way & 4 };
        decodes(encode_png(&png), 3001, 4001);
    }
    decodes(encode_webp(ENCODE_LOSSY, 1500, 2000, ENCODE_FLAT), 1500, 2000);
    decodes(encode_webp(ENCODE_LOSSLESS, 1500, 2000, ENCODE_FLAT), 1500, 2000);
}

/* libpng limits what it keeps to 8 MB; nothing of such a chunk is kept. */
Test(decode_limits, a_long_chunk_that_does_not_matter_is_skipped)
{
    const struct encode_png png = {
        .height = 5, .width = 7, .color = 2, .depth = 8, .private_bytes = 9000000
    };

    decodes(encode_png(&png), 5, 7);
}

static size_t bytes_of(const char *path)
{
    struct stat info;

    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return (size_t)info.st_size;
}

Test(decode_limits, max_file_bytes_limits_each_file_of_a_model)
{
    static const struct {
        const char *model, *largest;
    } cases[] = {
        { "tests/golden/timm-vit", "model.safetensors" },
        { "tests/golden/google-npz", "model.npz" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vit_model_options options = { .size = sizeof options };
        char path[256], because[256];
        struct vit_model *model = NULL;
        struct vit_error err = { .message = "" };
        snprintf(path, sizeof path, "%s/%s", cases[i].model, cases[i].largest);
        options.max_file_bytes = bytes_of(path);
        cr_assert_eq(vit_model_open(cases[i].model, &options, &model, &err), VIT_OK, "%s",
                     err.message);
        vit_model_free(model);
        snprintf(because, sizeof because,
                 "%.90s: expected at most %zu bytes, found %zu; max_file_bytes raises the limit",
                 path, options.max_file_bytes - 1, options.max_file_bytes);
        options.max_file_bytes--;
        cr_assert_eq(vit_model_open(cases[i].model, &options, &model, &err), VIT_EUNSUPPORTED);
        cr_assert_str_eq(err.message, because);
        options.max_file_bytes = 1;
        cr_assert_eq(vit_model_open(cases[i].model, &options, &model, &err), VIT_EUNSUPPORTED);
        count_checks(4);
    }
}

Test(decode_limits, the_command_has_an_option_for_pixels, .init = cli_begin, .fini = cli_end)
{
    succeeds("$VIT preprocess " PATH " --rgb $T/rgb.npy --max-pixels 391");
    fails("$VIT preprocess " PATH " --rgb $T/rgb.npy --max-pixels 390",
          "lossless.webp: expected at most 390 pixels, found 17x23; max_pixels raises the limit");
    fails("$VIT classify tests/golden/timm-vit " PATH " --max-pixels 390",
          "expected at most 390 pixels");
    fails("$VIT preprocess " PATH " --rgb $T/rgb.npy --max-pixels 0",
          "--max-pixels: expected a whole number from 1 to 2^40, found '0'");
    count_checks(4);
}
