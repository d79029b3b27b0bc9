/* fuzz_preprocess.c - libFuzzer over preprocessing: any config and image, with threads */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "serial_run.h"
#include "vit/parallel.h"
#include "vit/vit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MAX_PIXEL_BYTES = 1 << 20, MAX_FLOATS = 1 << 17 };

/* The input, read from its start; zeros after its end. */
struct input {
    const uint8_t *at;
    size_t left;
};

static void take(struct input *in, void *to, size_t bytes)
{
    const size_t count = bytes < in->left ? bytes : in->left;

    memset(to, 0, bytes);
    memcpy(to, in->at, count);
    in->at += count;
    in->left -= count;
}

/* A size: any number, or, more often, one of at most `most`. */
static size_t take_size(struct input *in, size_t most)
{
    uint8_t kind = 0;
    uint16_t small = 0;
    uint64_t any = 0;

    take(in, &kind, 1);
    if (kind % 16 == 15)
        take(in, &any, sizeof any);
    else
        take(in, &small, sizeof small);
    return kind % 16 == 15 ? (size_t)any : small % (most + 1);
}

static struct vit_preprocess_config take_config(struct input *in)
{
    struct vit_preprocess_config c = { .size = sizeof c };
    uint8_t kinds[4];

    take(in, kinds, sizeof kinds);
    c.channels = kinds[0] % 5;
    c.interpolation = (enum vit_interpolation)(kinds[1] % 4);
    c.crop_mode = (enum vit_crop_mode)(kinds[2] % 4);
    c.crop_rounds_down = kinds[3] & 1;
    c.exif_orientation = kinds[3] & 2;
    c.height = take_size(in, 120);
    c.width = kinds[3] & 4 ? c.height : take_size(in, 120);
    if (kinds[3] & 8)
        take(in, &c.crop_pct, sizeof c.crop_pct);
    else
        c.crop_pct = (kinds[0] + 1) / 256.0;
    for (size_t i = 0; i < 3; i++)
        c.std[i] = 0.5f;
    if (kinds[3] & 16) {
        take(in, c.mean, sizeof c.mean);
        take(in, c.std, sizeof c.std);
    }
    return c;
}

static bool multiply(size_t a, size_t b, size_t limit, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product) && *product <= limit;
}

/*
 * An image with exactly the bytes that its struct promises. False: they are too many. A struct that
 * promises nothing has no pixels: the call must not read them.
 */
static bool take_image(struct input *in, struct vit_image *image)
{
    uint8_t format, gap;
    size_t bytes = 0;

    take(in, &format, 1);
    take(in, &gap, 1);
    *image = (struct vit_image){ .height = take_size(in, 250), .width = take_size(in, 250) };
    image->format = (enum vit_pixel_format)(format % 6);
    const size_t each = vit_pixel_bytes(image->format);
    image->stride = gap == 255 ? take_size(in, 1000) : image->width * each + gap % 7;
    if (each == 0 || image->height == 0 || image->width == 0 ||
        !multiply(image->width, each, SIZE_MAX, &bytes) || image->stride < bytes)
        return true;
    const size_t row_bytes = bytes;
    if (!multiply(image->height - 1, image->stride, MAX_PIXEL_BYTES, &bytes) ||
        bytes + row_bytes > MAX_PIXEL_BYTES)
        return false;
    image->pixels = malloc(bytes + row_bytes);
    if (!image->pixels)
        abort();
    for (size_t i = 0; i < bytes + row_bytes; i++)
        image->pixels[i] = in->left ? in->at[i % in->left] : (uint8_t)i;
    return true;
}

/* The values, in memory of exactly their size; NULL: an error. */
static float *preprocess(const struct vit_preprocess_config *c, const struct vit_image *image,
                         size_t threads, size_t count)
{
    struct serial_run run = { 0 };
    const struct vit_parallel parallel = { run_serially, &run, threads };
    const struct vit_preprocess_options options = { .size = sizeof options, .parallel = &parallel };
    float *out = malloc(count ? count * sizeof *out : 1);
    struct vit_error err = { 0 };

    if (!out)
        abort();
    for (size_t i = 0; i < count; i++)
        out[i] = NAN;
    const enum vit_status status = vit_preprocess_image(c, image, &options, out, &err);
    for (size_t i = 0; i < count; i++)
        if (status ? !isnan(out[i]) : !isfinite(out[i]))
            abort();
    if (status && (err.status != status || err.message[0] == '\0'))
        abort();
    if (status) {
        free(out);
        return NULL;
    }
    return out;
}

/* The pixels, in memory of exactly their size, are those of `out`, if that has values. */
static void compare_pixels(const struct vit_preprocess_config *c, const struct vit_image *image,
                           size_t threads, const float *out)
{
    const size_t plane = c->height * c->width;
    const bool gray = c->channels == 1 || image->format == VIT_PIXEL_FORMAT_GRAY;
    struct serial_run run = { 0 };
    const struct vit_parallel parallel = { run_serially, &run, threads };
    const struct vit_preprocess_options options = { .size = sizeof options, .parallel = &parallel };
    struct vit_image found = { .pixels = malloc(plane ? plane * (gray ? 1 : 3) : 1) };
    struct vit_error err = { 0 };

    if (!found.pixels)
        abort();
    const enum vit_status status = vit_preprocess_pixels(c, image, &options, &found, &err);
    if (status && (out || err.status != status || err.message[0] == '\0' || found.height))
        abort();
    for (size_t i = 0; !status && out && i < c->channels * plane; i++) {
        const size_t channel = i / plane;
        const size_t offset = found.format == VIT_PIXEL_FORMAT_BGR ? 2 - channel : channel;
        const uint8_t byte = found.pixels[gray ? i % plane : i % plane * 3 + offset];
        if (out[i] != ((float)byte / 255.0f - c->mean[channel]) / c->std[channel])
            abort();
    }
    free(found.pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in = { bytes, size };
    const struct vit_preprocess_config c = take_config(&in);
    struct vit_image image;
    uint8_t threads;
    size_t count = 0;

    take(&in, &threads, 1);
    if (!multiply(c.height, c.width, MAX_FLOATS, &count) ||
        !multiply(count, c.channels, MAX_FLOATS, &count) || !take_image(&in, &image))
        return 0;
    float *const alone = preprocess(&c, &image, 1, count);
    float *const together = preprocess(&c, &image, 1 + threads % 9, count);
    if (!alone != !together || (alone && memcmp(alone, together, count * sizeof *alone) != 0))
        abort();
    compare_pixels(&c, &image, 1 + threads % 9, alone);
    free(alone);
    free(together);
    free(image.pixels);
    return 0;
}
