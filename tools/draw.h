/* draw.h - a model's input as an image again, and images as PNG files */
#ifndef VIT_TOOLS_DRAW_H
#define VIT_TOOLS_DRAW_H

#include <stdio.h>

#include "vit/image.h"
#include "vit/vit.h"

/*
 * The image that a model sees, each pixel enlarged to factor × factor: input[channels][height]
 * [width] times std, plus mean, times 255, rounded; one channel as gray. VIT_ENOMEM.
 */
enum vit_status draw_input(const struct vit_preprocess_config *config, const float *input,
                           size_t factor, struct vit_image *image, struct vit_error *err);

/* The factor that enlarges an image's longer side to about 448 pixels; at least 1. */
size_t draw_factor(size_t height, size_t width);

/* The caller checks the FILE for errors, as after any fwrite. VIT_ENOMEM. */
enum vit_status draw_write_png(const struct vit_image *image, FILE *file, struct vit_error *err);

#endif
