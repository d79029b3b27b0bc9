/* attention.c - measures attention, the time of softmax included */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/kinds/kinds.h"
#include "measure/kinds/operands.h"
#include "measure/memory.h"

struct attention {
    const struct vit_kernels *level;
    struct vit_parallel parallel;
    size_t tokens, heads, head_dim;
    size_t dim; /* heads · head_dim */
    size_t ld, ld_out;
    float scale;
    void *block; /* of the arrays */
    float *qkv;  /* [tokens][3][heads][head_dim], row stride ld */
    float *out;  /* [tokens][heads][head_dim], row stride ld_out */
    void *scratch;
};

/* The dimensions are tokens, heads and head_dim. */
static const char *prepare(const struct bench *bench, void **work)
{
    const size_t *const d = bench->dimensions, dim = d[1] * d[2];
    struct attention *const at = calloc(1, sizeof *at);

    *work = at;
    if (!at)
        return no_memory;
    *at = (struct attention){ .level = bench->level,
                              .parallel = bench_parallel(bench->threads),
                              .tokens = d[0],
                              .heads = d[1],
                              .head_dim = d[2],
                              .dim = dim,
                              .ld = memory_stride(3 * dim),
                              .ld_out = memory_stride(dim),
                              .scale = (float)(1 / sqrt((double)d[2])) };
    void *parts[3];
    at->block = memory_block(
        3,
        (size_t[]){
            at->tokens * at->ld * sizeof(float), at->tokens * at->ld_out * sizeof(float),
            vit_attention_scratch_bytes(at->level, at->tokens, at->head_dim, bench->threads) },
        parts);
    if (!at->block)
        return no_memory;
    at->qkv = parts[0];
    at->out = parts[1];
    at->scratch = parts[2];
    fill_uniform(at->tokens * at->ld, at->qkv);
    return NULL;
}

static void release(void *work)
{
    struct attention *const at = work;

    if (at)
        free(at->block);
    free(at);
}

static void run(void *work)
{
    const struct attention *const at = work;

    vit_attention(at->level, &at->parallel,
                  &(struct vit_attention_args){ .queries = at->tokens,
                                                .tokens = at->tokens,
                                                .heads = at->heads,
                                                .head_dim = at->head_dim,
                                                .q = at->qkv,
                                                .ldq = at->ld,
                                                .k = at->qkv + at->dim,
                                                .v = at->qkv + 2 * at->dim,
                                                .ldkv = at->ld,
                                                .out = at->out,
                                                .ld_out = at->ld_out,
                                                .scale = at->scale,
                                                .scratch = at->scratch });
}

/* Scalar's results for one head, for a sample of its queries. */
struct reference {
    const struct vit_kernels *scalar;
    struct vit_packed keys, values;
    float *scores;    /* [MAX_SAMPLE_ROWS][tokens] */
    float *row_scale; /* [MAX_SAMPLE_ROWS] */
    float *out;       /* [MAX_SAMPLE_ROWS][head_dim] */
};

static struct vit_packed allocate_packed(const struct vit_kernels *scalar, size_t n, size_t k)
{
    const struct vit_matmul_kernel *const kernel = &scalar->matmul[VIT_MATMUL_F32_F32];

    return (struct vit_packed){ kernel, n, k, memory_allocate(vit_packed_bytes(kernel, n, k)) };
}

static bool allocate_reference(struct reference *r, size_t tokens, size_t head_dim)
{
    vit_kernels_get("scalar", &r->scalar, NULL);
    r->keys = allocate_packed(r->scalar, tokens, head_dim);
    r->values = allocate_packed(r->scalar, head_dim, tokens);
    r->scores = memory_floats(MAX_SAMPLE_ROWS, tokens);
    r->row_scale = memory_floats(1, MAX_SAMPLE_ROWS);
    r->out = memory_floats(MAX_SAMPLE_ROWS, head_dim);
    return r->keys.panels && r->values.panels && r->scores && r->row_scale && r->out;
}

static void release_reference(struct reference *r)
{
    free(r->out);
    free(r->row_scale);
    free(r->scores);
    free(r->values.panels);
    free(r->keys.panels);
}

