/* attention.c - attention over heads: a block of rows of scores stays in cache from Q·Kᵀ to P·V */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/blocking.h"
#include "base/parallel.h"
#include "ops/ops.h"

struct attention {
    const struct vit_kernels *kernels;
    const struct vit_matmul_kernel *matmul;
    const struct vit_attention_args *args;
    bool weights;         /* compute the weights, not their products with the values */
    size_t tiles, blocks; /* of the queries of a head */
    size_t parts;
    size_t part_bytes; /* scratch of one part */
};

/*
 * Scratch of one part: packed keys and values; queries, scores and 1/sum of a block's rows. The
 * queries are copied, because every panel of keys reads them again: at the stride of a fused
 * projection, often a multiple of 4096 bytes, they would share a few sets of L1. Rotary positions
 * turn them on the way, and the keys of one panel after the other before it is packed.
 */
struct scratch {
    struct vit_packed keys, values;
    float *rows; /* [BLOCKING_SCORE_ROWS, or the columns of a panel][head_dim] */
    float *scores, *row_scale;
    void *matmul; /* of both products */
};

static struct vit_packed carve_packed(struct arena *arena, const struct vit_matmul_kernel *kernel,
                                      size_t n, size_t k)
{
    void *const panels = arena_bytes(arena, vit_packed_bytes(kernel, n, k));
    return (struct vit_packed){ kernel, n, k, panels };
}

static struct scratch carve(struct arena *arena, const struct vit_matmul_kernel *kernel,
                            size_t tokens, size_t head_dim)
{
    struct scratch s;
    size_t keys_bytes, values_bytes;

    s.keys = carve_packed(arena, kernel, tokens, head_dim);
    s.values = carve_packed(arena, kernel, head_dim, tokens);
    const size_t panel = vit_packed_chunk(&s.keys, 0);
    s.rows =
        arena_floats(arena, (panel > BLOCKING_SCORE_ROWS ? panel : BLOCKING_SCORE_ROWS) * head_dim);
    s.scores = arena_floats(arena, blocking_scores(kernel, tokens));
    s.row_scale = arena_floats(arena, BLOCKING_SCORE_ROWS);
    keys_bytes = vit_matmul_scratch_bytes(&s.keys, BLOCKING_SCORE_ROWS, 1);
    values_bytes = vit_matmul_scratch_bytes(&s.values, BLOCKING_SCORE_ROWS, 1);
    s.matmul = arena_bytes(arena, keys_bytes > values_bytes ? keys_bytes : values_bytes);
    return s;
}

size_t vit_attention_scratch_bytes(const struct vit_kernels *kernels, size_t tokens,
                                   size_t head_dim, size_t threads)
{
    struct arena arena = { 0 };
    const size_t parts = threads > 1 ? threads : 1;

    /* 4096 leaves room for padding to panels and blocks of rows: no size below wraps */
    if (tokens == 0 || head_dim == 0 || tokens > SIZE_MAX / 4096 / head_dim)
        return 0;
    carve(&arena, &kernels->matmul[VIT_MATMUL_F32_F32], tokens, head_dim);
    return arena.overflow || arena.used > SIZE_MAX / parts ? 0 : arena.used * parts;
}

/*
 * to[count][head_dim] = the queries or keys of a head's tokens from `first` on, x[tokens][head_dim]
 * with row stride ld, as their positions turn them
 */
static void copy_rows(const struct attention *at, size_t head, size_t first, size_t count,
                      const float *x, size_t ld, float *to)
{
    const struct vit_rotation *const r = at->args->rotation;
    const size_t n = at->args->head_dim, fixed = r ? r->first : SIZE_MAX;

    for (size_t i = 0; i < count; i++, to += n) {
        const float *const row = x + (first + i) * ld;
        if (first + i < fixed) {
            memcpy(to, row, n * sizeof *row);
            continue;
        }
        const size_t table = head * r->head_stride + (first + i - fixed) * n;
        (r->neighbors ? at->kernels->rotate_neighbors : at->kernels->rotate_halves)(
            n, row, r->cosines + table, r->sines + table, to);
    }
}

static void pack_keys(const struct attention *at, size_t head, const struct scratch *s)
{
    const struct vit_attention_args *const args = at->args;
    const float *const k = args->k + head * args->head_dim;

    if (!args->rotation) {
        vit_pack(&s->keys, 0, args->tokens, k, args->ldkv, 1);
        return;
    }
    for (size_t first = 0, count; first < args->tokens; first += count) {
        count = vit_packed_chunk(&s->keys, first);
        copy_rows(at, head, first, count, k, args->ldkv, s->rows);
        vit_pack(&s->keys, first, count, s->rows, args->head_dim, 1);
    }
}

static void pack_head(const struct attention *at, size_t head, const struct scratch *s)
{
    const struct vit_attention_args *const args = at->args;
    const size_t column = head * args->head_dim;

    pack_keys(at, head, s);
    if (!at->weights)
        vit_pack(&s->values, 0, args->head_dim, args->v + column, 1, args->ldkv);
}

/* Consecutive queries of one head. */
struct query_block {
    size_t head, first, rows;
};

static struct query_block query_block_at(const struct attention *at, size_t unit)
{
    const size_t block = unit % at->blocks;
    const size_t tile_begin = parallel_share(at->tiles, at->blocks, block);
    const size_t tile_end = parallel_share(at->tiles, at->blocks, block + 1);
    const size_t first = parallel_share(at->args->queries, at->tiles, tile_begin);
    const size_t end = parallel_share(at->args->queries, at->tiles, tile_end);
    return (struct query_block){ unit / at->blocks, first, end - first };
}

