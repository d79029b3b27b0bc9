/* file.h - reading regular files, which may be hostile and may change while they are read */
#ifndef VIT_FILES_FILE_H
#define VIT_FILES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

/* An open file, on disk or in memory. */
struct input_file {
    char *path;                /* for messages */
    int fd;                    /* -1 for a file in memory, or if it is closed */
    const unsigned char *data; /* [bytes] of a file in memory, the caller's; otherwise NULL */
    uint64_t bytes;            /* its length when it was opened */
    /* when its last modification was, since 1970; 0 in memory */
    int64_t seconds;
    uint32_t nanoseconds;
};

/* A file in the caller's memory, which must not change while it is open. */
struct memory_file {
    const char *name;
    const void *data; /* [bytes], or NULL if there are none */
    size_t bytes;
};

/*
 * Opens a regular file. VIT_ENOTFOUND; VIT_EIO: it cannot be opened, or it is a directory, a pipe
 * or a device; the call does not wait for a pipe's writer. VIT_ENOMEM.
 */
enum vit_status file_open(const char *path, struct input_file *file, struct vit_error *err);

/*
 * The same for a name relative to an open directory. `path` is for messages; *file takes it over,
 * whether or not the file opens; NULL: the caller was out of memory, and VIT_ENOMEM is returned.
 */
enum vit_status file_open_at(int directory, const char *name, char *path, struct input_file *file,
                             struct vit_error *err);

/* Whether both have the same length and the same time. */
bool file_has_stamp_of(const struct input_file *file, const struct input_file *other);

/* Whether an open file has the length and the time that it had; one in memory always has. */
bool file_is_unchanged(const struct input_file *file);

/* Opens a file in memory; `path` as for file_open_at. VIT_EFORMAT: a pointer of Git LFS. */
enum vit_status file_open_memory(const struct memory_file *from, char *path,
                                 struct input_file *file, struct vit_error *err);

/* Whether it can be read. */
static inline bool file_is_open(const struct input_file *file)
{
    return file->fd >= 0 || file->data;
}

/* A file that is not open (fd -1 and path NULL) is allowed. */
void file_close(struct input_file *file);

/* Keeps the path, for messages. */
void file_close_descriptor(struct input_file *file);

/*
 * Reads `bytes` bytes at `offset`. It calls pread: a file that is truncated under a memory map
 * raises SIGBUS, while here it is VIT_EIO.
 */
enum vit_status file_read(const struct input_file *file, uint64_t offset, size_t bytes, void *out,
                          struct vit_error *err);

/* The same, but fewer bytes where the file ends: *count. */
enum vit_status file_read_up_to(const struct input_file *file, uint64_t offset, size_t bytes,
                                void *out, size_t *count, struct vit_error *err);

/* A file as one string, with a NUL after its last byte. */
struct text_file {
    const char *path; /* for messages */
    const char *text; /* NULL: there is no such file */
    size_t bytes;
};

/*
 * Reads a whole open file into text->text and bytes. VIT_EIO as file_read; VIT_EFORMAT: more than
 * max_bytes; VIT_ENOMEM.
 */
enum vit_status file_read_text(const struct input_file *file, size_t max_bytes,
                               struct text_file *text, struct vit_error *err);

/* Frees the path and the text. */
void text_file_free(struct text_file *file);

#endif
