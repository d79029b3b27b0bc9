/* base64.h - decodes base64 through nettle */
#ifndef VIT_SERVER_BASE64_H
#define VIT_SERVER_BASE64_H

#include <stddef.h>
#include <stdint.h>

enum base64_status { BASE64_OK, BASE64_INVALID, BASE64_NO_MEMORY };

/* The bytes that text[size] encodes, in memory that the caller frees. White space is allowed. */
enum base64_status base64_bytes(const char *text, size_t size, uint8_t **data, size_t *data_size);

#endif
