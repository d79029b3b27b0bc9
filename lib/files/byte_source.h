/* byte_source.h - the bytes of an open file, or of one in memory */
#ifndef VIT_FILES_BYTE_SOURCE_H
#define VIT_FILES_BYTE_SOURCE_H

#include "files/file.h"

struct byte_source {
    struct input_file file;     /* not open if there are bytes; its path is for messages */
    const unsigned char *bytes; /* [size], or NULL */
    uint64_t size;
};

/* Reads `bytes` bytes at `offset`, fewer at the end: *count. VIT_EIO: the file cannot be read. */
enum vit_status byte_source_read(const struct byte_source *source, uint64_t offset, size_t bytes,
                                 void *out, size_t *count, struct vit_error *err);

#endif
