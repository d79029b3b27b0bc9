/* shard_record.h - NAME.jsonl as a run wrote it, and whether NAME.npy is what it describes */
#ifndef VIT_TOOLS_SHARD_RECORD_H
#define VIT_TOOLS_SHARD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/sha256.h"

struct shard_line {
    char *key;
    bool ok;              /* it has a row */
    struct sha256 digest; /* of the row */
};

struct shard_record {
    struct shard_line *lines; /* [count], one for each picture */
    size_t count, capacity;
    size_t rows;
    char *path;           /* of the shard */
    struct sha256 digest; /* of NAME.npy */
};

/*
 * Reads DIRECTORY/NAME.jsonl. VIT_EFORMAT: it is not what shard_output.h describes, whole. VIT_EIO,
 * VIT_ENOTFOUND, VIT_ENOMEM. Free the record, whatever the result.
 */
enum vit_status shard_record_load(const char *directory, const char *name,
                                  struct shard_record *record, struct vit_error *err);

/* Compares DIRECTORY/NAME.npy with the record: the file's digest and each row's. VIT_EFORMAT. */
enum vit_status shard_record_check(const char *directory, const char *name, size_t length,
                                   const struct shard_record *record, struct vit_error *err);

void shard_record_free(struct shard_record *record);

#endif
