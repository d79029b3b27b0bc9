/* images.c - what decoding an image allocates at most, compared with the bound of vit/image.h */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "tests/encode.h"
#include "tests/faults/allocator.h"
#include "vit/image.h"

static size_t cases, wrong;

static size_t round_up(size_t side, size_t to)
{
    return (side + to - 1) / to * to;
}

/* The bound of vit/image.h for a file whose image has these sides. */
static size_t bound(const char *name, size_t height, size_t width)
{
    const size_t block = strncmp(name, "JPEG", 4) == 0 || strstr(name, ".jpg") ? 32 : 1;
    const size_t h = round_up(height, block), w = round_up(width, block);

    return 12 * h * w + 256 * w + ((size_t)1 << 20);
}

/* What a lossless WebP may need besides. */
static size_t bound_of_codes(const char *name, size_t file_bytes)
{
    const size_t fixed = (size_t)32 << 20, proportional = file_bytes * 16 * 1024;

    if (strncmp(name, "lossless", 8) != 0)
        return 0;
    return fixed > proportional ? fixed : proportional;
}

/* Decodes, with that status; sides of 0: those that the image turns out to have. */
static void expect(const char *name, const struct encoded_file *file, enum vit_status status,
                   size_t height, size_t width)
{
    const struct vit_decode_options options = { .size = sizeof options, .exif_orientation = true };
    struct vit_image image = { 0 };
    struct vit_error err = { .message = "" };
    const long before = allocator.bytes;

    allocator.peak = before;
    const enum vit_status found = vit_image_decode(file->bytes, file->size, &options, &image, &err);
    const size_t most = (size_t)(allocator.peak - before), h = image.height, w = image.width;
    vit_image_free(&image);
    const size_t leaked = (size_t)(allocator.bytes - before);
    const size_t allowed =
        bound(name, height ? height : h, width ? width : w) + bound_of_codes(name, file->size);
    if (found != status || most > allowed || leaked) {
        printf("%s: %zu bytes: status %d (%s); %zu bytes allocated, expected at most %zu; %zu "
               "leaked\n",
               name, file->size, (int)found, err.message, most, allowed, leaked);
        wrong++;
    } else if (getenv("VIT_BUDGETS")) {
        printf("%s: %zu bytes, %zux%zu: %zu allocated, %.0f %% of the bound\n", name, file->size, h,
               w, most, 100.0 * (double)most / (double)allowed);
    }
    cases++;
}

static const size_t sides[][2] = { { 1, 1 },    { 17, 33 },  { 500, 700 },
                                   { 1, 9000 }, { 9000, 1 }, { 1, 65500 } };
enum { SIDES = sizeof sides / sizeof *sides };

