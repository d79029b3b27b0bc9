/* resize.h - the passes of a resize: the reference for all other levels */
#ifndef VIT_KERNELS_SCALAR_RESIZE_H
#define VIT_KERNELS_SCALAR_RESIZE_H

#include "kernels/resize.h"

static uint8_t resized_byte(int32_t sum)
{
    const int32_t whole = sum < 0 ? 0 : sum >> RESIZE_BITS;
    return whole > 255 ? 255 : (uint8_t)whole;
}

static int32_t resize_weight(const struct vit_resize_window *w, size_t j)
{
    return w->low[j] + w->high[j] * 65536;
}

static void resize_pixel(const struct vit_resize_window *w, const uint8_t *in, size_t step,
                         uint8_t *out)
{
    int32_t red = RESIZE_HALF, green = RESIZE_HALF, blue = RESIZE_HALF;

    for (size_t j = 0; j < w->count; j++, in += step) {
        const int32_t weight = resize_weight(w, j);
        red += in[0] * weight;
        green += in[1] * weight;
        blue += in[2] * weight;
    }
    out[0] = resized_byte(red);
    out[1] = resized_byte(green);
    out[2] = resized_byte(blue);
}

/* `step`: bytes from one input of the window to the next */
static uint8_t resize_one(const struct vit_resize_window *w, const uint8_t *in, size_t step)
{
    int32_t sum = RESIZE_HALF;

    for (size_t j = 0; j < w->count; j++, in += step)
        sum += in[0] * resize_weight(w, j);
    return resized_byte(sum);
}

static void resize_across(const struct vit_resize_across_args *a)
{
    for (size_t y = 0; y < a->rows; y++)
        for (size_t x = 0; x < a->columns; x++) {
            const struct vit_resize_window *const w = &a->windows[x];
            const uint8_t *const in = a->in + y * a->in_bytes + w->first * a->pixel_bytes;
            if (a->pixel_bytes == 1)
                a->out[y * a->out_bytes + x] = resize_one(w, in, 1);
            else
                resize_pixel(w, in, a->pixel_bytes, a->out + y * a->out_bytes + 3 * x);
        }
}

static void resize_down(const struct vit_resize_down_args *a)
{
    const struct vit_resize_window *const w = a->window;

    for (size_t x = 0; x < a->n; x++)
        a->out[x] = resize_one(w, a->in + w->first * a->in_bytes + x, a->in_bytes);
}

#endif
