/* test_decode.c - image files to pixels, equal to Pillow's; hostile, cut and absent files */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/digest.h"
#include "tests/counts.h"
#include "vit/image.h"

#define PHOTOS "tests/golden/preprocess/"
#define ODD    "tests/golden/decode/"

struct picture {
    const char *path;
    size_t height, width;
    uint64_t digest; /* of the pixels that Pillow gives */
};

static const struct picture photos[] = {
    { PHOTOS "alpha.png", 120, 90, 0xcb83993e0018b1e7u },
    { PHOTOS "exif-rotated.jpg", 160, 240, 0x594315d356e6a9f1u },
    { PHOTOS "gray.jpg", 97, 211, 0x5bb8ade576335496u },
    { PHOTOS "gray.png", 80, 80, 0x45c730c2e97030d9u },
    { PHOTOS "lossy.webp", 150, 210, 0xe745a929352d02f3u },
    { PHOTOS "palette.png", 90, 120, 0x6f90fd6e0b58a435u },
    { PHOTOS "panorama.png", 64, 640, 0x62d57370b6b733d2u },
    { PHOTOS "photo-420.jpg", 333, 500, 0x2953b6bc8fa839f9u },
    { PHOTOS "photo-444.jpg", 240, 180, 0xb5149f9ac55064e1u },
    { PHOTOS "progressive.jpg", 301, 199, 0xab23ac4b7fdf7a3cu },
    { PHOTOS "small-upscaled.png", 37, 29, 0x20f4757a636f921du },
};

