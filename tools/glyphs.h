/* glyphs.h - short labels in pictures: capital letters, digits and some signs */
#ifndef VIT_TOOLS_GLYPHS_H
#define VIT_TOOLS_GLYPHS_H

#include <stddef.h>

#include "vit/image.h"

/* Pixels of a glyph with its gap, before scaling. */
enum { GLYPH_WIDTH = 4, GLYPH_HEIGHT = 6 };

/*
 * Draws a line of text whose top left pixel is (y, x), of an RGB image; what lies outside is cut.
 * Small letters become capitals, other characters without a glyph question marks.
 */
void glyphs_draw(struct vit_image *image, size_t y, size_t x, size_t scale, const char *text,
                 const uint8_t rgb[3]);

#endif
