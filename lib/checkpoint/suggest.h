/* suggest.h - the known name that is nearest to one that is not, for messages */
#ifndef VIT_CHECKPOINT_SUGGEST_H
#define VIT_CHECKPOINT_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
    const char *name;
    size_t distance; /* of the nearest name so far; SIZE_MAX before the first */
};

struct nearest nearest_to(const char *name);

/*
 * Whether `known` is nearer than all before: fewer characters to insert, remove or replace
 * (Levenshtein 1966). Names are compared by their first 127 bytes.
 */
bool nearest_try(struct nearest *nearest, const char *known);

#endif
