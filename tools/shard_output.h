/* shard_output.h - the two files of a shard: NAME.npy has its vectors, NAME.jsonl its pictures */
#ifndef VIT_TOOLS_SHARD_OUTPUT_H
#define VIT_TOOLS_SHARD_OUTPUT_H

#include "tools/atomic_file.h"
#include "tools/sha256.h"
#include "tools/shard_list.h"

/*
 * NAME.npy is float32 [rows][length]. NAME.jsonl has a line for each picture, in order:
 *   {"key": "a.jpg", "status": "ok", "row": 0, "digest": SHA-256 of the row's bytes}
 *   {"key": "b.jpg", "status": "error", "error": "b.jpg: expected ..."}
 * and a last one: {"shard": PATH, "status": "done", "pictures": 2, "rows": 1, "digest": SHA-256 of
 * NAME.npy}. Both are written to the disk under other names. NAME.npy gets its name last, so a
 * shard with that file is done.
 */
struct shard_output {
    const struct shard *shard;
    struct atomic_file rows, lines;
    const char *directory;
    size_t pictures, count, length;
};

/* "DIRECTORY/NAME.npy"; the caller frees it. NULL: out of memory. */
char *shard_output_path(const char *directory, const char *name, const char *suffix);

/* Whether DIRECTORY/NAME.npy exists. VIT_EIO: it cannot be known. VIT_ENOMEM. */
enum vit_status shard_is_done(const char *directory, const char *name, bool *done,
                              struct vit_error *err);

/* VIT_EIO: a file cannot be created. Discard it, whatever the result. */
enum vit_status shard_output_open(const char *directory, const struct shard *shard, size_t length,
                                  struct shard_output *out, struct vit_error *err);

/* A picture and its vector, [length] finite numbers. VIT_ENOMEM. */
enum vit_status shard_output_row(struct shard_output *out, const char *key, const float *row,
                                 struct vit_error *err);

/* A picture without one. */
enum vit_status shard_output_error(struct shard_output *out, const char *key, const char *message,
                                   struct vit_error *err);

/* Gives the files their names; *digest is that of NAME.npy. VIT_EIO: a write failed. */
enum vit_status shard_output_commit(struct shard_output *out, struct sha256 *digest,
                                    struct vit_error *err);

/* Removes what is not committed; a zeroed struct is allowed. */
void shard_output_discard(struct shard_output *out);

#endif
