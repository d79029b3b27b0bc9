/* atomic_file.h - output files that appear complete or not at all */
#ifndef VIT_TOOLS_ATOMIC_FILE_H
#define VIT_TOOLS_ATOMIC_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * A file that is written under a temporary name in its own directory. A device or a pipe is written
 * in place. At most two exist at a time. An interrupt removes what is not committed.
 */
struct atomic_file {
    FILE *file;
    char *target;
    char *temporary; /* NULL: written in place */
};

/* Whether two paths lead to one file, which need not exist yet. */
bool atomic_file_same(const char *a, const char *b);

/* Creates the temporary file. VIT_EIO: the directory or the file cannot be written. VIT_ENOMEM. */
enum vit_status atomic_file_open(const char *path, struct atomic_file *f, struct vit_error *err);

/* Gives the file its name. VIT_EIO: this or an earlier write failed. */
enum vit_status atomic_file_commit(struct atomic_file *f, struct vit_error *err);

/* Removes a file that is not committed; a zeroed or committed struct is allowed. */
void atomic_file_discard(struct atomic_file *f);

#endif
