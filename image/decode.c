/* decode.c - reads an image file and hands it to the decoder that its first bytes call for */
#include "image/decode.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/decode_formats.h"
#include "tools/error.h"

struct format {
    bool (*matches)(const struct encoded *in);
    enum vit_status (*decode)(const struct encoded *in, struct picture *out, struct vit_error *err);
};

static bool starts(const struct encoded *in, size_t at, const char *magic, size_t count)
{
    return in->size >= at + count && memcmp(in->bytes + at, magic, count) == 0;
}

static bool is_jpeg(const struct encoded *in)
{
    return starts(in, 0, "\xff\xd8\xff", 3);
}

static bool is_png(const struct encoded *in)
{
    return starts(in, 0, "\x89PNG\r\n\x1a\n", 8);
}

static bool is_webp(const struct encoded *in)
{
    return starts(in, 0, "RIFF", 4) && starts(in, 8, "WEBP", 4);
}

static const struct format formats[] = {
    { is_jpeg, decode_jpeg },
    { is_png, decode_png },
    { is_webp, decode_webp },
};

enum vit_status picture_alloc(const struct encoded *in, size_t height, size_t width,
                              struct picture *picture, struct vit_error *err)
{
    if (height == 0 || width == 0)
        return tool_fail(err, VIT_EFORMAT, "%s: an empty picture, %zux%zu", in->name, height,
                         width);
    if (height > DECODE_MAX_PIXELS / width)
        return tool_fail(err, VIT_EUNSUPPORTED, "%s: %zux%zu pixels, expected at most %zu",
                         in->name, height, width, DECODE_MAX_PIXELS);
    picture->rgb = malloc(height * width * 3); /* below 2^30 */
    if (!picture->rgb)
        return tool_fail(err, VIT_ENOMEM, "%s: no memory for %zux%zu pixels", in->name, height,
                         width);
    picture->height = height;
    picture->width = width;
    return VIT_OK;
}

enum vit_status decode_memory(const char *name, const uint8_t *bytes, size_t size, size_t *height,
                              size_t *width, uint8_t **rgb, struct vit_error *err)
{
    const struct encoded in = { name, bytes, size };
    struct picture picture = { 0 };
    const struct format *format = formats;
    const struct format *const end = formats + sizeof formats / sizeof *formats;
    enum vit_status status;

    while (format < end && !format->matches(&in))
        format++;
    if (format == end)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a JPEG, PNG or WebP file, found none of them", name);

    status = format->decode(&in, &picture, err);
    if (status != VIT_OK) {
        free(picture.rgb);
        return status;
    }
    *height = picture.height;
    *width = picture.width;
    *rgb = picture.rgb;
    return VIT_OK;
}

/* Reads to the end rather than asking for a size, which a pipe does not have. */
static enum vit_status read_whole(FILE *file, const char *name, uint8_t **bytes, size_t *size,
                                  struct vit_error *err)
{
    size_t capacity = (size_t)1 << 16;

    *size = 0;
    *bytes = malloc(capacity);
    if (!*bytes)
        return tool_fail(err, VIT_ENOMEM, "%s: no memory for %zu bytes", name, capacity);
    for (;;) {
        errno = 0;
        *size += fread(*bytes + *size, 1, capacity - *size, file);
        if (ferror(file))
            return tool_fail(err, VIT_EIO, "%s: %s", name, strerror(errno));
        if (*size < capacity)
            return VIT_OK;
        if (capacity >= DECODE_MAX_BYTES)
            return tool_fail(err, VIT_EUNSUPPORTED, "%s: expected fewer than %zu bytes", name,
                             DECODE_MAX_BYTES);
        capacity *= 2;
        uint8_t *const more = realloc(*bytes, capacity);
        if (!more)
            return tool_fail(err, VIT_ENOMEM, "%s: no memory for %zu bytes", name, capacity);
        *bytes = more;
    }
}

enum vit_status decode_image(const char *path, size_t *height, size_t *width, uint8_t **rgb,
                             struct vit_error *err)
{
    const char *const name = tool_path(path);
    uint8_t *bytes = NULL;
    size_t size;
    FILE *const file = fopen(path, "rb");
    enum vit_status status;

    if (!file)
        return tool_fail(err, VIT_EIO, "%s: %s", name, strerror(errno));
    status = read_whole(file, name, &bytes, &size, err);
    fclose(file);
    if (status == VIT_OK)
        status = decode_memory(name, bytes, size, height, width, rgb, err);
    free(bytes);
    return status;
}
