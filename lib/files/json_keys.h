/* json_keys.h - the order in which an object's keys are found */
#ifndef VIT_FILES_JSON_KEYS_H
#define VIT_FILES_JSON_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct json_key {
    uint64_t hash;
    const char *text;
    size_t bytes;
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv */
static inline struct json_key json_key(const char *text, size_t bytes)
{
    struct json_key key = { 0xcbf29ce484222325, text, bytes };

    for (size_t i = 0; i < bytes; i++)
        key.hash = (key.hash ^ (unsigned char)text[i]) * 0x100000001b3;
    return key;
}

/* By hash: keys that share a long prefix are compared without reading it. */
static inline int json_key_compare(const struct json_key *x, const struct json_key *y)
{
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return memcmp(x->text, y->text, x->bytes);
}

#endif