/* scores[rows][tokens] = scale · Q Kᵀ + bias, row stride ld */
static void compute_scores(const struct attention *at, const struct query_block *b,
                           const struct scratch *s, float *scores, size_t ld)
{
    const struct vit_attention_args *const args = at->args;
    const size_t head_dim = args->head_dim;
    const size_t row = (b->head * args->queries + b->first) * args->tokens; /* of the bias */
    const struct vit_epilogue epilogue = { .scale = args->scale,
                                           .residual = args->bias ? args->bias + row : NULL,
                                           .ld_residual = args->tokens };

    copy_rows(at, b->head, b->first, b->rows, args->q + b->head * head_dim, args->ldq, s->rows);
    vit_matmul(NULL, &(struct vit_matmul_args){
                         .m = b->rows,
                         .a = s->rows,
                         .lda = head_dim,
                         .b = &s->keys,
                         .c = scores,
                         .ldc = ld,
                         .epilogue = &epilogue,
                         .scratch = s->matmul,
                     });
}

/* out = softmax(scale · Q Kᵀ + bias) V */
static void attend_block(const struct attention *at, const struct query_block *b,
                         const struct scratch *s)
{
    const struct vit_attention_args *const args = at->args;
    const size_t ld = padded_stride(args->tokens);

    compute_scores(at, b, s, s->scores, ld);
    at->kernels->exp_sub_max(b->rows, args->tokens, s->scores, ld, s->scores, ld, s->row_scale);
    for (size_t i = 0; i < b->rows; i++)
        s->row_scale[i] = 1.0f / s->row_scale[i];
    vit_matmul(NULL, &(struct vit_matmul_args){
                         .m = b->rows,
                         .a = s->scores,
                         .lda = ld,
                         .b = &s->values,
                         .c = args->out + b->first * args->ld_out + b->head * args->head_dim,
                         .ldc = args->ld_out,
                         .epilogue = &(struct vit_epilogue){ .row_scale = s->row_scale },
                         .scratch = s->matmul,
                     });
}

/* weights = softmax(scale · Q Kᵀ + bias) */
static void compute_weights(const struct attention *at, const struct query_block *b,
                            const struct scratch *s)
{
    const size_t n = at->args->tokens;
    float *weights = at->args->out + (b->head * at->args->queries + b->first) * n;

    compute_scores(at, b, s, weights, n);
    at->kernels->softmax(b->rows, n, weights, n, weights, n);
}

/* Consecutive blocks; a head's keys and values are packed before its first block here. */
static void attention_task(void *arg, size_t part)
{
    const struct attention *const at = arg;
    const size_t units = at->args->heads * at->blocks;
    const size_t begin = parallel_share(units, at->parts, part);
    const size_t end = parallel_share(units, at->parts, part + 1);
    struct arena arena = { .base = (char *)at->args->scratch + part * at->part_bytes };
    const struct scratch s = carve(&arena, at->matmul, at->args->tokens, at->args->head_dim);

    for (size_t unit = begin; unit < end; unit++) {
        const struct query_block b = query_block_at(at, unit);
        if (unit == begin || b.first == 0)
            pack_head(at, b.head, &s);
        if (at->weights)
            compute_weights(at, &b, &s);
        else
            attend_block(at, &b, &s);
    }
}

/* Without tokens every output is an empty sum; without columns the scores of a row are equal. */
static void attend_empty(const struct vit_attention_args *args, bool weights)
{
    const size_t rows = weights ? args->heads * args->queries : args->queries;
    const size_t n = weights ? args->tokens : args->heads * args->head_dim;
    const size_t ld = weights ? n : args->ld_out;
    const float value = weights && n > 0 ? 1.0f / (float)n : 0.0f;

    for (size_t i = 0; n > 0 && i < rows; i++)
        for (size_t j = 0; j < n; j++)
            args->out[i * ld + j] = value;
}

static void run_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                          const struct vit_attention_args *args, bool weights)
{
    const struct vit_matmul_kernel *const matmul = &kernels->matmul[VIT_MATMUL_F32_F32];
    const size_t block_tiles = blocking_score_rows(matmul, args->tokens) / matmul->mr;
    const double multiply_adds = (weights ? 1 : 2) * (double)args->queries * (double)args->tokens *
                                 (double)(args->heads * args->head_dim);
    struct attention at = {
        .kernels = kernels,
        .matmul = matmul,
        .args = args,
        .weights = weights,
        .tiles = matmul_row_tiles(matmul, args->queries),
        .part_bytes = vit_attention_scratch_bytes(kernels, args->tokens, args->head_dim, 1),
    };

    if (args->queries == 0 || args->heads == 0)
        return;
    if (args->tokens == 0 || args->head_dim == 0) {
        attend_empty(args, weights);
        return;
    }
    at.blocks = (at.tiles + block_tiles - 1) / block_tiles;
    at.parts =
        parallel_threads(parallel, args->heads * at.blocks, multiply_adds, MIN_MULTIPLY_ADDS);
    parallel_run(parallel, at.parts, at.parts, attention_task, &at);
}

void vit_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                   const struct vit_attention_args *args)
{
    run_attention(kernels, parallel, args, false);
}

void vit_attention_weights(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           const struct vit_attention_args *args)
{
    run_attention(kernels, parallel, args, true);
}
