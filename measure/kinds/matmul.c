/* matmul.c - measures matmul: a Vision Transformer's, odd shapes, one row; and packing */
#include <stdio.h>
#include <stdlib.h>

#include "check/kernel_cases.h"
#include "check/matmul_scratch.h"
#include "measure/kinds/kinds.h"
#include "measure/kinds/operands.h"
#include "measure/memory.h"

/* The pairs of number types whose kernels multiply: the subjects. */
#define PAIR_SUFFIX(identifier, suffix) { VIT_MATMUL_##identifier, suffix },
static const struct pair {
    enum vit_matmul_pair pair;
    const char *suffix; /* of the names */
} pairs[] = { VIT_MATMUL_LIST(PAIR_SUFFIX) };

static bool pair_at(size_t i, const char *operation, char name[64], const void **subject)
{
    if (i >= sizeof pairs / sizeof *pairs)
        return false;
    snprintf(name, 64, "%s%s", operation, pairs[i].suffix);
    *subject = &pairs[i];
    return true;
}

struct matmul {
    enum vit_matmul_pair pair;
    size_t m, n, k, lda, ldc, packed_bytes, threads;
    struct vit_parallel parallel;
    void *block;              /* of the arrays */
    float *a;                 /* [m][k], row stride lda, padded like the library's activations */
    float *b;                 /* [n][k], as a linear layer's weight */
    struct vit_packed packed; /* the same, for the level's micro-kernel */
    void *scratch;            /* of vit_matmul */
    float *c;                 /* [m][n], row stride ldc */
};

/* The dimensions are m, n and k. */
static const char *prepare_matmul(const struct bench *bench, size_t m, size_t n, size_t k,
                                  void **work)
{
    const struct pair *const pair = bench->subject;
    const struct vit_packed packed = { &bench->level->matmul[pair->pair], n, k, NULL };
    struct matmul *const mm = calloc(1, sizeof *mm);

    *work = mm;
    if (!mm)
        return no_memory;
    *mm = (struct matmul){ .pair = pair->pair,
                           .m = m,
                           .n = n,
                           .k = k,
                           .lda = memory_stride(k),
                           .ldc = memory_stride(n),
                           .packed_bytes = vit_packed_bytes(packed.kernel, n, k),
                           .threads = bench->threads,
                           .parallel = bench_parallel(bench->threads),
                           .packed = packed };
    void *parts[5];
    mm->block = memory_block(5,
                             (size_t[]){ m * mm->lda * sizeof(float), n * k * sizeof(float),
                                         mm->packed_bytes,
                                         vit_matmul_scratch_bytes(&packed, m, bench->threads),
                                         m * mm->ldc * sizeof(float) },
                             parts);
    if (!mm->block)
        return no_memory;
    mm->a = parts[0];
    mm->b = parts[1];
    mm->packed.panels = parts[2];
    mm->scratch = parts[3];
    mm->c = parts[4];
    fill_uniform(m * mm->lda, mm->a);
    fill_uniform(n * k, mm->b);
    vit_pack(&mm->packed, 0, n, mm->b, k, 1);
    return NULL;
}

static const char *prepare(const struct bench *bench, void **work)
{
    const size_t *const d = bench->dimensions;

    return prepare_matmul(bench, d[0], d[1], d[2], work);
}

static void release(void *work)
{
    struct matmul *const mm = work;

    if (mm)
        free(mm->block);
    free(mm);
}

