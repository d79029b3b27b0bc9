/* attention.c - attention over heads: a block of rows of scores stays in cache from Q·Kᵀ to P·V */
#include <stdint.h>

#include "base/arena.h"
#include "base/parallel.h"
#include "ops/ops.h"

/*
 * Rows of a block of scores: enough to use a panel of keys for several tiles, few enough that at
 * 197 tokens they stay in L1 or next to it. At 4097 tokens 8 rows were 8 % slower.
 */
#define BLOCK_ROWS 48

struct attention {
    const struct vit_kernels *kernels;
    size_t tokens, heads, head_dim;
    float scale;
    const float *q, *k, *v;
    size_t ld;
    float *out;
    size_t ld_out;
    size_t tiles, blocks; /* of rows of a head */
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
    vit_matmul_pack(at->kernels, at->head_dim, at->tokens, at->v + first, 1, at->ld, s->values);
}

/* out = softmax(scale · Q Kᵀ) V for a block of rows of one head. */
static void attend(const struct attention *at, size_t head, size_t block, const struct scratch *s)
{
    const struct vit_kernels *kernels = at->kernels;
    const size_t tile_begin = parallel_share(at->tiles, at->blocks, block);
    const size_t tile_end = parallel_share(at->tiles, at->blocks, block + 1);
    const size_t first = parallel_share(at->tokens, at->tiles, tile_begin);
    const size_t rows = parallel_share(at->tokens, at->tiles, tile_end) - first;
    const size_t stride = padded_stride(at->tokens), column = head * at->head_dim;
    const size_t tiles = matmul_row_tiles(kernels, rows);

    const struct matmul scores = {
        .m = rows,
        .n = at->tokens,
        .k = at->head_dim,
        .a = at->q + first * at->ld + column,
        .lda = at->ld,
        .packed = s->keys,
        .c = s->scores,
        .ldc = stride,
        .epilogue = &(struct vit_epilogue){ .scale = at->scale },
    };
    matmul_part(kernels, &scores, 0, tiles, 0, matmul_panels(kernels, at->tokens));

    for (size_t i = 0; i < rows; i++) {
        float *row = s->scores + i * stride;
        s->row_scale[i] = 1.0f / kernels->softmax_exp(at->tokens, row, row);
    }

    const struct matmul mix = {
        .m = rows,
        .n = at->head_dim,
        .k = at->tokens,
        .a = s->scores,
        .lda = stride,
        .packed = s->values,
        .c = at->out + first * at->ld_out + column,
        .ldc = at->ld_out,
        .epilogue = &(struct vit_epilogue){ .row_scale = s->row_scale },
    };
    matmul_part(kernels, &mix, 0, tiles, 0, matmul_panels(kernels, at->head_dim));
}

/*
 * A run of consecutive blocks; a head's keys and values are packed when its first block comes
 * up.
 */
static void attend_part(void *arg, size_t part)
{
    const struct attention *at = arg;
    const size_t units = at->heads * at->blocks;
    const size_t begin = parallel_share(units, at->parts, part);
    const size_t end = parallel_share(units, at->parts, part + 1);
    struct arena arena = { .base = (char *)(at->scratch + part * at->part_floats) };
    const struct scratch s = carve(&arena, at->kernels, at->tokens, at->head_dim);

    for (size_t unit = begin; unit < end; unit++) {
        const size_t head = unit / at->blocks, block = unit % at->blocks;
        if (unit == begin || block == 0)
            pack_head(at, head, &s);
        attend(at, head, block, &s);
    }
}

void vit_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                   size_t tokens, size_t heads, size_t head_dim, float scale, const float *q,
                   const float *k, const float *v, size_t ld, float *out, size_t ld_out,
                   float *scratch)
{
    const size_t block_tiles = BLOCK_ROWS / kernels->matmul.mr;
    const size_t tiles = matmul_row_tiles(kernels, tokens);
    const size_t blocks = (tiles + block_tiles - 1) / block_tiles;
    const double multiply_adds = 2.0 * (double)tokens * (double)tokens * (double)(heads * head_dim);
    const size_t parts =
        parallel_threads(parallel, heads * blocks, multiply_adds, LEAST_MULTIPLY_ADDS);
    struct attention at = {
        .kernels = kernels,
        .tokens = tokens,
        .heads = heads,
        .head_dim = head_dim,
        .scale = scale,
        .q = q,
        .k = k,
        .v = v,
        .ld = ld,
        .out = out,
        .ld_out = ld_out,
        .tiles = tiles,
        .blocks = blocks,
        .parts = parts,
        .scratch = scratch,
        .part_floats = vit_attention_scratch_size(kernels, tokens, heads, head_dim, 1),
    };

    parallel_run(parallel, parts, parts, attend_part, &at);
}
