/* sha256.h - SHA-256 of bytes in memory and of open files; FIPS 180-4, computed by nettle */
#ifndef VIT_FILES_SHA256_H
#define VIT_FILES_SHA256_H

#include "files/file.h"

enum { SHA256_BYTES = 32 };

/* A file, and its SHA-256. */
struct file_digest {
    const char *name;
    unsigned char digest[SHA256_BYTES];
};

/* digest[SHA256_BYTES] of a block of memory. */
void sha256(const void *bytes, size_t count, unsigned char *digest);

/*
 * digest[SHA256_BYTES] of a whole open file. VIT_EIO: it is truncated or cannot be read;
 * VIT_ENOMEM.
 */
enum vit_status sha256_file(const struct input_file *file, unsigned char *digest,
                            struct vit_error *err);

/* The characters of a digest. */
struct sha256_text {
    char text[2 * SHA256_BYTES + 1];
};
struct sha256_text sha256_text(const unsigned char *digest);

#endif
