/* sha256.h - SHA-256 digests as text */
#ifndef VIT_TOOLS_SHA256_H
#define VIT_TOOLS_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/status.h"

enum { SHA256_TEXT = 65 };

/* 64 hexadecimal digits, as sha256sum prints them. */
struct sha256 {
    char text[SHA256_TEXT];
};

struct sha256 sha256_of(const void *bytes, size_t size);

/* Of a file. As regular_file_open; VIT_EIO also: it cannot be read. */
enum vit_status sha256_of_file(const char *path, struct sha256 *digest, struct vit_error *err);

/* false: no text of the length of a digest; NULL is none */
bool sha256_from_text(const char *text, struct sha256 *digest);

#endif
