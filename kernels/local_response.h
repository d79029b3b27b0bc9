/* local_response.h - the window of local response normalization, the same for every level */
#ifndef VIT_KERNELS_LOCAL_RESPONSE_H
#define VIT_KERNELS_LOCAL_RESPONSE_H

#include <stddef.h>

/* Rows [first, end). */
struct local_window {
    size_t first, end;
};

/* That of row i: those from i − ⌊size/2⌋ to i + ⌈size/2⌉ − 1 that exist. */
static inline struct local_window local_window_of(size_t rows, size_t size, size_t i)
{
    const size_t before = size / 2, after = size - before;

    return (struct local_window){ i > before ? i - before : 0,
                                  rows - i > after ? i + after : rows };
}

#endif
