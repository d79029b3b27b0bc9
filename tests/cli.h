/* cli.h - runs the libvit command as a user does: in a shell, in a directory of its own */
#ifndef VIT_TESTS_CLI_H
#define VIT_TESTS_CLI_H

#include <jansson.h>
#include <stddef.h>

/* The result of the last command. */
extern struct cli {
    int status; /* exit status, or 128 + signal */
    char *out, *err;
    size_t out_size;
} cli;

/*
 * Fixtures: make and remove the directory $T. The command is $VIT: the environment's VIT_BIN, or
 * VIT_BUILD/libvit, or build/libvit.
 */
void cli_begin(void);
void cli_end(void);

/* Runs a command line of the shell, and fills `cli`. */
__attribute__((format(printf, 1, 2))) void shell(const char *format, ...);

/* The same; the command must succeed. */
__attribute__((format(printf, 1, 2))) void succeeds(const char *format, ...);

/*
 * The same; the command must fail: status 2, nothing on standard output, one
 * line "libvit: ..." on standard error with `fragment` in it, no temporary file left.
 */
void fails(const char *command, const char *fragment);

/* "$T/name", expanded; valid until the eighth next call. */
const char *in_directory(const char *name);

/*
 * The value of an entry in a list of {name, value, source} of `libvit info MODEL --json`: "config"
 * in "model", for example. NULL: no such entry.
 */
const json_t *entry_value(const json_t *model, const char *list, const char *name);

/* The JSON that the last command printed; the caller frees it with json_decref. */
json_t *json_output(void);

/*
 * The next level that this machine can run, according to `libvit info`, or NULL past the last; *i
 * counts levels from 0. For a level that it lacks, counts `checks` skipped checks.
 */
const char *next_usable_level(size_t *i, size_t checks);

/* A float32 tensor of a .safetensors file; the caller frees it. */
float *load_tensor(const char *path, const char *name, size_t *rank, size_t *shape, size_t *count);

/* A float32 array of a .npy file of that many elements; the caller frees it. */
float *load_npy(const char *path, size_t count);

/* Writes an array to $T/name. */
void save_npy(const char *name, size_t rank, const size_t *shape, const float *data);

#endif
