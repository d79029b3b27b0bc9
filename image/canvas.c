/* canvas.c - a picture to draw on */
#include "image/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

enum { SEEN = 448 }; /* pixels, of a picture that is looked at */

enum vit_status canvas_new(size_t height, size_t width, struct canvas *canvas,
                           struct vit_error *err)
{
    size_t bytes;

    *canvas = (struct canvas){ .height = height, .width = width };
    if (product(3, (size_t[]){ height, width, 3 }, &bytes))
        canvas->rgb = malloc(bytes);
    if (!canvas->rgb)
        return tool_no_memory(err);
    memset(canvas->rgb, 255, bytes);
    return VIT_OK;
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->rgb);
    *canvas = (struct canvas){ 0 };
}

static uint8_t byte(float value)
{
    const float scaled = value * 255;

    return scaled >= 255 ? 255 : scaled > 0 ? (uint8_t)lrintf(scaled) : 0;
}

enum vit_status canvas_of_input(const struct vit_preprocess_config *r, const float *input,
                                size_t factor, struct canvas *canvas, struct vit_error *err)
{
    const size_t area = r->height * r->width;
    size_t height, width;

    if (!product(2, (size_t[]){ r->height, factor }, &height) ||
        !product(2, (size_t[]){ r->width, factor }, &width))
        return tool_no_memory(err);
    const enum vit_status status = canvas_new(height, width, canvas, err);
    if (status)
        return status;
    for (size_t i = 0; i < area; i++) {
        uint8_t rgb[3];
        for (size_t c = 0; c < 3; c++) {
            const size_t channel = r->channels == 3 ? c : 0;
            rgb[c] = byte(fmaf(input[channel * area + i], r->std[channel], r->mean[channel]));
        }
        canvas_fill(canvas, i / r->width * factor, i % r->width * factor, factor, factor, rgb);
    }
    return VIT_OK;
}

size_t canvas_factor(size_t height, size_t width)
{
    const size_t longer = height > width ? height : width;

    return longer < SEEN ? SEEN / longer : 1;
}

void canvas_copy(const struct canvas *from, size_t from_y, size_t from_x, size_t height,
                 size_t width, struct canvas *to, size_t to_y, size_t to_x)
{
    for (size_t y = 0; y < height; y++)
        memcpy(to->rgb + ((to_y + y) * to->width + to_x) * 3,
               from->rgb + ((from_y + y) * from->width + from_x) * 3, width * 3);
}

void canvas_fill(struct canvas *canvas, size_t y, size_t x, size_t height, size_t width,
                 const uint8_t rgb[3])
{
    for (size_t i = y; i < y + height; i++)
        for (size_t j = x; j < x + width; j++)
            memcpy(canvas->rgb + (i * canvas->width + j) * 3, rgb, 3);
}
