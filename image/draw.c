/* draw.c - images to draw on: create, free, view, fill, copy */
#include <stdlib.h>
#include <string.h>

#include "image/error.h"
#include "vit/image.h"

enum vit_status vit_image_create(size_t height, size_t width, enum vit_pixel_format format,
                                 struct vit_image *image, struct vit_error *err)
{
    const size_t each = vit_pixel_bytes(format);
    uint8_t *pixels = NULL;

    if (each == 0)
        return image_fail(err, VIT_EINVAL, "image: expected a pixel format from 0 to 3, found %d",
                          (int)format);
    if (height == 0 || width == 0)
        return image_fail(err, VIT_EINVAL, "image: expected at least 1x1 pixels, found %zux%zu",
                          height, width);
    if (width <= SIZE_MAX / each && height <= SIZE_MAX / (width * each))
        pixels = malloc(height * width * each);
    if (!pixels)
        return image_fail(err, VIT_ENOMEM, "image: out of memory for %zux%zu pixels", height,
                          width);
    memset(pixels, 255, height * width * each);
    *image = (struct vit_image){ pixels, height, width, width * each, format };
    return VIT_OK;
}

void vit_image_free(struct vit_image *image)
{
    free(image->pixels);
    *image = (struct vit_image){ 0 };
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct vit_image vit_image_view(const struct vit_image *image, size_t y, size_t x, size_t height,
                                size_t width)
{
    struct vit_image view = *image;

    y = smaller(y, image->height);
    x = smaller(x, image->width);
    view.height = smaller(height, image->height - y);
    view.width = smaller(width, image->width - x);
    if (view.height > 0 && view.width > 0) /* otherwise the pointer would be past the end */
        view.pixels += y * image->stride + x * vit_pixel_bytes(image->format);
    return view;
}

void vit_image_fill(struct vit_image *image, const uint8_t *pixel)
{
    const size_t each = vit_pixel_bytes(image->format);

    for (size_t y = 0; y < image->height; y++)
        for (size_t x = 0; x < image->width; x++)
            memcpy(image->pixels + y * image->stride + x * each, pixel, each);
}

enum vit_status vit_image_copy(const struct vit_image *from, struct vit_image *to,
                               struct vit_error *err)
{
    const size_t height = smaller(from->height, to->height);
    const size_t bytes = smaller(from->width, to->width) * vit_pixel_bytes(from->format);

    if (from->format != to->format)
        return image_fail(err, VIT_EINVAL, "image copy: expected pixel format %d, found %d",
                          (int)to->format, (int)from->format);
    for (size_t y = 0; y < height && bytes > 0; y++)
        memcpy(to->pixels + y * to->stride, from->pixels + y * from->stride, bytes);
    return VIT_OK;
}
