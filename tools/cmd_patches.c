/* cmd_patches.c - `vit patches`: a picture in patches, and what their positions have in common */
#include <math.h>
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/draw.h"
#include "tools/image_batch.h"

enum {
    GAP = 2,        /* pixels between patches, and between maps */
    APART = 16,     /* between the picture and the maps */
    MOST_MAPS = 14, /* a side; of a larger grid every second place, or third, … has one */
    MAPS_SIDE = 448 /* pixels that a side's maps fill, about */
};

/* Cosine similarities between positions: maps of a grid's places, as many as are drawn. */
struct similarity {
    size_t rows, columns, dim;
    float *positions; /* [rows · columns][dim] */
    double *norms;    /* [rows · columns] */
};

/* Every step-th of `count` places, beginning at `first`, as many on either side. */
struct places {
    size_t first, step, count;
};

static struct places choose_places(size_t count)
{
    const size_t step = (count + MOST_MAPS - 1) / MOST_MAPS, most = (count + step - 1) / step;

    return (struct places){ (count - 1 - (most - 1) * step) / 2, step, most };
}

/* Where place i of `count` begins on a side, in pixels. */
static size_t edge(size_t i, size_t count, size_t side)
{
    return (2 * i * side + count) / (2 * count);
}

/* The picture, its patches set apart. */
static enum vit_status draw_picture(const struct vit_model *model, const float *input,
                                    struct vit_image *out, struct vit_error *err)
{
    const struct vit_preprocess_config r = model_preprocess_config(model);
    struct vit_image whole = { 0 };
    size_t rows, columns;
    enum vit_status status = draw_input(&r, input, draw_factor(r.height, r.width), &whole, err);

    vit_model_grid(model, &rows, &columns);
    if (!status)
        status =
            vit_image_create(whole.height + (rows - 1) * GAP, whole.width + (columns - 1) * GAP,
                             VIT_PIXEL_FORMAT_RGB, out, err);
    for (size_t i = 0; !status && i < rows * columns; i++) {
        const size_t row = i / columns, column = i % columns;
        const size_t y = edge(row, rows, whole.height), x = edge(column, columns, whole.width);
        const size_t height = edge(row + 1, rows, whole.height) - y;
        const size_t width = edge(column + 1, columns, whole.width) - x;
        const struct vit_image patch = vit_image_view(&whole, y, x, height, width);
        struct vit_image place =
            vit_image_view(out, y + row * GAP, x + column * GAP, height, width);
        status = vit_image_copy(&patch, &place, err);
    }
    vit_image_free(&whole);
    return status;
}

static enum vit_status similarity_open(const struct vit_model *model, struct similarity *s,
                                       struct vit_error *err)
{
    size_t bytes;

    vit_model_grid(model, &s->rows, &s->columns);
    s->dim = model_config(model).dim;
    const size_t patches = s->rows * s->columns;
    if (product(3, (size_t[]){ patches, s->dim, sizeof *s->positions }, &bytes))
        s->positions = malloc(bytes);
    s->norms = calloc(patches, sizeof *s->norms);
    if (!s->positions || !s->norms)
        return tool_no_memory(err);
    const enum vit_status status = vit_model_positions(model, s->positions, err);
    for (size_t i = 0; !status && i < patches; i++) {
        for (size_t j = 0; j < s->dim; j++) {
            const double x = (double)s->positions[i * s->dim + j];
            s->norms[i] += x * x;
        }
        s->norms[i] = sqrt(s->norms[i]);
    }
    return status;
}

static void similarity_close(struct similarity *s)
{
    free(s->norms);
    free(s->positions);
}

/* a·b/(|a||b|); 0 where a position is all zeros. */
static double cosine(const struct similarity *s, size_t a, size_t b)
{
    const float *const x = s->positions + a * s->dim, *const y = s->positions + b * s->dim;
    const double norms = s->norms[a] * s->norms[b];
    double sum = 0;

    for (size_t j = 0; j < s->dim; j++)
        sum += (double)x[j] * (double)y[j];
    return norms > 0 ? sum / norms : 0;
}

/* One place's map, its colours from −1 to 1. */
static void draw_map(const struct similarity *s, size_t place, size_t pixel,
                     struct vit_image *canvas, size_t y, size_t x)
{
    for (size_t i = 0; i < s->rows * s->columns; i++) {
        uint8_t rgb[3];
        vit_colormap((cosine(s, place, i) + 1) / 2, rgb);
        struct vit_image square = vit_image_view(canvas, y + i / s->columns * pixel,
                                                 x + i % s->columns * pixel, pixel, pixel);
        vit_image_fill(&square, rgb);
    }
}

static enum vit_status draw_maps(const struct vit_model *model, struct vit_image *out,
                                 struct vit_error *err)
{
    struct similarity s = { 0 };
    enum vit_status status = similarity_open(model, &s, err);

