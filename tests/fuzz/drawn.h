/* drawn.h - what fuzzers of kernels draw from their input: numbers, matrices, levels, threads */
#ifndef VIT_TESTS_FUZZ_DRAWN_H
#define VIT_TESTS_FUZZ_DRAWN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/digest.h"
#include "check/test_data.h"
#include "vit/kernels.h"

static inline void demand(int holds)
{
    if (!holds)
        abort();
}

/* --- the input: two bytes a draw, and behind its end random ones that depend on it */

static const uint8_t *input;
static size_t left;
static uint64_t behind;

static inline void take(void *to, size_t bytes)
{
    uint8_t *const out = to;

    for (size_t i = 0; i < bytes; i++) {
        out[i] = left > 0 ? *input++ : (uint8_t)next_random(&behind);
        left -= left > 0;
    }
}

static inline size_t draw(size_t n) /* below n */
{
    uint8_t bytes[2];

    take(bytes, sizeof bytes);
    return (bytes[0] + 256u * bytes[1]) % n;
}

/* --- arrays that live until the end of an input */

enum { MAX_ARRAYS = 48 };
static struct {
    void *at;
    size_t bytes;
    uint64_t digest; /* of an operand that must not change; 0: of any other */
} arrays[MAX_ARRAYS];
static size_t array_count;

static inline void *keep(void *at, size_t bytes)
{
    demand(at && array_count < MAX_ARRAYS);
    memset(at, 0x5a, bytes);
    arrays[array_count].digest = 0;
    arrays[array_count].bytes = bytes;
    arrays[array_count++].at = at;
    return at;
}

static inline void *allocate_at(size_t alignment, size_t bytes)
{
    void *at;

    demand(posix_memalign(&at, alignment, bytes) == 0);
    return keep(at, bytes);
}

static inline void *allocate(size_t bytes)
{
    return allocate_at(sizeof(void *), bytes);
}

static inline void *allocate_scratch(size_t bytes)
{
    return allocate_at(64, bytes);
}

/* From here on the last array must not change. */
static inline void freeze(void)
{
    arrays[array_count - 1].digest =
        digest(arrays[array_count - 1].at, arrays[array_count - 1].bytes);
}

static inline void release(void)
{
    while (array_count-- > 0) {
        if (arrays[array_count].digest != 0)
            demand(digest(arrays[array_count].at, arrays[array_count].bytes) ==
                   arrays[array_count].digest);
        free(arrays[array_count].at);
    }
    array_count = 0;
}

struct matrix {
    size_t rows, n, ld;
    float *at;
};

/* The numbers of a matrix, those between its rows included. */
static inline size_t extent(const struct matrix *x)
{
    return x->rows > 0 ? (x->rows - 1) * x->ld + x->n : 0;
}

static inline struct matrix new_matrix(size_t rows, size_t n, size_t ld)
{
    struct matrix x = { rows, n, ld, NULL };

    x.at = allocate(extent(&x) * sizeof *x.at);
    return x;
}

static inline struct matrix draw_matrix(size_t rows, size_t n)
{
    const struct matrix x = new_matrix(rows, n, n + draw(5));
    const size_t pattern = draw(PATTERNS + 1), seed = draw(65536);

    for (size_t i = 0; i < rows; i++)
        if (pattern < PATTERNS)
            fill_pattern(n, x.at + i * x.ld, (enum pattern)pattern, seed + i);
        else if (n > 0)
            take(x.at + i * x.ld, n * sizeof *x.at);
    freeze();
    return x;
}

static inline const float *draw_row(size_t n)
{
    return draw(3) ? draw_matrix(1, n).at : NULL;
}

static inline struct matrix copy_of(struct matrix x)
{
    const struct matrix y = new_matrix(x.rows, x.n, x.ld);

    memcpy(y.at, x.at, extent(&x) * sizeof *x.at);
    return y;
}

/* The same bits in both, and all that is between rows as it was. */
static inline void expect_same(struct matrix expected, struct matrix found)
{
    demand(first_difference(extent(&expected), expected.at, found.at) == extent(&expected));
}

/* --- levels and threads */

static const struct vit_kernels *scalar, *level;

static inline void choose_level(size_t which)
{
    const char *names[16];
    size_t count = 0;
    int usable;

    for (size_t i = 0; count < 16 && vit_isa_level(i, &usable); i++)
        if (usable)
            names[count++] = vit_isa_level(i, NULL);
    demand(vit_kernels_get("scalar", &scalar, NULL) == VIT_OK);
    demand(vit_kernels_get(names[count - 1 - which % count], &level, NULL) == VIT_OK);
}

static inline void run_backwards(void *user, size_t tasks, void (*task)(void *arg, size_t i),
                                 void *arg)
{
    (void)user;
    while (tasks-- > 0)
        task(arg, tasks);
}

static struct vit_parallel parallel = { run_backwards, NULL, 0 };

/* Reads the level and the number of threads, which every input begins with. */
static inline void begin(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
    behind = digest(data, size);
    choose_level(draw(16));
    parallel.threads = draw(9);
}

/* Arguments of any activation of n channels. */
static inline struct vit_activation_args draw_activation_args(size_t n)
{
    struct vit_activation_args args = { 0 };

    take(&args.a, sizeof args.a);
    take(&args.b, sizeof args.b);
    args.weight = draw_matrix(1, n).at;
    return args;
}

#endif
