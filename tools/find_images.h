/* find_images.h - the image files that operands name */
#ifndef VIT_TOOLS_FIND_IMAGES_H
#define VIT_TOOLS_FIND_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/status.h"

struct image_paths {
    char **path; /* [count] */
    size_t count, capacity;
    bool keep_going; /* what cannot be found or listed is added as it stands, in its place */
};

/*
 * Adds the images of an operand. A file counts whatever its name is. A directory counts with its
 * subdirectories: every .jpg, .jpeg, .png and .webp in them, sorted by name, without hidden files
 * and linked directories. VIT_EIO: the operand cannot be read. VIT_EINVAL: a directory without
 * images. VIT_ENOMEM.
 */
enum vit_status find_images(const char *operand, struct image_paths *paths, struct vit_error *err);

/* Whether a path ends in .jpg, .jpeg, .png or .webp, in any case; hidden files do not count. */
bool is_image_name(const char *path);

void image_paths_free(struct image_paths *paths);

#endif
