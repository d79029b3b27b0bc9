/* main.c - the libvit command: finds the subcommand, runs it, reports errors */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/build_info.h"
#include "tools/error.h"
#include "tools/inputs.h"
#include "tools/print.h"
#include "tools/program.h"
#include "tools/subcommand.h"
#include "vit/kernels.h"
#include "vit/vit.h"

enum { EXIT_LEFT_OUT = 1, EXIT_ERROR = 2 };

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct subcommand *const subcommands[] = {
    &subcommand_classify, &subcommand_features, &subcommand_verify,     &subcommand_attention,
    &subcommand_patches,  &subcommand_run,      &subcommand_preprocess, &subcommand_compare,
    &subcommand_info,     &subcommand_bench,    &subcommand_check,      &subcommand_new,
    &subcommand_walk,
};

static const char *const orientations[] = {
    [ORIENTATION_MODEL] = "model", [ORIENTATION_EXIF] = "exif", [ORIENTATION_NONE] = "none", NULL
};

static const struct option common_rows[] = {
    { .name = "isa",
      .value = "LEVEL",
      .parse = parse_text,
      .field = offsetof(struct common_options, isa),
      .expected = "the name of an instruction set",
      .help = "the instruction set to use, in place of the default (also: VIT_ISA);\n"
              "libvit info lists them" },
    { .name = "threads",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct common_options, threads),
      .min = 1,
      .max = 1024,
      .expected = "a whole number from 1 to 1024",
      .help = "threads to use; by default the least of cpuset, CPU quota and OMP_NUM_THREADS" },
    { .name = "orientation",
      .value = "HOW",
      .parse = parse_enum,
      .field = offsetof(struct common_options, orientation),
      .words = orientations,
      .help = "exif: turn images as their EXIF orientation says; none: do not; model (the\n"
              "default): as the model's own pipeline does, which libvit info shows" },
    { .name = "max-pixels",
      .value = "N",
      .parse = parse_count,
      .field = offsetof(struct common_options, max_pixels),
      .min = 1,
      .max = (double)((size_t)1 << 40),
      .expected = "a whole number from 1 to 2^40",
      .help = "pixels that an image may have, in place of 89478485" },
    { .name = "precision",
      .value = "TYPE",
      .parse = parse_enum,
      .field = offsetof(struct common_options, precision),
      .enum_field = "precision",
      .help = "number types of the model's linear layers: float32, the default; float16: weights\n"
              "in half of the memory; int8: 8-bit inputs and weights in the blocks" },
    { .name = "keep",
      .value = "LAYERS",
      .parse = parse_text,
      .field = offsetof(struct common_options, keep),
      .expected = "names of layers, separated by commas",
      .help = "linear layers that stay in float32, such as blocks.5.fc2,head; libvit info MODEL\n"
              "lists them" },
    { .name = "packed",
      .value = "FILE",
      .parse = parse_text,
      .field = offsetof(struct common_options, packed),
      .expected = "a file of packed weights",
      .help = "map the model's packed weights from FILE, which opens in a moment and is shared by\n"
              "processes; a file that is missing or not of this model is written first" },
    { .name = "help",
      .letter = 'h',
      .parse = parse_flag,
      .field = offsetof(struct common_options, help),
      .help = "print this text" },
    { .name = "version",
      .parse = parse_flag,
      .field = offsetof(struct common_options, version),
      .help = "print the version" },
};

static const struct subcommand *find_subcommand(const char *name)
{
    for (size_t i = 0; i < COUNT(subcommands); i++)
        if (strcmp(subcommands[i]->name, name) == 0)
            return subcommands[i];
    return NULL;
}

static void print_usage(void)
{
    const char *name, *summary;

    puts("Usage: libvit SUBCOMMAND [operands] [options]\n\n"
         "Vision Transformer inference on CPUs. Results depend only on the model and the input:\n"
         "not on the instruction set, the number of threads or the batch.\n\nSubcommands:");
    for (size_t i = 0; i < COUNT(subcommands); i++)
        printf("  %-11s %s\n", subcommands[i]->name, subcommands[i]->summary);
    for (unsigned i = 0; program_at(i, &name, &summary); i++)
        printf("  %-11s %s\n", name, summary);
    puts("\nOptions of every subcommand:");
    options_print(stdout, &(struct option_table){ common_rows, COUNT(common_rows), NULL });
    puts("\nOptions may be anywhere on the line; the last value of an option counts. See also\n"
         "`libvit SUBCOMMAND --help`, which is `libvit help SUBCOMMAND`. Errors go to standard\n"
         "error; the exit status is then 2, and 1 if --keep-going left something out.");
}

static void print_subcommand_usage(const struct subcommand *s)
{
    printf("Usage: libvit %s %s [options]\n\n%s\n\nOptions:\n", s->name, s->operands,
           s->description);
    options_print(stdout, &(struct option_table){ s->options, s->option_count, NULL });
    puts("\nOptions of every subcommand:");
    options_print(stdout, &(struct option_table){ common_rows, COUNT(common_rows), NULL });
}

static enum vit_status unknown_subcommand(const char *name, struct vit_error *err)
{
    return tool_fail(err, VIT_EINVAL, "unknown subcommand '%s'; libvit --help lists them", name);
}

/* `libvit help [SUBCOMMAND]` */
static enum vit_status print_help(size_t count, char **operands, struct vit_error *err)
{
    const struct subcommand *const s = count ? find_subcommand(operands[0]) : NULL;

