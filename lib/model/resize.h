/* resize.h - Pillow's antialiased resize of 8-bit images, byte for byte */
#ifndef VIT_MODEL_RESIZE_H
#define VIT_MODEL_RESIZE_H

#include "base/parallel.h"
#include "vit/kernels.h"
#include "vit/pixels.h"
#include "vit/vit.h"

/*
 * Sides of the image that is resized. The sum of a pass fits in 2^31 with at most four million
 * weights: 255·2^22, times the filter's overshoot (below 1.4), plus each weight's rounding
 * (0.5 · 4·2^20 · 255).
 */
#define RESIZE_MAX_SIDE ((size_t)1 << 20)

/* Sides of the resized image: Pillow counts them in int. */
#define RESIZE_MAX_TARGET ((size_t)INT32_MAX)

/* One side after the resize, and the part of it that is computed. */
struct resize_span {
    size_t size;
    size_t first, count; /* first + count <= size */
};

struct resize {
    const struct vit_kernels *kernels;
    enum vit_interpolation interpolation;
    size_t channels; /* of the result: 3, or 1 */
    struct resize_span rows, columns;
    const struct vit_parallel *parallel; /* NULL: the calling thread */
};

/*
 * Resizes an image to [rows.size][columns.size] and writes the part that the spans name,
 * out[rows.count][columns.count][channels]. Three channels keep the image's order; alpha is
 * ignored. One channel is ITU-R 601-2 luma of a color image, taken before the resize, or gray as it
 * is; a gray image must have one channel. Every size is at least 1 and within its bound above.
 *
 * The result is that of Pillow's Image.resize(), BICUBIC or BILINEAR: the filter is widened when
 * the image shrinks (antialiasing), weights have 22 fractional bits, columns are resized first and
 * rounded to 8 bits, then rows. It depends neither on the kernels nor on the threads. VIT_ENOMEM.
 */
enum vit_status resize_u8(const struct resize *resize, const struct vit_image *image, uint8_t *out,
                          struct vit_error *err);

#endif
