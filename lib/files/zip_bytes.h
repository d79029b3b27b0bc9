/* zip_bytes.h - what the two files of the zip reader share: numbers, and bytes of an archive */
#ifndef VIT_FILES_ZIP_BYTES_H
#define VIT_FILES_ZIP_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

struct zip_archive;

/* Reads bytes of an archive. VIT_EFORMAT: it is shorter; VIT_EIO. */
enum vit_status zip_read_at(const struct zip_archive *zip, uint64_t offset, size_t bytes, void *out,
                            struct vit_error *err);

/* Little endian, of any alignment. */
static inline uint16_t zip_u16(const unsigned char *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t zip_u32(const unsigned char *b)
{
    return zip_u16(b) | (uint32_t)zip_u16(b + 2) << 16;
}

static inline uint64_t zip_u64(const unsigned char *b)
{
    return zip_u32(b) | (uint64_t)zip_u32(b + 4) << 32;
}

#endif
