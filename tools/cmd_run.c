/* cmd_run.c - `vit run`: a batch of inputs in a .npy file through a model */
#include <stdlib.h>

#include "tools/npy.h"
#include "tools/output.h"
#include "tools/tool.h"

/* One image may leave the batch out, as `vit preprocess` writes it. */
static size_t image_count(const struct npy_header *in)
{
    return in->rank == 4 ? in->shape[0] : 1;
}

/* The input's shape must be the model's, behind any batch of 1 or more. */
static enum vit_status check_input(const char *path, const struct npy_header *in,
                                   const struct vit_config *config, struct vit_error *err)
{
    const size_t *const image = in->rank == 4 ? in->shape + 1 : in->shape;
    char found[256];

    if (in->dtype == NPY_F32 && (in->rank == 3 || in->rank == 4) && image_count(in) > 0 &&
        image[0] == config->channels && image[1] == config->height && image[2] == config->width)
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "%s: expected float32 [batch, %zu, %zu, %zu], found %s", path,
                     config->channels, config->height, config->width,
                     npy_describe(in->dtype, in->rank, in->shape, found, sizeof found));
}

static enum vit_status check_output(const struct options *options, const struct vit_config *config,
                                    struct vit_error *err)
{
    if (options->output != VIT_OUTPUT_BLOCK || options->block < config->depth)
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "--output: expected a block from 0 to %zu, found %zu",
                     config->depth - 1, options->block);
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
    size_t shape[3] = { count }, batch, bytes = SIZE_MAX; /* if they are more than that */

    vit_output_shape(runner->model, options->output, options->block, &shape[1], &shape[2]);
    const size_t out_elements = shape[1] * shape[2]; /* of one image */
    float *const out =
        product(3, (size_t[]){ count, out_elements, sizeof *out }, &bytes) ? malloc(bytes) : NULL;
    if (!out)
        return tool_fail(err, VIT_ENOMEM,
                         "no memory for an output of %zux%zux%zu float32, %zu bytes", shape[0],
                         shape[1], shape[2], bytes);
    for (size_t first = 0; !status && first < count; first += batch) {
        batch = count - first < runner->batch ? count - first : runner->batch;
        status =
            vit_forward_output(runner->context, options->output, options->block, batch,
                               images + first * image_elements, out + first * out_elements, err);
    }
    if (!status && options->output == VIT_OUTPUT_LOGITS)
        npy_write(file, NPY_F32, 2, (size_t[]){ count, shape[2] }, out);
    else if (!status)
        npy_write(file, NPY_F32, 3, shape, out);
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
        status = check_input(operands[1], &in, vit_model_config(runner.model), err);
    if (!status)
        status = check_output(options, vit_model_config(runner.model), err);
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
        "becomes float32: logits [batch, classes], tokens [batch, patches, dim], a block or the\n"
        "features [batch, patches + 1, dim]; it is written whole or not at all.",
    .run = run,
};
