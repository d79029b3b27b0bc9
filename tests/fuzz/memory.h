/* memory.h - how much memory a call needs, counted in AddressSanitizer's allocator */
#ifndef VIT_TESTS_FUZZ_MEMORY_H
#define VIT_TESTS_FUZZ_MEMORY_H

#include <stddef.h>

/* Of one thread. Without AddressSanitizer nothing is counted. */
void memory_begin(void);

/* The maximum since memory_begin of the bytes that were allocated since and not freed. */
size_t memory_end(void);

#endif
