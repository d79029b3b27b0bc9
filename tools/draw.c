/* draw.c - a model's input as an image again, and images as PNG files */
#include "tools/draw.h"

#include <math.h>

#include "tools/error.h"
#include "tools/product.h"

enum { SHOWN_SIDE = 448 }; /* pixels of the longer side in an enlarged image */

static uint8_t to_byte(float value)
{
    const float scaled = value * 255;

    return scaled >= 255 ? 255 : scaled > 0 ? (uint8_t)lrintf(scaled) : 0;
}

enum vit_status draw_input(const struct vit_preprocess_config *config, const float *input,
                           size_t factor, struct vit_image *image, struct vit_error *err)
{
    const size_t area = config->height * config->width;
    size_t height, width;

    if (!product(2, (size_t[]){ config->height, factor }, &height) ||
        !product(2, (size_t[]){ config->width, factor }, &width))
        return tool_no_memory(err);
    const enum vit_status status =
        vit_image_create(height, width, VIT_PIXEL_FORMAT_RGB, image, err);
    if (status)
        return status;
    for (size_t i = 0; i < area; i++) {
        uint8_t rgb[3];
        for (size_t c = 0; c < 3; c++) {
            const size_t channel = config->channels == 3 ? c : 0;
            rgb[c] = to_byte(
                fmaf(input[channel * area + i], config->std[channel], config->mean[channel]));
        }
        struct vit_image square = vit_image_view(image, i / config->width * factor,
                                                 i % config->width * factor, factor, factor);
        vit_image_fill(&square, rgb);
    }
    return VIT_OK;
}

size_t draw_factor(size_t height, size_t width)
{
    const size_t longer = height > width ? height : width;

    return longer < SHOWN_SIDE ? SHOWN_SIDE / longer : 1;
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
