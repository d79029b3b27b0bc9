/* directory.h - the directory of a checkpoint, on disk or in memory: its files by name */
#ifndef VIT_FILES_DIRECTORY_H
#define VIT_FILES_DIRECTORY_H

#include <stdbool.h>

#include "files/file.h"

/* An open directory. Users know only file names: it may also be a list of files in memory. */
struct directory {
    const char *path; /* the caller's string, for messages */
    int fd;           /* -1 in memory */
    size_t count;
    const struct memory_file *files; /* [count] in memory, or NULL */
    uint64_t max_file_bytes;         /* of each file that is opened; 0: no limit */
};

/*
 * VIT_ENOTFOUND; VIT_EIO: it is not a directory, or cannot be opened. The path must outlive the
 * handle.
 */
enum vit_status directory_open(const char *path, struct directory *directory,
                               struct vit_error *err);
void directory_close(struct directory *directory);

/* A directory of files in memory, which must outlive it; their names differ. */
struct directory directory_in_memory(size_t count, const struct memory_file *files);

/* The path of a file, in memory its name, for messages; to be freed. NULL: out of memory. */
char *directory_path(const struct directory *directory, const char *name);

/* As file_open. Also VIT_EUNSUPPORTED: the file is longer than max_file_bytes. The memory of a
 * file in memory is read, never copied as a whole. */
enum vit_status directory_open_file(const struct directory *directory, const char *name,
                                    struct input_file *file, struct vit_error *err);

/*
 * Reads a whole file of at most max_bytes; the caller calls text_file_free. If it is optional and
 * there is no such file, file->text is NULL. VIT_EIO, VIT_EFORMAT, VIT_ENOMEM as file_read_text.
 */
enum vit_status directory_read_text(const struct directory *directory, const char *name,
                                    size_t max_bytes, bool optional, struct text_file *file,
                                    struct vit_error *err);

/*
 * Calls visit for each name, in any order, except names that begin with a dot. VIT_EIO: the
 * directory cannot be read; VIT_ENOMEM: visit returned false.
 */
enum vit_status directory_visit(const struct directory *directory,
                                bool (*visit)(void *user, const char *name), void *user,
                                struct vit_error *err);

#endif
