/* tar_source.h - the pictures of a tar archive, which may be compressed */
#ifndef VIT_TOOLS_TAR_SOURCE_H
#define VIT_TOOLS_TAR_SOURCE_H

#include <stdbool.h>

#include "tools/picture.h"

struct tar_source;

/* As picture_source_open, _next, _position and _close, which call them. */
enum vit_status tar_source_open(const char *path, struct tar_source **source,
                                struct vit_error *err);
enum vit_status tar_source_next(struct tar_source *source, bool wanted, struct picture *picture,
                                bool *found, struct vit_error *err);
double tar_source_position(const struct tar_source *source);
void tar_source_close(struct tar_source *source);

#endif
