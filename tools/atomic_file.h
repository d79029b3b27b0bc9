/* atomic_file.h - files that appear whole or not at all */
#ifndef VIT_TOOLS_ATOMIC_FILE_H
#define VIT_TOOLS_ATOMIC_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * A file being written under a temporary name in the folder where it belongs. A device or a pipe is
 * written in place. At most two at a time; an interrupt removes what is not committed.
 */
struct output {
    FILE *file;
    char *target;
    char *temporary; /* NULL: in place */
};

/* Whether two paths, whose files need not exist yet, lead to one file. */
bool output_same(const char *a, const char *b);

/* VIT_EIO the folder or the file cannot be written; VIT_ENOMEM. */
enum vit_status output_open(const char *path, struct output *output, struct vit_error *err);

/* Gives the file its name. VIT_EIO something, now or before, could not be written. */
enum vit_status output_commit(struct output *output, struct vit_error *err);

/* Removes what was not committed; a zeroed or committed output is allowed. */
void output_discard(struct output *output);

#endif
