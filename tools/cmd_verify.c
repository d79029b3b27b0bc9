/* cmd_verify.c - `libvit verify`: whether the files of `libvit features --shards` are right */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/print.h"
#include "tools/shard_output.h"
#include "tools/shard_record.h"
#include "tools/verify_sample.h"

struct verify_options {
    double sample; /* percent */
    size_t seed;
    const char *model, *shards;
};

static const struct verify_options defaults = { .sample = 1 };

/* "1%" */
static bool parse_percent(const struct option *option, const char *text, void *field)
{
    const size_t length = strlen(text);
    char number[32];

    if (length < 2 || length >= sizeof number || text[length - 1] != '%')
        return false;
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    return parse_number(option, number, field);
}

static const struct option options[] = {
    { .name = "sample",
      .value = "PERCENT",
      .parse = parse_percent,
      .field = offsetof(struct verify_options, sample),
      .min = 1e-6,
      .max = 100,
      .expected = "a percentage above 0, such as 1%",
      .help = "share of the pictures that are computed again, at least one; 1% by default" },
    { .name = "seed",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct verify_options, seed),
      .max = 4294967295.0,
      .expected = "a whole number from 0 to 4294967295",
      .help = "chooses other pictures; 0 by default" },
    { .name = "model",
      .value = "MODEL",
      .parse = parse_text,
      .field = offsetof(struct verify_options, model),
      .expected = "a checkpoint directory",
      .help = "where the model is now, in place of the path of the run" },
    { .name = "shards",
      .value = "SHARDS",
      .parse = parse_text,
      .field = offsetof(struct verify_options, shards),
      .expected = "archives, lists or directories, such as 'data/{000..999}.tar'",
      .help = "each of these must be done; they are read in place of the paths of the run" },
};

struct verification {
    const struct verify_options *options;
    const char *directory;
    struct shard_list expected; /* of --shards */
    struct dirent **names;      /* of the shards that are done */
    size_t name_count;
    struct verified *shards; /* [name_count] */
    size_t rows, pictures, differences;
};

static bool ends_in_npy(const char *name)
{
    const size_t length = strlen(name);

    return length > 4 && name[0] != '.' && strcmp(name + length - 4, ".npy") == 0;
}

