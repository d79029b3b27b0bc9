/* hostile.h - checkpoints that are small on disk, or look large */
#ifndef VIT_TESTS_BUDGETS_HOSTILE_H
#define VIT_TESTS_BUDGETS_HOSTILE_H

#include <stddef.h>

#include "vit/status.h"

struct hostile {
    const char *name;
    size_t size;            /* of the smallest: what `make` counts */
    enum vit_status status; /* of opening it */
    /* Writes the files; returns the bytes of the distinct ones. */
    size_t (*make)(const char *directory, size_t size);
};

extern const struct hostile hostiles[]; /* ends with a name of NULL */

/* Removes a directory and the files in it. */
void hostile_remove(const char *directory);

#endif
