/* matmul.c - benchmarks of matmul: a Vision Transformer's, odd shapes, one row; and of packing */
#include <stdio.h>
#include <stdlib.h>

#include "bandwidth.h"
#include "base/arena.h"
#include "kernel_cases.h"
#include "kinds.h"
#include "matmul_scratch.h"
#include "sample.h"

struct shape {
    size_t m, n, k;
};

/* A shape, and the pair of number types that its kernel multiplies. */
struct pair_shape {
    struct shape size;
    enum vit_matmul_pair pair;
};

struct matmul {
    enum vit_matmul_pair pair;
    size_t m, n, k, lda, ldc;
    size_t packed_bytes, scratch_bytes;
    struct arena memory;
    float *a;                 /* [m][k], row stride lda, padded like the library's activations */
    float *b;                 /* [n][k], as a linear layer's weight */
    struct vit_packed packed; /* the same, for the level's micro-kernel */
    void *scratch;            /* of vit_matmul */
    float *c;                 /* [m][n], row stride ldc */
};

static void carve(struct matmul *mm)
{
    mm->a = arena_floats(&mm->memory, mm->m * mm->lda);
    mm->b = arena_floats(&mm->memory, mm->n * mm->k);
    mm->packed.panels = arena_bytes(&mm->memory, mm->packed_bytes);
    mm->scratch = arena_bytes(&mm->memory, mm->scratch_bytes);
    mm->c = arena_floats(&mm->memory, mm->m * mm->ldc);
}

static const char *prepare(const struct bench *bench, void **work)
{
    const struct pair_shape *const p = bench->shape;
    const struct shape *const s = &p->size;
    const struct vit_packed packed = { &bench->level->matmul[p->pair], s->n, s->k, NULL };
    struct matmul *const mm = calloc(1, sizeof *mm);

    *work = mm;
    if (!mm)
        return no_memory;
    *mm = (struct matmul){ .pair = p->pair,
                           .m = s->m,
                           .n = s->n,
                           .k = s->k,
                           .lda = padded_stride(s->k),
                           .ldc = padded_stride(s->n),
                           .packed_bytes = vit_packed_bytes(packed.kernel, s->n, s->k),
                           .scratch_bytes = vit_matmul_scratch_bytes(&packed, s->m, 1),
                           .packed = packed };
    carve(mm);
    if (!arena_allocate(&mm->memory))
        return no_memory;
    carve(mm);
    fill_uniform(mm->m * mm->lda, mm->a);
    fill_uniform(mm->n * mm->k, mm->b);
    vit_pack(&mm->packed, 0, mm->n, mm->b, mm->k, 1);
    return NULL;
}

static void release(void *work)
{
    struct matmul *const mm = work;

    if (mm)
        arena_free(&mm->memory);
    free(mm);
}

static void run(void *work)
{
    const struct matmul *const mm = work;

    vit_matmul(NULL, &(struct vit_matmul_args){ .m = mm->m,
                                                .a = mm->a,
                                                .lda = mm->lda,
                                                .b = &mm->packed,
                                                .c = mm->c,
                                                .ldc = mm->ldc,
                                                .scratch = mm->scratch });
}

static const char *check(void *work)
{
    const struct matmul *const mm = work;
    const struct vit_kernels *scalar;
    const char *failure = no_memory;

    vit_kernels_get("scalar", &scalar, NULL);
    struct vit_packed packed = { &scalar->matmul[mm->pair], mm->n, mm->k, NULL };
    packed.panels = malloc(vit_packed_bytes(packed.kernel, mm->n, mm->k));
    float *const expected = malloc(MAX_SAMPLE_ROWS * mm->n * sizeof *expected);
    if (!packed.panels || !expected)
        goto done;
    vit_pack(&packed, 0, mm->n, mm->b, mm->k, 1);
    failure = NULL;
    for (size_t i = 0; i < SAMPLES && !failure; i++) {
        const struct sample s = sample_of(mm->m, i);
        if (!matmul_with_scratch(NULL, &(struct vit_matmul_args){ .m = s.count,
                                                                  .a = mm->a + s.first * mm->lda,
                                                                  .lda = mm->lda,
                                                                  .b = &packed,
                                                                  .c = expected,
                                                                  .ldc = mm->n }))
            failure = no_memory;
        else if (!same_rows(s.count, mm->n, mm->c + s.first * mm->ldc, mm->ldc, expected, mm->n))
            failure = differs_from_scalar;
    }
done:
    free(expected);
    free(packed.panels);
    return failure;
}

/* One row uses every weight once, so the bandwidth of memory limits it. */
static double read_weights(void *work)
{
    const struct matmul *const mm = work;

    return bandwidth_read(mm->packed.panels, mm->packed_bytes);
}

static void run_pack(void *work)
{
    const struct matmul *const mm = work;

    vit_pack(&mm->packed, 0, mm->n, mm->b, mm->k, 1);
}