    if (count > 1)
        return tool_fail(err, VIT_EINVAL, "help: expected [SUBCOMMAND], found %zu operands", count);
    if (count && !s)
        return unknown_subcommand(operands[0], err);
    if (s)
        print_subcommand_usage(s);
    else
        print_usage();
    return VIT_OK;
}

static enum vit_status check_operands(const struct subcommand *s, size_t count, char **operands,
                                      struct vit_error *err)
{
    if (count < s->min_operands || count > s->max_operands)
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected %s, found %zu operand%s; see libvit %s --help", s->name,
                         s->operands, count, count == 1 ? "" : "s", s->name);
    for (size_t i = 0; i < count; i++)
        if (!*operands[i])
            return tool_fail(err, VIT_EINVAL,
                             "%s: expected %s, found an empty operand; see libvit %s --help",
                             s->name, s->operands, s->name);
    return VIT_OK;
}

/* Options of the model would change nothing without one. */
static enum vit_status check_model_options(const struct subcommand *s, const struct invocation *in,
                                           struct vit_error *err)
{
    const char *const option = in->common->precision != PRECISION_NONE ? "precision"
                               : in->common->keep                      ? "keep"
                               : in->common->packed                    ? "packed"
                                                                       : NULL;

    if (!option || !s->has_model || s->has_model(in))
        return VIT_OK;
    return tool_fail(err, VIT_EINVAL,
                     "--%s: expected a model to compute with, found libvit %s without one", option,
                     s->name);
}

/* operands[0] is the subcommand's name, if there is one. */
static enum vit_status run(const struct subcommand *s, struct common_options *common,
                           const void *options, size_t count, char **operands, bool *left_out,
                           struct vit_error *err)
{
    const struct invocation in = { common, options, count - 1, operands + 1, left_out };
    const struct vit_kernels *kernels;
    enum vit_status status;

    if (count && strcmp(operands[0], "help") == 0)
        return print_help(count - 1, operands + 1, err);
    if (common->help)
        return print_help(count ? 1 : 0, operands, err);
    if (common->version) {
        printf("libvit %s (%s, commit %s)\n", vit_version(), build_compiler(), build_commit());
        return VIT_OK;
    }
    if (!s)
        return tool_fail(err, VIT_EINVAL,
                         "expected a subcommand, found none; libvit --help lists them");
    status = check_operands(s, in.count, in.operands, err);
    if (!status)
        status = check_model_options(s, &in, err);
    if (common->precision == PRECISION_NONE)
        common->precision = VIT_PRECISION_FLOAT32;
    /* every subcommand refuses an instruction set that this machine lacks */
    if (!status)
        status = vit_kernels_get(common->isa, &kernels, err);
    inputs_declare(in.operands, in.count);
    if (common->packed)
        inputs_declare(&common->packed, 1);
    return status ? status : s->run(&in, err);
}

/* The subcommand determines the options, but options may precede it. */
static enum vit_status find_and_run(int argc, char **argv, char **operands, bool *left_out,
                                    struct vit_error *err)
{
    struct option_table tables[1 + COUNT(subcommands)] = { { common_rows, COUNT(common_rows), 0 } };
    struct common_options common = { .precision = PRECISION_NONE };
    const struct subcommand *s = NULL;
    char command[64] = "libvit";
    void *options = NULL;
    size_t count;

    for (size_t i = 0; i < COUNT(subcommands); i++)
        tables[1 + i] =
            (struct option_table){ subcommands[i]->options, subcommands[i]->option_count, NULL };
    const char *const name = options_first_operand(argc, argv, COUNT(tables), tables);
    if (name && strcmp(name, "help") != 0 && !(s = find_subcommand(name)))
        return unknown_subcommand(name, err);

    tables[0].target = &common;
    if (s) {
        options = malloc(s->options_size);
        if (!options)
            return tool_no_memory(err);
        memcpy(options, s->defaults, s->options_size);
        tables[1] = (struct option_table){ s->options, s->option_count, options };
        snprintf(command, sizeof command, "libvit %s", s->name);
    }
    enum vit_status status =
        options_parse(argc, argv, s ? 2 : 1, tables, command, operands, &count, err);
    if (!status)
        status = run(s, &common, options, count, operands, left_out, err);
    inputs_forget();
    free(options);
    return status;
}

/* Keeps a file that is opened later from becoming a closed standard stream. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDONLY); /* for reading: a write then fails and is noticed */
}

int main(int argc, char **argv)
{
    struct vit_error err = { .status = VIT_OK };
    enum vit_status status;
    bool left_out = false;

    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit of file sizes then fails with a reason */
    hold_standard_streams();
    char **const operands = calloc((size_t)argc + 1, sizeof *operands);
    status = operands ? program_execute(argc, argv, &err) : tool_no_memory(&err);
    if (!status)
        status = find_and_run(argc, argv, operands, &left_out, &err);
    free(operands);

    errno = EIO; /* the reason if an earlier write failed */
    fflush(stdout);
    if (!status)
        status = print_check(&err);
    if (!status && fclose(stdout) != 0)
        status = tool_fail(&err, VIT_EIO, "cannot write to standard output: %s", strerror(errno));
    if (status)
        print_error(&err);
    return status ? EXIT_ERROR : left_out ? EXIT_LEFT_OUT : EXIT_SUCCESS;
}
