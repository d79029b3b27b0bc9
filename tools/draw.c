/* draw.c - the pixels that a model sees, enlarged, and images as PNG files */
#include "tools/draw.h"

#include "tools/error.h"
#include "tools/product.h"

enum { SHOWN_SIDE = 448 }; /* pixels of the longer side in an enlarged image */

/* Enlarges the longer side to about SHOWN_SIDE; at least 1. */
static size_t choose_factor(size_t height, size_t width)
{
    const size_t longer = height > width ? height : width;

    return longer < SHOWN_SIDE ? SHOWN_SIDE / longer : 1;
}

enum vit_status draw_enlarged(const struct vit_image *small, struct vit_image *image,
                              struct vit_error *err)
{
    const size_t factor = choose_factor(small->height, small->width);
    const size_t each = vit_pixel_bytes(small->format);
    size_t height, width;

    if (!product(2, (size_t[]){ small->height, factor }, &height) ||
        !product(2, (size_t[]){ small->width, factor }, &width))
        return tool_no_memory(err);
    const enum vit_status status =
        vit_image_create(height, width, VIT_PIXEL_FORMAT_RGB, image, err);
    if (status)
        return status;
    for (size_t i = 0; i < small->height * small->width; i++) {
        const uint8_t *const pixel =
            small->pixels + i / small->width * small->stride + i % small->width * each;
        const uint8_t rgb[3] = { pixel[0], pixel[each > 1 ? 1 : 0], pixel[each > 1 ? 2 : 0] };
        struct vit_image square = vit_image_view(image, i / small->width * factor,
                                                 i % small->width * factor, factor, factor);
        vit_image_fill(&square, rgb);
    }
    return VIT_OK;
}

enum vit_status draw_write_png(const struct vit_image *image, FILE *file, struct vit_error *err)
{
    uint8_t *png;
    size_t size;
    const enum vit_status status = vit_image_encode_png(image, &png, &size, err);

    if (status)
        return status;
    fwrite(png, 1, size, file);
    vit_png_free(png);
    return VIT_OK;
}
