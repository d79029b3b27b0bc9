/* orientation.c - the EXIF orientation of an encoded image, and turning pixels by it */
#include "image/orientation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A part of a file. */
struct part {
    const uint8_t *at;
    size_t bytes;
};

static struct part part_of(struct part p, size_t from, size_t bytes)
{
    const struct part none = { p.at, 0 };

    if (from > p.bytes)
        return none;
    return (struct part){ p.at + from, bytes < p.bytes - from ? bytes : p.bytes - from };
}

static bool begins_with(struct part p, const char *start, size_t bytes)
{
    return p.bytes >= bytes && memcmp(p.at, start, bytes) == 0;
}

/* A number of 2 or 4 bytes; 0 past the end. */
static uint32_t number(struct part p, size_t from, size_t bytes, bool little)
{
    uint32_t value = 0;

    if (part_of(p, from, bytes).bytes < bytes)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | p.at[from + (little ? bytes - 1 - i : i)];
    return value;
}

/*
 * The orientation in the first directory of a TIFF structure, which EXIF is: entries of 12 bytes,
 * each a tag, a type, a count and a value. TIFF 6.0, section 2.
 */
static unsigned orientation_of_tiff(struct part tiff)
{
    enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3, LONG = 4 };
    const bool little = begins_with(tiff, "II*\0", 4);

    if (!little && !begins_with(tiff, "MM\0*", 4))
        return 1;
    const struct part directory = part_of(tiff, number(tiff, 4, 4, little), SIZE_MAX);
    const size_t entries = number(directory, 0, 2, little);
    for (size_t i = 0; i < entries; i++) {
        const struct part entry = part_of(directory, 2 + i * ENTRY, ENTRY);
        if (entry.bytes < ENTRY || number(entry, 0, 2, little) != ORIENTATION)
            continue;
        const uint32_t type = number(entry, 2, 2, little);
        const uint32_t value = type == SHORT  ? number(entry, 8, 2, little)
                               : type == LONG ? number(entry, 8, 4, little)
                                              : 1;
        return value >= 1 && value <= 8 ? (unsigned)value : 1;
    }
    return 1;
}

static unsigned orientation_of_exif(struct part exif)
{
    const size_t prefix = begins_with(exif, "Exif\0\0", 6) ? 6 : 0;

    return orientation_of_tiff(part_of(exif, prefix, SIZE_MAX));
}

/* JPEG: the first APP1 segment of EXIF before the scan. */
static unsigned find_in_jpeg(struct part file)
{
    enum { APP1 = 0xe1, SCAN = 0xda, END = 0xd9 };

    for (size_t at = 2; at + 4 <= file.bytes && file.at[at] == 0xff;) {
        const unsigned marker = file.at[at + 1];
        if (marker == 0xff) { /* padding */
            at++;
            continue;
        }
        if (marker == SCAN || marker == END)
            break;
        const size_t length = number(file, at + 2, 2, false);
        const struct part segment = part_of(file, at + 4, length > 2 ? length - 2 : 0);
        if (marker == APP1 && begins_with(segment, "Exif\0\0", 6))
            return orientation_of_exif(segment);
        at += 2 + (length > 2 ? length : 2);
    }
    return 1;
}

/* PNG: the chunk eXIf, before or after the pixels. */
static unsigned find_in_png(struct part file)
{
    for (size_t at = 8; at + 8 <= file.bytes;) {
        const size_t length = number(file, at, 4, false);
        if (memcmp(file.at + at + 4, "eXIf", 4) == 0)
            return orientation_of_exif(part_of(file, at + 8, length));
        at += 12 + length; /* length, type, data, checksum; below 2^32 + 12 more each time */
    }
    return 1;
}

/* WebP: the chunk EXIF. */
static unsigned find_in_webp(struct part file)
{
    for (size_t at = 12; at + 8 <= file.bytes;) {
        const size_t length = number(file, at + 4, 4, true);
        if (memcmp(file.at + at, "EXIF", 4) == 0)
            return orientation_of_exif(part_of(file, at + 8, length));
        at += 8 + length + length % 2;
    }
    return 1;
}

unsigned orientation_find(const struct encoded *in)
{
    const struct part file = { in->bytes, in->size };

    if (begins_with(file, "\xff\xd8", 2))
        return find_in_jpeg(file);
    return begins_with(file, "\x89PNG", 4) ? find_in_png(file) : find_in_webp(file);
}

enum vit_status orientation_apply(const struct encoded *in, unsigned orientation,
                                  struct vit_image *image, struct vit_error *err)
{
    const ptrdiff_t pixel = 3, row = (ptrdiff_t)image->stride;
    const ptrdiff_t right = ((ptrdiff_t)image->width - 1) * pixel;
    const ptrdiff_t bottom = ((ptrdiff_t)image->height - 1) * row;
    /* where the first pixel of the result comes from, and how far the next row and column are */
    const struct {
        ptrdiff_t first, down, across;
    } turns[9] = {
        [2] = { right, row, -pixel },  [3] = { bottom + right, -row, -pixel },
        [4] = { bottom, -row, pixel }, [5] = { 0, pixel, row },
        [6] = { bottom, pixel, -row }, [7] = { bottom + right, -pixel, -row },
        [8] = { right, -pixel, row },
    };
    const bool transposed = orientation >= 5;
    const size_t height = transposed ? image->width : image->height;
    const size_t width = transposed ? image->height : image->width;

    if (orientation < 2)
        return VIT_OK;
    uint8_t *const pixels = malloc(height * width * 3); /* as many as before: no overflow */
    if (!pixels)
        return image_fail(err, VIT_ENOMEM, "%s: out of memory for %zux%zu pixels", in->name, height,
                          width);
    for (size_t y = 0; y < height; y++) {
        const uint8_t *from =
            image->pixels + turns[orientation].first + (ptrdiff_t)y * turns[orientation].down;
        uint8_t *to = pixels + y * width * 3;
        for (size_t x = 0; x < width; x++, to += 3)
            memcpy(to, from + (ptrdiff_t)x * turns[orientation].across, 3);
    }
    vit_image_free(image);
    *image = (struct vit_image){ pixels, height, width, width * 3, VIT_PIXEL_FORMAT_RGB };
    return VIT_OK;
}