/* Kinds of files that are not photographs. */
static const struct picture odd[] = {
    { ODD "interlaced.png", 17, 23, 0x5fee45b7d70fda30u },
    { ODD "rgb16.png", 17, 23, 0x5fee45b7d70fda30u },
    { ODD "grey-alpha16.png", 17, 23, 0x59def369e428fa20u },
    { ODD "grey2.png", 17, 23, 0x90cdb0012d9c70a1u },
    { ODD "bilevel.png", 17, 23, 0xe0d82a6be0292a7au },
    { ODD "palette-transparent.png", 17, 23, 0x11639391776c0f23u },
    { ODD "gamma-background.png", 17, 23, 0x5fee45b7d70fda30u },
    { ODD "lossless.webp", 17, 23, 0x5fee45b7d70fda30u },
    { ODD "alpha.webp", 17, 23, 0xd56421f0b0b2134du },
    { ODD "lossless-alpha.webp", 17, 23, 0x5fee45b7d70fda30u },
    { ODD "one-pixel.jpg", 1, 1, 0x693780194efd678fu },
    { ODD "ycck.jpg", 37, 53, 0x8937005eb7b849dbu },
    { ODD "cmyk.jpg", 17, 23, 0xf1cb61287a09bebeu },
    { ODD "arithmetic.jpg", 37, 53, 0x21de1f5d0e75a1e6u },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct file {
    uint8_t *bytes;
    size_t size;
};

static struct file load(const char *path)
{
    struct file file = { malloc((size_t)1 << 20), 0 };
    FILE *const f = fopen(path, "rb");

    cr_assert(f, "%s: %s", path, strerror(errno));
    file.size = fread(file.bytes, 1, (size_t)1 << 20, f);
    fclose(f);
    return file;
}

/* An exact copy: a sanitizer then sees a read of the first byte past the end. */
static uint8_t *prefix(const struct file *file, size_t size)
{
    uint8_t *const bytes = malloc(size ? size : 1);
    memcpy(bytes, file->bytes, size);
    return bytes;
}

static void write_temporary(const uint8_t *bytes, size_t size, char path[32])
{
    strcpy(path, "/tmp/vit-decode-XXXXXX");
    const int fd = mkstemp(path);
    cr_assert_neq(fd, -1);
    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

/* Every byte is 119: a function that fails must not change it. */
static struct vit_image untouched(void)
{
    struct vit_image image;
    memset(&image, 119, sizeof image);
    return image;
}

static bool is_untouched(const struct vit_image *image)
{
    const struct vit_image expected = untouched();
    return memcmp(image, &expected, sizeof expected) == 0;
}

static enum vit_status decode(const char *name, const uint8_t *bytes, size_t size,
                              struct vit_image *image, struct vit_error *err)
{
    const struct vit_decode_options options = { .size = sizeof options, .name = name };
    return vit_image_decode(bytes, size, &options, image, err);
}

static struct vit_image decode_file(const char *path)
{
    struct vit_image image;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(image.format, VIT_PIXEL_FORMAT_RGB);
    cr_assert_eq(image.stride, image.width * 3);
    return image;
}

static void refuses(const char *name, const uint8_t *bytes, size_t size, enum vit_status status,
                    const char *because)
{
    struct vit_error err = { 0 };
    struct vit_image image = untouched();

    cr_assert_eq(decode(name, bytes, size, &image, &err), status,
                 "%s: expected \"%s\", found \"%s\"", name, because, err.message);
    cr_assert_eq(err.status, status);
    cr_assert_eq(strncmp(err.message, name, strlen(name)), 0, "%s", err.message);
    cr_assert(strstr(err.message, because), "\"%s\" does not contain \"%s\"", err.message, because);
    cr_assert(is_untouched(&image));
    count_checks(1);
}

static void equals_pillow(const struct picture *picture)
{
    struct vit_image image = decode_file(picture->path);
    const size_t bytes = image.height * image.width * 3;

    cr_assert(image.height == picture->height && image.width == picture->width, "%s",
              picture->path);
    cr_assert_eq(digest(image.pixels, bytes), picture->digest, "%s", picture->path);
    count_checks(bytes);
    vit_image_free(&image);
}

Test(decode, photographs_equal_pillow)
{
    for (size_t i = 0; i < COUNT(photos); i++)
        equals_pillow(&photos[i]);
}

Test(decode, odd_kinds_equal_pillow)
{
    for (size_t i = 0; i < COUNT(odd); i++)
        equals_pillow(&odd[i]);
}

Test(decode, unsupported_kinds_are_refused_by_name)
{
    static const struct {
        const char *path, *because;
    } cases[] = {
        { ODD "grey16.png", "expected gray of at most 8 bits, found 16" },
        { ODD "animation.webp", "expected a still image, found an animation" },
        { ODD "two-channels.jpg", "expected a JPEG of 1, 3 or 4 channels, found 2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct file file = load(cases[i].path);
        refuses(cases[i].path, file.bytes, file.size, VIT_EUNSUPPORTED, cases[i].because);
        free(file.bytes);
    }
}

/*
 * Only a trailer may be missing, as in Pillow: a PNG's IEND always, a JPEG's EOI if the decoder has
 * not read ahead.
 */
static void refuses_when_cut(const char *path, size_t step)
{
    const struct file file = load(path);
    const size_t trailer = strstr(path, ".png") ? 12 : strstr(path, ".jpg") ? 2 : 0;

    for (size_t size = 0; size + trailer < file.size; size += step) {
        uint8_t *const bytes = prefix(&file, size);
        const char *because = size < 12 ? "expected a JPEG, PNG or WebP file" : "truncated";
        if (strstr(path, ".jpg") && size >= 3)
            because = "truncated JPEG: expected more than";
        if (strstr(path, ".png") && size >= 8)
            because = "truncated PNG: expected more than";
        refuses(path, bytes, size, VIT_EIMAGE, because);
        free(bytes);
    }
    free(file.bytes);
}

Test(decode, photographs_cut_anywhere_are_truncated)
{
    for (size_t i = 0; i < COUNT(photos); i++)
        refuses_when_cut(photos[i].path, 397);
}

Test(decode, small_files_cut_at_every_byte_are_truncated)
{
    for (size_t i = 0; i < COUNT(odd); i++)
        refuses_when_cut(odd[i].path, 1);
}

Test(decode, a_png_without_its_trailer_is_whole)
{
    const struct file file = load(ODD "interlaced.png");

    for (size_t size = file.size - 12; size <= file.size; size++) {
        struct vit_image image;
        uint8_t *const bytes = prefix(&file, size);
        cr_assert_eq(vit_image_decode(bytes, size, NULL, &image, NULL), VIT_OK);
        cr_assert_eq(digest(image.pixels, image.height * image.stride), odd[0].digest);
        count_checks(image.height * image.stride);
        vit_image_free(&image);
        free(bytes);
    }
    free(file.bytes);
}

Test(decode, a_cut_file_is_named_by_its_path)
{
    const struct file file = load(PHOTOS "gray.jpg");
    struct vit_error err = { 0 };
    struct vit_image image;
    char path[32];

    write_temporary(file.bytes, file.size / 2, path);
    cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err), VIT_EIMAGE);
    cr_assert_eq(strncmp(err.message, path, strlen(path)), 0, "%s", err.message);
    cr_assert_eq(vit_image_decode_file(path, NULL, &image, NULL), VIT_EIMAGE);
    count_checks(2);
    unlink(path);
    free(file.bytes);
}

Test(decode, a_long_path_leaves_room_for_what_is_wrong)
{
    char path[2048] = "";
    struct vit_image image;
    struct vit_error err;

    for (size_t i = 0; i < 1500; i += 3)
        strcpy(path + i, i % 90 ? "\xe2\x82\xac" : "abc");
    strcat(path, "/none.png");
    const int saved = vit_image_decode_file(path, NULL, &image, &err);
    cr_assert(saved == VIT_EIO || saved == VIT_ENOTFOUND); /* ENAMETOOLONG */
    cr_assert(strncmp(err.message, "...", 3) == 0 && !strchr(err.message, '?'), "%s", err.message);
    cr_assert(strstr(err.message, "/none.png: "), "%s", err.message);
    const struct vit_decode_options named = { .size = sizeof named, .name = path };
    cr_assert_eq(vit_image_decode("GIF8", 4, &named, &image, &err), VIT_EIMAGE);
    cr_assert(strstr(err.message, "/none.png: expected a JPEG"), "%s", err.message);
    count_checks(5);
}

Test(decode, the_name_of_a_file_does_not_matter)
{
    const struct file file = load(ODD "lossless.webp");
    char path[32];

    write_temporary(file.bytes, file.size, path);
    struct vit_image image = decode_file(path);
    cr_assert_eq(digest(image.pixels, image.height * image.stride), 0x5fee45b7d70fda30u);
    count_checks(image.height * image.stride);
    unlink(path);
    vit_image_free(&image);
    free(file.bytes);
}

static void cannot_read(const char *path, int reason)
{
    struct vit_error err = { 0 };
    struct vit_image image = untouched();

    cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err),
                 reason == ENOENT ? VIT_ENOTFOUND : VIT_EIO);
    cr_assert(strstr(err.message, path), "%s", err.message);
    cr_assert(strstr(err.message, strerror(reason)), "%s", err.message);
    cr_assert(is_untouched(&image));
    count_checks(1);
}

