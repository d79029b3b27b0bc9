/* cmd_patches.c - `libvit patches`: an image in patches, and how similar their positions are */
#include <math.h>
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/draw.h"
#include "tools/error.h"
#include "tools/load.h"
#include "tools/patch_grid.h"
#include "tools/product.h"

struct patches_options {
    const char *out;
    struct size size;
};

static const struct patches_options defaults = { .out = NULL };

static const struct option options[] = {
    OPTION_OUT(struct patches_options),
    OPTION_SIZE(struct patches_options),
};

enum {
    GAP = 2,        /* pixels between maps */
    IMAGE_GAP = 16, /* pixels between the image and the maps */
    MAX_MAPS = 14,  /* per side; a larger grid has a map for every second, third, … position */
    MAPS_SIDE = 448 /* pixels per side of all maps together, about */
};

/* The position embeddings of a grid. */
struct positions {
    size_t rows, columns, dim;
    float *embeddings; /* [rows · columns][dim] */
    double *norms;     /* [rows · columns] */
};

/* The positions along a side that have a map: every step-th, centered. */
struct mapped {
    size_t first, step, count;
};

static struct mapped choose_mapped(size_t count)
{
    const size_t step = (count + MAX_MAPS - 1) / MAX_MAPS, maps = (count + step - 1) / step;

    return (struct mapped){ (count - 1 - (maps - 1) * step) / 2, step, maps };
}

static bool has_positions(const struct session *s)
{
    return vit_model_positions(s->model, NULL, NULL) == VIT_OK;
}

/* positions_free() is the caller's, whatever the result. */
static enum vit_status positions_read(const struct session *s, struct positions *p,
                                      struct vit_error *err)
{
    size_t bytes;

    vit_model_grid(s->model, &p->rows, &p->columns);
    p->dim = s->config.dim;
    const size_t patches = p->rows * p->columns;
    if (product(3, (size_t[]){ patches, p->dim, sizeof *p->embeddings }, &bytes))
        p->embeddings = malloc(bytes);
    p->norms = calloc(patches, sizeof *p->norms);
    if (!p->embeddings || !p->norms)
        return tool_no_memory(err);
    enum vit_status status = vit_model_positions(s->model, p->embeddings, err);
    for (size_t i = 0; !status && i < patches; i++) {
        for (size_t j = 0; j < p->dim && !status; j++) {
            const double x = (double)p->embeddings[i * p->dim + j];
            if (!isfinite(x))
                status = tool_fail(err, VIT_EFORMAT,
                                   "expected finite position embeddings, found %g at row %zu, "
                                   "column %zu of the grid; check the weights of the model",
                                   x, i / p->columns, i % p->columns);
            p->norms[i] += x * x;
        }
        p->norms[i] = sqrt(p->norms[i]);
    }
    return status;
}

static void positions_free(struct positions *p)
{
    free(p->norms);
    free(p->embeddings);
}

/* a·b/(|a||b|); 0 if a position is all zeros */
static double cosine(const struct positions *p, size_t a, size_t b)
{
    const float *const x = p->embeddings + a * p->dim, *const y = p->embeddings + b * p->dim;
    const double norms = p->norms[a] * p->norms[b];
    double sum = 0;

    for (size_t j = 0; j < p->dim; j++)
        sum += (double)x[j] * (double)y[j];
    return norms > 0 ? sum / norms : 0;
}

/* The map of one position, its colors from -1 to 1; a cell has pixel × pixel pixels. */
static void draw_map(const struct positions *p, size_t position, size_t pixel,
                     const struct vit_image *map)
{
    for (size_t i = 0; i < p->rows * p->columns; i++) {
        struct vit_image cell =
            vit_image_view(map, i / p->columns * pixel, i % p->columns * pixel, pixel, pixel);
        uint8_t rgb[3];
        vit_colormap((cosine(p, position, i) + 1) / 2, rgb);
        vit_image_fill(&cell, rgb);
    }
}

static enum vit_status draw_maps(const struct positions *p, struct vit_image *out,
                                 struct vit_error *err)
{
    const struct mapped down = choose_mapped(p->rows), across = choose_mapped(p->columns);
    const size_t rows = down.count * p->rows, columns = across.count * p->columns;
    const size_t longer = rows > columns ? rows : columns;
    const size_t pixel = longer < MAPS_SIDE ? MAPS_SIDE / longer : 1;
    const size_t height = p->rows * pixel, width = p->columns * pixel; /* of a map */
    const enum vit_status status =
        vit_image_create(down.count * (height + GAP) - GAP, across.count * (width + GAP) - GAP,
                         VIT_PIXEL_FORMAT_RGB, out, err);

