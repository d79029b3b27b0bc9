/* allocator.c - a malloc and its siblings that count, and fail where the program says so */
#include "tests/faults/allocator.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *block);

struct allocator allocator;

static bool fails(void)
{
    if (!allocator.fails || !allocator.fails())
        return false;
    errno = ENOMEM;
    return true;
}

/* `old_bytes` of it were counted before: it is a block that grew or shrank. */
static void *count(void *block, bool is_new, size_t old_bytes)
{
    if (!block)
        return NULL;
    allocator.blocks += is_new;
    allocator.bytes += (long)malloc_usable_size(block) - (long)old_bytes;
    allocator.peak = allocator.bytes > allocator.peak ? allocator.bytes : allocator.peak;
    return block;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : count(__libc_malloc(bytes), true, 0);
}

void *calloc(size_t number, size_t bytes)
{
    return fails() ? NULL : count(__libc_calloc(number, bytes), true, 0);
}

void *realloc(void *old, size_t bytes)
{
    const size_t before = old ? malloc_usable_size(old) : 0;

    return fails() ? NULL : count(__libc_realloc(old, bytes), !old, before);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return fails() ? NULL : count(__libc_memalign(align, bytes), true, 0);
}

void *memalign(size_t align, size_t bytes)
{
    return aligned_alloc(align, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    void *const allocated = aligned_alloc(align, bytes);

    if (!allocated)
        return ENOMEM;
    *block = allocated;
    return 0;
}

void free(void *block)
{
    const int kept = errno;

    if (block) {
        allocator.blocks--;
        allocator.bytes -= (long)malloc_usable_size(block);
    }
    __libc_free(block);
    errno = kept;
}
