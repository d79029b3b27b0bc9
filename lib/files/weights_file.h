/* weights_file.h - which file of a checkpoint's directory holds the weights */
#ifndef VIT_FILES_WEIGHTS_FILE_H
#define VIT_FILES_WEIGHTS_FILE_H

#include "files/directory.h"
#include "vit/status.h"

enum tensors_format {
    TENSORS_SAFETENSORS, /* model.safetensors */
    TENSORS_SHARDED,     /* model.safetensors.index.json, and the files that it names */
    TENSORS_NPZ,         /* one .npz file */
};

/*
 * Finds the one file of weights: its format, and its name, which the caller frees. Hidden files do
 * not count, nor does an index beside model.safetensors. VIT_EIO: the directory cannot be listed,
 * or it has no such file; VIT_EFORMAT: it has several; VIT_ENOMEM.
 */
enum vit_status weights_file_find(const struct directory *directory, enum tensors_format *format,
                                  char **name, struct vit_error *err);

#endif
