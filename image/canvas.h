/* canvas.h - a picture to draw on */
#ifndef VIT_IMAGE_CANVAS_H
#define VIT_IMAGE_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "vit/vit.h"

/* Zeroed, it may be freed. */
struct canvas {
    size_t height, width;
    uint8_t *rgb; /* [height][width][3] */
};

/* White. VIT_ENOMEM. */
enum vit_status canvas_new(size_t height, size_t width, struct canvas *canvas,
                           struct vit_error *err);
void canvas_free(struct canvas *canvas);

/*
 * The picture that a model sees, each pixel `factor` wide and high: input[channels][height][width]
 * times std, plus mean, times 255, to the nearest; one channel as grey. The recipe is one that
 * vit_preprocess takes. VIT_ENOMEM.
 */
enum vit_status canvas_of_input(const struct vit_preprocess_config *recipe, const float *input,
                                size_t factor, struct canvas *canvas, struct vit_error *err);

/* What to enlarge a picture by so that something is seen: its longer side to some 448 pixels. */
size_t canvas_factor(size_t height, size_t width);

/* Copies height × width pixels; both rectangles must lie inside. */
void canvas_copy(const struct canvas *from, size_t from_y, size_t from_x, size_t height,
                 size_t width, struct canvas *to, size_t to_y, size_t to_x);

/* Fills a rectangle inside. */
void canvas_fill(struct canvas *canvas, size_t y, size_t x, size_t height, size_t width,
                 const uint8_t rgb[3]);

#endif
