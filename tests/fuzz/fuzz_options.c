/* fuzz_options.c - libFuzzer target: any words as the command's arguments, in its own process */
#include <fcntl.h>
#include <stdint.h>
#include <stdio_ext.h>

#include "check/check.h"
#include "check/digests.h"
#include "measure/kinds/roofs.h"
#include "measure/kinds/timing.h"
#include "tests/fuzz/demand.h"
#include "tests/fuzz/options_mutate.h"
#include "tests/fuzz/scratch.h"
#include "tools/shard_list.h"
#include "vit/inspect.h"

/* The command's main and its tables. */
#define main command_main
#include "tools/main.c"
#undef main

/*
 * Each line of the input is an argument. A first line "FULL" is none: standard output then takes no
 * byte.
 */
enum {
    MAX_ARGUMENTS = 32,
    MAX_THREADS = 8,
    MAX_PIXELS = 1 << 16,
    MAX_CASES = 20,
    MAX_SHARDS_HERE = 100,
    MAX_RANDOM = 1 << 20 /* weights of a random model, about */
};
static const double max_flops = 1e8;

/* --- what takes too long, or would change this process: the linker's --wrap */

static double clock_seconds;
static size_t cases;

double __wrap_now(void);
double __wrap_thread_now(void);
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
enum vit_status __real_vit_model_open(const char *directory,
                                      const struct vit_model_options *options,
                                      struct vit_model **model, struct vit_error *err);
enum vit_status __wrap_vit_model_open(const char *directory,
                                      const struct vit_model_options *options,
                                      struct vit_model **model, struct vit_error *err);
enum vit_status __real_vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                               const struct vit_model_options *options,
                                               struct vit_model **model, struct vit_error *err);
enum vit_status __wrap_vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                               const struct vit_model_options *options,
                                               struct vit_model **model, struct vit_error *err);
enum vit_status __real_vit_context_create(const struct vit_model *model,
                                          const struct vit_context_options *options,
                                          struct vit_context **context, struct vit_error *err);
enum vit_status __wrap_vit_context_create(const struct vit_model *model,
                                          const struct vit_context_options *options,
                                          struct vit_context **context, struct vit_error *err);
double __wrap_memory_limit(void);
double __wrap_roofs_cold_bytes(size_t threads);
const char *__real_timing_begin(struct timing *timing, const struct bench *bench, size_t copies,
                                bool check);
const char *__wrap_timing_begin(struct timing *timing, const struct bench *bench, size_t copies,
                                bool check);
size_t __wrap_roofs_measure(size_t threads, struct roof roofs[MAX_ROOFS]);
struct check_result __real_check_case(const struct check_case *which);
int __wrap_execv(const char *path, char *const argv[]);
int __wrap_execvp(const char *file, char *const argv[]);
enum vit_status __real_shard_list_create(size_t count, char *const *texts, struct shard_list *list,
                                         struct vit_error *err);
enum vit_status __wrap_shard_list_create(size_t count, char *const *texts, struct shard_list *list,
                                         struct vit_error *err);
struct check_result __wrap_check_case(const struct check_case *which);
enum vit_status __wrap_digest_kernels(const struct digest_setup *setup, struct digests *digests,
                                      struct vit_error *err);
enum vit_status __wrap_digest_small_models(const struct digest_setup *setup,
                                           struct digests *digests, struct vit_error *err);

/* A measurement of any length ends after a few calls. */
double __wrap_now(void)
{
    return clock_seconds += 1e4;
}

double __wrap_thread_now(void)
{
    return clock_seconds += 1e4;
}

/* libFuzzer handles some of the same signals, with SA_SIGINFO. */
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    if (action && !(action->sa_flags & SA_SIGINFO))
        return 0;
    return __real_sigaction(number, action, before);
}

static enum vit_status too_large(struct vit_error *err)
{
    return tool_fail(err, VIT_ENOMEM, "no memory for what the fuzzer does not compute");
}

