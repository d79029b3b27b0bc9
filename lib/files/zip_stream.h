/* zip_stream.h - unpacks a member of a zip archive from its beginning */
#ifndef VIT_FILES_ZIP_STREAM_H
#define VIT_FILES_ZIP_STREAM_H

#include <stdbool.h>

#include "files/file.h"

/* The data of a member. */
struct zip_data {
    bool deflated;         /* else stored */
    uint32_t crc;          /* of the unpacked bytes */
    uint64_t at;           /* where they begin */
    uint64_t packed, size; /* bytes in the archive, and unpacked */
};

struct zip_stream;

/*
 * `where` begins the messages; it and the source stay until zip_stream_free. VIT_ENOMEM: *stream is
 * NULL.
 */
enum vit_status zip_stream_start(const struct input_file *source, const struct zip_data *data,
                                 const char *where, struct zip_stream **stream,
                                 struct vit_error *err);
/* NULL is allowed. */
void zip_stream_free(struct zip_stream *stream);

/* The next bytes. VIT_EFORMAT: truncated or damaged; VIT_EIO, VIT_ENOMEM. */
enum vit_status zip_stream_read(struct zip_stream *stream, size_t bytes, void *out,
                                struct vit_error *err);

/* Checks that the data end here, and the checksum of all that was read. Errors: see above. */
enum vit_status zip_stream_finish(struct zip_stream *stream, struct vit_error *err);

#endif
