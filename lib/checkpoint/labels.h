/* labels.h - what a model's classes are called */
#ifndef VIT_CHECKPOINT_LABELS_H
#define VIT_CHECKPOINT_LABELS_H

#include <jansson.h>
#include <stddef.h>

#include "vit/status.h"

#define LABELS_MAX_BYTES (64 << 20)

struct labels {
    size_t count; /* 0, or the model's classes */
    char **text;
};

/*
 * id2label, an object of "0" to "classes − 1"; NULL gives no labels. VIT_EFORMAT another count (the
 * message has both), a missing number, or a label that is not a string; VIT_ENOMEM.
 */
enum vit_status labels_parse(const char *path, const json_t *id2label, size_t classes,
                             struct labels *labels, struct vit_error *err);

/*
 * A text file of one label a line, bytes passed through, a carriage return before the newline
 * dropped; no file gives no labels. VIT_EIO; VIT_EFORMAT another count, a NUL byte, or longer than
 * LABELS_MAX_BYTES; VIT_ENOMEM.
 */
enum vit_status labels_read(const char *path, size_t classes, struct labels *labels,
                            struct vit_error *err);

void labels_free(struct labels *labels);

#endif
