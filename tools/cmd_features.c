/* cmd_features.c - `libvit features`: images as vectors */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/error.h"
#include "tools/image_batch.h"
#include "tools/npy.h"
#include "tools/product.h"

struct features_options {
    const char *out;
    struct size size;
    bool keep_going;
};

static const struct features_options defaults = { .out = NULL };

static const struct option options[] = {
    OPTION_OUT(struct features_options),
    OPTION_SIZE(struct features_options),
    OPTION_KEEP_GOING(struct features_options),
};

struct features {
    struct image_batch batch;
    size_t count, length;
    float *rows; /* [images][length], of which `count` are filled */
};

static enum vit_status copy_features(void *arg, size_t i, const float *out, struct vit_error *err)
{
    struct features *const f = arg;

    for (size_t j = 0; j < f->length; j++)
        if (!isfinite(out[j]))
            return tool_fail(err, VIT_EFORMAT,
                             "%s: expected finite features, found %g at %zu; check the image and "
                             "the weights of %s",
                             path_end(f->batch.paths.path[i]), (double)out[j], j,
                             path_end(f->batch.directory));
    memcpy(f->rows + f->count++ * f->length, out, f->length * sizeof *out);
    return VIT_OK;
}

static enum vit_status leave_out(void *arg, size_t i, const struct vit_error *why,
                                 struct vit_error *err)
{
    (void)arg, (void)i, (void)err;
    image_batch_print_error(why);
    return VIT_OK;
}

static enum vit_status allocate(struct features *f, struct vit_error *err)
{
    size_t rows, bytes = SIZE_MAX;

    vit_output_shape(f->batch.session.model, VIT_OUTPUT_EMBEDDING, 0, &rows, &f->length);
    if (f->length == 0)
        return tool_fail(
            err, VIT_EINVAL,
            "%s: expected a model that pools its tokens, found none; libvit run writes "
            "the tokens",
            path_end(f->batch.directory));
    if (product(3, (size_t[]){ f->batch.paths.count, f->length, sizeof *f->rows }, &bytes))
        f->rows = malloc(bytes);
    return f->rows ? VIT_OK
                   : tool_fail(err, VIT_ENOMEM, "features: out of memory for %zux%zu float32",
                               f->batch.paths.count, f->length);
}

static enum vit_status features(const struct invocation *in, struct vit_error *err)
{
    const struct features_options *const o = in->options;
    struct features f = { 0 };
    const struct image_consumer consumer = { copy_features, leave_out, &f };
    struct atomic_file out = { 0 };
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "features: expected -o OUT.npy, found no -o");
    status = image_batch_open(in, o->size, o->keep_going, &f.batch, err);
    if (!status)
        status = allocate(&f, err);
    if (!status)
        status = atomic_file_open(o->out, &out, err);
    if (!status)
        status = image_batch_forward(&f.batch, VIT_OUTPUT_EMBEDDING, &consumer, err);
    if (!status) {
        const struct npy_array array = { .rank = 2,
                                         .shape = { f.count, f.length },
                                         .data = f.rows };
        npy_save(&array, out.file);
        status = atomic_file_commit(&out, err);
        *in->left_out = f.batch.left_out > 0;
    }

    atomic_file_discard(&out);
    free(f.rows);
    image_batch_close(&f.batch);
    return status;
}

const struct subcommand subcommand_features = {
    .name = "features",
    .operands = "MODEL IMAGE... -o OUT.npy",
    .min_operands = 2,
    .max_operands = SIZE_MAX,
    .summary = "turns images into vectors",
    .description =
        "MODEL is a checkpoint directory; an IMAGE is a file or a directory, as for libvit\n"
        "classify. OUT.npy is float32 [images, embedding], in the order of libvit classify. A\n"
        "row is the input of the model's head, after pooling and the final norm, even if the\n"
        "model has no head. With a distillation token it is the mean of the inputs of both\n"
        "heads. On an error OUT.npy is not written; with --keep-going an image that cannot be\n"
        "read has no row, and the others follow in their order.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = features,
};
