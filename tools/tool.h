/* tool.h - what the verbs of the `vit` command share */
#ifndef VIT_TOOLS_TOOL_H
#define VIT_TOOLS_TOOL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/clock.h"
#include "tools/error.h"
#include "tools/options.h"
#include "vit/image.h"
#include "vit/inspect.h"
#include "vit/kernels.h"

/* One verb of the command; each cmd_*.c defines one. */
struct verb {
    const char *name;
    enum verb_bit bit;
    const char *operands;    /* as the usage line shows them */
    size_t least, most;      /* how many operands */
    const char *summary;     /* one line */
    const char *description; /* paragraphs of --help */
    enum vit_status (*run)(const struct options *options, size_t count, char **operands,
                           struct vit_error *err);
};

extern const struct verb verb_classify, verb_features, verb_attention, verb_patches, verb_run,
    verb_preprocess, verb_info, verb_bench, verb_check;

/* How a model is opened: the level and the image size asked for. */
struct vit_model_options model_options(const struct options *options);

/* A model's configuration by value. */
static inline struct vit_config model_config(const struct vit_model *model)
{
    struct vit_config config = { .size = sizeof config };

    vit_model_get_config(model, &config, NULL); /* the size is right: it cannot fail */
    return config;
}

static inline struct vit_preprocess_config model_preprocess_config(const struct vit_model *model)
{
    struct vit_preprocess_config config = { .size = sizeof config };

    vit_model_get_preprocess_config(model, &config, NULL);
    return config;
}

/* A model, and a context whose batch suits the work. */
struct runner {
    struct vit_model *model;
    struct vit_context *context;
    size_t threads;
    size_t batch; /* most images of one forward pass */
};

/* For `images` images of a checkpoint folder, at the level and on the threads asked for. */
enum vit_status runner_open(const struct options *options, const char *folder, size_t images,
                            struct runner *runner, struct vit_error *err);
void runner_close(struct runner *runner); /* a zeroed one is allowed */

/* An image file's pixels; vit_image_free() frees them. */
enum vit_status decode_file(const char *path, struct vit_image *image, struct vit_error *err);

/* An image as a model's input; `path` names it in messages. */
enum vit_status preprocess_image(const char *path, const struct vit_preprocess_config *config,
                                 const struct vit_image *image, float *out, struct vit_error *err);

/* The product of `count` sizes; false if it does not fit in size_t. */
bool product(size_t count, const size_t *sizes, size_t *out);

/*
 * Text that a file or a file's name may have chosen, its control characters, line separators and
 * controls of direction as '?': it must not steer the terminal, begin a line of its own or be read
 * in another order than it is written.
 */
void print_plain(FILE *file, const char *text);

/* VIT_EIO standard output could not be written; to be called while errno still says why. */
enum vit_status print_check(struct vit_error *err);

/* Prints to standard output. VIT_ENOMEM root is NULL; VIT_EIO as print_check. Takes root. */
enum vit_status print_json(json_t *root, struct vit_error *err);

/* The array with one value more; NULL, and both freed, if there is no memory. */
json_t *json_with(json_t *array, json_t *value);

/* A JSON string; bytes that are not UTF-8 become U+FFFD. NULL gives null. */
json_t *json_text(const char *text);

#endif
