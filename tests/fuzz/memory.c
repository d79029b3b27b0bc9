/* memory.c - how much memory a call needs, counted in AddressSanitizer's allocator */
#include "tests/fuzz/memory.h"

#include <sanitizer/allocator_interface.h>
#include <stdbool.h>
#include <stdint.h>

static bool counting;
static int64_t live, peak; /* bytes; blocks from before may be freed */

static void on_malloc(const volatile void *block, size_t bytes)
{
    (void)block;
    if (!counting)
        return;
    live += (int64_t)bytes;
    peak = live > peak ? live : peak;
}

static void on_free(const volatile void *block)
{
    if (counting && block)
        live -= (int64_t)__sanitizer_get_allocated_size(block);
}

void memory_begin(void)
{
    static bool installed;

    if (!installed)
        installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0;
    live = peak = 0;
    counting = true;
}

size_t memory_end(void)
{
    counting = false;
    return (size_t)peak;
}
