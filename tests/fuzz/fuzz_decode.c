/* fuzz_decode.c - libFuzzer over vit_image_decode(): any bytes give pixels or an error, no leak */
#include <stdlib.h>
#include <string.h>

#include "tests/encode.h"
#include "vit/image.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { HEIGHT = 3, WIDTH = 2, EXIF_BYTES = 60000 };

/* Small images of HEIGHT × WIDTH, into which EXIF data are inserted. */
static struct encoded_file jpeg, png, webp;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct encode_jpeg j = { .height = HEIGHT, .width = WIDTH, .channels = 3 };
    const struct encode_png p = { .height = HEIGHT, .width = WIDTH, .color = 2, .depth = 8 };

    (void)argc;
    (void)argv;
    jpeg = encode_jpeg(&j);
    png = encode_png(&p);
    webp = encode_webp(ENCODE_LOSSLESS, HEIGHT, WIDTH, ENCODE_NOISE);
    return 0;
}

static enum vit_status decode(const uint8_t *bytes, size_t size, bool turned,
                              struct vit_image *image)
{
    const struct vit_decode_options options = {
        .size = sizeof options, .name = "fuzz", .max_pixels = 1 << 24, .exif_orientation = turned
    };
    struct vit_error err = { 0 };
    const enum vit_status status = vit_image_decode(bytes, size, &options, image, &err);

    if (status == VIT_OK) {
        if (!image->pixels || image->height == 0 || image->width == 0 ||
            image->height > options.max_pixels / image->width || image->stride != image->width * 3)
            abort();
    } else if (image->pixels || err.status != status || strncmp(err.message, "fuzz: ", 6) != 0) {
        abort();
    }
    return status;
}

static size_t sum(const struct vit_image *image)
{
    size_t total = 0;

    for (size_t i = 0; i < image->height * image->stride; i++)
        total += image->pixels[i] * (image->pixels[i] + 1u);
    return total;
}

/* Both ways give the same pixels, in the same or another order. */
static enum vit_status decode_both_ways(const uint8_t *bytes, size_t size)
{
    struct vit_image stored = { 0 }, turned = { 0 };
    const enum vit_status status = decode(bytes, size, false, &stored);

    if (decode(bytes, size, true, &turned) != status)
        abort();
    if (status == VIT_OK && (sum(&stored) != sum(&turned) ||
                             !((stored.height == turned.height && stored.width == turned.width) ||
                               (stored.height == turned.width && stored.width == turned.height))))
        abort();
    vit_image_free(&stored);
    vit_image_free(&turned);
    return status;
}

/* A file with bytes inserted at `at`, behind and before some of the format. */
static void decode_inserted(const struct encoded_file *file, size_t at, const uint8_t *head,
                            size_t head_size, const uint8_t *exif, size_t size, const char *tail,
                            size_t tail_size)
{
    const size_t all = file->size + head_size + size + tail_size;
    uint8_t *const bytes = malloc(all), *to = bytes;

    if (!bytes)
        abort();
    memcpy(to, file->bytes, at);
    memcpy(to += at, head, head_size);
    memcpy(to += head_size, exif, size);
    memcpy(to += size, tail, tail_size);
    memcpy(to + tail_size, file->bytes + at, file->size - at);
    if (memcmp(bytes, "RIFF", 4) == 0)
        for (size_t i = 0; i < 4; i++)
            bytes[4 + i] = (uint8_t)((all - 8) >> 8 * i);
    if (decode_both_ways(bytes, all) != VIT_OK) /* damaged EXIF data never refuse an image */
        abort();
    free(bytes);
}

/* The bytes as EXIF data of each format. */
static void decode_exif(const uint8_t *exif, size_t size)
{
    size = size < EXIF_BYTES ? size : EXIF_BYTES;
    const uint8_t high = (uint8_t)(size >> 8), low = (uint8_t)size;
    const size_t length = size + 8;
    const uint8_t app1[10] = { 0xff, 0xe1, (uint8_t)(length >> 8), (uint8_t)length, 'E', 'x',
                               'i',  'f' };
    const uint8_t chunk[8] = { 0, 0, high, low, 'e', 'X', 'I', 'f' };
    const uint8_t extended[26] = { 'V', 'P', '8', 'X', 10,        0,   0,   0,
                                   8,   0,   0,   0,   WIDTH - 1, 0,   0,   HEIGHT - 1,
                                   0,   0,   'E', 'X', 'I',       'F', low, high };

    decode_inserted(&jpeg, 2, app1, sizeof app1, exif, size, "", 0);
    decode_inserted(&png, 33, chunk, sizeof chunk, exif, size, "\0\0\0\0", 4); /* behind IHDR */
    decode_inserted(&webp, 12, extended, sizeof extended, exif, size, "", size % 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    decode_both_ways(bytes, size);
    decode_exif(bytes, size);
    return 0;
}
