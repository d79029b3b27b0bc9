/* cli.c - runs the libvit command as a user does: in a shell, in a directory of its own */
#include "cli.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts.h"
#include "files/safetensors.h"
#include "tools/npy.h"

struct cli cli;

static char directory[256];

void cli_begin(void)
{
    const char *const bin = getenv("VIT_BIN");
    const char *const build = getenv("VIT_BUILD");
    const char *const base = getenv("TMPDIR");
    char path[1024];

    snprintf(path, sizeof path, "%s%s", bin ? bin : build ? build : "build", bin ? "" : "/libvit");
    snprintf(directory, sizeof directory, "%s/vit-cli-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(directory));
    cr_assert(setenv("T", directory, 1) == 0 && setenv("VIT", path, 1) == 0);
    unsetenv("VIT_ISA"); /* these tests choose their levels themselves */
}

void cli_end(void)
{
    cr_assert_eq(system("rm -rf \"$T\" \"$T\".out \"$T\".err"), 0);
    free(cli.out);
    free(cli.err);
    cli = (struct cli){ 0 };
}

const char *in_directory(const char *name)
{
    static char paths[8][1024];
    static size_t next;
    char *const path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

/* The contents of $T.out or $T.err, with a final NUL. */
static char *slurp(const char *suffix, size_t *size)
{
    char path[sizeof directory + 8];

    snprintf(path, sizeof path, "%s%s", directory, suffix);
    FILE *const file = fopen(path, "rb");
    cr_assert(file && fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *const text = calloc(*size + 1, 1);
    cr_assert(text && fread(text, 1, *size, file) == *size);
    fclose(file);
    return text;
}

static void run(const char *format, va_list args)
{
    char command[4096], whole[4200];
    size_t err_size;

    vsnprintf(command, sizeof command, format, args);
    snprintf(whole, sizeof whole, "{ %s\n} >\"$T\".out 2>\"$T\".err", command);
    const int status = system(whole);
    cli.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    free(cli.out);
    free(cli.err);
    cli.out = slurp(".out", &cli.out_size);
    cli.err = slurp(".err", &err_size);
}

void shell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run(format, args);
    va_end(args);
}

void succeeds(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run(format, args);
    va_end(args);
    cr_assert_eq(cli.status, 0, "%s: status %d, %s", format, cli.status, cli.err);
}

void fails(const char *command, const char *fragment)
{
    shell("%s", command);
    cr_assert_eq(cli.status, 2, "%s: status %d, %s", command, cli.status, cli.err);
    cr_assert_eq(cli.out_size, 0, "%s: printed %s", command, cli.out);
    cr_assert_eq(strncmp(cli.err, "libvit: ", 8), 0, "%s: %s", command, cli.err);
    cr_assert_eq(strchr(cli.err, '\n'), cli.err + strlen(cli.err) - 1, "%s: %s", command, cli.err);
    cr_assert_not_null(strstr(cli.err, fragment), "%s: expected \"%s\" in: %s", command, fragment,
                       cli.err);
    shell("find \"$T\" -name '*.tmp'");
    cr_assert_eq(cli.out_size, 0, "%s left %s", command, cli.out);
}

json_t *json_output(void)
{
    json_error_t error;
    json_t *const root = json_loads(cli.out, 0, &error);

    cr_assert_not_null(root, "%s in %s", error.text, cli.out);
    return root;
}

const json_t *entry_value(const json_t *model, const char *list, const char *name)
{
    const json_t *const entries = json_object_get(model, list);
    size_t i;
    json_t *entry;

    json_array_foreach (entries, i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0)
            return json_object_get(entry, "value");
    return NULL;
}

/* Level i of `libvit info --json`; false past the last. */
static bool reported_level(size_t i, char name[16], bool *usable)
{
    succeeds("$VIT info --json");
    json_t *const root = json_output();
    const json_t *const level = json_array_get(json_object_get(root, "levels"), i);
    const bool found = level != NULL;

    if (found) {
        snprintf(name, 16, "%s", json_string_value(json_object_get(level, "name")));
        *usable = json_is_true(json_object_get(level, "usable"));
    }
    json_decref(root);
    return found;
}

const char *next_usable_level(size_t *i, size_t checks)
{
    static char name[16];
    bool usable;

    while (reported_level((*i)++, name, &usable)) {
        if (usable)
            return name;
        char why[64];
        snprintf(why, sizeof why, "%s: this CPU lacks it", name);
        count_skipped(why, checks);
    }
    return NULL;
}

float *load_tensor(const char *path, const char *name, size_t *rank, size_t *shape, size_t *count)
{
    struct vit_error err = { .message = "no such tensor" };
    struct safetensors *file;

    cr_assert_eq(safetensors_open(path, &file, &err), VIT_OK, "%s", err.message);
    const struct safetensors_entry *const entry = safetensors_find(file, name);
    cr_assert_not_null(entry, "%s: %s", path, name);
    float *const data = malloc(entry->elements * sizeof *data);
    cr_assert_eq(safetensors_read_f32(file, entry, 0, entry->elements, data, &err), VIT_OK, "%s",
                 err.message);
    if (rank) {
        *rank = entry->rank;
        memcpy(shape, entry->shape, entry->rank * sizeof *shape);
    }
    *count = entry->elements;
    safetensors_close(file);
    return data;
}

float *load_npy(const char *path, size_t count)
{
    struct vit_error err = { .status = VIT_OK };
    struct npy_array array;

    cr_assert_eq(npy_load(path, &array, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(array.type, NPY_FLOAT32);
    cr_assert_eq(array.elements, count, "%s: expected %zu elements, found %zu", path, count,
                 array.elements);
    return array.data;
}

void save_npy(const char *name, size_t rank, const size_t *shape, const float *data)
{
    struct npy_array array = { .type = NPY_FLOAT32, .rank = rank, .data = (void *)data };
    FILE *const file = fopen(in_directory(name), "wb");

    memcpy(array.shape, shape, rank * sizeof *shape);
    cr_assert_not_null(file);
    npy_save(&array, file);
    cr_assert_eq(fclose(file), 0);
}
