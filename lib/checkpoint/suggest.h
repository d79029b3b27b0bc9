/* suggest.h - the known name that is closest to an unknown one, for error messages */
#ifndef VIT_CHECKPOINT_SUGGEST_H
#define VIT_CHECKPOINT_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

struct suggestion {
    const char *name;
    size_t distance; /* of the closest known name so far; SIZE_MAX before the first */
};

struct suggestion suggest_for(const char *name);

/*
 * Whether `known` is closer than all names before it. The distance is the number of bytes to
 * insert, remove or replace (Levenshtein 1966) in the first 127 bytes.
 */
bool suggest_try(struct suggestion *suggestion, const char *known);

#endif