static void jpegs(void)
{
    static const int kinds[][3] = { { 1, 1, 1 }, { 3, 1, 1 }, { 3, 2, 2 },
                                    { 3, 2, 4 }, { 3, 4, 2 }, { 4, 1, 1 } };

    for (size_t s = 0; s < SIDES; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (int way = 0; way < 4; way++) {
                const struct encode_jpeg what = { .height = sides[s][0],
                                                  .width = sides[s][1],
                                                  .channels = kinds[k][0],
                                                  .vertical = kinds[k][1],
                                                  .horizontal = kinds[k][2],
                                                  .progressive = way & 1,
                                                  .arithmetic = way & 2 };
                char name[64];
                snprintf(name, sizeof name, "JPEG of %d channels, %dx%d, %s%s", kinds[k][0],
                         kinds[k][1], kinds[k][2], way & 1 ? "progressive" : "sequential",
                         way & 2 ? ", arithmetic" : "");
                const struct encoded_file file = encode_jpeg(&what);
                expect(name, &file, VIT_OK, 0, 0);
                free(file.bytes);
            }
}

static void pngs(void)
{
    static const struct encode_png kinds[] = {
        { .color = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16 },
        { .color = PNG_COLOR_TYPE_RGB, .depth = 8 },
        { .color = PNG_COLOR_TYPE_GRAY, .depth = 1 },
    };

    for (size_t s = 0; s < SIDES; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (int interlaced = 0; interlaced < 2; interlaced++) {
                struct encode_png what = kinds[k];
                what.height = sides[s][0];
                what.width = sides[s][1];
                what.interlaced = interlaced;
                const struct encoded_file file = encode_png(&what);
                expect(interlaced ? "interlaced PNG" : "PNG", &file, VIT_OK, 0, 0);
                free(file.bytes);
            }
}

static void webps(void)
{
    for (size_t s = 0; s < SIDES; s++)
        for (int kind = ENCODE_LOSSY; kind <= ENCODE_LOSSLESS; kind++)
            for (int flat = 0; flat < 2; flat++) {
                if (sides[s][1] >= 1 << 14)
                    continue;
                const struct encoded_file file =
                    encode_webp(kind, sides[s][0], sides[s][1], flat ? ENCODE_FLAT : ENCODE_NOISE);
                expect(kind == ENCODE_LOSSLESS ? "lossless WebP" : "lossy WebP", &file, VIT_OK, 0,
                       0);
                free(file.bytes);
            }
}

/* --- hostile files */

/* Groups of codes: few, of which the last alone is named, and many. */
static void codes(void)
{
    static const size_t groups[][2] = {
        { 1000, 64 }, { 1000, 1000 }, { 3000, 64 }, { 3000, 3000 }
    };

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const struct encoded_file file = encode_webp_groups(groups[i][0], groups[i][1]);
        expect("lossless WebP with many codes", &file, VIT_OK, 0, 0);
        free(file.bytes);
    }
}

/* Texts that libpng would inflate and keep. */
static void texts(void)
{
    const struct encode_png what = { .height = 16,
                                     .width = 16,
                                     .color = PNG_COLOR_TYPE_RGB,
                                     .depth = 8,
                                     .texts = 40,
                                     .text_bytes = (size_t)4 << 20 };
    const struct encoded_file file = encode_png(&what);

    expect("PNG with 160 MB of text", &file, VIT_OK, 0, 0);
    free(file.bytes);
}

/* Headers that claim pixels in a file that cannot have them: nothing is allocated for them. */
static void claims(void)
{
    const struct encode_png png = {
        .height = 8, .width = 8, .color = PNG_COLOR_TYPE_RGB, .depth = 8
    };
    const struct encode_jpeg jpeg = { .height = 8, .width = 8, .channels = 3, .progressive = true };
    struct encoded_file file = encode_jpeg(&jpeg);

    for (size_t i = 0; i + 9 < file.size; i++)
        if (file.bytes[i] == 0xff && file.bytes[i + 1] == 0xc2) /* SOF2: the sides at +5, +7 */
            memcpy(file.bytes + i + 5, "\x20\x00\x20\x00", 4);
    expect("JPEG that claims 8192x8192", &file, VIT_EIMAGE, 8, 8);
    free(file.bytes);

    file = encode_png(&png);
    memcpy(file.bytes + 16, "\0\0\x20\0\0\0\x20\0", 8);
    memcpy(file.bytes + 29, "\xfd\xc8\x5d\x0e", 4); /* the CRC */
    expect("PNG that claims 8192x8192", &file, VIT_EIMAGE, 8, 8);
    free(file.bytes);

    file = encode_webp(ENCODE_LOSSY, 8, 8, ENCODE_FLAT);
    memcpy(file.bytes + 26, "\0\x20\0\x20", 4); /* the sides, behind the start code of VP8 */
    expect("WebP that claims 8192x8192", &file, VIT_EIMAGE, 8, 8);
    free(file.bytes);
}

static void golden(const char *directory)
{
    DIR *const dir = opendir(directory);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        static uint8_t bytes[1 << 21];
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        FILE *const f = fopen(path, "rb");
        const struct encoded_file file = { bytes, f ? fread(bytes, 1, sizeof bytes, f) : 0 };
        struct vit_image image = { 0 };
        if (f)
            fclose(f);
        if (!file.size || vit_image_decode(file.bytes, file.size, NULL, &image, NULL))
            continue;
        vit_image_free(&image);
        expect(path, &file, VIT_OK, 0, 0);
    }
    if (dir)
        closedir(dir);
}

int main(void)
{
    jpegs();
    pngs();
    webps();
    codes();
    texts();
    claims();
    golden("tests/golden/preprocess");
    golden("tests/golden/decode");
    printf("budgets: memory of %zu of %zu images within the bound\n", cases - wrong, cases);
    return wrong > 0 || cases == 0;
}