static void run(void *work)
{
    const struct matmul *const mm = work;

    vit_matmul(&mm->parallel, &(struct vit_matmul_args){ .m = mm->m,
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
static struct stream read_weights(void *work)
{
    const struct matmul *const mm = work;

    return (struct stream){ mm->packed.panels, NULL, mm->packed_bytes };
}

/* What prepare_matmul and check allocate; sizes beyond size_t are far beyond any limit. */
static void count_memory(struct bench *bench, size_t m, size_t n, size_t k, double packed_bytes)
{
    const struct pair *const pair = bench->subject;
    const struct vit_packed packed = { &bench->level->matmul[pair->pair], n, k, NULL };
    const double a = (double)m * (double)memory_stride(k), b = (double)n * (double)k;
    const double c = (double)m * (double)memory_stride(n);

    bench->memory = sizeof(float) * (a + b + c) + packed_bytes +
                    (double)vit_matmul_scratch_bytes(&packed, m, bench->threads);
    bench->checked = sizeof(float) * MAX_SAMPLE_ROWS * (double)n + packed_bytes;
}

static double packed_size(const struct bench *bench, size_t n, size_t k)
{
    const struct pair *const pair = bench->subject;

    return (double)vit_packed_bytes(&bench->level->matmul[pair->pair], n, k);
}

static void count(struct bench *bench)
{
    const size_t m = bench->dimensions[0], n = bench->dimensions[1], k = bench->dimensions[2];
    const double packed_bytes = packed_size(bench, n, k);

    const struct pair *const pair = bench->subject;

    bench->operations = 2.0 * (double)m * (double)n * (double)k;
    bench->matmul = &bench->level->matmul[pair->pair];
    bench->bytes = sizeof(float) * (double)m * ((double)n + (double)k) + packed_bytes;
    count_memory(bench, m, n, k, packed_bytes);
    bench->stream = m == 1 ? read_weights : NULL;
}

static bool matmul_at(size_t i, char name[64], const void **subject)
{
    return pair_at(i, "matmul", name, subject);
}

/*
 * Shapes with a remainder in one dimension, without any, and with all of them. M = 64 is divided
 * into almost equal tiles; N = 192 and 768 are whole panels on every level, 64 and 128 on AVX-512.
 */
static const size_t odd_shapes[][3] = {
    { 64, 768, 768 }, { 65, 768, 768 },  { 66, 768, 768 },  { 67, 768, 768 }, { 68, 768, 768 },
    { 69, 768, 768 }, { 70, 768, 768 },  { 71, 768, 768 },  { 77, 768, 768 }, { 197, 768, 768 },
    { 64, 64, 768 },  { 64, 65, 768 },   { 64, 128, 768 },  { 64, 127, 768 }, { 64, 129, 768 },
    { 64, 192, 768 }, { 64, 191, 768 },  { 64, 193, 768 },  { 64, 769, 768 }, { 64, 783, 768 },
    { 64, 785, 768 }, { 64, 799, 768 },  { 64, 817, 768 },  { 64, 831, 768 }, { 64, 768, 765 },
    { 64, 768, 766 }, { 64, 768, 767 },  { 64, 768, 769 },  { 64, 768, 64 },  { 64, 768, 63 },
    { 64, 768, 65 },  { 65, 65, 65 },    { 67, 129, 191 },  { 71, 191, 127 }, { 77, 193, 769 },
    { 77, 769, 767 }, { 197, 197, 197 }, { 197, 831, 769 },
};

/* float32 weights of 384 KiB, 9 MiB and 256 MiB: in L2, in L3, in memory on most servers */
static const struct kernel_case one_row[] = {
    { "one_row/l2", { 1, 128, 768 } },
    { "one_row/l3", { 1, 3072, 768 } },
    { "one_row/memory", { 1, 65536, 1024 } },
};

static bool matmul_case_at(size_t i, struct kernel_case *c)
{
    enum {
        ODD = sizeof odd_shapes / sizeof *odd_shapes,
        ONE_ROW = sizeof one_row / sizeof *one_row
    };

    *c = (struct kernel_case){ "", { 0 } };
    if (i < matmul_case_count) {
        const struct matmul_case *const from = &matmul_cases[i];
        *c = (struct kernel_case){ "", { from->m, from->n, from->k } };
        snprintf(c->name, sizeof c->name, "%s", from->name);
        return true;
    }
    i -= matmul_case_count;
    if (i < ODD) {
        const size_t *const s = odd_shapes[i];
        *c = (struct kernel_case){ "", { s[0], s[1], s[2] } };
        snprintf(c->name, sizeof c->name, "odd/%zux%zux%zu", s[0], s[1], s[2]);
        return true;
    }
    i -= ODD;
    return kernel_case_at(one_row, ONE_ROW, i, c);
}

const struct kernel_kind matmul_kind = {
    .work = { prepare, run, check, release },
    .shape = "MxNxK",
    .example = "197x768x768",
    .measures = "C[M][N] = A[M][K] . B[K][N], B packed before; M = 1: relative to reading B too; "
                "u8_s8: to the peak of 8 bits, A converted too",
    .dimension_count = 3,
    .kernel_at = matmul_at,
    .case_at = matmul_case_at,
    .count = count,
};

/* The dimensions are n and k; the product that checks the panels has one row. */
static const char *prepare_pack(const struct bench *bench, void **work)
{
    return prepare_matmul(bench, 1, bench->dimensions[0], bench->dimensions[1], work);
}

/* The chunks of a part of the columns. */
static void pack_part(void *arg, size_t thread)
{
    const struct matmul *const mm = arg;
    const size_t begin = thread * mm->n / mm->threads, end = (thread + 1) * mm->n / mm->threads;
    size_t first = 0, columns;

    for (; (columns = vit_packed_chunk(&mm->packed, first)) > 0 && first < end; first += columns)
        if (first >= begin)
            vit_pack(&mm->packed, first, columns, mm->b + first * mm->k, mm->k, 1);
}

static void run_pack(void *work)
{
    struct matmul *const mm = work;

    if (mm->threads > 1)
        vit_parallel_openmp(NULL, mm->threads, pack_part, mm);
    else
        vit_pack(&mm->packed, 0, mm->n, mm->b, mm->k, 1);
}

/* Only the kernel knows the layout of a panel, so this checks a product. */
static const char *check_pack(void *work)
{
    run(work);
    return check(work);
}

static struct stream copy_weights(void *work)
{
    const struct matmul *const mm = work;
    const size_t b_bytes = mm->n * mm->k * sizeof(float);

    return (struct stream){ mm->b, mm->packed.panels,
                            b_bytes < mm->packed_bytes ? b_bytes : mm->packed_bytes };
}

static void count_pack(struct bench *bench)
{
    const size_t n = bench->dimensions[0], k = bench->dimensions[1];
    const double packed_bytes = packed_size(bench, n, k);

    bench->bytes = sizeof(float) * (double)n * (double)k + packed_bytes;
    count_memory(bench, 1, n, k, packed_bytes);
    bench->stream = copy_weights;
}

static bool pack_at(size_t i, char name[64], const void **subject)
{
    return pair_at(i, "pack", name, subject);
}

static bool pack_case_at(size_t i, struct kernel_case *c)
{
    static const struct kernel_case cases[] = { { "768x768", { 768, 768 } },
                                                { "3072x768", { 3072, 768 } } };

    return kernel_case_at(cases, sizeof cases / sizeof *cases, i, c);
}

const struct kernel_kind pack_kind = {
    .work = { prepare_pack, run_pack, check_pack, release },
    .shape = "NxK",
    .example = "3072x768",
    .measures = "a linear layer's weight [N][K] packed for matmul; relative to copying it",
    .dimension_count = 2,
    .kernel_at = pack_at,
    .case_at = pack_case_at,
    .count = count_pack,
};
