/* walk_figures.c - the figures of `libvit walk`, as PNG files in a folder */
#include "tools/walk_figures.h"

#include <math.h>
#include <stdlib.h>

#include "tools/draw.h"
#include "tools/error.h"
#include "tools/patch_grid.h"
#include "tools/product.h"

enum {
    ROW_HEIGHT = 32,  /* pixels of a patch as a row */
    ROW_WIDTH = 800,  /* and about its width */
    MAP_HEIGHT = 224, /* about, of a heat map */
    MAP_WIDTH = 768,  /* about, of the positions */
    HEADS_IN_A_ROW = 4,
    HEAD_GAP = 4 /* pixels between the maps of heads */
};

/* What the figures show, and where they go. */
struct figures {
    const struct session *session;
    const struct vit_image *pixels;
    const struct walk *walk;
    size_t patch;
    struct atomic_folder *folder;
};

static enum vit_status write_figure(struct figures *f, const char *name,
                                    const struct vit_image *image, struct vit_error *err)
{
    uint8_t *png;
    size_t bytes;
    enum vit_status status = vit_image_encode_png(image, &png, &bytes, err);

    if (status)
        return status;
    status = atomic_folder_write(f->folder, name, png, bytes, err);
    vit_png_free(png);
    return status;
}

static enum vit_status draw_patches(struct figures *f, struct vit_error *err)
{
    struct vit_image image = { 0 };
    enum vit_status status = patch_grid_draw(f->session->model, f->pixels, true, &image, err);

    if (!status)
        status = write_figure(f, "patches.png", &image, err);
    vit_image_free(&image);
    return status;
}

/* --- one patch */

/* The patches that become tokens, or T2T's first split. */
static struct split first_split(const struct session *session)
{
    const struct vit_config *const c = &session->config;
    struct split s = { .kernel = c->patch, .stride = c->patch };

    if (vit_model_patches_overlap(session->model))
        return walk_split(c, 0);
    vit_model_grid(session->model, &s.rows, &s.columns);
    return s;
}

static enum vit_status choose_patch(struct figures *f, struct vit_error *err)
{
    const struct split s = first_split(f->session);
    const size_t patches = s.rows * s.columns;

    if (f->patch == INDEX_NONE)
        f->patch = s.rows / 2 * s.columns + s.columns / 2;
    return f->patch < patches
               ? VIT_OK
               : tool_fail(err, VIT_EINVAL, "--patch: expected a patch from 0 to %zu, found %zu",
                           patches - 1, f->patch);
}

/* The patch's own pixels; black in the padding around the image. */
static enum vit_status copy_patch(const struct figures *f, struct vit_image *patch,
                                  struct vit_error *err)
{
    const struct split s = first_split(f->session);
    const size_t top = f->patch / s.columns * s.stride, left = f->patch % s.columns * s.stride;
    const uint8_t black[3] = { 0, 0, 0 };
    enum vit_status status = vit_image_create(s.kernel, s.kernel, f->pixels->format, patch, err);

    if (status)
        return status;
    vit_image_fill(patch, black);
    /* rows and columns of the patch that lie in the padding above and on the left */
    const size_t above = top < s.padding ? s.padding - top : 0;
    const size_t before = left < s.padding ? s.padding - left : 0;
    const struct vit_image from =
        vit_image_view(f->pixels, top + above - s.padding, left + before - s.padding,
                       s.kernel - above, s.kernel - before);
    struct vit_image to = vit_image_view(patch, above, before, from.height, from.width);
    return vit_image_copy(&from, &to, err);
}

/* A gray cell for each number of a patch, in the order of its row: channel, row, column. */
static enum vit_status draw_row(struct figures *f, const struct vit_image *patch,
                                struct vit_error *err)
{
    const size_t each = vit_pixel_bytes(patch->format), square = patch->height * patch->width;
    const size_t numbers = each * square;
    const size_t width = numbers < ROW_WIDTH ? ROW_WIDTH / numbers : 1;
    struct vit_image image = { 0 };
    enum vit_status status =
        vit_image_create(ROW_HEIGHT, numbers * width, VIT_PIXEL_FORMAT_GRAY, &image, err);

    for (size_t i = 0; !status && i < numbers; i++) {
        const size_t at = i % square;
        struct vit_image cell = vit_image_view(&image, 0, i * width, ROW_HEIGHT, width);
        vit_image_fill(&cell, patch->pixels + at / patch->width * patch->stride +
                                  at % patch->width * each + i / square);
    }
    if (!status)
        status = write_figure(f, "row.png", &image, err);
    vit_image_free(&image);
    return status;
}

static enum vit_status draw_patch(struct figures *f, struct vit_error *err)
{
    struct vit_image patch = { 0 }, image = { 0 };
    enum vit_status status = copy_patch(f, &patch, err);

