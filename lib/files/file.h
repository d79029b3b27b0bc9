/* file.h - reading regular files that may be anything, and may change while they are read */
#ifndef VIT_FILES_FILE_H
#define VIT_FILES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

/*
 * Opens a regular file and says how long it is. VIT_EIO it cannot be opened, or is a directory, a
 * pipe or a device (which is never waited for).
 */
enum vit_status file_open(const char *path, int *fd, uint64_t *bytes, struct vit_error *err);

/*
 * Reads `bytes` bytes from `offset` on, by pread: a file cut short under a memory map is SIGBUS,
 * here it is VIT_EIO. `path` is for the message.
 */
enum vit_status file_read(const char *path, int fd, uint64_t offset, size_t bytes, void *out,
                          struct vit_error *err);

/*
 * A whole file, with a NUL after its last byte; the caller frees *text. If `optional`, *text is
 * NULL where there is no such file. VIT_EIO as above; VIT_EFORMAT longer than `most` bytes.
 */
enum vit_status file_read_all(const char *path, size_t most, bool optional, char **text,
                              size_t *bytes, struct vit_error *err);

/* VIT_ENOMEM "PATH: out of memory" */
enum vit_status file_no_memory(const char *path, struct vit_error *err);

/* folder/name, which the caller frees; NULL if memory ran out. */
char *file_path(const char *folder, const char *name);

#endif
