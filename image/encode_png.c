/* encode_png.c - pixels to a PNG file in memory with libpng */
#include <stdbool.h>
#include <stdlib.h>

#include <png.h>

#include "image/error.h"
#include "vit/image.h"

static const png_uint_32 png_formats[] = {
    [VIT_PIXEL_FORMAT_RGB] = PNG_FORMAT_RGB,
    [VIT_PIXEL_FORMAT_BGR] = PNG_FORMAT_BGR,
    [VIT_PIXEL_FORMAT_RGBA] = PNG_FORMAT_RGBA,
    [VIT_PIXEL_FORMAT_GRAY] = PNG_FORMAT_GRAY,
};

/* libpng counts the sides and a row's bytes in 31 bits. */
static enum vit_status check(const struct vit_image *image, struct vit_error *err)
{
    const size_t each = vit_pixel_bytes(image->format);

    if (each == 0)
        return image_fail(err, VIT_EINVAL, "PNG: expected a pixel format from 0 to 3, found %d",
                          (int)image->format);
    if (image->height == 0 || image->width == 0 || image->height > INT32_MAX ||
        image->width > INT32_MAX / each)
        return image_fail(err, VIT_EINVAL, "PNG: expected sides from 1 to %zu, found %zux%zu",
                          INT32_MAX / each, image->height, image->width);
    if (image->stride < image->width * each || image->stride > INT32_MAX)
        return image_fail(err, VIT_EINVAL, "PNG: expected a stride from %zu to %d, found %zu",
                          image->width * each, INT32_MAX, image->stride);
    return VIT_OK;
}

enum vit_status vit_image_encode_png(const struct vit_image *image, uint8_t **png, size_t *size,
                                     struct vit_error *err)
{
    png_image control = { .version = PNG_IMAGE_VERSION };
    const enum vit_status status = check(image, err);

    if (status)
        return status;
    control.height = (png_uint_32)image->height;
    control.width = (png_uint_32)image->width;
    control.format = png_formats[image->format];
    /* what PNG_IMAGE_PNG_SIZE_MAX bounds, when its 32 bits do not suffice: a stored block of
     * deflate costs 5 bytes for at most 65535; signature and chunks are below 2^10 bytes */
    const size_t raw = image->height * (image->width * vit_pixel_bytes(image->format) + 1);
    png_alloc_size_t bytes = raw + raw / 1024 + 4096;
    uint8_t *const buffer = malloc(bytes);
    if (!buffer)
        return image_fail(err, VIT_ENOMEM, "PNG: out of memory for %zux%zu pixels", image->height,
                          image->width);
    const bool written = png_image_write_to_memory(&control, buffer, &bytes, 0, image->pixels,
                                                   (png_int_32)image->stride, NULL);
    png_image_free(&control);
    if (!written) { /* the arguments are checked, so only zlib's allocation can fail */
        free(buffer);
        return image_fail(err, VIT_ENOMEM, "PNG: %zux%zu pixels: %s", image->height, image->width,
                          control.message);
    }
    *png = buffer;
    *size = bytes;
    return VIT_OK;
}

void vit_png_free(uint8_t *png)
{
    free(png);
}
