/* memory.h - the memory of operands, laid out like the library's own, and how much there may be */
#ifndef VIT_MEASURE_MEMORY_H
#define VIT_MEASURE_MEMORY_H

#include <stddef.h>

/* Bytes that begin at a cache line, with huge pages where the system grants them, as the library
   asks for. NULL: no memory. To be freed with free(). */
void *memory_allocate(size_t bytes);

/* The same for `rows` rows of n floats each; the product fits in size_t. */
float *memory_floats(size_t rows, size_t n);

/*
 * One block of memory for parts [count] of the given bytes, which begin at cache lines, one after
 * the other, as the library's arrays do: distances modulo 4 KiB matter to loads that follow stores.
 * Returns the block, to be freed, and fills in the parts; NULL: no memory.
 */
void *memory_block(size_t count, const size_t *bytes, void **parts);

/* The row stride of the library's activations: whole cache lines, never a multiple of 4 KiB. */
size_t memory_stride(size_t n);

/* Bytes that measurements may use: half of this machine's memory, or of that of its control group
   if it has less; 4 GiB if neither is known. */
double memory_limit(void);

/* The least limit of the control groups in a file such as /proc/self/cgroup, and of those that
   contain them, below their mount point; bytes, 0: none. */
double memory_group_limit(const char *cgroup_file, const char *root);

#endif
