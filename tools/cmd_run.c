/* cmd_run.c - `libvit run`: a batch of inputs in a .npy file through a model */
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/error.h"
#include "tools/npy.h"
#include "tools/product.h"
#include "tools/session.h"

struct output_choice {
    enum vit_output output;
    size_t block;
    const char *text;     /* as given; NULL: logits */
    const char *new_name; /* of an output that `text` names by its old name, or NULL */
};

struct run_options {
    const char *out;
    struct output_choice output;
    struct size size;
};

static const struct run_options defaults = { .out = NULL };

/* Names of outputs before version 0.2. */
static const struct {
    const char *old;
    enum vit_output output;
} old_names[] = {
    { "tokens", VIT_OUTPUT_PATCH_EMBEDDING },
    { "features", VIT_OUTPUT_LAST_HIDDEN_STATE },
    { "stage", VIT_OUTPUT_T2T_BLOCK },
};

static struct vit_output_info info_of(enum vit_output output)
{
    struct vit_output_info info = { .size = sizeof info };

    vit_output_at((size_t)output, &info);
    return info;
}

/* "block.N", with the shape that OUT.npy has for one image. */
static bool output_at(size_t i, struct option_choice *choice)
{
    struct vit_output_info info = { .size = sizeof info };

    if (!vit_output_at(i, &info))
        return false;
    snprintf(choice->word, sizeof choice->word, "%s%s", info.name, info.per_block ? ".N" : "");
    snprintf(choice->help, sizeof choice->help, "%s, %s", info.shape, info.description);
    return true;
}

/* Also accepts an old name, which check_output() then refuses with the new one. */
static bool parse_output(const struct option *option, const char *text, void *field)
{
    struct output_choice *const choice = field;
    const size_t length = strcspn(text, ".");
    char name[32];

    *choice = (struct output_choice){ .text = text };
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), text);
    for (size_t i = 0; i < sizeof old_names / sizeof *old_names; i++)
        if (strcmp(name, old_names[i].old) == 0) {
            choice->new_name = vit_output_name(old_names[i].output);
            return true;
        }
    if (vit_output_from_name(name, &choice->output, NULL) != VIT_OK)
        return false;
    return info_of(choice->output).per_block
               ? text[length] == '.' && parse_index(option, text + length + 1, &choice->block)
               : text[length] == '\0';
}

static const struct option options[] = {
    OPTION_OUT(struct run_options),
    { .name = "output",
      .value = "WHAT",
      .parse = parse_output,
      .field = offsetof(struct run_options, output),
      .max = 1e6,
      .choice_at = output_at,
      .help = "the output to compute; logits by default" },
    OPTION_SIZE(struct run_options),
};

/* A single image may lack the batch dimension, as libvit preprocess writes it. */
static size_t image_count(const struct npy_array *in)
{
    return in->rank == 4 ? in->shape[0] : 1;
}

static enum vit_status check_input(const char *path, const struct npy_array *in,
                                   const struct vit_config *config, struct vit_error *err)
{
    const size_t *const image = in->rank == 4 ? in->shape + 1 : in->shape;
    char found[256];

    if (in->type == NPY_FLOAT32 && (in->rank == 3 || in->rank == 4) && image_count(in) > 0 &&
        image[0] == config->channels && image[1] == config->height && image[2] == config->width)
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "%s: expected float32 [batch, %zu, %zu, %zu], found %s", path,
                     config->channels, config->height, config->width,
                     npy_describe_array(in, found, sizeof found));
}

/* How many blocks the model has of an output. */
static size_t block_count(const struct vit_model *model, enum vit_output output)
{
    size_t count = 0, rows;

    for (;; count++) {
        vit_output_shape(model, output, count, &rows, NULL);
        if (rows == 0)
            return count;
    }
}

static enum vit_status check_output(const struct output_choice *choice, const char *directory,
                                    const struct session *s, struct vit_error *err)
{
    const size_t blocks = block_count(s->model, choice->output);

    if (choice->new_name)
        return tool_fail(err, VIT_EINVAL, "--output: expected %s, found its old name '%s'",
                         choice->new_name, choice->text);
    if (blocks == 0)
        return tool_fail(err, VIT_EINVAL, "%s: expected an output of this model, found %s",
                         path_end(directory), choice->text ? choice->text : "logits");
    if (choice->block >= blocks)
        return tool_fail(err, VIT_EINVAL, "--output: expected a block from 0 to %zu, found %zu",
                         blocks - 1, choice->block);
    return VIT_OK;
}

