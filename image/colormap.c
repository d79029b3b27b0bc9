/* colormap.c - numbers as colours, alone and over a picture */
#include "image/colormap.h"

#include <math.h>

/* How much of the colour covers the picture. */
static const double cover = 0.6;

/*
 * Perceptually uniform: equal steps in OKLab (Ottosson 2020), to 3 %, with lightness from 0.22 to
 * 0.95 and hue from violet over red to yellow, at chroma within sRGB's; measured by
 * test_drawing.c.
 */
const uint8_t heat_colours[HEAT_COLOURS][3] = {
    { 17, 5, 84 },     { 40, 13, 97 },    { 63, 17, 110 },  { 88, 20, 119 },  { 113, 24, 122 },
    { 138, 32, 120 },  { 161, 42, 115 },  { 182, 54, 108 }, { 202, 68, 98 },  { 220, 85, 86 },
    { 235, 104, 73 },  { 243, 127, 66 },  { 246, 151, 70 }, { 249, 175, 78 }, { 252, 199, 88 },
    { 251, 222, 103 }, { 248, 246, 119 },
};

void heat_colour(double t, uint8_t rgb[3])
{
    const double at = t > 0 ? (t < 1 ? t : 1) * (HEAT_COLOURS - 1) : 0;
    const size_t first = at < HEAT_COLOURS - 1 ? (size_t)at : HEAT_COLOURS - 2;
    const double share = at - (double)first;

    for (size_t c = 0; c < 3; c++)
        rgb[c] = (uint8_t)lrint((1 - share) * heat_colours[first][c] +
                                share * heat_colours[first + 1][c]);
}

/* The two of `count` places that a pixel of a side lies between, and the share of the second. */
struct between {
    size_t first, second;
    double share;
};

static struct between find_between(size_t pixel, size_t side, size_t count)
{
    const double at = ((double)pixel + 0.5) * (double)count / (double)side - 0.5;
    const double inside = at < 0 ? 0 : at > (double)(count - 1) ? (double)(count - 1) : at;
    const size_t first = (size_t)inside;

    return (struct between){ first, first + 1 < count ? first + 1 : first, inside - (double)first };
}

void heat_overlay(size_t rows, size_t columns, const double *values, struct canvas *canvas)
{
    for (size_t i = 0; i < canvas->height; i++) {
        const struct between y = find_between(i, canvas->height, rows);
        const double *const upper = values + y.first * columns;
        const double *const lower = values + y.second * columns;
        for (size_t j = 0; j < canvas->width; j++) {
            const struct between x = find_between(j, canvas->width, columns);
            const double above = upper[x.first] + x.share * (upper[x.second] - upper[x.first]);
            const double below = lower[x.first] + x.share * (lower[x.second] - lower[x.first]);
            uint8_t heat[3], *const pixel = canvas->rgb + (i * canvas->width + j) * 3;
            heat_colour(above + y.share * (below - above), heat);
            for (size_t c = 0; c < 3; c++)
                pixel[c] = (uint8_t)lrint(cover * heat[c] + (1 - cover) * pixel[c]);
        }
    }
}