Test(decode, a_file_that_cannot_be_read_has_the_systems_reason)
{
    cannot_read("tests/golden/absent.png", ENOENT);
    cannot_read("tests/golden", EISDIR);
}

Test(decode, other_formats_are_refused)
{
    static const uint8_t garbage[] = "GIF89a, or anything else";
    static const uint8_t almost[] = "RIFF\x10\0\0\0WAVEfmt ";
    struct vit_error err = { 0 };
    struct vit_image image;
    char path[32];

    refuses("garbage", garbage, sizeof garbage, VIT_EIMAGE, "expected a JPEG, PNG or WebP file");
    refuses("wave", almost, sizeof almost, VIT_EIMAGE, "expected a JPEG, PNG or WebP file");
    refuses("empty", garbage, 0, VIT_EIMAGE, "expected a JPEG, PNG or WebP file");
    write_temporary(garbage, 0, path);
    cr_assert_eq(vit_image_decode_file(path, NULL, &image, &err), VIT_EIMAGE);
    count_checks(1);
    unlink(path);
}

Test(decode, too_many_pixels_are_refused_before_memory_is_allocated)
{
    static const uint8_t png[] = /* 2^20 × 2^20, without its data */
        "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\x10\0\0\0\x10\0\0\x08\x02\0\0\0\xc4\x4a\x37\x92"
        "\0\0\0\x08IDAT";
    struct file jpeg = load(PHOTOS "gray.jpg");

    refuses("vast.png", png, sizeof png - 1, VIT_EUNSUPPORTED,
            "expected at most 89478485 pixels, found 1048576x1048576; max_pixels raises the limit");
    for (size_t i = 0; i + 9 < jpeg.size; i++) {
        if (jpeg.bytes[i] == 0xff && jpeg.bytes[i + 1] == 0xc0) { /* SOF0: the sides at +5, +7 */
            memset(jpeg.bytes + i + 5, 0xf0, 4);
            break;
        }
    }
    refuses("vast.jpg", jpeg.bytes, jpeg.size, VIT_EUNSUPPORTED,
            "expected at most 89478485 pixels, found 61680x61680; max_pixels raises the limit");
    free(jpeg.bytes);
}

Test(decode, a_jpeg_of_endless_scans_is_stopped)
{
    const struct file file = load(PHOTOS "progressive.jpg");
    size_t scan = file.size - 2;

    while (!(file.bytes[scan] == 0xff && file.bytes[scan + 1] == 0xda))
        scan--;
    const size_t length = file.size - 2 - scan;
    uint8_t *const bytes = malloc(scan + 600 * length);
    memcpy(bytes, file.bytes, scan);
    for (size_t i = 0; i < 600; i++)
        memcpy(bytes + scan + i * length, file.bytes + scan, length);
    refuses("endless.jpg", bytes, scan + 600 * length, VIT_EUNSUPPORTED,
            "expected at most 100 scans, found scan 101; max_scans raises the limit");
    free(bytes);
    free(file.bytes);
}

/* Bytes changed at random give some status and nothing on stderr. */
static void survives_damage(const char *path, uint32_t *state)
{
    const struct file file = load(path);

    for (size_t round = 0; round < 60; round++) {
        uint8_t *const bytes = prefix(&file, file.size);
        struct vit_image image = { 0 };
        struct vit_error err = { 0 };
        for (size_t i = 0; i < 1 + round % 4; i++) {
            *state = *state * 1664525u + 1013904223u;
            bytes[(*state >> 8) % file.size] = (uint8_t)(*state >> 3);
        }
        const enum vit_status status = decode("damaged", bytes, file.size, &image, &err);
        cr_assert_eq(status, err.status);
        cr_assert_eq(status == VIT_OK, image.pixels != NULL);
        count_checks(1);
        vit_image_free(&image);
        free(bytes);
    }
    free(file.bytes);
}

Test(decode, damage_is_survived_in_silence, .init = cr_redirect_stderr)
{
    uint32_t state = 1;

    for (size_t i = 0; i < COUNT(photos); i++)
        survives_damage(photos[i].path, &state);
    for (size_t i = 0; i < COUNT(odd); i++)
        survives_damage(odd[i].path, &state);
    fflush(stderr);
    cr_assert_stderr_eq_str("");
}
