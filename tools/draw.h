/* draw.h - the pixels that a model sees, enlarged, and images as PNG files */
#ifndef VIT_TOOLS_DRAW_H
#define VIT_TOOLS_DRAW_H

#include <stdio.h>

#include "vit/image.h"

/*
 * RGB or gray pixels as RGB, each a square, so that the longer side has about 448 pixels.
 * VIT_ENOMEM.
 */
enum vit_status draw_enlarged(const struct vit_image *small, struct vit_image *image,
                              struct vit_error *err);

/* The caller checks the FILE for errors, as after any fwrite. VIT_ENOMEM. */
enum vit_status draw_write_png(const struct vit_image *image, FILE *file, struct vit_error *err);

#endif
