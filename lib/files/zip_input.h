/* zip_input.h - how minizip reads an archive: few reads, and a sign of failed allocations */
#ifndef VIT_FILES_ZIP_INPUT_H
#define VIT_FILES_ZIP_INPUT_H

#include <minizip/ioapi.h>
#include <stdbool.h>

#include "files/file.h"

enum { ZIP_LOCAL_HEADER = 30, ZIP_MAX_TEXT = 65535 }; /* bytes; TEXT: a name, an extra field */

/* Bytes of the archive in memory. */
struct zip_window {
    uint64_t at;
    size_t bytes;
    unsigned char *data;
};

struct zip_input {
    const struct input_file *source;
    uint64_t at;                   /* where minizip reads next */
    uint64_t asked;                /* where it last sought to */
    struct zip_window end;         /* the end of the archive, later the whole directory */
    struct zip_window header;      /* a local header with its name */
    size_t header_bytes;           /* that are read when it is needed; 0: it is not */
    uint64_t moved_from, moved_to; /* a place that minizip gets wrong; equal: none */
    bool ended;                    /* the last read found the end of the archive */
    bool searching, no_memory, closed;
    struct vit_error failure; /* of reading */
};

/*
 * Reads the end of the archive, where minizip searches. zip_input_free frees what it takes, also if
 * it fails: VIT_EIO, VIT_ENOMEM.
 */
enum vit_status zip_input_start(const struct input_file *source, struct zip_input *input,
                                struct vit_error *err);
void zip_input_free(struct zip_input *input);

/* Reads all from `at` to the end of the archive. VIT_EIO, VIT_ENOMEM. */
enum vit_status zip_input_keep(struct zip_input *input, uint64_t at, struct vit_error *err);

/* The bytes from input->at on, which moves; fewer at the end, or where input->failure is. */
size_t zip_input_read(struct zip_input *input, size_t bytes, void *out);

/* What minizip calls. */
zlib_filefunc64_def zip_input_functions(struct zip_input *input);

#endif
