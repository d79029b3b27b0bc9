/* new_file.h - writing a file under a temporary name beside its own */
#ifndef VIT_FILES_NEW_FILE_H
#define VIT_FILES_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

enum { NEW_FILE_SUFFIX = 64 }; /* bytes that a temporary name may have more than the path */

/*
 * Creates a file beside `path`: PATH.tmp, or PATH.PID-TIME.tmp, which no number of files that were
 * left behind can exhaust; the name is cut, so that the suffix fits. Writes the name to
 * name[bytes]. Returns a descriptor for writing; -1: errno says why.
 */
int new_file_create(const char *path, char *name, size_t bytes);

/* False: errno says why. */
bool new_file_write(int fd, const void *bytes, size_t count, uint64_t offset);

/* "PATH: cannot be written: ", and what errno says. VIT_ENOTFOUND: the directory does not exist. */
enum vit_status new_file_fail(const char *path, struct vit_error *err);

/*
 * After a loss of power the directory of a file must have its name too; some file systems cannot do
 * it. Cuts the path.
 */
void new_file_sync_directory(char *path);

#endif
