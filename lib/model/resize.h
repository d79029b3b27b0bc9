/* resize.h - Pillow's antialiased resize of 8-bit pictures, to the byte */
#ifndef VIT_MODEL_RESIZE_H
#define VIT_MODEL_RESIZE_H

#include "vit/vit.h"

/*
 * Sides of the picture that is resized. A sum of a pass is within 2^31 as long as it has no more
 * than four million weights: 255·2^22 is exceeded by the filter's overshoot (below 1.4) and by each
 * weight's rounding (0.5 · 4·2^20 · 255).
 */
#define RESIZE_MAX_SIDE ((size_t)1 << 20)

/* Sides of the picture that it is resized to: Pillow counts them in int. */
#define RESIZE_MAX_TARGET ((size_t)INT32_MAX)

/* One side after the resize, and the part of it that is wanted: a crop costs only what it shows. */
struct resize_span {
    size_t size;
    size_t first, count; /* first + count <= size */
};

/*
 * Resizes in[height][width][channels] to [rows->size][columns->size] and writes the wanted part,
 * out[rows->count][columns->count][channels]. channels is 1 or 3; every size is at least 1 and
 * within its bound above. What it follows is Pillow's Image.resize(), BICUBIC and BILINEAR: the
 * filter widened by the scale when that shrinks (antialiasing), weights in 22-bit fixed point, the
 * columns first and rounded to 8 bits, then the rows. VIT_ENOMEM.
 */
enum vit_status resize_u8(size_t channels, enum vit_interpolation interpolation, size_t height,
                          size_t width, const uint8_t *in, const struct resize_span *rows,
                          const struct resize_span *columns, uint8_t *out, struct vit_error *err);

#endif
