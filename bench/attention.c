/* attention.c - benchmarks of attention, from 197 to 4097 tokens */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "kinds.h"
#include "sample.h"
#include "vit/kernels.h"

/* ViT-B's */
enum { HEADS = 12, HEAD_DIM = 64, DIM = HEADS * HEAD_DIM };
static const float scale = 0.125f;

struct attention {
    const struct vit_kernels *level;
    size_t tokens, ld, ld_out;
    struct arena memory;
    float *qkv; /* [tokens][3][HEADS][HEAD_DIM], row stride ld */
    float *out; /* [tokens][HEADS][HEAD_DIM], row stride ld_out */
    void *scratch;
};

static void carve(struct attention *at)
{
    at->qkv = arena_floats(&at->memory, at->tokens * at->ld);
    at->out = arena_floats(&at->memory, at->tokens * at->ld_out);
    at->scratch =
        arena_bytes(&at->memory, vit_attention_scratch_bytes(at->level, at->tokens, HEAD_DIM, 1));
}

static const char *prepare(const struct bench *bench, void **work)
{
    struct attention *const at = calloc(1, sizeof *at);

    *work = at;
    if (!at)
        return no_memory;
    at->level = bench->level;
    at->tokens = *(const size_t *)bench->shape;
    at->ld = padded_stride(3 * DIM);
    at->ld_out = padded_stride(DIM);
    carve(at);
    if (!arena_allocate(&at->memory))
        return no_memory;
    carve(at);
    fill_uniform(at->tokens * at->ld, at->qkv);
    return NULL;
}

static void release(void *work)
{
    struct attention *const at = work;

    if (at)
        arena_free(&at->memory);
    free(at);
}

static void run(void *work)
{
    const struct attention *const at = work;

    vit_attention(at->level, NULL,
                  &(struct vit_attention_args){ .queries = at->tokens,
                                                .tokens = at->tokens,
                                                .heads = HEADS,
                                                .head_dim = HEAD_DIM,
                                                .q = at->qkv,
                                                .ldq = at->ld,
                                                .k = at->qkv + DIM,
                                                .v = at->qkv + 2 * DIM,
                                                .ldkv = at->ld,
                                                .out = at->out,
                                                .ld_out = at->ld_out,
                                                .scale = scale,
                                                .scratch = at->scratch });
}

/* Scalar's results for one head, for a sample of its queries. */
struct reference {
    const struct vit_kernels *scalar;
    struct arena memory;
    struct vit_packed keys, values;
    float *scores;    /* [MAX_SAMPLE_ROWS][tokens] */
    float *row_scale; /* [MAX_SAMPLE_ROWS] */
    float *out;       /* [MAX_SAMPLE_ROWS][HEAD_DIM] */
};

static struct vit_packed carve_packed(struct reference *r, size_t n, size_t k)
{
    const struct vit_matmul_kernel *const kernel = &r->scalar->matmul[VIT_MATMUL_F32_F32];
    void *const panels = arena_bytes(&r->memory, vit_packed_bytes(kernel, n, k));
    return (struct vit_packed){ kernel, n, k, panels };
}

static void carve_reference(struct reference *r, size_t tokens)
{
    r->keys = carve_packed(r, tokens, HEAD_DIM);
    r->values = carve_packed(r, HEAD_DIM, tokens);
    r->scores = arena_floats(&r->memory, MAX_SAMPLE_ROWS * tokens);
    r->row_scale = arena_floats(&r->memory, MAX_SAMPLE_ROWS);
    r->out = arena_floats(&r->memory, MAX_SAMPLE_ROWS * HEAD_DIM);
}

/* Compares the samples of one head's rows with scalar's kernels, called in the contract's order. */
static bool check_head(const struct attention *at, size_t head, const struct reference *r)
{
    const float *const q = at->qkv + head * HEAD_DIM, *const k = q + DIM, *const v = k + DIM;
    const size_t tokens = at->tokens;
    bool same = true;

    vit_pack(&r->keys, 0, tokens, k, at->ld, 1);
    vit_pack(&r->values, 0, HEAD_DIM, v, 1, at->ld);
    for (size_t i = 0; i < SAMPLES && same; i++) {
        const struct sample s = sample_of(tokens, i);
        vit_matmul(NULL, &(struct vit_matmul_args){ .m = s.count,
                                                    .a = q + s.first * at->ld,
                                                    .lda = at->ld,
                                                    .b = &r->keys,
                                                    .c = r->scores,
                                                    .ldc = tokens,
                                                    .epilogue =
                                                        &(struct vit_epilogue){ .scale = scale } });
        r->scalar->exp_sub_max(s.count, tokens, r->scores, tokens, r->scores, tokens, r->row_scale);
        for (size_t j = 0; j < s.count; j++)
            r->row_scale[j] = 1.0f / r->row_scale[j];
        vit_matmul(NULL, &(struct vit_matmul_args){
                             .m = s.count,
                             .a = r->scores,
                             .lda = tokens,
                             .b = &r->values,
                             .c = r->out,
                             .ldc = HEAD_DIM,
                             .epilogue = &(struct vit_epilogue){ .row_scale = r->row_scale } });
        same = same_rows(s.count, HEAD_DIM, at->out + s.first * at->ld_out + head * HEAD_DIM,
                         at->ld_out, r->out, HEAD_DIM);
    }
    return same;
}

/* Checks the first and the last head; the others are computed the same way. */
static const char *check(void *work)
{
    const struct attention *const at = work;
    struct reference r = { 0 };
    const char *failure = NULL;

    vit_kernels_get("scalar", &r.scalar, NULL);
    carve_reference(&r, at->tokens);
    if (!arena_allocate(&r.memory))
        return no_memory;
    carve_reference(&r, at->tokens);
    if (!check_head(at, 0, &r) || !check_head(at, HEADS - 1, &r))
        failure = differs_from_scalar;
    arena_free(&r.memory);
    return failure;
}

static const struct benchmark_kind attention_kind = { prepare, run, check, NULL, release };

/* Images of 224, 512 and 1024 pixels in patches of 16. The count leaves out softmax. */
void add_attentions(const struct vit_kernels *level)
{
    static const size_t tokens[] = { 197, 1025, 4097 };

    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        const double t = (double)tokens[i];
        const struct bench b = {
            .kind = &attention_kind, .level = level, .threads = 1, .operations = 4 * t * t * DIM
        };
        char name[128];
        snprintf(name, sizeof name, "%s/attention/%zux%dx%d", level->isa, tokens[i], HEADS,
                 HEAD_DIM);
        measure_add(name, &b, &tokens[i], sizeof tokens[i]);
    }
}