    if (!status) {
        const struct places down = choose_places(s.rows), across = choose_places(s.columns);
        const size_t longer = down.count * s.rows > across.count * s.columns
                                  ? down.count * s.rows
                                  : across.count * s.columns;
        const size_t pixel = longer < MAPS_SIDE ? MAPS_SIDE / longer : 1;
        const size_t height = s.rows * pixel + GAP, width = s.columns * pixel + GAP;
        status = vit_image_create(down.count * height - GAP, across.count * width - GAP,
                                  VIT_PIXEL_FORMAT_RGB, out, err);
        for (size_t i = 0; !status && i < down.count; i++)
            for (size_t j = 0; j < across.count; j++)
                draw_map(&s,
                         (down.first + i * down.step) * s.columns + across.first + j * across.step,
                         pixel, out, i * height, j * width);
    }
    similarity_close(&s);
    return status;
}

/* Either may be missing. */
static enum vit_status write_both(const struct vit_image *picture, const struct vit_image *maps,
                                  FILE *file, struct vit_error *err)
{
    const size_t apart = picture->pixels && maps->pixels ? APART : 0;
    const size_t height = picture->height > maps->height ? picture->height : maps->height;
    const size_t width = picture->width + apart + maps->width;
    struct vit_image both = { 0 };
    enum vit_status status = vit_image_create(height, width, VIT_PIXEL_FORMAT_RGB, &both, err);

    if (!status && picture->pixels)
        status = vit_image_copy(picture, &both, err);
    if (!status && maps->pixels) {
        struct vit_image right =
            vit_image_view(&both, 0, picture->width + apart, maps->height, maps->width);
        status = vit_image_copy(maps, &right, err);
    }
    if (!status)
        status = draw_write_png(&both, file, err);
    vit_image_free(&both);
    return status;
}

static void print_maps(size_t rows, size_t columns, bool picture)
{
    const size_t down = choose_places(rows).step, across = choose_places(columns).step;

    fprintf(stderr, "; %s: cosine similarity of ", picture ? "beside them" : "drawn");
    if (down == 1 && across == 1)
        fputs("each one's position", stderr);
    else
        fprintf(stderr, "one position in every %zu by %zu", down, across);
    fputs(" with all others, -1 violet to 1 yellow\n", stderr);
}

static void print_caption(const struct vit_model *model, bool picture)
{
    const struct vit_config config = model_config(model);
    size_t rows, columns;

    vit_model_grid(model, &rows, &columns);
    fprintf(stderr, "%zu × %zu patches", rows, columns);
    if (config.tokenizer == VIT_TOKENIZER_PATCH)
        fprintf(stderr, " of %zu × %zu pixels", config.patch, config.patch);
    else
        fputs(", soft splits that overlap: the picture is cut where their middles part", stderr);
    if (config.pos_embed == VIT_POS_EMBED_NONE)
        fputs("; the model has no positions\n", stderr);
    else
        print_maps(rows, columns, picture);
}

static enum vit_status draw(const struct vit_model *model, const float *input, FILE *file,
                            struct vit_error *err)
{
    struct vit_image picture = { 0 }, maps = { 0 };
    enum vit_status status = VIT_OK;

    if (input)
        status = draw_picture(model, input, &picture, err);
    if (!status && (!input || model_config(model).pos_embed != VIT_POS_EMBED_NONE))
        status = draw_maps(model, &maps, err);
    if (!status)
        status = write_both(&picture, &maps, file, err);
    vit_image_free(&maps);
    vit_image_free(&picture);
    return status;
}

static enum vit_status patches(const struct options *options, size_t count, char **operands,
                               struct vit_error *err)
{
    const struct vit_model_options how = model_options(options);
    struct vit_model *model = NULL;
    struct output out = { 0 };
    float *input = NULL;
    enum vit_status status;

    if (!options->out_path)
        return tool_fail(err, VIT_EINVAL, "patches: expected -o OUT.png, found none");
    status = vit_model_open(operands[0], &how, &model, err);
    if (!status && count > 1)
        status = picture_input(model, operands[1], &input, err);
    if (!status)
        status = output_open(options->out_path, &out, err);
    if (!status)
        status = draw(model, input, out.file, err);
    if (!status)
        status = output_commit(&out, err);
    if (!status)
        print_caption(model, input);

    output_discard(&out);
    free(input);
    vit_model_free(model);
    return status;
}

const struct verb verb_patches = {
    .name = "patches",
    .bit = FOR_PATCHES,
    .operands = "MODEL [IMAGE] -o OUT.png",
    .least = 1,
    .most = 2,
    .summary = "draws a picture's patches, and their positions",
    .description =
        "MODEL is a checkpoint folder, IMAGE a JPEG, PNG or WebP file. OUT.png becomes the\n"
        "picture as the model sees it, its patches set apart, and beside it a map for each\n"
        "patch's position: the cosine similarity of its embedding with those of all others, as\n"
        "Dosovitskiy et al. 2021 draw it, from violet, -1, to yellow, 1. Of a large grid places\n"
        "are left out, so that at most 14 by 14 have a map. Without IMAGE it is the maps alone.",
    .run = patches,
};
