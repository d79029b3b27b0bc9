/* cmd_walk.c - `libvit walk`: a forward pass step by step, with the shape of each and figures */
#include <math.h>

#include "tools/error.h"
#include "tools/load.h"
#include "tools/path_name.h"
#include "tools/print.h"
#include "tools/walk.h"
#include "tools/walk_figures.h"

struct walk_options {
    const char *out;
    size_t batch, block, patch; /* patch: or INDEX_NONE */
    struct size size;
    bool json;
};

static const struct walk_options defaults = { .batch = 1, .patch = INDEX_NONE };

static const struct option options[] = {
    { .letter = 'o',
      .value = "FOLDER",
      .parse = parse_text,
      .field = offsetof(struct walk_options, out),
      .expected = "the name of a folder",
      .help = "write figures to a folder, which must not exist yet" },
    { .name = "batch",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct walk_options, batch),
      .min = 1,
      .max = 1024,
      .expected = "a whole number from 1 to 1024",
      .help = "copies of the image that are computed in one pass; 1" },
    { .name = "block",
      .value = "N",
      .parse = parse_index,
      .field = offsetof(struct walk_options, block),
      .max = 1e6,
      .expected = "a block's number",
      .help = "the block to walk through, counted from 0; 0" },
    { .name = "patch",
      .value = "N",
      .parse = parse_index,
      .field = offsetof(struct walk_options, patch),
      .max = 1e9,
      .expected = "a patch's number",
      .help = "the patch that has figures of its own, counted row by row from 0; by default one\n"
              "in the middle" },
    OPTION_SIZE(struct walk_options),
    OPTION_JSON(struct walk_options),
};

static void print_shape(const struct walk_step *step)
{
    char text[128];
    size_t length = 0;

    for (size_t i = 0; i < step->rank; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu", i ? ", " : "[",
                                   step->shape[i]);
    snprintf(text + length, sizeof text - length, "]");
    printf("  %-24s", text);
}

static enum vit_status print_steps(const struct walk *walk, struct vit_error *err)
{
    bool in_block = false;

    printf("%-32s  %-24s  %s\n", "step", "shape", "numbers");
    for (size_t i = 0; i < walk->count; i++) {
        const struct walk_step *const step = &walk->steps[i];
        if (step->in_block && !in_block)
            printf("block %zu:\n", walk->block);
        in_block = step->in_block;
        printf("%s%-*s", in_block ? "  " : "", in_block ? 30 : 32, step->name);
        print_shape(step);
        if (step->kept)
            printf("  %.4g to %.4g\n", step->min, step->max);
        else
            puts("  not kept");
    }
    return print_check(err);
}

static json_t *step_json(const struct walk *walk, const struct walk_step *step)
{
    json_t *shape = json_array(), *object;

    for (size_t i = 0; i < step->rank; i++)
        shape = json_with(shape, json_integer((json_int_t)step->shape[i]));
    object = json_pack("{s:s, s:o, s:b}", "step", step->name, "shape", shape, "kept", step->kept);
    if (step->in_block)
        object = json_set(object, "block", json_integer((json_int_t)walk->block));
    if (step->kept) {
        object = json_set(object, "output",
                          json_text(step->input ? NULL : vit_output_name(step->output)));
        object = json_set(object, "min", json_number(step->min));
        object = json_set(object, "max", json_number(step->max));
    }
    return object;
}

static enum vit_status print_steps_json(const struct walk *walk, struct vit_error *err)
{
    json_t *steps = json_array();

    for (size_t i = 0; i < walk->count; i++)
        steps = json_with(steps, step_json(walk, &walk->steps[i]));
    return print_json(json_pack("{s:I, s:o}", "batch", (json_int_t)walk->batch, "steps", steps),
                      err);
}

static enum vit_status walk(const struct invocation *in, struct vit_error *err)
{
    const struct walk_options *const o = in->options;
    struct session session = { 0 };
    struct vit_image pixels = { 0 };
    struct walk walk = { .count = 0 };
    struct atomic_folder folder = { .count = 0 };
    enum vit_status status;

    if (o->patch != INDEX_NONE && !o->out)
        return tool_fail(err, VIT_EINVAL, "walk: expected -o beside --patch, found none");
    status = session_open(in->common, o->size, in->operands[0], 0, &session, err);
    if (!status)
        status = create_pixels(&session, &pixels, err);
    if (!status)
        status = load_pixels(&session, in->operands[1], &pixels, err);
    if (!status)
        status = walk_compute(in->common, &session, &pixels, o->batch, o->block, &walk, err);
    if (!status && o->out)
        status = atomic_folder_open(o->out, &folder, err);
    if (!status && o->out)
        status = walk_draw(&session, &pixels, &walk, o->patch, &folder, err);
    if (!status)
        status = o->json ? print_steps_json(&walk, err) : print_steps(&walk, err);
    fflush(stdout); /* a command that cannot print its steps fails, and leaves no figures */
    if (!status)
        status = print_check(err);
    if (!status && o->out)
        status = atomic_folder_commit(&folder, err);

    atomic_folder_discard(&folder);
    walk_free(&walk);
    vit_image_free(&pixels);
    session_close(&session);
    return status;
}

const struct subcommand subcommand_walk = {
    .name = "walk",
    .operands = "MODEL IMAGE",
    .min_operands = 2,
    .max_operands = 2,
    .summary = "goes through a forward pass step by step, with shapes and figures",
    .description =
        "MODEL is a checkpoint directory, IMAGE a JPEG, PNG or WebP file. Prints each step of the\n"
        "forward pass, from the image to the prediction, with the shape of what it leaves, the\n"
        "batch first. Where the pass returns the numbers, their minimum and maximum follow. Steps\n"
        "that are not kept are fused with others or overwritten by the next: their shape follows\n"
        "from the configuration. FOLDER gets figures as PNG files: patches.png, the image with\n"
        "numbered patches; patch.png, one of them; row.png, the same as a row of numbers;\n"
        "positions.png, the position embeddings, a row for each patch; attention.png, the weights\n"
        "of each head of the block, a row for each token. Those that the model lacks are left\n"
        "out. The colors of numbers are from violet, the minimum, to yellow, the maximum.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = walk,
};
