/* cmd_run.c - `vit run`: a batch of inputs in a .npy file through a model */
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/npy.h"
#include "tools/tool.h"

enum { STAGES = 2 }; /* token transformers of a T2T-ViT */

/* One image may leave the batch out, as `vit preprocess` writes it. */
static size_t image_count(const struct npy_header *in)
{
    return in->rank == 4 ? in->shape[0] : 1;
}

/* The input's shape must be the model's, behind any batch of 1 or more. */
static enum vit_status check_input(const char *path, const struct npy_header *in,
                                   const struct vit_model *model, struct vit_error *err)
{
    const struct vit_config config = model_config(model);
    const size_t *const image = in->rank == 4 ? in->shape + 1 : in->shape;
    char found[256];

    if (in->dtype == NPY_F32 && (in->rank == 3 || in->rank == 4) && image_count(in) > 0 &&
        image[0] == config.channels && image[1] == config.height && image[2] == config.width)
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "%s: expected float32 [batch, %zu, %zu, %zu], found %s", path,
                     config.channels, config.height, config.width,
                     npy_describe(in->dtype, in->rank, in->shape, found, sizeof found));
}

/* A block or stage must be named for the outputs that have one, and for no other. */
static enum vit_status check_output(const struct options *options, const struct vit_model *model,
                                    struct vit_error *err)
{
    const struct vit_config config = model_config(model);
    const char *const name = output_name(options->output);
    const bool of_block = output_takes_block(options->output);
    const bool of_stage = options->output == VIT_OUTPUT_T2T_BLOCK;
    const size_t count = of_stage ? STAGES : config.depth;

    if (!of_block && options->block != OPTION_NONE)
        return tool_fail(err, VIT_EINVAL, "--block: %s are of no block", name);
    if (of_stage && config.tokenizer == VIT_TOKENIZER_PATCH)
        return tool_fail(err, VIT_EINVAL,
                         "--output: stages are T2T-ViT's, and this model has none");
    if (of_block && options->block == OPTION_NONE)
        return tool_fail(err, VIT_EINVAL, "--output: expected %s.N or --block N, found %s alone",
                         name, name);
    if (of_block && options->block == OPTION_WORD)
        return tool_fail(err, VIT_EINVAL, "--block: rollout is for vit attention");
    if (of_block && options->block >= count)
        return tool_fail(err, VIT_EINVAL, "--output: expected a %s from 0 to %zu, found %zu",
                         of_stage ? "stage" : "block", count - 1, options->block);
    return VIT_OK;
}

/* [count] and the shape of one image's output, as numpy has it; returns the rank. */
static size_t output_dimensions(const struct options *options, const struct vit_model *model,
                                size_t count, size_t shape[4])
{
    size_t rows, columns;

    vit_output_shape(model, options->output, options->block, &rows, &columns);
    shape[0] = count;
    shape[1] = rows;
    shape[2] = columns;
    switch (options->output) {
    case VIT_OUTPUT_LOGITS:
    case VIT_OUTPUT_EMBEDDING:
        shape[1] = columns;
        return 2;
    case VIT_OUTPUT_ATTENTION:
        shape[1] = rows / columns;
        shape[2] = shape[3] = columns;
        return 4;
    default:
        return 3;
    }
}

/*
 * Computes and writes the output, one batch of the context after another: cutting the input up does
 * not change a bit.
 */
static enum vit_status forward_all(const struct options *options, const struct runner *runner,
                                   const struct npy_header *in, const float *images, FILE *file,
                                   struct vit_error *err)
{
    const size_t count = image_count(in);
    const size_t image_elements = in->elements / count;
    enum vit_status status = VIT_OK;
    size_t shape[4], rows, columns, batch, bytes = SIZE_MAX; /* if they are more than that */
    const size_t rank = output_dimensions(options, runner->model, count, shape);
    char text[128];

    vit_output_shape(runner->model, options->output, options->block, &rows, &columns);
    const size_t out_elements = rows * columns; /* of one image */
    float *const out =
        product(3, (size_t[]){ count, out_elements, sizeof *out }, &bytes) ? malloc(bytes) : NULL;
    if (!out)
        return tool_fail(err, VIT_ENOMEM, "no memory for an output of %s, %zu bytes",
                         npy_describe(NPY_F32, rank, shape, text, sizeof text), bytes);
    for (size_t first = 0; !status && first < count; first += batch) {
        batch = count - first < runner->batch ? count - first : runner->batch;
        status =
            vit_forward_output(runner->context, options->output, options->block, batch,
                               images + first * image_elements, out + first * out_elements, err);
    }
    if (!status)
        npy_write(file, NPY_F32, rank, shape, out);
    free(out);
    return status;
}

static enum vit_status run(const struct options *options, size_t count, char **operands,
                           struct vit_error *err)
{
    struct runner runner = { 0 };
    struct output out = { 0 };
    struct npy_header in = { 0 };
    void *images = NULL;
    enum vit_status status;

    (void)count;
    if (!options->out_path)
        return tool_fail(err, VIT_EINVAL, "run: expected -o OUT.npy, found none");
    status = npy_read(operands[1], &in, &images, err);
    if (!status)
        status = runner_open(options, operands[0], image_count(&in), &runner, err);
    if (!status)
        status = check_input(operands[1], &in, runner.model, err);
    if (!status)
        status = check_output(options, runner.model, err);
    if (!status)
        status = output_open(options->out_path, &out, err);
    if (!status)
        status = forward_all(options, &runner, &in, images, out.file, err);
    if (!status)
        status = output_commit(&out, err);

    output_discard(&out);
    runner_close(&runner);
    free(images);
    return status;
}

const struct verb verb_run = {
    .name = "run",
    .bit = FOR_RUN,
    .operands = "MODEL IN.npy -o OUT.npy",
    .least = 2,
    .most = 2,
    .summary = "computes a model's output for inputs in a .npy file",
    .description =
        "MODEL is a checkpoint folder. IN.npy is float32 [batch, channels, height, width],\n"
        "already normalised; one image may leave the batch out, as preprocess writes it. OUT.npy\n"
        "becomes float32: logits [batch, classes], embedding [batch, embedding], tokens [batch,\n"
        "patches, dim], a block or the features [batch, tokens, dim], a stage [batch, tokens of\n"
        "it, t2t_dim], attention [batch, heads, tokens, tokens]; whole or not at all.",
    .run = run,
};
