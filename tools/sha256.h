/* sha256.h - SHA-256 digests as text */
#ifndef VIT_TOOLS_SHA256_H
#define VIT_TOOLS_SHA256_H

#include <stddef.h>
#include <stdio.h>

#include "vit/status.h"

enum { SHA256_TEXT = 65 };

/* 64 hexadecimal digits, as sha256sum prints them. */
struct sha256 {
    char text[SHA256_TEXT];
};

struct sha256 sha256_of(const void *bytes, size_t size);

/* Of the rest of an open file, whose name is for messages. VIT_EIO: it cannot be read. */
enum vit_status sha256_of_file(FILE *file, const char *path, struct sha256 *digest,
                               struct vit_error *err);

#endif
