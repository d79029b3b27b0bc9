/* main.c - one operation on cold operands, for a simulated cache: bench/cache_misses.py runs it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dispatch.h"
#include "vit/kernels.h"

enum { FLUSH_BYTES = 8 << 20, ARENA_ALIGNMENT = 2 << 20, NO_LEVEL = 77 };

static const char usage[] = "run LEVEL L2_BYTES matmul|attention DIMENSION DIMENSION DIMENSION "
                            "all|set-up\n";

/* What an operation works on. Its place in the cache does not depend on the system's allocator. */
struct work {
    const struct vit_kernels *kernels;
    size_t dimensions[3]; /* m, n, k; or tokens, heads, columns of a head */
    struct arena arena;
    float *a, *b, *c; /* B in the order of a linear layer's weight; or queries, keys and values */
    struct vit_packed packed;
    void *scratch;
    const volatile char *flush;
};

static float *carve(struct work *w, size_t rows, size_t n)
{
    return arena_floats(&w->arena, rows * n);
}

/* A linear congruential generator suffices: no result depends on the numbers. */
static void fill(float *x, size_t count)
{
    unsigned state = 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / (1 << 24) - 0.5f;
    }
}

static void carve_matmul(struct work *w)
{
    const size_t m = w->dimensions[0], n = w->dimensions[1], k = w->dimensions[2];

    w->packed = (struct vit_packed){ &w->kernels->matmul[VIT_MATMUL_F32_F32], n, k, NULL };
    w->a = carve(w, m, padded_stride(k));
    w->packed.panels = arena_bytes(&w->arena, vit_packed_bytes(w->packed.kernel, n, k));
    w->c = carve(w, m, padded_stride(n));
    w->scratch = arena_bytes(&w->arena, vit_matmul_scratch_bytes(&w->packed, m, 1));
    w->b = carve(w, n, k);
}

static void set_up_matmul(struct work *w)
{
    const size_t m = w->dimensions[0], n = w->dimensions[1], k = w->dimensions[2];

    fill(w->a, m * padded_stride(k));
    fill(w->b, n * k);
    vit_pack(&w->packed, 0, n, w->b, k, 1);
}

static void run_matmul(const struct work *w)
{
    vit_matmul(NULL, &(struct vit_matmul_args){ .m = w->dimensions[0],
                                                .a = w->a,
                                                .lda = padded_stride(w->dimensions[2]),
                                                .b = &w->packed,
                                                .c = w->c,
                                                .ldc = padded_stride(w->dimensions[1]),
                                                .scratch = w->scratch });
}

/* Queries, keys and values are columns of one matrix, as in a model. */
static void carve_attention(struct work *w)
{
    const size_t tokens = w->dimensions[0], dim = w->dimensions[1] * w->dimensions[2];

    w->a = carve(w, tokens, padded_stride(3 * dim));
    w->c = carve(w, tokens, padded_stride(dim));
    w->scratch = arena_bytes(&w->arena,
                             vit_attention_scratch_bytes(w->kernels, tokens, w->dimensions[2], 1));
}

static void set_up_attention(struct work *w)
{
    fill(w->a, w->dimensions[0] * padded_stride(3 * w->dimensions[1] * w->dimensions[2]));
}

static void run_attention(const struct work *w)
{
    const size_t tokens = w->dimensions[0], dim = w->dimensions[1] * w->dimensions[2];

    vit_attention(w->kernels, NULL,
                  &(struct vit_attention_args){ .queries = tokens,
                                                .tokens = tokens,
                                                .heads = w->dimensions[1],
                                                .head_dim = w->dimensions[2],
                                                .q = w->a,
                                                .ldq = padded_stride(3 * dim),
                                                .k = w->a + dim,
                                                .v = w->a + 2 * dim,
                                                .ldkv = padded_stride(3 * dim),
                                                .out = w->c,
                                                .ld_out = padded_stride(dim),
                                                .scale = 0.125f,
                                                .scratch = w->scratch });
}

static const struct operation {
    const char *name;
    void (*carve)(struct work *w);
    void (*set_up)(struct work *w);
    void (*run)(const struct work *w);
} operations[] = {
    { "matmul", carve_matmul, set_up_matmul, run_matmul },
    { "attention", carve_attention, set_up_attention, run_attention },
};

/* Carves twice, as base/arena.h says, but aligned to what every simulated cache is a part of. */
static bool allocate(struct work *w, const struct operation *operation)
{
    operation->carve(w);
    arena_bytes(&w->arena, FLUSH_BYTES);
    if (w->arena.overflow)
        return false;
    w->arena.bytes = (w->arena.used / ARENA_ALIGNMENT + 1) * ARENA_ALIGNMENT;
    w->arena.base = aligned_alloc(ARENA_ALIGNMENT, w->arena.bytes);
    if (!w->arena.base)
        return false;
    w->arena.used = 0;
    operation->carve(w);
    w->flush = arena_bytes(&w->arena, FLUSH_BYTES);
    return true;
}

/* Operations begin without their operands in cache. */
static void flush(const struct work *w)
{
    for (size_t i = 0; i < FLUSH_BYTES; i += 64)
        (void)w->flush[i];
}

int main(int argc, char **argv)
{
    const struct operation *operation = NULL;
    struct work w = { 0 };
    struct vit_error err;

    for (size_t i = 0; argc == 8 && i < sizeof operations / sizeof *operations; i++)
        if (strcmp(argv[3], operations[i].name) == 0)
            operation = &operations[i];
    if (!operation) {
        fputs(usage, stderr);
        return 2;
    }
    dispatch_assume_caches(&(struct vit_caches){ .l1d = 32768, .l2 = strtoul(argv[2], NULL, 10) });
    if (vit_kernels_get(argv[1], &w.kernels, &err) != VIT_OK) {
        fprintf(stderr, "%s\n", err.message);
        return NO_LEVEL;
    }
    for (int i = 0; i < 3; i++)
        w.dimensions[i] = strtoul(argv[4 + i], NULL, 10);
    if (!allocate(&w, operation))
        return 2;
    operation->set_up(&w);
    flush(&w);
    if (strcmp(argv[7], "all") == 0)
        operation->run(&w);
    arena_free(&memory_of_c, &w.arena);
    return 0;
}
