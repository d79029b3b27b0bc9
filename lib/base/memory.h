/* memory.h - where a model's or a context's memory comes from: hooks, or the C library */
#ifndef VIT_BASE_MEMORY_H
#define VIT_BASE_MEMORY_H

#include <stddef.h>

/* The hooks of struct vit_allocator, or zeros: the C library. */
struct memory {
    void *(*allocate)(void *user, size_t alignment, size_t bytes);
    void (*release)(void *user, void *memory, size_t bytes);
    void *user;
};

/* The C library. */
extern const struct memory memory_of_c;

/* bytes > 0, a multiple of the alignment, which is a power of two. NULL: no memory. */
void *memory_aligned(const struct memory *memory, size_t alignment, size_t bytes);

/* count > 0 structs of `size` > 0 bytes, zeroed. NULL: no memory. */
void *memory_zeroed(const struct memory *memory, size_t count, size_t size);

/* Releases what either function returned, of that many bytes. NULL is allowed. */
void memory_release(const struct memory *memory, void *block, size_t bytes);

#endif