/* Only the kernel knows the layout of a panel, so this checks a product. */
static const char *check_pack(void *work)
{
    run(work);
    return check(work);
}

static double copy_weights(void *work)
{
    const struct matmul *const mm = work;

    const size_t b_bytes = mm->n * mm->k * sizeof(float);

    return bandwidth_copy(mm->b, mm->packed.panels,
                          b_bytes < mm->packed_bytes ? b_bytes : mm->packed_bytes);
}

static const struct benchmark_kind matmul_kind = { prepare, run, check, NULL, release };
static const struct benchmark_kind one_row_kind = { prepare, run, check, read_weights, release };
static const struct benchmark_kind pack_kind = { prepare, run_pack, check_pack, copy_weights,
                                                 release };

/*
 * Shapes with a remainder in one dimension, without any, and with all of them. M = 64 is divided
 * into almost equal tiles; N = 192 and 768 are whole panels on every level, 64 and 128 on AVX-512.
 */
static const struct shape odd_shapes[] = {
    { 64, 768, 768 }, { 65, 768, 768 },  { 66, 768, 768 },  { 67, 768, 768 }, { 68, 768, 768 },
    { 69, 768, 768 }, { 70, 768, 768 },  { 71, 768, 768 },  { 77, 768, 768 }, { 197, 768, 768 },
    { 64, 64, 768 },  { 64, 65, 768 },   { 64, 128, 768 },  { 64, 127, 768 }, { 64, 129, 768 },
    { 64, 192, 768 }, { 64, 191, 768 },  { 64, 193, 768 },  { 64, 769, 768 }, { 64, 783, 768 },
    { 64, 785, 768 }, { 64, 799, 768 },  { 64, 817, 768 },  { 64, 831, 768 }, { 64, 768, 765 },
    { 64, 768, 766 }, { 64, 768, 767 },  { 64, 768, 769 },  { 64, 768, 64 },  { 64, 768, 63 },
    { 64, 768, 65 },  { 65, 65, 65 },    { 67, 129, 191 },  { 71, 191, 127 }, { 77, 193, 769 },
    { 77, 769, 767 }, { 197, 197, 197 }, { 197, 831, 769 },
};

#define SUFFIX(identifier, suffix) suffix,
static const char *const suffixes[] = { VIT_MATMUL_LIST(SUFFIX) };

/* Adds LEVEL/OPERATION/NAME, with the pair's suffix after the operation. */
static void add(const struct vit_kernels *level, enum vit_matmul_pair pair,
                const struct benchmark_kind *kind, const char *name, struct shape s)
{
    const struct pair_shape shape = { s, pair };
    const double packed_bytes = (double)vit_packed_bytes(&level->matmul[pair], s.n, s.k);
    struct bench b = { .kind = kind, .level = level, .threads = 1 };
    char full[128];

    if (kind == &pack_kind)
        b.bytes = sizeof(float) * (double)s.n * (double)s.k + packed_bytes;
    else
        b.operations = 2.0 * (double)s.m * (double)s.n * (double)s.k;
    if (kind == &one_row_kind)
        b.bytes = packed_bytes;
    snprintf(full, sizeof full, "%s/%s%s/%s", level->isa, kind == &pack_kind ? "pack" : "matmul",
             suffixes[pair], name);
    measure_add(full, &b, &shape, sizeof shape);
}

static void add_pair(const struct vit_kernels *level, enum vit_matmul_pair pair)
{
    char name[96];

    for (size_t i = 0; i < matmul_case_count; i++) {
        const struct matmul_case *const c = &matmul_cases[i];
        add(level, pair, &matmul_kind, c->name, (struct shape){ c->m, c->n, c->k });
    }
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        const struct shape *const s = &odd_shapes[i];
        snprintf(name, sizeof name, "odd/%zux%zux%zu", s->m, s->n, s->k);
        add(level, pair, &matmul_kind, name, *s);
    }
    /* float32 weights of 384 KiB, 9 MiB and 256 MiB: in L2, in L3, in memory on most servers */
    add(level, pair, &one_row_kind, "one_row/l2", (struct shape){ 1, 128, 768 });
    add(level, pair, &one_row_kind, "one_row/l3", (struct shape){ 1, 3072, 768 });
    add(level, pair, &one_row_kind, "one_row/memory", (struct shape){ 1, 65536, 1024 });
    add(level, pair, &pack_kind, "768x768", (struct shape){ 1, 768, 768 });
    add(level, pair, &pack_kind, "3072x768", (struct shape){ 1, 3072, 768 });
}

void add_matmuls(const struct vit_kernels *level)
{
    for (enum vit_matmul_pair pair = 0; pair < VIT_MATMUL_PAIRS; pair++)
        add_pair(level, pair);
}
