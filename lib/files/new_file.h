/* new_file.h - writing a file under a temporary name beside its own */
#ifndef VIT_FILES_NEW_FILE_H
#define VIT_FILES_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

/* A file that gets its name when it is whole. */
struct new_file {
    const char *path; /* the caller's, which must stay */
    bool replaces;
    char *name; /* the temporary one */
    int fd;     /* open for writing */
};

/*
 * Creates a file beside `path`: PATH.tmp, or PATH.PID-TIME.tmp, which no number of files that were
 * left behind can exhaust; the name is cut, so that the suffix fits. replaces: the file may take
 * the place of another, else VIT_EINVAL. Other errors: those of new_file_fail; VIT_ENOMEM. Close
 * the file if the result is VIT_OK.
 */
enum vit_status new_file_open(const char *path, bool replaces, struct new_file *file,
                              struct vit_error *err);

/* False: errno says why. */
bool new_file_write(int fd, const void *bytes, size_t count, uint64_t offset);

/* "PATH: cannot be written: ", and what errno says. VIT_ENOTFOUND: the directory does not exist. */
enum vit_status new_file_fail(const char *path, struct vit_error *err);

/*
 * Gives the file the name `path` if `written`, the status of what was written, is VIT_OK; else
 * removes it and returns `written`. VIT_EINVAL: meanwhile another file has got the name, and this
 * one does not replace it. Other errors: those of new_file_fail.
 */
enum vit_status new_file_close(struct new_file *file, enum vit_status written,
                               struct vit_error *err);

#endif
