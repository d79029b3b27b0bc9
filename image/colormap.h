/* colormap.h - numbers as colours, alone and over a picture */
#ifndef VIT_IMAGE_COLORMAP_H
#define VIT_IMAGE_COLORMAP_H

#include "image/canvas.h"

/* The colours at equal steps from 0 to 1. */
enum { HEAT_COLOURS = 17 };
extern const uint8_t heat_colours[HEAT_COLOURS][3];

/* The colour of t, between those of the table; beyond 0 and 1 the outermost, of a NaN the first. */
void heat_colour(double t, uint8_t rgb[3]);

/*
 * Blends values[rows][columns], 0 to 1, over the whole picture, each standing at the middle of its
 * part of the picture, bilinear between them.
 */
void heat_overlay(size_t rows, size_t columns, const double *values, struct canvas *canvas);

#endif
