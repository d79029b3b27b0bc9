/* regular_file.h - opening and reading the files of a command line, of which no pipe is one */
#ifndef VIT_TOOLS_REGULAR_FILE_H
#define VIT_TOOLS_REGULAR_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * Opens a regular file and tells its length; the caller closes it. VIT_ENOTFOUND; VIT_EIO: it
 * cannot be opened, or it is a directory, a pipe or a device; the call does not wait for a pipe's
 * writer.
 */
enum vit_status regular_file_open(const char *path, FILE **file, size_t *bytes,
                                  struct vit_error *err);

/*
 * All of a regular file in memory, which the caller frees, whatever the result. The same errors;
 * VIT_EFORMAT: it has more than `most` bytes; VIT_EIO also: it became shorter. VIT_ENOMEM.
 */
enum vit_status regular_file_read(const char *path, size_t most, char **data, size_t *bytes,
                                  struct vit_error *err);

#endif
