/* sha256.c - SHA-256 of bytes in memory and of open files; FIPS 180-4, computed by nettle */
#include "files/sha256.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "files/fail_file.h"

_Static_assert((int)SHA256_BYTES == (int)SHA256_DIGEST_SIZE, "as nettle has it");

void sha256(const void *bytes, size_t count, unsigned char *digest)
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, count, bytes);
    sha256_digest(&context, SHA256_BYTES, digest);
}

enum vit_status sha256_file(const struct input_file *file, unsigned char *digest,
                            struct vit_error *err)
{
    enum { CHUNK = 1 << 18 }; /* bytes: few system calls, and a part of L2 */
    struct sha256_ctx context;
    unsigned char *const chunk = malloc(CHUNK);
    enum vit_status status = VIT_OK;

    if (!chunk)
        return fail_no_memory(err, file->path);
    sha256_init(&context);
    for (uint64_t at = 0; at < file->bytes && !status; at += CHUNK) {
        const size_t count = file->bytes - at < CHUNK ? (size_t)(file->bytes - at) : CHUNK;
        status = file_read(file, at, count, chunk, err);
        if (!status)
            sha256_update(&context, count, chunk);
    }
    sha256_digest(&context, SHA256_BYTES, digest);
    free(chunk);
    return status;
}

struct sha256_text sha256_text(const unsigned char *digest)
{
    struct sha256_text text;

    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(text.text + 2 * i, 3, "%02x", digest[i]);
    return text;
}
