/* decode.c - finds the decoder for a file by its first bytes; limits; reading files */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "image/decoder.h"
#include "image/orientation.h"

/* A quarter of a GiB, in the file as in its pixels; real progressive files have about ten scans. */
#define DEFAULT_MAX_BYTES  ((size_t)1 << 28)
#define DEFAULT_MAX_PIXELS (DEFAULT_MAX_BYTES / 3)
#define DEFAULT_MAX_SCANS  100

struct format {
    bool (*matches)(const struct encoded *in);
    enum vit_status (*decode)(const struct encoded *in, struct vit_image *image,
                              struct vit_error *err);
};

static bool has_magic(const struct encoded *in, size_t at, const char *magic, size_t count)
{
    return in->size >= at + count && memcmp(in->bytes + at, magic, count) == 0;
}

/* A clone without Git LFS has a short text in place of each large file. */
static const char lfs_start[] = "version https://git-lfs.github.com/spec/";

static bool is_jpeg(const struct encoded *in)
{
    return has_magic(in, 0, "\xff\xd8\xff", 3);
}

static bool is_png(const struct encoded *in)
{
    return has_magic(in, 0, "\x89PNG\r\n\x1a\n", 8);
}

static bool is_webp(const struct encoded *in)
{
    return has_magic(in, 0, "RIFF", 4) && has_magic(in, 8, "WEBP", 4);
}

static const struct format formats[] = {
    { is_jpeg, decode_jpeg },
    { is_png, decode_png },
    { is_webp, decode_webp },
};

enum vit_status decoder_allocate(const struct encoded *in, const char *format, uint64_t min_bytes,
                                 size_t height, size_t width, struct vit_image *image,
                                 struct vit_error *err)
{
    if (height == 0 || width == 0)
        return image_fail(err, VIT_EIMAGE, "%s: expected at least 1x1 pixels, found %zux%zu",
                          in->name, height, width);
    if (height > in->max_pixels / width)
        return image_fail(
            err, VIT_EUNSUPPORTED,
            "%s: expected at most %zu pixels, found %zux%zu; max_pixels raises the limit", in->name,
            in->max_pixels, height, width);
    if (in->size < min_bytes)
        return image_fail(err, VIT_EIMAGE,
                          "%s: truncated %s: expected more than %zu bytes for %zux%zu pixels",
                          in->name, format, in->size, height, width);
    uint8_t *const pixels = width <= SIZE_MAX / 3 / height ? malloc(height * width * 3) : NULL;
    if (!pixels)
        return image_fail(err, VIT_ENOMEM, "%s: out of memory for %zux%zu pixels", in->name, height,
                          width);
    *image = (struct vit_image){ pixels, height, width, width * 3, VIT_PIXEL_FORMAT_RGB };
    return VIT_OK;
}

enum { NAME_ROOM = 160, NAME_BYTES = NAME_ROOM + 4 }; /* of a name in a message */

/*
 * Reads a caller's options of any size that a version of this library has had or will have: what a
 * shorter struct lacks is zero, and what is after the fields of this version must be zero.
 */
static enum vit_status read_options(const struct vit_decode_options *options, const char *name,
                                    char fitted[NAME_BYTES], struct vit_decode_options *out,
                                    struct vit_error *err)
{
    enum { MAX_SIZE = 4096 };
    const size_t known = offsetof(struct vit_decode_options, reserved);
    const size_t size = options ? options->size : known;
    const unsigned char *const bytes = (const unsigned char *)options;

    *out = (struct vit_decode_options){ .size = sizeof *out };
    if (size < sizeof options->size || size > MAX_SIZE)
        return image_fail(err, VIT_EINVAL,
                          "decode options: expected a size from %zu to %d, found %zu",
                          sizeof options->size, MAX_SIZE, size);
    if (options)
        memcpy(out, options, size < known ? size : known);
    for (size_t i = known; options && i < size; i++)
        if (bytes[i] != 0)
            return image_fail(err, VIT_EUNSUPPORTED,
                              "decode options: expected zeros after byte %zu, found %d at %zu",
                              known, bytes[i], i);
    message_end_of(out->name ? out->name : name, NAME_ROOM, fitted);
    out->name = fitted;
    if (out->max_bytes == 0)
        out->max_bytes = DEFAULT_MAX_BYTES;
    if (out->max_pixels == 0)
        out->max_pixels = DEFAULT_MAX_PIXELS;
    if (out->max_scans == 0)
        out->max_scans = DEFAULT_MAX_SCANS;
    return VIT_OK;
}