    for (size_t i = 0; !status && i < down.count; i++)
        for (size_t j = 0; j < across.count; j++) {
            const struct vit_image map =
                vit_image_view(out, i * (height + GAP), j * (width + GAP), height, width);
            const size_t row = down.first + i * down.step, column = across.first + j * across.step;
            draw_map(p, row * p->columns + column, pixel, &map);
        }
    return status;
}

/* Side by side; one of them may be empty. */
static enum vit_status write_both(const struct vit_image *image, const struct vit_image *maps,
                                  FILE *file, struct vit_error *err)
{
    const size_t gap = image->pixels && maps->pixels ? IMAGE_GAP : 0;
    const size_t height = image->height > maps->height ? image->height : maps->height;
    const size_t width = image->width + gap + maps->width;
    struct vit_image both = { 0 };
    enum vit_status status = vit_image_create(height, width, VIT_PIXEL_FORMAT_RGB, &both, err);

    if (!status && image->pixels)
        status = vit_image_copy(image, &both, err);
    if (!status && maps->pixels) {
        struct vit_image right =
            vit_image_view(&both, 0, image->width + gap, maps->height, maps->width);
        status = vit_image_copy(maps, &right, err);
    }
    if (!status)
        status = draw_write_png(&both, file, err);
    vit_image_free(&both);
    return status;
}

static enum vit_status draw(const struct session *s, const struct vit_image *pixels, FILE *file,
                            struct vit_error *err)
{
    struct vit_image image = { 0 }, maps = { 0 };
    struct positions positions = { 0 };
    enum vit_status status = VIT_OK;

    if (pixels->pixels)
        status = patch_grid_draw(s->model, pixels, false, &image, err);
    if (!status && (!pixels->pixels || has_positions(s))) {
        status = positions_read(s, &positions, err);
        if (!status)
            status = draw_maps(&positions, &maps, err);
    }
    if (!status)
        status = write_both(&image, &maps, file, err);
    positions_free(&positions);
    vit_image_free(&maps);
    vit_image_free(&image);
    return status;
}

static void print_caption(const struct session *s, bool image)
{
    size_t rows, columns;

    vit_model_grid(s->model, &rows, &columns);
    fprintf(stderr, "%zu × %zu patches", rows, columns);
    if (vit_model_patches_overlap(s->model))
        fputs(" that overlap: the image is cut halfway between their centers", stderr);
    else
        fprintf(stderr, " of %zu × %zu pixels", s->config.patch, s->config.patch);
    if (!has_positions(s)) {
        fputs("; the model has no position embeddings\n", stderr);
        return;
    }
    fprintf(stderr, "%s: cosine similarity of ", image ? "; on the right" : "");
    const size_t down = choose_mapped(rows).step, across = choose_mapped(columns).step;
    if (down == 1 && across == 1)
        fputs("each position", stderr);
    else
        fprintf(stderr, "one position in every %zu by %zu", down, across);
    fputs(" with all positions, from -1 (violet) to 1 (yellow)\n", stderr);
}

static enum vit_status patches(const struct invocation *in, struct vit_error *err)
{
    const struct patches_options *const o = in->options;
    struct session session = { 0 };
    struct atomic_file out = { 0 };
    struct vit_image pixels = { 0 };
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "patches: expected -o OUT.png, found no -o");
    status = session_open(in->common, o->size, in->operands[0], 0, &session, err);
    if (!status && in->count > 1)
        status = create_pixels(&session, &pixels, err);
    if (!status && in->count > 1)
        status = load_pixels(&session, in->operands[1], &pixels, err);
    if (!status)
        status = atomic_file_open(o->out, &out, err);
    if (!status)
        status = draw(&session, &pixels, out.file, err);
    if (!status)
        status = atomic_file_commit(&out, err);
    if (!status)
        print_caption(&session, pixels.pixels != NULL);

    atomic_file_discard(&out);
    vit_image_free(&pixels);
    session_close(&session);
    return status;
}

const struct subcommand subcommand_patches = {
    .name = "patches",
    .operands = "MODEL [IMAGE] -o OUT.png",
    .min_operands = 1,
    .max_operands = 2,
    .summary = "draws an image's patches, and how similar their positions are",
    .description =
        "MODEL is a checkpoint directory, IMAGE a JPEG, PNG or WebP file. OUT.png shows the\n"
        "image as the model sees it, with gaps between the patches. On its right is a map for\n"
        "each patch's position: the cosine similarity of its embedding with those of all\n"
        "positions, from -1 (violet) to 1 (yellow), as in Dosovitskiy et al. 2021. A large grid\n"
        "has a map for every second or third position, at most 14 by 14. Without IMAGE there\n"
        "are only the maps. No linear layer is computed: --precision and --keep say only which\n"
        "weights --packed has.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = patches,
};
