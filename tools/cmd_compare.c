/* cmd_compare.c - `libvit compare`: what a lower precision changes on the user's own images */
#include "tools/atomic_file.h"
#include "tools/compare_picture.h"
#include "tools/compare_report.h"
#include "tools/error.h"

struct compare_options {
    const char *out; /* the picture, or NULL */
    size_t suggest;  /* 0: not given */
    struct size size;
    bool json;
};

static const struct compare_options defaults = { .out = NULL };

static const struct option options[] = {
    { .letter = 'o',
      .value = "OUT.png",
      .parse = parse_text,
      .field = offsetof(struct compare_options, out),
      .expected = "the name of a file",
      .help = "draw the relative error of each block" },
    { .name = "suggest",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct compare_options, suggest),
      .min = 1,
      .max = 1e6,
      .expected = "a whole number of layers from 1",
      .help = "find the N layers whose return to float32 lowers the error most, one after\n"
              "the other; opens the model and computes all images for each layer, and\n"
              "then some more times" },
    OPTION_SIZE(struct compare_options),
    OPTION_JSON(struct compare_options),
};

static enum vit_status draw(const struct comparison *c, struct atomic_file *out,
                            struct vit_error *err)
{
    const enum vit_status status = compare_draw(c, out->file, err);

    return status ? status : atomic_file_commit(out, err);
}

static enum vit_status compare(const struct invocation *in, struct vit_error *err)
{
    const struct compare_options *const o = in->options;
    struct suggestion suggestion = { 0 };
    struct atomic_file out = { 0 };
    struct comparison c;
    enum vit_status status = compare_open(in, o->size, o->suggest, &c, err);

    if (!status && o->out && c.depth == 0)
        status = tool_fail(err, VIT_EINVAL, "-o: expected a model with blocks, found one without");
    if (!status && o->out)
        status = atomic_file_open(o->out, &out, err);
    if (!status)
        status = compare_measure(&c, err);
    if (!status && o->suggest)
        status = suggest_layers(&c, o->suggest, &suggestion, err);
    if (!status && o->out)
        status = draw(&c, &out, err);
    if (!status && o->json)
        status = compare_print_json(&c, &suggestion, o->suggest, err);
    else if (!status)
        status = compare_print(&c, &suggestion, o->suggest, err);

    atomic_file_discard(&out);
    suggestion_free(&suggestion);
    compare_close(&c);
    return status;
}

const struct subcommand subcommand_compare = {
    .name = "compare",
    .operands = "MODEL IMAGE... --precision float16|int8",
    .min_operands = 2,
    .max_operands = SIZE_MAX,
    .summary = "shows what a lower precision changes on your own images",
    .description =
        "MODEL is a checkpoint directory; an IMAGE is a file or a directory, as for libvit\n"
        "classify. Computes every image in float32 and in --precision, with the layers of --keep\n"
        "in float32. Prints on how many images the best class and the five best classes are the\n"
        "same; the cosine of both embeddings, its minimum and mean; the root mean square (rms)\n"
        "and the largest difference of the logits; and for each block of the model the rms of\n"
        "its output's error, relative to the rms of float32's output, the worst block first.\n"
        "Without a head the embeddings are compared, and without an embedding the tokens of the\n"
        "last hidden state. --suggest prints the layers in the order of their choice, the error\n"
        "that remains after each, and the value of --keep. On an error OUT.png is not written.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = compare,
};
