/* picture.h - a picture of a shard, before it is decoded */
#ifndef VIT_TOOLS_PICTURE_H
#define VIT_TOOLS_PICTURE_H

#include <stddef.h>

#include "vit/status.h"

enum {
    PICTURE_MAX_NAME = 4096,     /* bytes of a name */
    PICTURE_MAX_BYTES = 1 << 28, /* of an encoded picture, as vit_image_decode's default */
};

/* One picture: its bytes, or the file that has them. */
struct picture {
    char *key;            /* its name: of the member, in the list, below the directory */
    char *path;           /* of a file; NULL: a member of an archive */
    unsigned char *bytes; /* [size] of a member */
    size_t size;
    struct vit_error error; /* why it cannot be read; status VIT_OK: it is not known yet */
};

/* Zeroes the struct; a zeroed one is allowed. */
void picture_free(struct picture *picture);

#endif
