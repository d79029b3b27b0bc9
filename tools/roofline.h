/* roofline.h - a picture of what was measured, below the limits of the machine */
#ifndef VIT_TOOLS_ROOFLINE_H
#define VIT_TOOLS_ROOFLINE_H

#include <stdio.h>

#include "tools/bench_measured.h"

/* Pixels; the legend is on the right of the plot. */
enum { ROOFLINE_WIDTH = 1000, ROOFLINE_HEIGHT = 600, ROOFLINE_PLOT = 700 };

/*
 * Draws each shape's FLOP/s over its FLOP per byte, the peak, and the bandwidths of the roofs times
 * FLOP per byte; both axes are logarithmic. Williams et al. 2009, "Roofline". Bytes are those that
 * any kernel must move: operands read once, results written once. Writes a PNG; the caller checks
 * the file for errors. Every shape has operations. VIT_ENOMEM.
 */
enum vit_status roofline_draw(const struct measured *measured, FILE *file, struct vit_error *err);

#endif