static enum vit_status check_bytes(const struct vit_decode_options *options, uint64_t bytes,
                                   struct vit_error *err)
{
    if (bytes > options->max_bytes)
        return image_fail(err, VIT_EUNSUPPORTED,
                          "%s: expected at most %zu bytes, found %llu; max_bytes raises the limit",
                          options->name, options->max_bytes, (unsigned long long)bytes);
    return VIT_OK;
}

static enum vit_status decode(const void *bytes, size_t size,
                              const struct vit_decode_options *options, struct vit_image *image,
                              struct vit_error *err)
{
    const struct encoded in = { options->name, bytes, size, options->max_pixels,
                                options->max_scans };
    const struct format *format = formats;
    const struct format *const end = formats + sizeof formats / sizeof *formats;
    struct vit_image decoded = { 0 };
    enum vit_status status = check_bytes(options, size, err);

    if (status)
        return status;
    while (format < end && !format->matches(&in))
        format++;
    if (has_magic(&in, 0, lfs_start, sizeof lfs_start - 1))
        return image_fail(err, VIT_EIMAGE,
                          "%s: expected a JPEG, PNG or WebP file, found a Git LFS pointer to it; "
                          "git lfs pull fetches the file",
                          in.name);
    if (format == end)
        return image_fail(err, VIT_EIMAGE,
                          "%s: expected a JPEG, PNG or WebP file, found another format", in.name);
    status = format->decode(&in, &decoded, err);
    if (!status && options->exif_orientation)
        status = orientation_apply(&in, orientation_find(&in), &decoded, err);
    if (status)
        vit_image_free(&decoded);
    else
        *image = decoded;
    return status;
}

enum vit_status vit_image_decode(const void *bytes, size_t size,
                                 const struct vit_decode_options *options, struct vit_image *image,
                                 struct vit_error *err)
{
    struct vit_decode_options o;
    char fitted[NAME_BYTES];
    const enum vit_status status = read_options(options, "image", fitted, &o, err);

    return status ? status : decode(bytes, size, &o, image, err);
}

/*
 * Reads to the end, because the file may grow: `length` is what it had when it was opened. The
 * caller frees *bytes in any case.
 */
static enum vit_status read_file(FILE *file, uint64_t length,
                                 const struct vit_decode_options *options, uint8_t **bytes,
                                 size_t *size, struct vit_error *err)
{
    size_t capacity = 0;
    enum vit_status status = check_bytes(options, length, err);

    *bytes = NULL;
    *size = 0;
    if (status)
        return status;
    do {
        capacity = capacity ? 2 * capacity : (size_t)length + 1;
        uint8_t *const grown = realloc(*bytes, capacity);
        if (!grown)
            return image_fail(err, VIT_ENOMEM, "%s: out of memory for %zu bytes", options->name,
                              capacity);
        *bytes = grown;
        errno = 0;
        *size += fread(*bytes + *size, 1, capacity - *size, file);
        if (ferror(file))
            return image_fail(err, errno == ENOMEM ? VIT_ENOMEM : VIT_EIO, "%s: %s", options->name,
                              strerror(errno));
        status = check_bytes(options, *size, err);
    } while (!status && *size == capacity);
    return status;
}

/* Without O_NONBLOCK, opening a named pipe waits for its writer. NULL: *status says why. */
static FILE *open_file(const char *path, const char *name, uint64_t *length,
                       enum vit_status *status, struct vit_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    FILE *file = NULL;

    if (fd < 0 || fstat(fd, &info) != 0)
        *status = image_fail(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, "%s: %s", name,
                             strerror(errno));
    else if (S_ISDIR(info.st_mode))
        *status = image_fail(err, VIT_EIO, "%s: %s", name, strerror(EISDIR));
    else if (!S_ISREG(info.st_mode))
        *status = image_fail(err, VIT_EIO, "%s: expected a regular file, found another kind", name);
    else if (!(file = fdopen(fd, "rb")))
        *status = image_fail(err, VIT_ENOMEM, "%s: out of memory", name);
    if (file)
        *length = (uint64_t)info.st_size;
    else if (fd >= 0)
        close(fd);
    return file;
}

enum vit_status vit_image_decode_file(const char *path, const struct vit_decode_options *options,
                                      struct vit_image *image, struct vit_error *err)
{
    struct vit_decode_options o;
    uint8_t *bytes = NULL;
    uint64_t length;
    size_t size;
    char fitted[NAME_BYTES];
    enum vit_status status = read_options(options, path, fitted, &o, err);

    if (status)
        return status;
    FILE *const file = open_file(path, o.name, &length, &status, err);
    if (!file)
        return status;
    status = read_file(file, length, &o, &bytes, &size, err);
    fclose(file);
    if (status == VIT_OK)
        status = decode(bytes, size, &o, image, err);
    free(bytes);
    return status;
}