enum vit_status __wrap_vit_model_open(const char *directory,
                                      const struct vit_model_options *options,
                                      struct vit_model **model, struct vit_error *err)
{
    if (options && options->height * options->width > MAX_PIXELS)
        return too_large(err);
    return __real_vit_model_open(directory, options, model, err);
}

enum vit_status __wrap_vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                               const struct vit_model_options *options,
                                               struct vit_model **model, struct vit_error *err)
{
    if (12 * config->depth * config->dim * config->dim > MAX_RANDOM)
        return too_large(err);
    return __real_vit_model_create_random(config, seed, options, model, err);
}

enum vit_status __wrap_vit_context_create(const struct vit_model *model,
                                          const struct vit_context_options *options,
                                          struct vit_context **context, struct vit_error *err)
{
    struct vit_config config = { .size = sizeof config };
    double flops = 0;

    demand(vit_model_get_config(model, &config, NULL) == VIT_OK);
    demand(vit_config_flops(&config, &flops, NULL) == VIT_OK);
    if (options->threads > MAX_THREADS || flops * (double)options->max_batch > max_flops)
        return too_large(err);
    return __real_vit_context_create(model, options, context, err);
}

double __wrap_memory_limit(void)
{
    return 1 << 20;
}

double __wrap_roofs_cold_bytes(size_t threads)
{
    (void)threads;
    return 1 << 16;
}

const char *__wrap_timing_begin(struct timing *timing, const struct bench *bench, size_t copies,
                                bool check)
{
    *timing = (struct timing){ .copies = 0 };
    if (bench->threads > MAX_THREADS || bench->operations > max_flops)
        return "more than the fuzzer computes";
    return __real_timing_begin(timing, bench, copies, check);
}

/* Reading all of a cache takes too long. */
size_t __wrap_roofs_measure(size_t threads, struct roof roofs[MAX_ROOFS])
{
    if (threads > MAX_THREADS)
        return 0;
    roofs[0] = (struct roof){ "L1", 1e11 };
    roofs[1] = (struct roof){ "memory", 1e10 };
    return 2;
}

/* Another program would take the place of the fuzzer: none is found. */
int __wrap_execv(const char *path, char *const argv[])
{
    demand(path && argv[0]);
    errno = ENOENT;
    return -1;
}

int __wrap_execvp(const char *file, char *const argv[])
{
    return __wrap_execv(file, argv);
}

/* The error of each shard is a line, of which the stream keeps the last bytes alone. */
enum vit_status __wrap_shard_list_create(size_t count, char *const *texts, struct shard_list *list,
                                         struct vit_error *err)
{
    const enum vit_status status = __real_shard_list_create(count, texts, list, err);

    return status || list->count <= MAX_SHARDS_HERE ? status : too_large(err);
}

struct check_result __wrap_check_case(const struct check_case *which)
{
    if (cases++ < MAX_CASES && which->threads <= MAX_THREADS)
        return __real_check_case(which);
    return (struct check_result){ .passed = true };
}

enum vit_status __wrap_digest_kernels(const struct digest_setup *setup, struct digests *digests,
                                      struct vit_error *err)
{
    (void)setup;
    (void)digests;
    (void)err;
    return VIT_OK;
}

enum vit_status __wrap_digest_small_models(const struct digest_setup *setup,
                                           struct digests *digests, struct vit_error *err)
{
    return __wrap_digest_kernels(setup, digests, err);
}

/* Pixels without end are out of memory. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

/* What libomp keeps for its threads. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libomp";
}

/* --- the streams */

static struct output {
    FILE *file;
    size_t count, room;
    char text[1 << 16]; /* the last bytes */
} out, err;

