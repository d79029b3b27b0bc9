/* digest.h - a digest of bytes, for expected results too large to write down */
#ifndef VIT_CHECK_DIGEST_H
#define VIT_CHECK_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define DIGEST_BEGIN 0xcbf29ce484222325u

static inline uint64_t digest_more(uint64_t hash, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static inline uint64_t digest(const uint8_t *bytes, size_t count)
{
    return digest_more(DIGEST_BEGIN, bytes, count);
}

#endif
