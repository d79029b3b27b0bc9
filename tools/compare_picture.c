/* compare_picture.c - a picture of the errors of a model's blocks */
#include "tools/compare_picture.h"

#include <math.h>
#include <string.h>

#include "tools/draw.h"
#include "tools/glyphs.h"

enum {
    LEFT = COMPARE_LEFT,
    RIGHT = COMPARE_RIGHT,
    TOP = COMPARE_TOP_EDGE,
    BOTTOM = COMPARE_BOTTOM,
    TEXT = 2, /* pixels of one of a glyph */
    TEXT_WIDTH = TEXT * GLYPH_WIDTH,
    LINES = 4 /* of the grid, above 0 */
};

static const uint8_t black[3] = { 0, 0, 0 }, gray[3] = { 128, 128, 128 },
                     light[3] = { 224, 224, 224 };

static void fill(struct vit_image *image, size_t y, size_t x, size_t height, size_t width,
                 const uint8_t rgb[3])
{
    struct vit_image part = vit_image_view(image, y, x, height, width);

    vit_image_fill(&part, rgb);
}

/*
 * The end of the axis: the largest finite relative error, rounded up so that a LINES-th has one or
 * two digits; 1 if all are 0.
 */
static double find_scale(const struct comparison *c)
{
    static const double steps[] = { 1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5.2, 6, 8, 10 };
    double largest = 0;
    size_t i = 0;

    for (size_t block = 0; block < c->depth; block++)
        if (isfinite(c->blocks[block].relative))
            largest = fmax(largest, c->blocks[block].relative);
    if (!(largest > 0))
        return 1;
    const double power = pow(10, floor(log10(largest)));
    while (i < sizeof steps / sizeof *steps - 1 && steps[i] * power < largest)
        i++;
    return fmax(steps[i] * power, largest); /* where log10 or pow rounded */
}

static void draw_grid(struct vit_image *image, double scale)
{
    char text[32];

    for (size_t i = 0; i <= LINES; i++) {
        const size_t y = BOTTOM - i * (BOTTOM - TOP) / LINES;
        fill(image, y, LEFT, 1, RIGHT - LEFT, i ? light : black);
        snprintf(text, sizeof text, "%8.3g%%", 100 * scale * (double)i / LINES);
        glyphs_draw(image, y - 5, LEFT - 10 * TEXT_WIDTH, TEXT, text, black);
    }
}

/* The left edge of a block's share of the axis. */
static size_t edge(const struct comparison *c, size_t block)
{
    return LEFT + 1 + (size_t)((double)block * (RIGHT - LEFT - 1) / (double)c->depth);
}

static void draw_bars(struct vit_image *image, const struct comparison *c, double scale)
{
    const size_t digits = (size_t)snprintf(NULL, 0, "%zu", c->depth - 1) + 1;
    size_t labels_end = 0;
    char text[32];

    for (size_t i = 0; i < c->depth; i++) {
        const double relative = c->blocks[i].relative;
        const double share = isfinite(relative) ? relative / scale : 1;
        const size_t x = edge(c, i), step = edge(c, i + 1) - x;
        const size_t width = step > 4 ? step - step / 4 : step > 1 ? step - 1 : 1;
        const size_t height = (size_t)lrint(share * (BOTTOM - TOP));
        uint8_t rgb[3];
        vit_colormap(0.75 * share, rgb); /* the colors near 1 are too light on white */
        fill(image, BOTTOM - height, x, height, width, isfinite(relative) ? rgb : gray);
        if (x < labels_end)
            continue;
        snprintf(text, sizeof text, "%zu", i);
        glyphs_draw(image, BOTTOM + 8, x, TEXT, text, black);
        labels_end = x + digits * TEXT_WIDTH;
    }
}

static void draw_texts(struct vit_image *image, const struct comparison *c)
{
    const char *const precision = vit_value_name("precision", (int)c->precision);
    char text[160];

    snprintf(text, sizeof text, "relative error of each block in %s", precision);
    glyphs_draw(image, 10, LEFT, TEXT, text, black);
    snprintf(text, sizeof text, "%zu image%s, %zu of %zu layers in %s", c->batch.paths.count,
             c->batch.paths.count == 1 ? "" : "s", c->lower_layers, c->layers, precision);
    glyphs_draw(image, 26, LEFT, TEXT, text, gray);
    glyphs_draw(image, BOTTOM + 28, RIGHT - 5 * TEXT_WIDTH, TEXT, "block", black);
}

enum vit_status compare_draw(const struct comparison *c, FILE *file, struct vit_error *err)
{
    const double scale = find_scale(c);
    struct vit_image image = { 0 };
    enum vit_status status =
        vit_image_create(COMPARE_HEIGHT, COMPARE_WIDTH, VIT_PIXEL_FORMAT_RGB, &image, err);

    if (status)
        return status;
    draw_grid(&image, scale);
    draw_bars(&image, c, scale);
    draw_texts(&image, c);
    status = draw_write_png(&image, file, err);
    vit_image_free(&image);
    return status;
}
