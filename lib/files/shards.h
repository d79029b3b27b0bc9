/* shards.h - a checkpoint in several .safetensors files, held against their index */
#ifndef VIT_FILES_SHARDS_H
#define VIT_FILES_SHARDS_H

#include "files/safetensors.h"

/*
 * Opens every file that the index at index_path names, all in the index's folder, and checks that
 * each tensor is in the file that the index gives, and no tensor anywhere else. The caller frees
 * *files with shards_close. All or nothing: VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED, VIT_ENOMEM as
 * index_parse and safetensors_open; the message names the file and the tensor.
 */
enum vit_status shards_open(const char *folder, const char *index_path, size_t *count,
                            struct safetensors ***files, struct vit_error *err);

/* Closes and frees files[count]; NULL is allowed, in files too. */
void shards_close(size_t count, struct safetensors **files);

#endif
