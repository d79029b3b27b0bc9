/* cmd_attention.c - `libvit attention`: what a model looks at, as a heat map over the image */
#include <math.h>
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/attention.h"
#include "tools/draw.h"
#include "tools/error.h"
#include "tools/load.h"
#include "tools/product.h"

struct attention_options {
    const char *out;
    size_t block; /* or INDEX_NONE, or INDEX_WORD: rollout */
    size_t head;  /* or INDEX_WORD: mean */
    struct size size;
};

static const struct attention_options defaults = { .block = INDEX_NONE, .head = INDEX_WORD };

static const char *const rollout[] = { "rollout", NULL };
static const char *const mean[] = { "mean", NULL };

static const struct option options[] = {
    OPTION_OUT(struct attention_options),
    { .name = "block",
      .value = "N",
      .parse = parse_index_or_word,
      .field = offsetof(struct attention_options, block),
      .max = 1e6,
      .expected = "a block's number",
      .words = rollout,
      .help = "the block, counted from 0, or rollout: all blocks; by default\n"
              "the last" },
    { .name = "head",
      .value = "N",
      .parse = parse_index_or_word,
      .field = offsetof(struct attention_options, head),
      .max = 1e6,
      .expected = "a head's number",
      .words = mean,
      .help = "the head, counted from 0, or mean (the default)" },
    OPTION_SIZE(struct attention_options),
};

/* What is drawn. */
struct map {
    size_t block, head; /* or INDEX_WORD: rollout, mean */
    size_t rows, columns;
    double *weights; /* [rows][columns] */
    double min, max, sum;
    size_t hottest;
};

static enum vit_status choose_block(const struct attention_options *o,
                                    const struct vit_config *config, struct map *map,
                                    struct vit_error *err)
{
    if (config->depth == 0)
        return tool_fail(err, VIT_EINVAL,
                         "attention: expected a model with blocks, found one without");
    map->block = o->block == INDEX_NONE ? config->depth - 1 : o->block;
    map->head = o->head;
    if (map->block != INDEX_WORD && map->block >= config->depth)
        return tool_fail(err, VIT_EINVAL, "--block: expected a block from 0 to %zu, found %zu",
                         config->depth - 1, map->block);
    if (map->head != INDEX_WORD && map->head >= config->heads)
        return tool_fail(err, VIT_EINVAL, "--head: expected a head from 0 to %zu, found %zu",
                         config->heads - 1, map->head);
    if (map->block == INDEX_WORD && map->head != INDEX_WORD)
        return tool_fail(err, VIT_EINVAL, "--head: expected mean with --block rollout, found %zu",
                         map->head);
    return VIT_OK;
}

static void find_range(struct map *map)
{
    map->min = map->max = map->weights[0];
    for (size_t i = 0; i < map->rows * map->columns; i++) {
        const double weight = map->weights[i];
        map->min = weight < map->min ? weight : map->min;
        map->hottest = weight > map->max ? i : map->hottest;
        map->max = weight > map->max ? weight : map->max;
        map->sum += weight;
    }
}

/* From min and max to 0 and 1; equal weights become 0. */
static void scale(struct map *map)
{
    const double range = map->max - map->min;

    for (size_t i = 0; i < map->rows * map->columns; i++)
        map->weights[i] = range > 0 ? (map->weights[i] - map->min) / range : 0;
}

static void print_caption(const struct map *map, const struct vit_config *config)
{
    if (map->block == INDEX_WORD)
        fprintf(stderr, "rollout of %zu blocks, ", config->depth);
    else
        fprintf(stderr, "block %zu of 0 to %zu, ", map->block, config->depth - 1);
    if (map->head == INDEX_WORD)
        fprintf(stderr, "mean of %zu head%s, ", config->heads, config->heads == 1 ? "" : "s");
    else
        fprintf(stderr, "head %zu of 0 to %zu, ", map->head, config->heads - 1);
    fprintf(stderr,
            "%s: %.2f to %.2f %% per patch, maximum at row %zu, column %zu of %zu × %zu; "
            "%.1f %% on all patches\n",
            config->class_tokens == VIT_CLASS_TOKENS_NONE ? "mean of all tokens (no class token)"
                                                          : "class token",
            100 * map->min, 100 * map->max, map->hottest / map->columns,
            map->hottest % map->columns, map->rows, map->columns, 100 * map->sum);
}

static enum vit_status compute_map(const struct session *s, const struct vit_image *pixels,
                                   struct map *map, struct vit_error *err)
{
    size_t bytes;

    vit_model_grid(s->model, &map->rows, &map->columns);
    if (product(3, (size_t[]){ map->rows, map->columns, sizeof *map->weights }, &bytes))
        map->weights = malloc(bytes);
    if (!map->weights)
        return tool_no_memory(err);
    const enum vit_status status =
        attention_over_patches(s, map->block, map->head, pixels, map->weights, err);
    if (status)
        return status;
    find_range(map);
    if (!isfinite(map->sum))
        return tool_fail(err, VIT_EFORMAT,
                         "attention: expected finite weights, found %g; check the model's weights "
                         "and the image",
                         map->sum);
    return VIT_OK;
}

static enum vit_status draw(const struct session *s, const struct vit_image *pixels,
                            struct map *map, FILE *file, struct vit_error *err)
{
    struct vit_image image = { 0 };
    enum vit_status status = compute_map(s, pixels, map, err);

    if (!status)
        status = draw_enlarged(pixels, &image, err);
    if (!status) {
        scale(map);
        status = vit_colormap_overlay(map->rows, map->columns, map->weights, &image, err);
    }
    if (!status)
        status = draw_write_png(&image, file, err);
    vit_image_free(&image);
    return status;
}

static enum vit_status attention(const struct invocation *in, struct vit_error *err)
{
    const struct attention_options *const o = in->options;
    struct session session = { 0 };
    struct atomic_file out = { 0 };
    struct map map = { 0 };
    struct vit_image pixels = { 0 };
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "attention: expected -o OUT.png, found no -o");
    status = session_open(in->common, o->size, in->operands[0], 1, &session, err);
    if (!status)
        status = choose_block(o, &session.config, &map, err);
    if (!status)
        status = create_pixels(&session, &pixels, err);
    if (!status)
        status = load_pixels(&session, in->operands[1], &pixels, err);
    if (!status)
        status = atomic_file_open(o->out, &out, err);
    if (!status)
        status = draw(&session, &pixels, &map, out.file, err);
    if (!status)
        status = atomic_file_commit(&out, err);
    if (!status)
        print_caption(&map, &session.config);

    atomic_file_discard(&out);
    free(map.weights);
    vit_image_free(&pixels);
    session_close(&session);
    return status;
}

const struct subcommand subcommand_attention = {
    .name = "attention",
    .operands = "MODEL IMAGE -o OUT.png",
    .min_operands = 2,
    .max_operands = 2,
    .summary = "draws what a model looks at",
    .description =
        "MODEL is a checkpoint directory, IMAGE a JPEG, PNG or WebP file. OUT.png shows the\n"
        "image as the model sees it, under a heat map from violet to yellow. The map shows how\n"
        "much the class token attends to each patch, scaled from the minimum to the maximum;\n"
        "without a class token it is the mean over all tokens. The minimum, the maximum and the\n"
        "sum are printed to standard error. The rollout is the product of (A + I)/2 over all\n"
        "blocks, where A is a block's attention and I its residual connection (Abnar & Zuidema\n"
        "2020).",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = attention,
};