    if (!status)
        status = draw_enlarged(&patch, &image, err);
    if (!status)
        status = write_figure(f, "patch.png", &image, err);
    if (!status)
        status = draw_row(f, &patch, err);
    vit_image_free(&image);
    vit_image_free(&patch);
    return status;
}

/* --- heat maps */

/* The minimum, and 1 over the range; VIT_EFORMAT: a number is not finite. */
static enum vit_status find_scale(const char *name, size_t count, const float *x, double *min,
                                  double *factor, struct vit_error *err)
{
    double max = (double)x[0];

    *min = max;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]))
            return tool_fail(err, VIT_EFORMAT, "%s: expected finite numbers, found %g", name,
                             (double)x[i]);
        *min = (double)x[i] < *min ? (double)x[i] : *min;
        max = (double)x[i] > max ? (double)x[i] : max;
    }
    *factor = max > *min ? 1 / (max - *min) : 0;
    return VIT_OK;
}

/* x[rows][columns] in cells of height × width pixels at the top left of an image. */
static void draw_map(size_t rows, size_t columns, const float *x, double min, double factor,
                     size_t height, size_t width, const struct vit_image *image)
{
    for (size_t i = 0; i < rows * columns; i++) {
        struct vit_image cell =
            vit_image_view(image, i / columns * height, i % columns * width, height, width);
        uint8_t rgb[3];
        vit_colormap(((double)x[i] - min) * factor, rgb);
        vit_image_fill(&cell, rgb);
    }
}

/* About `side` pixels for `count` cells: those of one. */
static size_t cell_side(size_t count, size_t side)
{
    return count < side ? side / count : 1;
}

static enum vit_status draw_positions(struct figures *f, struct vit_error *err)
{
    const size_t dim = f->session->config.dim;
    struct vit_image image = { 0 };
    float *table = NULL;
    double min = 0, factor = 0;
    size_t rows, columns, bytes;
    enum vit_status status;

    if (vit_model_positions(f->session->model, NULL, NULL))
        return VIT_OK;
    vit_model_grid(f->session->model, &rows, &columns);
    const size_t patches = rows * columns;
    const size_t height = cell_side(patches, MAP_HEIGHT), width = cell_side(dim, MAP_WIDTH);
    if (product(3, (size_t[]){ patches, dim, sizeof *table }, &bytes))
        table = malloc(bytes);
    if (!table)
        return tool_no_memory(err);
    if (!(status = vit_model_positions(f->session->model, table, err)) &&
        !(status = find_scale("position embeddings", patches * dim, table, &min, &factor, err)) &&
        !(status =
              vit_image_create(patches * height, dim * width, VIT_PIXEL_FORMAT_RGB, &image, err))) {
        draw_map(patches, dim, table, min, factor, height, width, &image);
        status = write_figure(f, "positions.png", &image, err);
    }
    vit_image_free(&image);
    free(table);
    return status;
}

/* The first image's heads, row by row. */
static enum vit_status draw_attention(struct figures *f, struct vit_error *err)
{
    const struct walk_step *const step = walk_find(f->walk, VIT_OUTPUT_ATTENTION, f->walk->block);
    struct vit_image image = { 0 };
    double min = 0, factor = 0;

    if (!step)
        return VIT_OK;
    const size_t heads = step->shape[1], tokens = step->shape[2], square = tokens * tokens;
    const size_t across = heads < HEADS_IN_A_ROW ? heads : HEADS_IN_A_ROW;
    const size_t down = (heads + across - 1) / across, cell = cell_side(tokens, MAP_HEIGHT);
    const size_t side = tokens * cell + HEAD_GAP;
    enum vit_status status =
        find_scale("attention weights", heads * square, step->numbers, &min, &factor, err);

    if (!status)
        status = vit_image_create(down * side - HEAD_GAP, across * side - HEAD_GAP,
                                  VIT_PIXEL_FORMAT_RGB, &image, err);
    for (size_t i = 0; !status && i < heads; i++) {
        const struct vit_image map =
            vit_image_view(&image, i / across * side, i % across * side, side, side);
        draw_map(tokens, tokens, step->numbers + i * square, min, factor, cell, cell, &map);
    }
    if (!status)
        status = write_figure(f, "attention.png", &image, err);
    vit_image_free(&image);
    return status;
}

enum vit_status walk_draw(const struct session *session, const struct vit_image *pixels,
                          const struct walk *walk, size_t patch, struct atomic_folder *folder,
                          struct vit_error *err)
{
    struct figures f = { session, pixels, walk, patch, folder };
    enum vit_status status = choose_patch(&f, err);

    if (status || (status = draw_patches(&f, err)) || (status = draw_patch(&f, err)) ||
        (status = draw_positions(&f, err)))
        return status;
    return draw_attention(&f, err);
}
