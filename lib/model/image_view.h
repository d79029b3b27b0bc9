/* image_view.h - an image as tokenizers read it: floats of any layout, or pixels and levels */
#ifndef VIT_MODEL_IMAGE_VIEW_H
#define VIT_MODEL_IMAGE_VIEW_H

#include <string.h>

#include "model/levels.h"
#include "model/pixel.h"

struct image_view {
    size_t channels, rows, columns;
    const struct vit_image *pixels; /* of any format; NULL: floats */
    const struct levels *levels;    /* of pixels */
    const float *floats;
    size_t channel, row, column; /* strides of floats */
};

/* out[count] = the pixels at `from`, by the values of a channel; color becomes luma for one */
static inline void image_view_read_pixels(const struct image_view *v, size_t channel,
                                          const uint8_t *restrict from, size_t count,
                                          float *restrict out)
{
    const enum vit_pixel_format format = v->pixels->format;
    const size_t each = vit_pixel_bytes(format);
    const float *const restrict levels = v->levels->of[channel];

    if (v->channels == 1 && format != VIT_PIXEL_FORMAT_GRAY) {
        for (size_t i = 0; i < count; i++)
            out[i] = levels[pixel_luma(from + i * each, pixel_offset(format, 0))];
        return;
    }
    from += pixel_offset(format, channel);
    for (size_t i = 0; i < count; i++)
        out[i] = levels[from[i * each]];
}

/* out[count] = row y of a channel, from column x on */
static inline void image_view_read(const struct image_view *v, size_t channel, size_t y, size_t x,
                                   size_t count, float *restrict out)
{
    const struct vit_image *const p = v->pixels;

    if (p) {
        const uint8_t *const from = p->pixels + y * p->stride + x * vit_pixel_bytes(p->format);
        image_view_read_pixels(v, channel, from, count, out);
        return;
    }
    const float *const from = v->floats + channel * v->channel + y * v->row + x * v->column;
    if (v->column == 1)
        memcpy(out, from, count * sizeof *out);
    else
        for (size_t i = 0; i < count; i++)
            out[i] = from[i * v->column];
}

#endif
