/* test_base.c - memory */
#include <criterion/criterion.h>

#include "base/arena.h"
#include "counts.h"

Test(arena, strides_are_whole_cache_lines_and_never_whole_pages)
{
    for (size_t n = 1; n < 10000; n++) {
        const size_t stride = padded_stride(n);
        cr_assert(stride >= n && stride % 16 == 0 && stride % 1024 != 0, "%zu: %zu", n, stride);
    }
    count_checks(10000);
}

Test(arena, measures_then_carves_aligned_arrays_that_do_not_overlap)
{
    struct arena arena = { 0 };

    cr_assert_null(arena_floats(&arena, 5));
    cr_assert_null(arena_floats(&arena, 100));
    cr_assert(arena_allocate(&memory_of_c, &arena));
    float *five = arena_floats(&arena, 5), *hundred = arena_floats(&arena, 100);
    cr_assert((size_t)five % 64 == 0 && (size_t)hundred % 64 == 0 && hundred >= five + 5);
    arena_free(&memory_of_c, &arena);

    arena_floats(&arena, (size_t)-1 / 4);
    arena_floats(&arena, 100);
    cr_assert_not(arena_allocate(&memory_of_c, &arena), "a size that wrapped was allocated");
    arena = (struct arena){ 0 };
    arena_doubles(&arena, ((size_t)1 << 61) + 1); /* 8 bytes, modulo 2^64 */
    cr_assert_not(arena_allocate(&memory_of_c, &arena), "a product that wrapped was allocated");
    count_checks(5);
}
