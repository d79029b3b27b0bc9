/* checked.h - products of sizes that report overflow */
#ifndef VIT_BASE_CHECKED_H
#define VIT_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>

/* *product = a · b; false if the product does not fit a size_t: *product is then undefined. */
static inline bool checked_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif
