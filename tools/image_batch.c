/* image_batch.c - a model, and the pictures that a command line names, through it batch by batch */
#include "tools/image_batch.h"

#include <stdlib.h>

#include "tools/progress.h"
#include "vit/image.h"

static size_t input_elements(const struct vit_model *model)
{
    const struct vit_config c = model_config(model);

    return c.channels * c.height * c.width; /* bounded: a configuration's */
}

static enum vit_status load(const struct vit_model *model, const char *path, float *out,
                            struct vit_error *err)
{
    struct vit_image image = { 0 };
    enum vit_status status = decode_file(path, &image, err);

    const struct vit_preprocess_config recipe = model_preprocess_config(model);
    if (!status)
        status = preprocess_image(path, &recipe, &image, out, err);
    vit_image_free(&image);
    return status;
}

enum vit_status pictures_open(const struct options *options, size_t count, char **operands,
                              struct pictures *p, struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    size_t bytes;

    *p = (struct pictures){ .folder = operands[0] };
    for (size_t i = 1; !status && i < count; i++)
        status = walk(operands[i], &p->paths, err);
    if (!status)
        status = runner_open(options, operands[0], p->paths.count, &p->runner, err);
    if (status)
        return status;
    p->image_elements = input_elements(p->runner.model);
    if (product(3, (size_t[]){ p->runner.batch, p->image_elements, sizeof *p->images }, &bytes))
        p->images = malloc(bytes);
    return p->images ? VIT_OK : tool_no_memory(err);
}

void pictures_close(struct pictures *p)
{
    free(p->images);
    runner_close(&p->runner);
    paths_free(&p->paths);
    *p = (struct pictures){ 0 };
}

/* The batch that begins with picture `first`; progress moves with every file that is read. */
static enum vit_status forward_batch(struct pictures *p, size_t first, size_t batch,
                                     enum vit_output output, float *out, struct progress *progress,
                                     struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < batch; i++) {
        status =
            load(p->runner.model, p->paths.path[first + i], p->images + i * p->image_elements, err);
        progress_update(progress, first);
    }
    return status ? status
                  : vit_forward_output(p->runner.context, output, 0, batch, p->images, out, err);
}

enum vit_status pictures_forward(struct pictures *p, enum vit_output output,
                                 enum vit_status (*take)(void *arg, size_t i, const float *out,
                                                         struct vit_error *err),
                                 void *arg, struct vit_error *err)
{
    struct progress progress = progress_start(p->paths.count);
    size_t rows, columns, batch, bytes;
    enum vit_status status = VIT_OK;
    float *out = NULL;

    vit_output_shape(p->runner.model, output, 0, &rows, &columns);
    if (product(4, (size_t[]){ p->runner.batch, rows, columns, sizeof *out }, &bytes))
        out = malloc(bytes);
    if (!out)
        return tool_no_memory(err);
    for (size_t first = 0; !status && first < p->paths.count; first += batch) {
        const size_t left = p->paths.count - first;
        batch = left < p->runner.batch ? left : p->runner.batch;
        status = forward_batch(p, first, batch, output, out, &progress, err);
        for (size_t i = 0; !status && i < batch; i++)
            status = take(arg, first + i, out + i * rows * columns, err);
        progress_update(&progress, first + batch);
    }
    progress_clear(&progress);
    p->seconds = now() - progress.start;
    free(out);
    return status;
}

enum vit_status picture_input(const struct vit_model *model, const char *path, float **input,
                              struct vit_error *err)
{
    enum vit_status status;
    size_t bytes;

    *input = NULL;
    if (product(2, (size_t[]){ input_elements(model), sizeof **input }, &bytes))
        *input = malloc(bytes);
    if (!*input)
        return tool_no_memory(err);
    status = load(model, path, *input, err);
    if (status) {
        free(*input);
        *input = NULL;
    }
    return status;
}