static int is_shard(const struct dirent *entry)
{
    return ends_in_npy(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A difference is a line of standard output; the others are found too. */
static void print_difference(struct verification *v, const char *message)
{
    v->differences++;
    print_text(stdout, message);
    putchar('\n');
}

static enum vit_status list_done(struct verification *v, struct vit_error *err)
{
    const int count = scandir(v->directory, &v->names, is_shard, by_name);

    if (count < 0)
        return tool_fail(err, VIT_EIO, "cannot read directory %s: %s", path_end(v->directory),
                         strerror(errno));
    v->name_count = (size_t)count;
    if (count == 0)
        return tool_fail(err, VIT_EINVAL, "%s: expected the files of a shard, found none",
                         path_end(v->directory));
    for (size_t i = 0; i < v->name_count; i++)
        *strrchr(v->names[i]->d_name, '.') = '\0';
    v->shards = calloc(v->name_count, sizeof *v->shards);
    return v->shards ? VIT_OK : tool_no_memory(err);
}

/* The shards of --shards, each of which must be done. */
static enum vit_status check_complete(struct verification *v, struct vit_error *err)
{
    char *const text = v->options->shards ? strdup(v->options->shards) : NULL;
    enum vit_status status = VIT_OK;

    if (!v->options->shards)
        return VIT_OK;
    status = text ? shard_list_create(1, &text, &v->expected, err) : tool_no_memory(err);
    for (size_t i = 0; !status && i < v->expected.count; i++) {
        struct vit_error why;
        bool done = false;
        status = shard_is_done(v->directory, v->expected.shards[i].name, &done, err);
        if (status || done)
            continue;
        tool_fail(&why, VIT_ENOTFOUND, "%s: expected its vectors, found none",
                  path_end(v->expected.shards[i].path));
        print_difference(v, why.message);
    }
    free(text);
    return status;
}

/* The path of a shard: of --shards, else of its record, which loses it. */
static char *path_of(const struct verification *v, const char *name, struct shard_record *record)
{
    const struct shard *const expected = shard_list_find(&v->expected, name);

    if (expected)
        return strdup(expected->path);
    char *const path = record->path;
    record->path = NULL;
    return path;
}

/* Compares the files of every shard with each other; keeps what a sample needs. */
static enum vit_status check_files(struct verification *v, size_t length, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < v->name_count; i++) {
        const char *const name = v->names[i]->d_name;
        struct shard_record record;
        struct vit_error why;
        status = shard_record_load(v->directory, name, &record, &why);
        if (!status)
            status = shard_record_check(v->directory, name, length, &record, &why);
        if (status == VIT_ENOMEM) {
            tool_pass(&why, err);
        } else if (status) {
            print_difference(v, why.message);
            status = VIT_OK;
        } else {
            v->shards[i] = (struct verified){ .name = name,
                                              .pictures = record.count,
                                              .path = path_of(v, name, &record) };
            v->rows += record.rows;
            v->pictures += record.count;
            status = v->shards[i].path ? VIT_OK : tool_no_memory(err);
        }
        shard_record_free(&record);
    }
    return status;
}

static enum vit_status finish(struct verification *v, const struct sample_result *result,
                              struct vit_error *err)
{
    v->differences += result->differences;
    printf("%zu shards, %zu pictures, %zu rows; %zu of %zu pictures computed again (seed %zu)\n",
           v->name_count, v->pictures, v->rows, result->computed, v->pictures, v->options->seed);
    fflush(stdout);
    const enum vit_status status = print_check(err);
    if (status || v->differences == 0)
        return status;
    return tool_fail(err, VIT_EFORMAT, "%s: expected the files of one run, found %zu difference%s",
                     path_end(v->directory), v->differences, v->differences == 1 ? "" : "s");
}

/* The model has the options of the run. */
static bool has_no_model_of_its_own(const struct invocation *in)
{
    (void)in;
    return false;
}

/* So has the preparation of its images. */
static enum vit_status check_options(const struct invocation *in, struct vit_error *err)
{
    const char *const option = in->common->orientation != ORIENTATION_MODEL ? "orientation"
                               : in->common->max_pixels                     ? "max-pixels"
                                                                            : NULL;

    if (!option)
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL,
                     "--%s: expected images as in the run, found another choice of libvit verify",
                     option);
}

static enum vit_status verify(const struct invocation *in, struct vit_error *err)
{
    struct verification v = { .options = in->options, .directory = in->operands[0] };
    struct run_record record = { 0 };
    struct sample_result result = { 0 };
    enum vit_status status = check_options(in, err);

    if (!status)
        status = run_record_load(v.directory, &record, err);
    if (!status)
        status = list_done(&v, err);
    if (!status)
        status = check_complete(&v, err);
    if (!status)
        status = check_files(&v, record.length, err);
    if (!status && v.pictures > 0) {
        const struct sample sample = { .directory = v.directory,
                                       .model = v.options->model ? v.options->model : record.model,
                                       .count = v.name_count,
                                       .shards = v.shards,
                                       .pictures = v.pictures,
                                       .share = v.options->sample / 100,
                                       .seed = v.options->seed };
        status = verify_sample(in, &sample, &record, &result, err);
    }
    if (!status)
        status = finish(&v, &result, err);

    for (size_t i = 0; v.shards && i < v.name_count; i++)
        free(v.shards[i].path);
    free(v.shards);
    for (size_t i = 0; i < v.name_count; i++)
        free(v.names[i]);
    free(v.names);
    shard_list_free(&v.expected);
    run_record_free(&record);
    return status;
}

const struct subcommand subcommand_verify = {
    .name = "verify",
    .operands = "OUT",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "checks the vectors of many images, and computes a sample again",
    .description =
        "OUT is a directory of libvit features --shards. Every .npy must have the SHA-256 that\n"
        "its .jsonl has, and so must each row. A sample of the pictures is computed again, with\n"
        "the model and options that OUT/libvit.json names, and must have the same bits: on any\n"
        "machine, with any number of threads. Each difference is a line; the exit status is\n"
        "then 2.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_no_model_of_its_own,
    .run = verify,
};
