/* cmd_features.c - `vit features`: pictures as vectors */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/image_batch.h"
#include "tools/npy.h"

struct features {
    const struct pictures *pictures;
    size_t length;
    float *rows; /* [pictures][length] */
};

static enum vit_status take(void *arg, size_t i, const float *out, struct vit_error *err)
{
    struct features *const f = arg;

    for (size_t j = 0; j < f->length; j++)
        if (!isfinite(out[j]))
            return tool_fail(err, VIT_EFORMAT,
                             "%s: expected finite features, found %g at %zu: the weights of the "
                             "model %s or the picture are at fault",
                             tool_path(f->pictures->paths.path[i]), (double)out[j], j,
                             tool_path(f->pictures->folder));
    memcpy(f->rows + i * f->length, out, f->length * sizeof *out);
    return VIT_OK;
}

static enum vit_status allocate(const struct pictures *pictures, struct features *f,
                                struct vit_error *err)
{
    size_t rows, bytes = SIZE_MAX; /* if they are more than that */

    vit_output_shape(pictures->runner.model, VIT_OUTPUT_EMBEDDING, 0, &rows, &f->length);
    if (product(3, (size_t[]){ pictures->paths.count, f->length, sizeof *f->rows }, &bytes))
        f->rows = malloc(bytes);
    return f->rows ? VIT_OK
                   : tool_fail(err, VIT_ENOMEM, "no memory for features of %zux%zu, %zu bytes",
                               pictures->paths.count, f->length, bytes);
}

static enum vit_status features(const struct options *options, size_t count, char **operands,
                                struct vit_error *err)
{
    struct pictures pictures = { 0 };
    struct features f = { .pictures = &pictures };
    struct output out = { 0 };
    enum vit_status status;

    if (!options->out_path)
        return tool_fail(err, VIT_EINVAL, "features: expected -o OUT.npy, found none");
    status = pictures_open(options, count, operands, &pictures, err);
    if (!status)
        status = allocate(&pictures, &f, err);
    if (!status)
        status = output_open(options->out_path, &out, err);
    if (!status)
        status = pictures_forward(&pictures, VIT_OUTPUT_EMBEDDING, take, &f, err);
    if (!status) {
        npy_write(out.file, NPY_F32, 2, (size_t[]){ pictures.paths.count, f.length }, f.rows);
        status = output_commit(&out, err);
    }

    output_discard(&out);
    free(f.rows);
    pictures_close(&pictures);
    return status;
}

const struct verb verb_features = {
    .name = "features",
    .bit = FOR_FEATURES,
    .operands = "MODEL IMAGE... -o OUT.npy",
    .least = 2,
    .most = SIZE_MAX,
    .summary = "turns pictures into vectors",
    .description =
        "MODEL is a checkpoint folder; an IMAGE is a file or a folder, as vit classify takes it.\n"
        "OUT.npy becomes float32 [images, embedding], in the order in which vit classify lists\n"
        "the images: what the model's head sees, normed and pooled, whether it has a head or\n"
        "not; of a model with a distillation token the mean of what its two heads see. OUT.npy\n"
        "is written whole or not at all.",
    .run = features,
};
