/* atomic_file.h - output files that appear complete or not at all */
#ifndef VIT_TOOLS_ATOMIC_FILE_H
#define VIT_TOOLS_ATOMIC_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * A file that is written under a temporary name in its own directory: every file that the command
 * writes. A symbolic link stays, and its target is written. A device or a pipe, and an open
 * descriptor that the path names (/dev/stdout), is written in place. At most two exist at a time. A
 * signal from outside that ends the command, and exit, remove what is not committed.
 */
struct atomic_file {
    FILE *file;
    char *target;
    char *temporary; /* NULL: written in place */
};

/* Whether two paths lead to one file, which need not exist yet. */
bool atomic_file_same(const char *a, const char *b);

/*
 * Creates the temporary file. VIT_EIO: the directory or the file cannot be written. VIT_EINVAL: the
 * file is an input (inputs.h). VIT_ENOMEM.
 */
enum vit_status atomic_file_open(const char *path, struct atomic_file *f, struct vit_error *err);

/*
 * Writes the file through to the disk, before atomic_file_commit: a machine that loses power then
 * has no file of that name that is not whole. VIT_EIO: this or an earlier write failed.
 */
enum vit_status atomic_file_sync(struct atomic_file *f, struct vit_error *err);

/* Gives the file its name. VIT_EIO: this or an earlier write failed. */
enum vit_status atomic_file_commit(struct atomic_file *f, struct vit_error *err);

/*
 * Has `write` write a file as vit_model_save_packed does, at the path of a temporary file that no
 * other process has, which then takes the place of the file that a path leads to; that may be an
 * input. Signals and exit remove what `write` writes under, too: TARGET.tmp. VIT_EIO, VIT_ENOMEM as
 * atomic_file_open, and what `write` returns.
 */
enum vit_status atomic_file_write(const char *path,
                                  enum vit_status (*write)(void *user, const char *target,
                                                           struct vit_error *err),
                                  void *user, struct vit_error *err);

/* Removes a file that is not committed; a zeroed or committed struct is allowed. */
void atomic_file_discard(struct atomic_file *f);

#endif
