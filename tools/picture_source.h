/* picture_source.h - the pictures of a shard, one after the other */
#ifndef VIT_TOOLS_PICTURE_SOURCE_H
#define VIT_TOOLS_PICTURE_SOURCE_H

#include <stdbool.h>

#include "tools/picture.h"
#include "tools/shard_list.h"

struct picture_source;

/*
 * Opens a shard. VIT_ENOTFOUND, VIT_EIO: it cannot be read. VIT_EINVAL: a directory without
 * pictures. VIT_ENOMEM. Close it with picture_source_close().
 */
enum vit_status picture_source_open(const struct shard *shard, struct picture_source **source,
                                    struct vit_error *err);

/*
 * The next picture, in the order of the shard; *found is false past the last. A member is one if
 * its name ends as that of an image; others and hidden ones are passed over. No member is written
 * anywhere, so its name may be any. A member that is no regular file, is sparse, or has more than
 * PICTURE_MAX_BYTES is a picture with an error. `wanted` false: its bytes are not needed.
 * VIT_EFORMAT: the archive is damaged or truncated. VIT_EIO. VIT_ENOMEM.
 */
enum vit_status picture_source_next(struct picture_source *source, bool wanted,
                                    struct picture *picture, bool *found, struct vit_error *err);

/* The share of the shard that has been read, from 0 to 1. */
double picture_source_position(const struct picture_source *source);

void picture_source_close(struct picture_source *source); /* NULL is allowed */

#endif
