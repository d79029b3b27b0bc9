/* colormap.c - numbers from 0 to 1 as colors, alone and blended over an image */
#include <math.h>

#include "image/error.h"
#include "vit/image.h"

/* The share of the color in the blend. */
static const double opacity = 0.6;

/*
 * Perceptually uniform: the steps are equal in OKLab (Ottosson 2020) within 3 %. Lightness goes
 * from 0.22 to 0.95, hue from violet over red to yellow, at a chroma that sRGB has.
 * tests/test_drawing.c measures this.
 */
enum { COLORS = 17 };
static const uint8_t colors[COLORS][3] = {
    { 17, 5, 84 },     { 40, 13, 97 },    { 63, 17, 110 },  { 88, 20, 119 },  { 113, 24, 122 },
    { 138, 32, 120 },  { 161, 42, 115 },  { 182, 54, 108 }, { 202, 68, 98 },  { 220, 85, 86 },
    { 235, 104, 73 },  { 243, 127, 66 },  { 246, 151, 70 }, { 249, 175, 78 }, { 252, 199, 88 },
    { 251, 222, 103 }, { 248, 246, 119 },
};

void vit_colormap(double t, uint8_t rgb[3])
{
    const double at = t > 0 ? (t < 1 ? t : 1) * (COLORS - 1) : 0; /* a NaN is not above 0 */
    const size_t first = at < COLORS - 1 ? (size_t)at : COLORS - 2;
    const double share = at - (double)first;

    for (size_t c = 0; c < 3; c++)
        rgb[c] = (uint8_t)lrint((1 - share) * colors[first][c] + share * colors[first + 1][c]);
}

/* The cells on both sides of a pixel, of `count` cells along a side, and the second's share. */
struct neighbors {
    size_t first, second;
    double share;
};

static struct neighbors find_neighbors(size_t pixel, size_t side, size_t count)
{
    const double at = ((double)pixel + 0.5) * (double)count / (double)side - 0.5;
    const double inside = at < 0 ? 0 : at > (double)(count - 1) ? (double)(count - 1) : at;
    const size_t first = (size_t)inside;

    return (struct neighbors){ first, first + 1 < count ? first + 1 : first,
                               inside - (double)first };
}

enum vit_status vit_colormap_overlay(size_t rows, size_t columns, const double *values,
                                     struct vit_image *image, struct vit_error *err)
{
    if (rows == 0 || columns == 0)
        return image_fail(err, VIT_EINVAL, "overlay: expected at least 1x1 values, found %zux%zu",
                          rows, columns);
    if (image->format != VIT_PIXEL_FORMAT_RGB)
        return image_fail(err, VIT_EINVAL, "overlay: expected pixel format %d, found %d",
                          VIT_PIXEL_FORMAT_RGB, (int)image->format);
    for (size_t i = 0; i < image->height; i++) {
        const struct neighbors y = find_neighbors(i, image->height, rows);
        const double *const upper = values + y.first * columns;
        const double *const lower = values + y.second * columns;
        for (size_t j = 0; j < image->width; j++) {
            const struct neighbors x = find_neighbors(j, image->width, columns);
            const double above = upper[x.first] + x.share * (upper[x.second] - upper[x.first]);
            const double below = lower[x.first] + x.share * (lower[x.second] - lower[x.first]);
            uint8_t color[3], *const pixel = image->pixels + i * image->stride + j * 3;
            vit_colormap(above + y.share * (below - above), color);
            for (size_t c = 0; c < 3; c++)
                pixel[c] = (uint8_t)lrint(opacity * color[c] + (1 - opacity) * pixel[c]);
        }
    }
    return VIT_OK;
}
