/* atomic_folder.h - output folders that appear complete or not at all */
#ifndef VIT_TOOLS_ATOMIC_FOLDER_H
#define VIT_TOOLS_ATOMIC_FOLDER_H

#include <stddef.h>

#include "vit/status.h"

enum { FOLDER_FILES = 12 };

/*
 * A folder that is filled under a temporary name beside its own. A signal from outside that ends
 * the command, and exit, remove what is not committed. One exists at a time.
 */
struct atomic_folder {
    char *target, *temporary;
    char *files[FOLDER_FILES]; /* [count], paths in the temporary folder */
    size_t count;
};

/*
 * Creates the temporary folder. VIT_EINVAL: something has the target's name already. VIT_EIO: the
 * folder cannot be created. VIT_ENOMEM. Discard the folder, whatever the result.
 */
enum vit_status atomic_folder_open(const char *path, struct atomic_folder *f,
                                   struct vit_error *err);

/*
 * *file: the path at which to write a file of that name, at most FOLDER_FILES in all. It is valid
 * until the folder is committed or discarded, which removes it. VIT_ENOMEM.
 */
enum vit_status atomic_folder_file(struct atomic_folder *f, const char *name, const char **file,
                                   struct vit_error *err);

/* Writes a whole file. VIT_EIO: it cannot be written. VIT_ENOMEM. */
enum vit_status atomic_folder_write(struct atomic_folder *f, const char *name, const void *data,
                                    size_t bytes, struct vit_error *err);

/* Gives the folder its name. VIT_EIO: something but an empty folder has that name by now. */
enum vit_status atomic_folder_commit(struct atomic_folder *f, struct vit_error *err);

/* Removes a folder that is not committed; a zeroed or committed struct is allowed. */
void atomic_folder_discard(struct atomic_folder *f);

#endif