/* Compares the samples of one head's rows with scalar's kernels, called in the contract's order. */
static bool check_head(const struct attention *at, size_t head, const struct reference *r)
{
    const float *const q = at->qkv + head * at->head_dim;
    const float *const k = q + at->dim, *const v = k + at->dim;
    const size_t tokens = at->tokens, head_dim = at->head_dim;
    const struct vit_epilogue scaled = { .scale = at->scale };
    bool same = true;

    vit_pack(&r->keys, 0, tokens, k, at->ld, 1);
    vit_pack(&r->values, 0, head_dim, v, 1, at->ld);
    for (size_t i = 0; i < SAMPLES && same; i++) {
        const struct sample s = sample_of(tokens, i);
        vit_matmul(NULL, &(struct vit_matmul_args){ .m = s.count,
                                                    .a = q + s.first * at->ld,
                                                    .lda = at->ld,
                                                    .b = &r->keys,
                                                    .c = r->scores,
                                                    .ldc = tokens,
                                                    .epilogue = &scaled });
        r->scalar->exp_sub_max(s.count, tokens, r->scores, tokens, r->scores, tokens, r->row_scale);
        for (size_t j = 0; j < s.count; j++)
            r->row_scale[j] = 1.0f / r->row_scale[j];
        vit_matmul(NULL, &(struct vit_matmul_args){
                             .m = s.count,
                             .a = r->scores,
                             .lda = tokens,
                             .b = &r->values,
                             .c = r->out,
                             .ldc = head_dim,
                             .epilogue = &(struct vit_epilogue){ .row_scale = r->row_scale } });
        same = same_rows(s.count, head_dim, at->out + s.first * at->ld_out + head * head_dim,
                         at->ld_out, r->out, head_dim);
    }
    return same;
}

/* Checks the first and the last head; the others are computed the same way. */
static const char *check(void *work)
{
    const struct attention *const at = work;
    struct reference r = { 0 };
    const char *failure = NULL;

    if (!allocate_reference(&r, at->tokens, at->head_dim))
        failure = no_memory;
    else if (!check_head(at, 0, &r) || !check_head(at, at->heads - 1, &r))
        failure = differs_from_scalar;
    release_reference(&r);
    return failure;
}

/* Sizes beyond size_t, of which the library's are 0, are far beyond any limit of memory. */
static void count(struct bench *bench)
{
    const size_t *const d = bench->dimensions;
    const double tokens = (double)d[0], head_dim = (double)d[2], dim = (double)d[1] * head_dim;
    const double line = 64 / sizeof(float), padded = 4 * dim + 4 * line;
    const double checked =
        tokens * (2 * head_dim + MAX_SAMPLE_ROWS) + MAX_SAMPLE_ROWS * (1 + head_dim);

    bench->operations = 4 * tokens * tokens * dim; /* of both products, without softmax */
    bench->bytes = 4 * sizeof(float) * tokens * dim;
    bench->memory = sizeof(float) * tokens * padded +
                    (double)vit_attention_scratch_bytes(bench->level, d[0], d[2], bench->threads);
    bench->checked = 2 * sizeof(float) * checked; /* panels of few columns are padded */
}

static bool attention_at(size_t i, char name[64], const void **subject)
{
    if (i == 0)
        snprintf(name, 64, "attention");
    *subject = NULL;
    return i == 0;
}

/* ViT-B's; images of 224, 512 and 1024 pixels in patches of 16 */
static bool case_at(size_t i, struct kernel_case *c)
{
    static const struct kernel_case cases[] = { { "197x12x64", { 197, 12, 64 } },
                                                { "1025x12x64", { 1025, 12, 64 } },
                                                { "4097x12x64", { 4097, 12, 64 } } };

    return kernel_case_at(cases, sizeof cases / sizeof *cases, i, c);
}

const struct kernel_kind attention_kind = {
    .work = { prepare, run, check, release },
    .shape = "TOKENSxHEADSxHEAD_DIM",
    .example = "577x16x64",
    .measures =
        "softmax(Q . K / sqrt(HEAD_DIM)) . V of every head; softmax's operations not counted",
    .dimension_count = 3,
    .kernel_at = attention_at,
    .case_at = case_at,
    .count = count,
};
