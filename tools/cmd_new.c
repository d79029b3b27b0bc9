/* cmd_new.c - `libvit new`: a model of the article series with freshly initialized weights */
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_folder.h"
#include "tools/error.h"
#include "tools/regular_file.h"
#include "tools/subcommand.h"
#include "vit/vit.h"

struct new_options {
    const char *out;
    size_t seed;
};

static const struct new_options defaults = { .seed = 1 };

static const struct option options[] = {
    { .letter = 'o',
      .value = "FOLDER",
      .parse = parse_text,
      .field = offsetof(struct new_options, out),
      .expected = "the name of a folder",
      .help = "the folder to write, which must not exist yet" },
    { .name = "seed",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct new_options, seed),
      .max = (double)(((size_t)1 << 53) - 1), /* options are compared as doubles */
      .expected = "a whole number from 0 to 2^53 - 1",
      .help = "seed of the weights; 1" },
};

/* Of the library, which refuses a longer config.json. */
#define MAX_BYTES ((size_t)16 << 20)

/* The library has read CONFIG too: both must have seen the same. */
static enum vit_status check_same(const char *path, const char *text, size_t bytes,
                                  struct vit_error *err)
{
    char *now = NULL;
    size_t bytes_now;
    enum vit_status status = regular_file_read(path, MAX_BYTES, &now, &bytes_now, err);

    if (!status && !(now && text && bytes_now == bytes && memcmp(now, text, bytes) == 0))
        status = tool_fail(err, VIT_EIO,
                           "%s: expected a file that stays as it is, found that it changed",
                           path_end(path));
    free(now);
    return status;
}

/* The weights, and the name that the library writes them under. */
static enum vit_status write_weights(const char *config, size_t seed, struct atomic_folder *folder,
                                     struct vit_error *err)
{
    const char *weights, *unfinished;
    enum vit_status status = atomic_folder_file(folder, "model.safetensors", &weights, err);

    if (!status)
        status = atomic_folder_file(folder, "model.safetensors.tmp", &unfinished, err);
    return status ? status : vit_weights_create_random(config, seed, weights, err);
}

static enum vit_status new_model(const struct invocation *in, struct vit_error *err)
{
    const struct new_options *const o = in->options;
    const char *const config = in->operands[0];
    struct atomic_folder folder = { .count = 0 };
    char *text = NULL;
    size_t bytes;
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "new: expected -o FOLDER, found no -o");
    status = regular_file_read(config, MAX_BYTES, &text, &bytes, err);
    if (!status)
        status = atomic_folder_open(o->out, &folder, err);
    if (!status)
        status = write_weights(config, o->seed, &folder, err);
    if (!status)
        status = check_same(config, text, bytes, err);
    if (!status)
        status = atomic_folder_write(&folder, "config.json", text, bytes, err);
    if (!status)
        status = atomic_folder_commit(&folder, err);
    if (!status)
        fprintf(stderr, "%s: config.json and model.safetensors, seed %zu\n", path_end(o->out),
                o->seed);

    atomic_folder_discard(&folder);
    free(text);
    return status;
}

static bool has_no_model(const struct invocation *in)
{
    (void)in;
    return false;
}

const struct subcommand subcommand_new = {
    .name = "new",
    .operands = "CONFIG.json -o FOLDER",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "makes a model of the article series with new weights",
    .description =
        "CONFIG.json says what the model is: its model_type is series_vit or series_t2t_vit, and\n"
        "its other fields are the arguments of the article series' modules (docs/models.md).\n"
        "FOLDER, which must not exist yet, gets a copy of it as config.json, and the weights as\n"
        "model.safetensors, with the tensor names of these modules. Weights, tokens and learned\n"
        "positions are drawn from a normal distribution with a standard deviation of 0.02; biases\n"
        "are 0, and weights of norms 1. A seed gives the same numbers everywhere. The model is\n"
        "not trained. FOLDER appears complete or not at all.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_no_model,
    .run = new_model,
};
