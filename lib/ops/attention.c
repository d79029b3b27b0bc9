/* attention.c - attention over heads: a block of rows of scores stays in cache from Q·Kᵀ to P·V */
#include <stdint.h>

#include "base/arena.h"
#include "base/parallel.h"
#include "ops/ops.h"

/*
 * Rows of a block of scores: enough to use a panel of keys, which comes from L2, for several tiles;
 * few enough that scores stay there too. At 197 tokens 48 rows, which are in L1, were 1 to 3 %
 * slower; at 4097 tokens 8 rows 8 %.
 */
#define BLOCK_ROWS 72

struct attention {
    const struct vit_kernels *kernels;
    size_t queries, tokens, heads, head_dim;
    float scale;
    const float *q; /* [queries][heads][head_dim], row stride ldq */
    size_t ldq;
    const float *k, *v; /* [tokens][heads][head_dim], row stride ld; v NULL: weights are wanted */
    size_t ld;
    float *out; /* [queries][heads][head_dim], row stride ld_out */
    size_t ld_out;
    float *weights;       /* [heads][queries][tokens] */
    size_t tiles, blocks; /* of queries of a head */
    size_t parts;
    float *scratch;
    size_t part_floats;
};

/* Scratch of one part: packed keys, packed values, scores and 1/sum of a block's rows. */
struct scratch {
    float *keys, *values, *scores, *row_scale;
};

static struct scratch carve(struct arena *arena, const struct vit_kernels *kernels, size_t tokens,
                            size_t head_dim)
{
    struct scratch s;

    s.keys = arena_floats(arena, vit_matmul_packed_size(kernels, tokens, head_dim));
    s.values = arena_floats(arena, vit_matmul_packed_size(kernels, head_dim, tokens));
    s.scores = arena_floats(arena, BLOCK_ROWS * padded_stride(tokens));
    s.row_scale = arena_floats(arena, BLOCK_ROWS);
    return s;
}

size_t vit_attention_scratch_size(const struct vit_kernels *kernels, size_t tokens, size_t heads,
                                  size_t head_dim, size_t threads)
{
    struct arena arena = { 0 };
    const size_t parts = threads > 1 ? threads : 1;

    (void)heads; /* each is done in turn */
    /* 4096 is room for padding to panels and blocks of rows: no size below then wraps */
    if (tokens == 0 || head_dim == 0 || tokens > SIZE_MAX / 4096 / head_dim)
        return 0;
    carve(&arena, kernels, tokens, head_dim);
    const size_t floats = arena.used / sizeof(float);
    return arena.overflow || floats > SIZE_MAX / sizeof(float) / parts ? 0 : floats * parts;
}

static void pack_head(const struct attention *at, size_t head, const struct scratch *s)
{
    const size_t first = head * at->head_dim;

    vit_matmul_pack(at->kernels, at->tokens, at->head_dim, at->k + first, at->ld, 1, s->keys);
    if (at->v)
        vit_matmul_pack(at->kernels, at->head_dim, at->tokens, at->v + first, 1, at->ld, s->values);
}

/* Some consecutive queries of one head. */
struct block {
    size_t head, first, rows;
};

static struct block block_of(const struct attention *at, size_t unit)
{
    const size_t block = unit % at->blocks;
    const size_t tile_begin = parallel_share(at->tiles, at->blocks, block);
    const size_t tile_end = parallel_share(at->tiles, at->blocks, block + 1);
    const size_t first = parallel_share(at->queries, at->tiles, tile_begin);
    const size_t end = parallel_share(at->queries, at->tiles, tile_end);
    return (struct block){ unit / at->blocks, first, end - first };
}

/* scores[rows][tokens] = scale · Q Kᵀ, row stride ld */
static void score(const struct attention *at, const struct block *b, const float *keys,
                  float *scores, size_t ld)
{
    const struct vit_kernels *kernels = at->kernels;
    const struct matmul mm = {
        .m = b->rows,
        .n = at->tokens,
        .k = at->head_dim,
        .a = at->q + b->first * at->ldq + b->head * at->head_dim,
        .lda = at->ldq,
        .packed = keys,
        .c = scores,
        .ldc = ld,
        .epilogue = &(struct vit_epilogue){ .scale = at->scale },
    };
    matmul_part(kernels, &mm, 0, matmul_row_tiles(kernels, mm.m), 0, matmul_panels(kernels, mm.n));
}