static ssize_t stream_write(void *cookie, const char *bytes, size_t count)
{
    struct output *const s = cookie;

    if (count > s->room) {
        errno = ENOSPC;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        s->text[s->count++ % sizeof s->text] = bytes[i];
    return (ssize_t)count;
}

/* One stream for all commands: a library may keep it. */
static FILE *stream_begin(struct output *s, size_t room)
{
    const cookie_io_functions_t io = { .write = stream_write };

    if (!s->file)
        s->file = fopencookie(s, "w", io);
    demand(s->file != NULL);
    s->count = 0;
    s->room = room;
    memset(s->text, 0, sizeof s->text);
    __fpurge(s->file);
    clearerr(s->file);
    return s->file;
}

/* The command closes standard output, and looks at the result. */
int __wrap_fclose(FILE *file)
{
    return file == out.file ? fflush(file) : __real_fclose(file);
}

/* --- the arguments */

/* Only what is below the directory, or named by scratch_paths. */
static bool is_harmless(const char *path)
{
    for (size_t i = 0; scratch_paths[i]; i++)
        if (strcmp(path, scratch_paths[i]) == 0)
            return true;
    return path[0] != '/' && !strstr(path, "..");
}

static void contain(char *word)
{
    const char *const equals = strchr(word, '='), *const value = equals ? equals + 1 : "";
    const bool letter = word[0] == '-' && word[1] && word[1] != '-';

    if (is_harmless(word) && is_harmless(value) && is_harmless(letter ? word + 2 : ""))
        return;
    for (; *word; word++)
        if (*word == '/')
            *word = '_';
}

/* Splits the text, which it changes. */
static int split(char *text, char **argv)
{
    int count = 0;

    argv[count++] = "libvit";
    for (char *line; count < MAX_ARGUMENTS && (line = strsep(&text, "\n"));) {
        contain(line);
        argv[count++] = line;
    }
    argv[count] = NULL;
    return count;
}

/* The values that say which files are outputs, or that are not files. */
static bool takes_output(const char *word)
{
    return strcmp(word, "-o") == 0 || strcmp(word, "--rgb") == 0 || strcmp(word, "--roofline") == 0;
}

/* A later --model replaces an earlier one, which is then no input. */
static void note_inputs(int argc, char **argv)
{
    const char *model = NULL;

    for (int i = 1; i < argc; i++) {
        const bool separate = i > 1 && strcmp(argv[i - 1], "--model") == 0;
        if (separate || strncmp(argv[i], "--model=", 8) == 0)
            model = separate ? argv[i] : argv[i] + 8;
        else if (!takes_output(argv[i - 1]))
            scratch_input(argv[i]);
    }
    if (model)
        scratch_input(model);
}

/* Cases without end: they only count here. */
static bool runs_long(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strspn(argv[i] + strcspn(argv[i], "0123456789"), "0123456789") > 4 &&
            (strstr(argv[i], "--cases") || strcmp(argv[i - 1], "--cases") == 0))
            return true;
    return false;
}

/* --- what the command may do */

/* Its last line says what was wrong. */
static void check_message(void)
{
    static const char begin[] = "libvit: ";
    const char *line = err.text;

    demand(err.count > 0 && err.count < sizeof err.text && err.text[err.count - 1] == '\n');
    for (const char *at; (at = strchr(line, '\n')) && at[1];)
        line = at + 1;
    demand(strncmp(line, begin, sizeof begin - 1) == 0 && line[sizeof begin] != '\n');
    for (const unsigned char *at = (const unsigned char *)line; *at != '\n'; at++)
        demand(*at >= 0x20 && *at != 0x7f);
}

/* Whether an option is among the words, with or without a value. */
static bool is_given(int argc, char **argv, const char *option)
{
    const size_t length = strlen(option);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], option, length) == 0 &&
            (argv[i][length] == '\0' || argv[i][length] == '='))
            return true;
    return false;
}

/*
 * 2 has a last line that says why; 1 a line for what is left out, which only some options allow; 0
 * none. A command that fails has printed nothing, but for those that print what they know so far.
 */