/* [count] and the dimensions of one image's output, as numpy has them. */
static void set_shape(enum vit_output output, size_t count, size_t rows, size_t columns,
                      struct npy_array *array)
{
    const size_t rank = info_of(output).rank;
    const size_t shapes[][4] = {
        [1] = { count, columns },
        [2] = { count, rows, columns },
        [3] = { count, rows / columns, columns, columns },
    };

    array->rank = 1 + rank;
    memcpy(array->shape, shapes[rank], array->rank * sizeof *array->shape);
}

/* Batch after batch: how the input is cut does not change a bit of the output. */
static enum vit_status forward(const struct session *s, const struct output_choice *choice,
                               const struct npy_array *in, size_t out_elements, float *out,
                               struct vit_error *err)
{
    const size_t count = image_count(in), in_elements = in->elements / count;
    enum vit_status status = VIT_OK;

    for (size_t first = 0; !status && first < count; first += s->batch) {
        const struct vit_output_request request = { .size = sizeof request,
                                                    .output = choice->output,
                                                    .block = choice->block,
                                                    .data = out + first * out_elements };
        const size_t left = count - first;
        const struct vit_call call = { .size = sizeof call,
                                       .batch = left < s->batch ? left : s->batch,
                                       .images = (const float *)in->data + first * in_elements,
                                       .outputs = &request,
                                       .output_count = 1 };
        status = vit_forward_call(s->context, &call, err);
    }
    return status;
}

static enum vit_status compute(const struct session *s, const struct output_choice *choice,
                               const struct npy_array *in, struct npy_array *out,
                               struct vit_error *err)
{
    const size_t count = image_count(in);
    size_t rows, columns, bytes = SIZE_MAX;
    char text[128];

    vit_output_shape(s->model, choice->output, choice->block, &rows, &columns);
    set_shape(choice->output, count, rows, columns, out);
    if (product(4, (size_t[]){ count, rows, columns, sizeof(float) }, &bytes))
        out->data = malloc(bytes);
    if (!out->data)
        return tool_fail(err, VIT_ENOMEM, "output: out of memory for %s, %zu bytes",
                         npy_describe_array(out, text, sizeof text), bytes);
    return forward(s, choice, in, rows * columns, out->data, err);
}

static enum vit_status run(const struct invocation *invocation, struct vit_error *err)
{
    const struct run_options *const o = invocation->options;
    const char *const directory = invocation->operands[0], *const path = invocation->operands[1];
    struct session session = { 0 };
    struct atomic_file file = { 0 };
    struct npy_array in = { 0 }, out = { .type = NPY_FLOAT32 };
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "run: expected -o OUT.npy, found no -o");
    status = npy_load(path, &in, err);
    if (!status)
        status =
            session_open(invocation->common, o->size, directory, image_count(&in), &session, err);
    if (!status)
        status = check_input(path, &in, &session.config, err);
    if (!status)
        status = check_output(&o->output, directory, &session, err);
    if (!status)
        status = atomic_file_open(o->out, &file, err);
    if (!status)
        status = compute(&session, &o->output, &in, &out, err);
    if (!status) {
        npy_save(&out, file.file);
        status = atomic_file_commit(&file, err);
    }

    atomic_file_discard(&file);
    session_close(&session);
    free(out.data);
    free(in.data);
    return status;
}

const struct subcommand subcommand_run = {
    .name = "run",
    .operands = "MODEL IN.npy -o OUT.npy",
    .min_operands = 2,
    .max_operands = 2,
    .summary = "computes a model's output for inputs in a .npy file",
    .description =
        "MODEL is a checkpoint directory. IN.npy is float32 [batch, channels, height, width],\n"
        "normalized; a single image may lack the batch dimension, as libvit preprocess writes\n"
        "it. OUT.npy becomes float32 [batch, …]: --output lists the dimensions after the batch.\n"
        "An error leaves no OUT.npy.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = run,
};
