/* cmd_features.c - `libvit features`: images as vectors */
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/error.h"
#include "tools/features_shards.h"
#include "tools/finite.h"
#include "tools/image_batch.h"
#include "tools/npy.h"
#include "tools/product.h"

struct features_options {
    const char *out;
    struct size size;
    bool keep_going;
    const char *shards;
    struct shard_choice shard;
};

static const struct features_options defaults = { .out = NULL };

static const struct option options[] = {
    { .letter = 'o',
      .value = "OUT",
      .parse = parse_text,
      .field = offsetof(struct features_options, out),
      .expected = "the name of a file",
      .help = "the file to write; with --shards the directory" },
    OPTION_SIZE(struct features_options),
    OPTION_KEEP_GOING(struct features_options),
    { .name = "shards",
      .value = "SHARDS",
      .parse = parse_text,
      .field = offsetof(struct features_options, shards),
      .expected = "archives, lists or directories, such as 'data/{000..999}.tar'",
      .help = "compute archives (.tar, .tar.gz, .tgz, .tar.zst), lists of paths (.txt) or\n"
              "directories, each to OUT/NAME.npy and OUT/NAME.jsonl; what is done is not\n"
              "done again. {000..999} stands for its numbers. More may follow as operands" },
    { .name = "shard",
      .value = "I/N",
      .parse = parse_shard,
      .field = offsetof(struct features_options, shard),
      .expected = "I/N, such as 0/8, with I from 0 to N - 1, or auto",
      .help = "compute every N-th shard alone, from number I, which counts from 0; auto: I and\n"
              "N are those of Slurm, Open MPI or PMI" },
};

struct features {
    struct image_batch batch;
    size_t count, length;
    float *rows; /* [images][length], of which `count` are filled */
};

static enum vit_status copy_features(void *arg, size_t i, const float *out, struct vit_error *err)
{
    struct features *const f = arg;

    const size_t finite = finite_count(f->length, out);

    if (finite < f->length)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected finite features, found %g at %zu; check the image and the "
                         "weights of %s",
                         path_end(f->batch.paths.path[i]), (double)out[finite], finite,
                         path_end(f->batch.directory));
    memcpy(f->rows + f->count++ * f->length, out, f->length * sizeof *out);
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
    const struct image_consumer consumer = { copy_features, NULL, &f };
    struct atomic_file out = { 0 };
    enum vit_status status;

    if (!o->out)
        return tool_fail(err, VIT_EINVAL, "features: expected -o %s, found no -o",
                         o->shards ? "OUT, a directory" : "OUT.npy");
    if (o->shards) {
        const struct shards_request request = { o->out, o->shards, o->shard, o->size };
        return features_shards(in, &request, err);
    }
    if (o->shard.count || o->shard.automatic)
        return tool_fail(err, VIT_EINVAL, "features: expected --shards beside --shard, found none");
    if (in->count < 2)
        return tool_fail(err, VIT_EINVAL,
                         "features: expected %s, found 1 operand; see libvit features --help",
                         subcommand_features.operands);
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
    .operands = "MODEL IMAGE... -o OUT.npy or MODEL --shards SHARDS -o OUT",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .summary = "turns images into vectors",
    .description =
        "MODEL is a checkpoint directory; an IMAGE is a file or a directory, as for libvit\n"
        "classify. OUT.npy is float32 [images, embedding], in the order of libvit classify. A\n"
        "row is the input of the model's head, after pooling and the final norm, even if the\n"
        "model has no head. With a distillation token it is the mean of the inputs of both\n"
        "heads. On an error OUT.npy is not written; with --keep-going an image that cannot be\n"
        "read has no row, and the others follow in their order.\n\n"
        "With --shards, OUT is a directory. OUT/NAME.npy has the vectors of the shard NAME,\n"
        "OUT/NAME.jsonl a line for each of its pictures, with its name, its row and the row's\n"
        "SHA-256, or its error. Prints the SHA-256 of each .npy as sha256sum does. A second\n"
        "run computes what is missing; any number of runs may share a directory. The exit\n"
        "status is 1 if a shard could not be read.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = features,
};
