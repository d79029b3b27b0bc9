/* cmd_attention.c - `vit attention`: what a model looks at, as a heat map over the picture */
#include <math.h>
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/attention.h"
#include "tools/draw.h"
#include "tools/image_batch.h"

/* What is drawn. */
struct map {
    size_t block, head; /* or OPTION_WORD: rollout, mean */
    size_t rows, columns;
    double *weights; /* [rows][columns] */
    double least, most, sum;
    size_t hottest;
};

static enum vit_status choose(const struct options *options, const struct vit_model *model,
                              struct map *map, struct vit_error *err)
{
    const struct vit_config config = model_config(model);
    map->block = options->block == OPTION_NONE ? config.depth - 1 : options->block;
    map->head = options->head;
    if (map->block != OPTION_WORD && map->block >= config.depth)
        return tool_fail(err, VIT_EINVAL, "--block: expected a block from 0 to %zu, found %zu",
                         config.depth - 1, map->block);
    if (map->head != OPTION_WORD && map->head >= config.heads)
        return tool_fail(err, VIT_EINVAL, "--head: expected a head from 0 to %zu, found %zu",
                         config.heads - 1, map->head);
    if (map->block == OPTION_WORD && map->head != OPTION_WORD)
        return tool_fail(err, VIT_EINVAL, "--head: the rollout is of the mean of all heads");
    return VIT_OK;
}

static void measure(struct map *map)
{
    map->least = map->most = map->weights[0];
    for (size_t i = 0; i < map->rows * map->columns; i++) {
        const double weight = map->weights[i];
        map->least = weight < map->least ? weight : map->least;
        map->hottest = weight > map->most ? i : map->hottest;
        map->most = weight > map->most ? weight : map->most;
        map->sum += weight;
    }
}

/* Weights to 0..1, the least to the most; all alike are 0. */
static void stretch(struct map *map)
{
    const double range = map->most - map->least;

    for (size_t i = 0; i < map->rows * map->columns; i++)
        map->weights[i] = range > 0 ? (map->weights[i] - map->least) / range : 0;
}

static void print_caption(const struct map *map, const struct vit_model *model)
{
    const struct vit_config config = model_config(model);
    if (map->block == OPTION_WORD)
        fprintf(stderr, "rollout of %zu blocks, ", config.depth);
    else
        fprintf(stderr, "block %zu of 0 to %zu, ", map->block, config.depth - 1);
    if (map->head == OPTION_WORD)
        fprintf(stderr, "mean of %zu head%s, ", config.heads, config.heads == 1 ? "" : "s");
    else
        fprintf(stderr, "head %zu of 0 to %zu, ", map->head, config.heads - 1);
    fprintf(stderr,
            "%s: %.2f to %.2f %% on a patch, most on row %zu, column %zu of %zu × %zu; %.1f %% on "
            "all patches\n",
            config.class_tokens == VIT_CLASS_TOKENS_NONE
                ? "mean over all tokens, for want of a class token"
                : "class token",
            100 * map->least, 100 * map->most, map->hottest / map->columns,
            map->hottest % map->columns, map->rows, map->columns, 100 * map->sum);
}

static enum vit_status draw(const struct runner *runner, const float *input, struct map *map,
                            FILE *file, struct vit_error *err)
{
    const struct vit_preprocess_config recipe = model_preprocess_config(runner->model);
    const size_t factor = draw_factor(recipe.height, recipe.width);
    struct vit_image image = { 0 };
    size_t bytes;
    enum vit_status status;

    vit_model_grid(runner->model, &map->rows, &map->columns);
    if (product(3, (size_t[]){ map->rows, map->columns, sizeof *map->weights }, &bytes))
        map->weights = malloc(bytes);
    if (!map->weights)
        return tool_no_memory(err);
    status = attention_over_patches(runner, map->block, map->head, input, map->weights, err);
    if (!status) {
        measure(map);
        status = isfinite(map->sum) ? draw_input(&recipe, input, factor, &image, err)
                                    : tool_fail(err, VIT_EFORMAT,
                                                "expected finite attention, found %g: the weights "
                                                "of the model or the picture are at fault",
                                                map->sum);
    }
    if (!status) {
        stretch(map);
        status = vit_colormap_overlay(map->rows, map->columns, map->weights, &image, err);
    }
    if (!status)
        status = draw_write_png(&image, file, err);
    vit_image_free(&image);
    free(map->weights);
    return status;
}

static enum vit_status attention(const struct options *options, size_t count, char **operands,
                                 struct vit_error *err)
{
    struct runner runner = { 0 };
    struct output out = { 0 };
    struct map map = { 0 };
    float *input = NULL;
    enum vit_status status;

    (void)count;
    if (!options->out_path)
        return tool_fail(err, VIT_EINVAL, "attention: expected -o OUT.png, found none");
    status = runner_open(options, operands[0], 1, &runner, err);
    if (!status)
        status = choose(options, runner.model, &map, err);
    if (!status)
        status = picture_input(runner.model, operands[1], &input, err);
    if (!status)
        status = output_open(options->out_path, &out, err);
    if (!status)
        status = draw(&runner, input, &map, out.file, err);
    if (!status)
        status = output_commit(&out, err);
    if (!status)
        print_caption(&map, runner.model);

    output_discard(&out);
    free(input);
    runner_close(&runner);
    return status;
}

const struct verb verb_attention = {
    .name = "attention",
    .bit = FOR_ATTENTION,
    .operands = "MODEL IMAGE -o OUT.png",
    .least = 2,
    .most = 2,
    .summary = "draws what a model looks at",
    .description =
        "MODEL is a checkpoint folder, IMAGE a JPEG, PNG or WebP file. OUT.png becomes the\n"
        "picture as the model sees it, resized and cropped, under a heat map of the attention\n"
        "that the class token pays to each patch, from violet, the least, to yellow, the most;\n"
        "of a model without a class token it is the mean over all tokens. A small picture is\n"
        "enlarged. What was drawn and its numbers are told on standard error. The rollout\n"
        "(Abnar & Zuidema 2020) follows attention through all blocks and the residuals around\n"
        "them. OUT.png is written whole or not at all.",
    .run = attention,
};
