/* memory_files.h - a caller's list of files in memory, as this version has it */
#ifndef VIT_CHECKPOINT_MEMORY_FILES_H
#define VIT_CHECKPOINT_MEMORY_FILES_H

#include "files/file.h"
#include "vit/inspect.h"

/*
 * Reads the list and checks it; the caller frees *list. VIT_EINVAL: see vit_model_open_files.
 * VIT_EUNSUPPORTED as sized_read; VIT_ENOMEM.
 */
enum vit_status memory_files_read(size_t count, const struct vit_file *files,
                                  struct memory_file **list, struct vit_error *err);

#endif
