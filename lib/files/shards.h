/* shards.h - a checkpoint in several .safetensors files, checked against their index */
#ifndef VIT_FILES_SHARDS_H
#define VIT_FILES_SHARDS_H

#include "files/directory.h"
#include "files/safetensors.h"

/*
 * Opens every file that an index names, all in the index's own directory. It checks that each
 * tensor is in the file that the index gives, and that no file has other tensors. The caller frees
 * *files with shards_close. All or nothing: VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED, VIT_ENOMEM as
 * index_parse and safetensors_open; the message names the file and the tensor.
 */
enum vit_status shards_open(const struct directory *directory, const char *index_name,
                            size_t *count, struct safetensors ***files, struct vit_error *err);

/* Closes and frees files[count]; files and each file may be NULL. */
void shards_close(size_t count, struct safetensors **files);

#endif
