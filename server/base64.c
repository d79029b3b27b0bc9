/* base64.c - decodes base64 through nettle */
#include "server/base64.h"

#include <nettle/base64.h>
#include <stdlib.h>

enum base64_status base64_bytes(const char *text, size_t size, uint8_t **data, size_t *data_size)
{
    struct base64_decode_ctx context;
    size_t decoded = BASE64_DECODE_LENGTH(size);
    uint8_t *const bytes = malloc(decoded + 1);

    if (!bytes)
        return BASE64_NO_MEMORY;
    base64_decode_init(&context);
    if (!base64_decode_update(&context, &decoded, bytes, size, text) ||
        !base64_decode_final(&context)) {
        free(bytes);
        return BASE64_INVALID;
    }
    *data = bytes;
    *data_size = decoded;
    return BASE64_OK;
}
