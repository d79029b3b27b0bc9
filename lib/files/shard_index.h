/* shard_index.h - the index of a checkpoint in several files: which file holds each tensor */
#ifndef VIT_FILES_SHARD_INDEX_H
#define VIT_FILES_SHARD_INDEX_H

#include <stddef.h>

#include "files/json.h"
#include "vit/status.h"

/*
 * The format of Hugging Face's model.safetensors.index.json: a JSON object with "weight_map", file
 * names by tensor names, and an optional object "metadata". Other keys are ignored.
 * metadata.total_size is not compared with the files: writers disagree on what it counts.
 */
#define INDEX_MAX_BYTES  (16 << 20)
#define INDEX_MAX_SHARDS 512 /* each stays open; the largest published models have under 200 */

struct index_tensor {
    const char *name;
    size_t shard; /* index into shard[] */
};

struct index_file {
    size_t count;
    struct index_tensor *tensors; /* sorted by shard, then by name */
    size_t shards;
    const char **shard; /* [shards], sorted: NAME.safetensors, without a directory */
    size_t *first;      /* [shards + 1]: its first tensor */
    struct json *root;  /* owns the names */
};

/*
 * Parses the text of an index; `path` is for messages. A shard's name cannot lead out of the
 * index's own directory. VIT_EFORMAT (the message names the file and the tensor), VIT_ENOMEM;
 * VIT_EUNSUPPORTED: more than INDEX_MAX_SHARDS files.
 */
enum vit_status index_parse(const char *path, const char *text, size_t bytes,
                            struct index_file **index, struct vit_error *err);

/* NULL is allowed. */
void index_free(struct index_file *index);

/* The tensor of that name, or NULL. It reads the whole list. */
const struct index_tensor *index_find(const struct index_file *index, const char *name);

#endif
