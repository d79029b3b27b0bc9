/* shard_index.h - the index of a checkpoint in several files: which of them each tensor is in */
#ifndef VIT_FILES_SHARD_INDEX_H
#define VIT_FILES_SHARD_INDEX_H

#include <jansson.h>
#include <stddef.h>

#include "vit/status.h"

/*
 * The format, which Hugging Face's model.safetensors.index.json has: a JSON object of "weight_map",
 * names of files by names of tensors; and perhaps "metadata", an object. Other keys are passed
 * over. metadata.total_size is not held against the files: writers disagree on what it counts.
 */
#define INDEX_MAX_BYTES  (16 << 20)
#define INDEX_MAX_SHARDS 512 /* each is held open; the largest models published have under 200 */

struct index_tensor {
    const char *name;
    size_t shard; /* which of the names of files */
};

struct index_file {
    size_t count;
    struct index_tensor *tensors; /* sorted by name */
    size_t shards;
    const char **shard; /* [shards], sorted: NAME.safetensors, without a folder */
    json_t *root;       /* what the names are in */
};

/*
 * Parses the text of an index; `path` is for messages. A shard's name leads nowhere but into the
 * index's own folder. VIT_EFORMAT (the message names the file and the tensor), VIT_ENOMEM;
 * VIT_EUNSUPPORTED more than INDEX_MAX_SHARDS files.
 */
enum vit_status index_parse(const char *path, const char *text, size_t bytes,
                            struct index_file **index, struct vit_error *err);

/* NULL is allowed. */
void index_free(struct index_file *index);

/* The tensor of that name, or NULL. */
const struct index_tensor *index_find(const struct index_file *index, const char *name);

#endif
