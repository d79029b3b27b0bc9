/* pixel.h - the channels of a pixel, and what an image promises about its rows */
#ifndef VIT_MODEL_PIXEL_H
#define VIT_MODEL_PIXEL_H

#include "base/status.h"
#include "vit/pixels.h"

/* Where a channel, 0 for red, is in a pixel; a gray pixel has one byte for all. */
static inline size_t pixel_offset(enum vit_pixel_format format, size_t channel)
{
    switch (format) {
    case VIT_PIXEL_FORMAT_BGR:
        return 2 - channel;
    case VIT_PIXEL_FORMAT_GRAY:
        return 0;
    default:
        return channel;
    }
}

/*
 * ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L"): 0.299 R, 0.587 G, 0.114 B.
 * `red` is the offset of red: 0 or 2.
 */
static inline uint8_t pixel_luma(const uint8_t *pixel, size_t red)
{
    return (uint8_t)((pixel[red] * 19595u + pixel[1] * 38470u + pixel[2 - red] * 7471u + 0x8000u) >>
                     16);
}

/* The format and the stride of an image whose width is in range. VIT_EIMAGE, after `name`. */
static inline enum vit_status pixel_check_rows(const char *name, const struct vit_image *image,
                                               struct vit_error *err)
{
    const size_t each = vit_pixel_bytes(image->format);

    if (each == 0)
        return fail(err, VIT_EIMAGE, "%s: expected a pixel format from %d to %d, found %d", name,
                    VIT_PIXEL_FORMAT_RGB, VIT_PIXEL_FORMAT_GRAY, (int)image->format);
    if (image->stride < image->width * each)
        return fail(err, VIT_EIMAGE, "%s: expected a stride of at least %zu bytes, found %zu", name,
                    image->width * each, image->stride);
    return VIT_OK;
}

#endif
