/* labels.h - the names of a model's classes */
#ifndef VIT_CHECKPOINT_LABELS_H
#define VIT_CHECKPOINT_LABELS_H

#include "files/json.h"
#include <stddef.h>

#include "files/file.h"

#define LABELS_MAX_BYTES (64 << 20) /* of labels.txt */

struct labels {
    size_t count;       /* 0, or the model's classes */
    char **text;        /* NULL: a class without a label */
    char **description; /* timm's longer label of each class, or NULL; NULL: of no class */
};

/*
 * Labels from a field of config.json: an array, or an object whose keys are among "0" to
 * "classes − 1". NULL, null, an empty array and an empty object give no labels. VIT_EFORMAT:
 * another number of labels in an array, or in an object of very many classes; another key; a label
 * that is not a string, a number or null. VIT_ENOMEM.
 */
enum vit_status labels_parse_json(const char *path, const char *field, const struct json *list,
                                  size_t classes, struct labels *labels, struct vit_error *err);

/*
 * Descriptions of the labels that exist: an object from a label to a longer one; NULL and null give
 * none. VIT_EFORMAT: not an object, or a description that is not a string; VIT_ENOMEM.
 */
enum vit_status labels_describe(const char *path, const char *field, const struct json *object,
                                struct labels *labels, struct vit_error *err);

/*
 * Labels from a text file with one label per line; a file that does not exist gives no labels. The
 * bytes are kept as they are, without a carriage return before the newline. VIT_EFORMAT: another
 * number of lines, or a NUL byte; VIT_ENOMEM.
 */
enum vit_status labels_parse_lines(const struct text_file *file, size_t classes,
                                   struct labels *labels, struct vit_error *err);

/*
 * The same of a file that must have `count` lines: the message says that each is a `what`, such as
 * "name", of each `of`, such as "row of texts.npy".
 */
enum vit_status lines_parse(const struct text_file *file, size_t count, const char *what,
                            const char *of, struct labels *lines, struct vit_error *err);

void labels_free(struct labels *labels);

#endif
