/* product.h - the product of sizes, if it fits in size_t */
#ifndef VIT_TOOLS_PRODUCT_H
#define VIT_TOOLS_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* False: the product of sizes[count] does not fit in size_t, and *out is undefined. */
static inline bool product(size_t count, const size_t *sizes, size_t *out)
{
    *out = 1;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(*out, sizes[i], out))
            return false;
    return true;
}

#endif
