/* find_images.h - the images that files and folders name */
#ifndef VIT_TOOLS_FIND_IMAGES_H
#define VIT_TOOLS_FIND_IMAGES_H

#include <stddef.h>

#include "vit/status.h"

struct paths {
    char **path; /* [count] */
    size_t count, capacity;
};

/*
 * Adds what an operand names: a file whatever it is called, and of a folder, and the folders in it,
 * every .jpg, .jpeg, .png and .webp, sorted by name. Hidden files and linked folders inside are
 * left out. VIT_EIO it cannot be read; VIT_EINVAL a folder without images; VIT_ENOMEM.
 */
enum vit_status walk(const char *operand, struct paths *paths, struct vit_error *err);

void paths_free(struct paths *paths);

#endif
