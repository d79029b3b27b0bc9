/* patch_grid.c - the image that a model sees, cut into its patches */
#include "tools/patch_grid.h"

#include <stdio.h>
#include <string.h>

#include "tools/draw.h"
#include "tools/glyphs.h"

/* The first pixel of cell i of `count` along a side. */
static size_t edge(size_t i, size_t count, size_t side)
{
    return (2 * i * side + count) / (2 * count);
}

/* Of an enlarged side, what the patches cover: pixels behind the last whole one may be left out. */
static size_t covered(const struct vit_config *c, size_t patches, size_t pixels, size_t side)
{
    return c->crop_to_patches ? side * (patches * c->patch) / pixels : side;
}

/* A number in white on black, in the corner of a patch; none where it does not fit. */
static void draw_number(size_t number, struct vit_image *patch)
{
    static const uint8_t black[3] = { 0, 0, 0 }, white[3] = { 255, 255, 255 };
    const size_t scale = 2;
    char text[24];

    snprintf(text, sizeof text, "%zu", number);
    const size_t width = (strlen(text) * GLYPH_WIDTH + 1) * scale;
    const size_t height = (GLYPH_HEIGHT + 1) * scale;
    if (width > patch->width || height > patch->height)
        return;
    struct vit_image box = vit_image_view(patch, 0, 0, height, width);
    vit_image_fill(&box, black);
    glyphs_draw(&box, scale, scale, scale, text, white);
}

enum vit_status patch_grid_draw(const struct vit_model *model, const struct vit_image *pixels,
                                bool numbered, struct vit_image *out, struct vit_error *err)
{
    struct vit_config config = { .size = sizeof config };
    struct vit_image whole = { 0 };
    size_t rows, columns, all_height, all_width;
    enum vit_status status = vit_model_get_config(model, &config, err);

    if (status || (status = draw_enlarged(pixels, &whole, err)))
        return status;
    vit_model_grid(model, &rows, &columns);
    all_height = covered(&config, rows, pixels->height, whole.height);
    all_width = covered(&config, columns, pixels->width, whole.width);
    status =
        vit_image_create(all_height + (rows - 1) * PATCH_GAP, all_width + (columns - 1) * PATCH_GAP,
                         VIT_PIXEL_FORMAT_RGB, out, err);
    for (size_t i = 0; !status && i < rows * columns; i++) {
        const size_t row = i / columns, column = i % columns;
        const size_t y = edge(row, rows, all_height), x = edge(column, columns, all_width);
        const size_t height = edge(row + 1, rows, all_height) - y;
        const size_t width = edge(column + 1, columns, all_width) - x;
        const struct vit_image from = vit_image_view(&whole, y, x, height, width);
        struct vit_image to =
            vit_image_view(out, y + row * PATCH_GAP, x + column * PATCH_GAP, height, width);
        status = vit_image_copy(&from, &to, err);
        if (!status && numbered)
            draw_number(i, &to);
    }
    vit_image_free(&whole);
    return status;
}
