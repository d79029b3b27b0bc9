/* test_orientation.c - images turned by their EXIF orientation, as Pillow turns them */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "files/safetensors.h"
#include "image/orientation.h"
#include "tests/counts.h"
#include "vit/image.h"

#define GOLDEN "tests/golden/preprocess-exif/"
#define MODELS "tests/golden/"

/* The pixels of a file equal an entry of expected.safetensors. */
static void equals(const struct safetensors *expected, const char *file, bool turned)
{
    const struct vit_decode_options options = { .size = sizeof options,
                                                .exif_orientation = turned };
    struct vit_image image = { 0 };
    struct vit_error err = { 0 };
    char path[128], name[128];

    snprintf(path, sizeof path, GOLDEN "%s", file);
    snprintf(name, sizeof name, "%s/%s", file, turned ? "load_image" : "rgb");
    const struct safetensors_entry *const e = safetensors_find(expected, name);
    cr_assert(e, "%s", name);
    cr_assert_eq(vit_image_decode_file(path, &options, &image, &err), VIT_OK, "%s", err.message);
    cr_assert(image.height == e->shape[0] && image.width == e->shape[1] &&
                  image.stride == image.width * 3,
              "%s: %zux%zu", name, image.height, image.width);
    uint8_t *const pixels = malloc(e->elements);
    cr_assert_eq(safetensors_read(expected, e, 0, e->elements, pixels, &err), VIT_OK);
    cr_assert_eq(memcmp(pixels, image.pixels, e->elements), 0, "%s", name);
    free(pixels);
    vit_image_free(&image);
    count_checks(3);
}

Test(orientation, equals_pillows_exif_transpose)
{
    struct safetensors *expected;
    glob_t found;

    cr_assert_eq(safetensors_open(GOLDEN "expected.safetensors", &expected, NULL), VIT_OK);
    cr_assert_eq(glob(GOLDEN "orientation-*", 0, NULL, &found), 0);
    cr_assert_eq(found.gl_pathc, 12);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *const file = strrchr(found.gl_pathv[i], '/') + 1;
        equals(expected, file, true);
        equals(expected, file, false);
    }
    globfree(&found);
    safetensors_close(expected);
}

/* A copy of a file, as long as it still is one, with any length or offset damaged. */
Test(orientation, damaged_exif_never_reads_outside_the_file)
{
    static const char *const files[] = { "orientation-6.jpg", "orientation-6.png",
                                         "orientation-8.webp" };
    const struct vit_decode_options options = { .size = sizeof options, .exif_orientation = true };

    for (size_t f = 0; f < 3; f++) {
        char path[128];
        snprintf(path, sizeof path, GOLDEN "%s", files[f]);
        FILE *const file = fopen(path, "rb");
        uint8_t bytes[2048];
        cr_assert(file);
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        for (size_t i = 0; i < size; i++) /* in memory of its own size, for AddressSanitizer */
            for (int value = 0; value < 2; value++) {
                struct vit_image image = { 0 };
                uint8_t *const copy = malloc(size);
                memcpy(copy, bytes, size);
                copy[i] = value ? 0xff : 0;
                if (vit_image_decode(copy, size, &options, &image, NULL) == VIT_OK)
                    cr_assert(image.height * image.width > 0);
                vit_image_free(&image);
                free(copy);
            }
        count_checks(size);
    }
}

/* The first pixel that `libvit preprocess --rgb` writes, and the sides. */
static void rgb_of(const char *options, size_t *height, size_t *width)
{
    char header[256] = "";
    FILE *file;

    succeeds("$VIT preprocess " GOLDEN "orientation-6.jpg --rgb $T/rgb.npy %s", options);
    file = fopen(in_directory("rgb.npy"), "rb");
    cr_assert(file && fread(header, 1, 128, file) == 128);
    fclose(file);
    const char *const shape = strstr(header + 10, "'shape': (");
    cr_assert(shape && sscanf(shape, "'shape': (%zu, %zu", height, width) == 2);
}

