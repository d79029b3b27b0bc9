/* sha256.c - SHA-256 digests as text */
#include "tools/sha256.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "tools/error.h"
#include "tools/regular_file.h"

static struct sha256 finish(struct sha256_ctx *context)
{
    unsigned char bytes[SHA256_DIGEST_SIZE];
    struct sha256 digest;

    sha256_digest(context, sizeof bytes, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(digest.text + 2 * i, 3, "%02x", bytes[i]);
    return digest;
}

struct sha256 sha256_of(const void *bytes, size_t size)
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, size, bytes);
    return finish(&context);
}

enum vit_status sha256_of_file(const char *path, struct sha256 *digest, struct vit_error *err)
{
    struct sha256_ctx context;
    unsigned char buffer[4096];
    size_t bytes, got;
    FILE *file;
    const enum vit_status status = regular_file_open(path, &file, &bytes, err);

    if (status)
        return status;
    sha256_init(&context);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        sha256_update(&context, got, buffer);
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error)
        return tool_fail(err, VIT_EIO, "cannot read %s: %s", path_end(path), strerror(error));
    *digest = finish(&context);
    return VIT_OK;
}

bool sha256_from_text(const char *text, struct sha256 *digest)
{
    if (!text || strlen(text) != SHA256_TEXT - 1)
        return false;
    memcpy(digest->text, text, SHA256_TEXT);
    return true;
}
