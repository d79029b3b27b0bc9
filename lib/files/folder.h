/* folder.h - which file of weights a checkpoint folder has */
#ifndef VIT_FILES_FOLDER_H
#define VIT_FILES_FOLDER_H

#include "files/tensors.h"

/*
 * Finds the one file of weights: its format, and its path, which the caller frees. Hidden files do
 * not count. VIT_EIO the folder cannot be listed, or has none; VIT_EFORMAT it has several, of one
 * kind or of two; VIT_ENOMEM.
 */
enum vit_status folder_weights(const char *folder, enum tensors_format *format, char **path,
                               struct vit_error *err);

#endif