Test(orientation, follows_the_model_unless_the_option_says_otherwise, .init = cli_begin,
     .fini = cli_end)
{
    static const struct {
        const char *options;
        bool turned;
    } cases[] = {
        { "", false },
        { "--orientation exif", true },
        { "-o $T/x.npy --model " MODELS "hf-vit-classifier", true },
        { "-o $T/x.npy --model " MODELS "timm-vit", false },
        { "-o $T/x.npy --model " MODELS "hf-vit-classifier --orientation none", false },
        { "-o $T/x.npy --model " MODELS "timm-vit --orientation exif", true },
        { "-o $T/x.npy --model " MODELS "timm-vit --orientation model", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t height, width;
        rgb_of(cases[i].options, &height, &width);
        cr_assert(height == (cases[i].turned ? 40 : 24) && width == (cases[i].turned ? 24 : 40),
                  "%s: %zux%zu", cases[i].options, height, width);
        count_checks(1);
    }
    succeeds("$VIT info " MODELS "hf-vit-classifier");
    cr_assert(
        strstr(cli.out, "  exif_orientation       true                   transformers' load_image"),
        "%s", cli.out);
    succeeds("$VIT info " MODELS "timm-vit");
    cr_assert(strstr(cli.out, "  exif_orientation       false "), "%s", cli.out);
    fails("$VIT classify --orientation up " MODELS "timm-vit " GOLDEN "orientation-6.jpg",
          "--orientation: expected model, exif or none, found 'up'");
    count_checks(3);
}

/* Writes the pixels of orientation-6.png as they are to be shown to $T/upright.png. */
static void write_upright(void)
{
    const struct vit_decode_options options = { .size = sizeof options, .exif_orientation = true };
    struct vit_image image;
    uint8_t *png;
    size_t bytes;

    cr_assert_eq(vit_image_decode_file(GOLDEN "orientation-6.png", &options, &image, NULL), VIT_OK);
    cr_assert_eq(vit_image_encode_png(&image, &png, &bytes, NULL), VIT_OK);
    FILE *const file = fopen(in_directory("upright.png"), "wb");
    cr_assert(file && fwrite(png, 1, bytes, file) == bytes && fclose(file) == 0);
    free(png);
    vit_image_free(&image);
}

/*
 * Each subcommand that reads images: the turned file and the upright one give the same, the file as
 * it is stored another result.
 */
Test(orientation, every_subcommand_turns_its_images, .init = cli_begin, .fini = cli_end)
{
    static const char *const commands[] = {
        "classify --json --top 3 >$T/%d.txt",
        "features -o $T/%d.npy",
        "attention -o $T/%d.png",
        "patches -o $T/%d.png",
    };

    succeeds("mkdir $T/turned $T/stored && cp " GOLDEN "orientation-6.png $T/turned/upright.png && "
             "cp " GOLDEN "orientation-6.png $T/stored/upright.png");
    write_upright();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char command[128];
        snprintf(command, sizeof command, commands[i], 1);
        succeeds("M=$PWD/" MODELS
                 "hf-vit-classifier V=$(realpath $VIT); cd $T/turned && $V %s $M upright.png",
                 command);
        snprintf(command, sizeof command, commands[i], 2);
        succeeds("M=$PWD/" MODELS
                 "hf-vit-classifier V=$(realpath $VIT); cd $T && $V %s $M upright.png",
                 command);
        snprintf(command, sizeof command, commands[i], 3);
        succeeds("M=$PWD/" MODELS "hf-vit-classifier V=$(realpath $VIT); cd $T/stored && $V %s $M "
                 "--orientation none upright.png",
                 command);
        succeeds("cd $T && for f in *.txt; do [ ! -e $f ] || sed -i '/second/d;/per_s/d' $f; done "
                 "&& cmp 1.??? 2.??? && "
                 "! cmp -s 1.??? 3.??? && rm [123].???");
        count_checks(2);
    }
}

/* In a directory of two entries the orientation is the one with its tag, of either type. */
Test(orientation, is_the_entry_with_its_tag)
{
    static const uint8_t file[] = "\xff\xd8\xff\xe1\0\x2c"
                                  "Exif\0\0MM\0*\0\0\0\x08\0\x02"
                                  "\x01\x0f\0\x03\0\0\0\x01\0\x03\0\0"
                                  "\x01\x12\0\x04\0\0\0\x01\0\0\0\x06\0\0\0\0";
    const struct encoded in = { .name = "x", .bytes = file, .size = sizeof file - 1 };

    cr_assert_eq(orientation_find(&in), 6);
    count_checks(1);
}

/* Its last chunk is EXIF: the pixels are there. Pillow refuses it, too. */
Test(orientation, a_webp_that_ends_in_its_exif_is_truncated)
{
    FILE *const file = fopen(GOLDEN "orientation-8.webp", "rb");
    uint8_t bytes[2048];
    struct vit_image image;

    cr_assert(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 1; cut <= 16; cut++) {
        struct vit_error err = { 0 };
        cr_assert_eq(vit_image_decode(bytes, size - cut, NULL, &image, &err), VIT_EIMAGE);
        cr_assert(strstr(err.message, "truncated WebP: expected"), "%s", err.message);
    }
    count_checks(32);
}
