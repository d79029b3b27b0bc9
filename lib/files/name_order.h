/* name_order.h - sorts by name, reading each byte of the names a few times only */
#ifndef VIT_FILES_NAME_ORDER_H
#define VIT_FILES_NAME_ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct named {
    const char *name;
    size_t index;  /* where it was */
    size_t common; /* bytes that it begins with like the one before it */
};

/*
 * Sorts in the order of strcmp; names that are equal keep their order. A comparison begins behind
 * what the two are known to share: long prefixes are not read in each. `scratch` is [count].
 */
void names_sort(size_t count, struct named *names, struct named *scratch);

/* The same for structs of `bytes` bytes that begin with a pointer to a name. False: no memory. */
bool structs_sort_by_name(size_t count, size_t bytes, void *structs);

#endif
