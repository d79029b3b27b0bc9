/* matmul.c - benchmarks of matmul: a Vision Transformer's, odd shapes, one row; and of packing */
#include <stdio.h>
#include <stdlib.h>

#include "bandwidth.h"
#include "base/arena.h"
#include "kernel_cases.h"
#include "kinds.h"
#include "sample.h"

struct shape {
    size_t m, n, k;
};

struct matmul {
    size_t m, n, k, lda, ldc;
    size_t packed_bytes;
    struct arena memory;
    float *a;                 /* [m][k], row stride lda, padded like the library's activations */
    float *b;                 /* [n][k], as a linear layer's weight */
    struct vit_packed packed; /* the same, for the level's micro-kernel */
    float *c;                 /* [m][n], row stride ldc */
};

static const struct vit_matmul_kernel *f32_kernel(const struct vit_kernels *level)
{
    return &level->matmul[VIT_MATMUL_F32_F32];
}

static void carve(struct matmul *mm)
{
    mm->a = arena_floats(&mm->memory, mm->m * mm->lda);
    mm->b = arena_floats(&mm->memory, mm->n * mm->k);
    mm->packed.panels = arena_bytes(&mm->memory, mm->packed_bytes);
    mm->c = arena_floats(&mm->memory, mm->m * mm->ldc);
}

static const char *prepare(const struct bench *bench, void **work)
{
    const struct shape *const s = bench->shape;
    struct matmul *const mm = calloc(1, sizeof *mm);

    *work = mm;
    if (!mm)
        return no_memory;
    *mm = (struct matmul){ .m = s->m,
                           .n = s->n,
                           .k = s->k,
                           .lda = padded_stride(s->k),
                           .ldc = padded_stride(s->n),
                           .packed_bytes = vit_packed_bytes(f32_kernel(bench->level), s->n, s->k),
                           .packed = { f32_kernel(bench->level), s->n, s->k, NULL } };
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

    vit_matmul(
        NULL,
        &(struct vit_matmul_args){
            .m = mm->m, .a = mm->a, .lda = mm->lda, .b = &mm->packed, .c = mm->c, .ldc = mm->ldc });
}

static const char *check(void *work)
{
    const struct matmul *const mm = work;
    const struct vit_kernels *scalar;
    const char *failure = no_memory;

    vit_kernels_get("scalar", &scalar, NULL);
    struct vit_packed packed = { f32_kernel(scalar), mm->n, mm->k, NULL };
    packed.panels = malloc(vit_packed_bytes(packed.kernel, mm->n, mm->k));
    float *const expected = malloc(MAX_SAMPLE_ROWS * mm->n * sizeof *expected);
    if (!packed.panels || !expected)
        goto done;
    vit_pack(&packed, 0, mm->n, mm->b, mm->k, 1);
    failure = NULL;
    for (size_t i = 0; i < SAMPLES && !failure; i++) {
        const struct sample s = sample_of(mm->m, i);
        vit_matmul(NULL, &(struct vit_matmul_args){ .m = s.count,
                                                    .a = mm->a + s.first * mm->lda,
                                                    .lda = mm->lda,
                                                    .b = &packed,
                                                    .c = expected,
                                                    .ldc = mm->n });
        if (!same_rows(s.count, mm->n, mm->c + s.first * mm->ldc, mm->ldc, expected, mm->n))
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

    return bandwidth_copy(mm->b, mm->packed.panels, mm->n * mm->k * sizeof(float));
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

static void add(const struct vit_kernels *level, const struct benchmark_kind *kind,
                const char *name, const struct shape *s)
{
    struct bench b = { .kind = kind, .level = level, .threads = 1 };
    char full[128];

    if (kind == &pack_kind)
        b.bytes = 2.0 * sizeof(float) * (double)s->n * (double)s->k;
    else
        b.operations = 2.0 * (double)s->m * (double)s->n * (double)s->k;
    if (kind == &one_row_kind)
        b.bytes = (double)vit_packed_bytes(f32_kernel(level), s->n, s->k);
    snprintf(full, sizeof full, "%s/%s", level->isa, name);
    measure_add(full, &b, s, sizeof *s);
}

void add_matmuls(const struct vit_kernels *level)
{
    char name[96];

    for (size_t i = 0; i < matmul_case_count; i++) {
        const struct matmul_case *const c = &matmul_cases[i];
        snprintf(name, sizeof name, "matmul/%s", c->name);
        add(level, &matmul_kind, name, &(struct shape){ c->m, c->n, c->k });
    }
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        const struct shape *const s = &odd_shapes[i];
        snprintf(name, sizeof name, "matmul/odd/%zux%zux%zu", s->m, s->n, s->k);
        add(level, &matmul_kind, name, s);
    }
    /* weights of 384 KiB, 9 MiB and 256 MiB: in L2, in L3 and in memory on most servers */
    add(level, &one_row_kind, "matmul/one_row/l2", &(struct shape){ 1, 128, 768 });
    add(level, &one_row_kind, "matmul/one_row/l3", &(struct shape){ 1, 3072, 768 });
    add(level, &one_row_kind, "matmul/one_row/memory", &(struct shape){ 1, 65536, 1024 });
    add(level, &pack_kind, "pack/768x768", &(struct shape){ 1, 768, 768 });
    add(level, &pack_kind, "pack/3072x768", &(struct shape){ 1, 3072, 768 });
}
