/* compare_picture.h - a picture of the errors of a model's blocks */
#ifndef VIT_TOOLS_COMPARE_PICTURE_H
#define VIT_TOOLS_COMPARE_PICTURE_H

#include <stdio.h>

#include "tools/comparison.h"

/* Pixels: the picture, and the corners of its plot. */
enum {
    COMPARE_WIDTH = 900,
    COMPARE_HEIGHT = 400,
    COMPARE_LEFT = 90,
    COMPARE_RIGHT = COMPARE_WIDTH - 20,
    COMPARE_TOP_EDGE = 60,
    COMPARE_BOTTOM = COMPARE_HEIGHT - 60
};

/*
 * Draws a bar for each block, from the first on the left, as high as its relative error. The
 * axis goes up to a round number, at most a third above the largest. An infinite one is gray and
 * reaches the top edge. Writes a PNG; the
 * caller checks the file for errors. VIT_ENOMEM.
 */
enum vit_status compare_draw(const struct comparison *c, FILE *file, struct vit_error *err);

#endif