/* out = softmax(scale · Q Kᵀ) V */
static void attend(const struct attention *at, const struct block *b, const struct scratch *s)
{
    const struct vit_kernels *kernels = at->kernels;
    const size_t stride = padded_stride(at->tokens);

    score(at, b, s->keys, s->scores, stride);
    kernels->exp_sub_max(b->rows, at->tokens, s->scores, stride, s->scores, stride, s->row_scale);
    for (size_t i = 0; i < b->rows; i++)
        s->row_scale[i] = 1.0f / s->row_scale[i];

    const struct matmul mix = {
        .m = b->rows,
        .n = at->head_dim,
        .k = at->tokens,
        .a = s->scores,
        .lda = stride,
        .packed = s->values,
        .c = at->out + b->first * at->ld_out + b->head * at->head_dim,
        .ldc = at->ld_out,
        .epilogue = &(struct vit_epilogue){ .row_scale = s->row_scale },
    };
    matmul_part(kernels, &mix, 0, matmul_row_tiles(kernels, mix.m), 0,
                matmul_panels(kernels, mix.n));
}

/* weights = softmax(scale · Q Kᵀ) */
static void weigh(const struct attention *at, const struct block *b, const struct scratch *s)
{
    const size_t n = at->tokens;
    float *weights = at->weights + (b->head * at->queries + b->first) * n;

    score(at, b, s->keys, weights, n);
    at->kernels->softmax(b->rows, n, weights, n, weights, n);
}

/* A run of consecutive blocks; a head's keys and values are packed when its first one comes up. */
static void attend_part(void *arg, size_t part)
{
    const struct attention *at = arg;
    const size_t units = at->heads * at->blocks;
    const size_t begin = parallel_share(units, at->parts, part);
    const size_t end = parallel_share(units, at->parts, part + 1);
    struct arena arena = { .base = (char *)(at->scratch + part * at->part_floats) };
    const struct scratch s = carve(&arena, at->kernels, at->tokens, at->head_dim);

    for (size_t unit = begin; unit < end; unit++) {
        const struct block b = block_of(at, unit);
        if (unit == begin || b.first == 0)
            pack_head(at, b.head, &s);
        if (at->v)
            attend(at, &b, &s);
        else
            weigh(at, &b, &s);
    }
}

/* What is left to fill in of an attention over `products` matmuls, and all of it. */
static void run_attention(struct attention *at, const struct vit_parallel *parallel, int products)
{
    const size_t block_tiles = BLOCK_ROWS / at->kernels->matmul.mr;
    const double multiply_adds =
        products * (double)at->queries * (double)at->tokens * (double)(at->heads * at->head_dim);

    at->tiles = matmul_row_tiles(at->kernels, at->queries);
    at->blocks = (at->tiles + block_tiles - 1) / block_tiles;
    at->parts =
        parallel_threads(parallel, at->heads * at->blocks, multiply_adds, LEAST_MULTIPLY_ADDS);
    at->part_floats =
        vit_attention_scratch_size(at->kernels, at->tokens, at->heads, at->head_dim, 1);
    parallel_run(parallel, at->parts, at->parts, attend_part, at);
}

void vit_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                   size_t queries, size_t tokens, size_t heads, size_t head_dim, float scale,
                   const float *q, size_t ldq, const float *k, const float *v, size_t ld,
                   float *out, size_t ld_out, float *scratch)
{
    struct attention at = {
        .kernels = kernels,
        .queries = queries,
        .tokens = tokens,
        .heads = heads,
        .head_dim = head_dim,
        .scale = scale,
        .q = q,
        .ldq = ldq,
        .k = k,
        .v = v,
        .ld = ld,
        .out = out,
        .ld_out = ld_out,
        .scratch = scratch,
    };

    run_attention(&at, parallel, 2);
}

void vit_attention_weights(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           size_t queries, size_t tokens, size_t heads, size_t head_dim,
                           float scale, const float *q, size_t ldq, const float *k, size_t ld,
                           float *weights, float *scratch)
{
    struct attention at = {
        .kernels = kernels,
        .queries = queries,
        .tokens = tokens,
        .heads = heads,
        .head_dim = head_dim,
        .scale = scale,
        .q = q,
        .ldq = ldq,
        .k = k,
        .ld = ld,
        .weights = weights,
        .scratch = scratch,
    };

    run_attention(&at, parallel, 1);
}
