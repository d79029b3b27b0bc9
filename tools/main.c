/* main.c - the `vit` command: finds the verb, runs it, and says what went wrong */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/build_info.h"
#include "tools/tool.h"

enum { EXIT_ERROR = 2 };

static const struct verb *const verbs[] = {
    &verb_classify,   &verb_features, &verb_attention, &verb_patches, &verb_run,
    &verb_preprocess, &verb_info,     &verb_bench,     &verb_check,
};

enum { VERBS = sizeof verbs / sizeof *verbs };

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    }
    return NULL;
}

static void print_usage(FILE *file)
{
    fputs("Usage: vit VERB [operands] [options]\n\n"
          "Vision Transformer inference on the CPU. The numbers depend on the model and the\n"
          "input alone: not on the instruction set, the threads or the batch.\n\nVerbs:\n",
          file);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(file, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\nOptions of every verb, in any place:\n", file);
    print_options(file, FOR_ALL);
    fputs(
        "\nAn option given twice takes the last value. `vit VERB --help` and `vit help VERB` tell\n"
        "more. Errors go to standard error, with exit status 2.\n",
        file);
}

static void print_verb_usage(const struct verb *verb)
{
    printf("Usage: vit %s %s [options]\n\n%s\n\nOptions:\n", verb->name, verb->operands,
           verb->description);
    print_options(stdout, verb->bit);
    puts("\nOptions of every verb:");
    print_options(stdout, FOR_ALL);
}

static enum vit_status unknown_verb(const char *name, struct vit_error *err)
{
    return tool_fail(err, VIT_EINVAL, "unknown verb '%s'; vit --help names them all", name);
}

/* `vit help [VERB]` */
static enum vit_status print_help(size_t count, char **operands, struct vit_error *err)
{
    const struct verb *const verb = count ? find_verb(operands[0]) : NULL;

    if (count > 1)
        return tool_fail(err, VIT_EINVAL, "help: expected [VERB], found %zu operands", count);
    if (count && !verb)
        return unknown_verb(operands[0], err);
    if (verb)
        print_verb_usage(verb);
    else
        print_usage(stdout);
    return VIT_OK;
}

static enum vit_status check_operands(const struct verb *verb, size_t count, char **operands,
                                      struct vit_error *err)
{
    if (count < verb->least || count > verb->most)
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found %zu operand%s; see vit %s --help",
                         verb->name, verb->operands, count, count == 1 ? "" : "s", verb->name);
    for (size_t i = 0; i < count; i++) {
        if (!*operands[i])
            return tool_fail(err, VIT_EINVAL,
                             "%s: expected %s, found an empty operand; see vit %s "
                             "--help",
                             verb->name, verb->operands, verb->name);
    }
    return VIT_OK;
}

static enum vit_status run_verb(const struct options *options, size_t count, char **operands,
                                struct vit_error *err)
{
    const struct verb *const verb = count ? find_verb(operands[0]) : NULL;
    const struct vit_kernels *kernels;
    enum vit_status status;

    if (count && strcmp(operands[0], "help") == 0)
        return print_help(count - 1, operands + 1, err);
    if (count && !verb)
        return unknown_verb(operands[0], err);
    if (options->help)
        return print_help(count ? 1 : 0, operands, err);
    if (options->version) {
        printf("vit %s (%s, commit %s)\n", vit_version(), build_compiler(), build_commit());
        return VIT_OK;
    }
    if (!verb)
        return tool_fail(err, VIT_EINVAL, "expected a verb, found none; vit --help names them all");

    status = check_options(options, verb->name, verb->bit, err);
    if (!status)
        status = check_operands(verb, count - 1, operands + 1, err);
    /* a level that cannot be had is an error even where little is computed */
    if (!status)
        status = vit_kernels_get(options->isa, &kernels, err);
    return status ? status : verb->run(options, count - 1, operands + 1, err);
}

/* A file that is opened must not become standard output or error because that was closed. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDONLY); /* so that writing fails, and is noticed */
    }
}

int main(int argc, char **argv)
{
    struct vit_error err = { .status = VIT_OK };
    struct options options;
    enum vit_status status;
    size_t count = 0;

    hold_standard_streams();
    char **const operands = calloc((size_t)argc + 1, sizeof *operands);
    status = operands ? parse_options(argc, argv, &options, operands, &count, &err)
                      : tool_no_memory(&err);
    if (!status)
        status = run_verb(&options, count, operands, &err);
    free(operands);

    errno = EIO; /* for a write that failed long ago */
    fflush(stdout);
    if (!status)
        status = print_check(&err);
    if (!status && fclose(stdout) != 0)
        status = tool_fail(&err, VIT_EIO, "cannot write to standard output: %s", strerror(errno));
    if (status) {
        fputs("vit: ", stderr);
        print_plain(stderr, err.message);
        putc('\n', stderr);
    }
    return status ? EXIT_ERROR : EXIT_SUCCESS;
}
