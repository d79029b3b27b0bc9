/* packed_header.h - the header of a file of packed weights: what it says, as bytes */
#ifndef VIT_FILES_PACKED_HEADER_H
#define VIT_FILES_PACKED_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/sha256.h"

/* docs/packed.md has the table of the format. */
enum {
    PACKED_VERSION = 1,
    PACKED_ALIGN = 64,  /* bytes, of each array */
    PACKED_PAGE = 4096, /* bytes, of the first one */
    PACKED_NAME = 64,
    PACKED_TYPE = 16,
    PACKED_FILE_NAME = 256,
    PACKED_MAGIC = 8, /* bytes that packed_header_begins needs */
};

/* A file that the numbers come from. */
struct packed_source {
    char name[PACKED_FILE_NAME]; /* without a directory */
    uint64_t bytes;
    int64_t seconds; /* of the last modification, since 1970 */
    uint32_t nanoseconds;
    unsigned char digest[SHA256_BYTES];
};

/* An array: rows first_row .. first_row + rows − 1 of a tensor, packed or as they are. */
struct packed_array {
    char name[PACKED_NAME]; /* "blocks[3].qkv.weight" */
    char type[PACKED_TYPE]; /* "f32", or a kernel: "matmul.f32_f16" */
    uint64_t first_row, rows, columns;
    uint64_t bytes;
    uint64_t offset; /* in the file: of packed_header_place */
};

/*
 * All of it follows from the model that opens the file, except the digests. So a file's header is
 * not interpreted: it is compared with the one that it must have.
 */
struct packed_header {
    const char *text; /* lines "name value": the library, the kernels, the model */
    struct packed_source *sources;
    size_t source_count;
    struct packed_array *arrays;
    size_t array_count;
    unsigned char digest[SHA256_BYTES]; /* of the bytes from `data` to the end */
    /* of packed_header_place */
    size_t data;         /* the offset of the first array: the bytes of the header */
    uint64_t file_bytes; /* all of the file */
};

/* Gives each array its offset. False: a size does not fit. */
bool packed_header_place(struct packed_header *header);

/* Writes the header->data bytes of the header, with the digest of the header itself. */
void packed_header_write(const struct packed_header *header, unsigned char *out);

/* Whether a file that begins with these bytes is one of packed weights, of any version. */
bool packed_header_begins(const unsigned char *found, size_t bytes);

/*
 * Compares the first `bytes` bytes of a file of file_bytes, at least header->data of them if the
 * file has so many, with the header that is expected, and takes the digests from it.
 * VIT_EFORMAT: it is no file of packed weights. VIT_ESTALE: anything differs; the message names the
 * first difference. VIT_ENOMEM.
 */
enum vit_status packed_header_check(struct packed_header *header, const char *path,
                                    const unsigned char *found, size_t bytes, uint64_t file_bytes,
                                    struct vit_error *err);

#endif