static void check_status(int status, int argc, char **argv)
{
    const bool goes_on = is_given(argc, argv, "--keep-going") || is_given(argc, argv, "--shards");
    const bool has_line = strncmp(err.text, "libvit: ", 8) == 0 || strstr(err.text, "\nlibvit: ");

    demand(err.count < sizeof err.text);
    demand(status == EXIT_SUCCESS || status == EXIT_ERROR || status == EXIT_LEFT_OUT);
    demand(has_line == (status != EXIT_SUCCESS));
    if (status == EXIT_LEFT_OUT)
        demand(goes_on);
    if (status == EXIT_ERROR) {
        check_message();
        demand(out.count == 0 || cases > 0 || goes_on || is_given(argc, argv, "verify"));
    }
}

static int call_command(int argc, char **argv, bool full)
{
    FILE *const outside[] = { stdout, stderr };

    clock_seconds = 0;
    cases = 0;
    stdout = stream_begin(&out, full ? 0 : SIZE_MAX);
    stderr = stream_begin(&err, SIZE_MAX);
    const int status = command_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    stdout = outside[0];
    stderr = outside[1];
    return status;
}

static void run_command(int argc, char **argv, bool full)
{
    const int status = call_command(argc, argv, full);

    check_status(status, argc, argv);
    if (status != EXIT_ERROR)
        scratch_check(SCRATCH_SUCCEEDED);
    else
        scratch_check(is_given(argc, argv, "--shards") ? SCRATCH_SHARDS : SCRATCH_FAILED);
}

/* The run that `libvit verify` finds. */
static void run_shards(void)
{
    char *argv[] = { "libvit", "features", "model",    "--shards", "0.tar",
                     "-o",     "done",     "list.txt", NULL };

    demand(call_command(sizeof argv / sizeof *argv - 1, argv, false) == EXIT_SUCCESS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The second process of the first task of an array of Slurm, as --shard auto finds it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const variables[][2] = {
        { "SLURM_PROCID", "1" },          { "SLURM_STEP_NUM_TASKS", "2" },
        { "SLURM_ARRAY_TASK_ID", "5" },   { "SLURM_ARRAY_TASK_MIN", "5" },
        { "SLURM_ARRAY_TASK_MAX", "7" },  { "SLURM_ARRAY_TASK_COUNT", "2" },
        { "SLURM_ARRAY_TASK_STEP", "2" },
    };

    (void)argc;
    (void)argv;
    for (size_t i = 0; i < COUNT(variables); i++)
        demand(setenv(variables[i][0], variables[i][1], 1) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char full[] = "FULL\n";
    char *const text = malloc(size + 1), *argv[MAX_ARGUMENTS + 1];

    demand(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    const bool is_full = strncmp(text, full, sizeof full - 1) == 0;
    const int argc = split(text + (is_full ? sizeof full - 1 : 0), argv);
    const bool skipped = runs_long(argc, argv);
    if (!skipped) {
        scratch_enter(run_shards);
        note_inputs(argc, argv);
        run_command(argc, argv, is_full);
        scratch_leave();
    }
    free(text);
    return skipped ? -1 : 0;
}

/* --- the words of the tables, for the mutations */

/* Word i of all options: their names and words, then the subcommands; NULL past the last. */
const char *options_table_word(size_t i, char room[64])
{
    const struct option_table common = { common_rows, COUNT(common_rows), NULL };

    for (size_t s = 0; s <= COUNT(subcommands); s++) {
        const bool last = s == COUNT(subcommands);
        const struct option *const rows = last ? common.options : subcommands[s]->options;
        const size_t count = last ? common.count : subcommands[s]->option_count;
        if (!last && i-- == 0)
            return subcommands[s]->name;
        for (size_t r = 0; r < count; r++) {
            const char *word;
            if (i-- == 0) {
                snprintf(room, 64, rows[r].name ? "--%s" : "-%s",
                         rows[r].name ? rows[r].name : (char[]){ rows[r].letter, '\0' });
                return room;
            }
            for (size_t w = 0; (word = option_word(&rows[r], w)); w++)
                if (i-- == 0)
                    return word;
        }
    }
    return NULL;
}
