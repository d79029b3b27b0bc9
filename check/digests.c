/* digests.c - digests of the kernels' outputs over a fixed set of shapes and patterns */
#include "check/digests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/digest.h"
#include "check/kernel_cases.h"
#include "check/test_data.h"

void digests_add(struct digests *digests, const char *name, uint64_t value)
{
    if (digests->count == DIGESTS_MOST) {
        fputs("check: too many digests\n", stderr);
        abort();
    }
    digests->of[digests->count].name = name;
    digests->of[digests->count++].value = value;
}

uint64_t digest_floats(uint64_t hash, size_t count, const float *x)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0x7fc00000;
        if (x[i] == x[i])
            memcpy(&bits, &x[i], sizeof bits);
        const uint8_t bytes[] = { (uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                                  (uint8_t)(bits >> 24) };
        hash = digest_more(hash, bytes, sizeof bytes);
    }
    return hash;
}

/* Every operand of the set: memory is taken once, and each kernel fills what it uses. */
enum { MOST = 97 * 300, MOST_ROW = 1024 };
struct memory {
    const struct digest_place *place;
    struct vit_parallel parallel;
    float a[MOST], b[MOST], c[MOST], residual[MOST];
    float gamma[MOST_ROW], beta[MOST_ROW], row_scale[MOST_ROW];
};

/* Patterns of seed, seed + 1, …: for inputs of which NaNs and infinities may come up in a only. */
static void fill(struct memory *s, size_t a, size_t b, enum pattern pattern, uint64_t seed)
{
    fill_pattern(a, s->a, pattern, seed);
    fill_pattern(b, s->b, pattern == PATTERN_WIDE ? pattern : PATTERN_NORMAL, seed + 1);
    fill_pattern(MOST, s->residual, PATTERN_NORMAL, seed + 2);
    fill_pattern(MOST_ROW, s->gamma, PATTERN_NORMAL, seed + 3);
    fill_pattern(MOST_ROW, s->beta, PATTERN_NORMAL, seed + 4);
    fill_pattern(MOST_ROW, s->row_scale, PATTERN_NORMAL, seed + 5);
}

static uint64_t digest_row_case(struct memory *s, const struct row_case *row)
{
    static const size_t lengths[] = { 1, 2, 15, 16, 17, 31, 100, 197, 768 };
    uint64_t hash = DIGEST_BEGIN;

    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (enum pattern p = 0; p < PATTERNS; p++) {
            fill(s, lengths[l], 0, p, l);
            const size_t n = lengths[l];
            row->run(s->place->level, &(struct rows){ 1, n, s->a, n, s->gamma, s->beta, s->c, n });
            hash = digest_floats(hash, lengths[l], s->c);
        }
    return hash;
}

/* A panel's layout is a level's own: B is read back from it, row by row. */
static uint64_t digest_pack(struct memory *s)
{
    const struct vit_matmul_kernel *const kernel = &s->place->level->matmul;
    const size_t k = 37;
    uint64_t hash = DIGEST_BEGIN;

    for (size_t way = 0; way < 2; way++)
        for (size_t j = 0; j < 100; j += kernel->nr) {
            const size_t n = 100 - j < kernel->nr ? 100 - j : kernel->nr;
            fill(s, 0, 100 * k, PATTERN_WIDE, way);
            if (way == 0)
                kernel->pack(n, k, s->b + j * k, k, 1, s->c);
            else
                kernel->pack(n, k, s->b + j, 1, 100, s->c);
            for (size_t i = 0; i < n; i++)
                for (size_t l = 0; l < k; l++)
                    hash = digest_floats(hash, 1, &s->c[l * kernel->nr + i]);
        }
    return hash;
}

static enum vit_status digest_matmul(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][3] = { { 1, 1, 1 },     { 5, 7, 9 },      { 17, 33, 65 },
                                        { 64, 100, 48 }, { 97, 251, 100 }, { 3, 9, 3000 } };
    const struct vit_kernels *const level = s->place->level;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
        float *packed = malloc(vit_matmul_packed_size(level, n, k) * sizeof *packed);
        if (!packed)
            return VIT_ENOMEM;
        for (unsigned steps = 0; steps < (m < 64 ? 32 : 4); steps++) {
            const struct vit_epilogue e = {
                .scale = steps & 1 ? -0.375f : 0.0f,
                .row_scale = steps & 2 ? s->row_scale : NULL,
                .bias = steps & 4 ? s->beta : NULL,
                .activation = (enum vit_activation)(steps % VIT_ACTIVATIONS),
                .gamma = steps & 8 ? s->gamma : NULL,
                .residual = steps & 16 ? s->residual : NULL,
                .ld_residual = n,
            };
            fill(s, m * k, n * k, (enum pattern)(steps % PATTERNS), steps);
            vit_matmul_pack(level, n, k, s->b, k, 1, packed);
            vit_matmul(level, &s->parallel, m, n, k, s->a, k, packed, s->c, n, &e);
            *hash = digest_floats(*hash, m * n, s->c);
        }
        free(packed);
    }
    return VIT_OK;
}

static uint64_t digest_layernorm(struct memory *s)
{
    const size_t rows = 97, n = 300;

    fill(s, rows * n, 0, PATTERN_NORMAL, 1);
    vit_layernorm(s->place->level, &s->parallel, rows, n, s->a, n, s->gamma, s->beta, 1e-5f, s->c,
                  n);
    return digest_floats(DIGEST_BEGIN, rows * n, s->c);
}

static enum vit_status digest_attention(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][3] = { { 1, 1, 1 }, { 17, 3, 5 }, { 131, 2, 27 }, { 50, 3, 64 } };
    const struct vit_kernels *const level = s->place->level;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t tokens = shapes[i][0], heads = shapes[i][1], head_dim = shapes[i][2];
        const size_t dim = heads * head_dim;
        const size_t floats =
            vit_attention_scratch_size(level, tokens, heads, head_dim, s->place->threads);
        float *scratch = malloc(floats * sizeof *scratch);
        if (!scratch)
            return VIT_ENOMEM;
        fill(s, 3 * tokens * dim, 0, PATTERN_NORMAL, i);
        vit_attention(level, &s->parallel, tokens, tokens, heads, head_dim, 0.125f, s->a, 3 * dim,
                      s->a + dim, s->a + 2 * dim, 3 * dim, s->c, dim, scratch);
        *hash = digest_floats(*hash, tokens * dim, s->c);
        free(scratch);
    }
    return VIT_OK;
}

static enum vit_status digest_attention_weights(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][4] = {
        { 1, 1, 1, 1 }, { 1, 50, 3, 64 }, { 17, 9, 3, 5 }, { 100, 97, 2, 27 }
    };
    const struct vit_kernels *const level = s->place->level;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t queries = shapes[i][0], tokens = shapes[i][1], heads = shapes[i][2];
        const size_t head_dim = shapes[i][3], dim = heads * head_dim;
        const size_t floats =
            vit_attention_scratch_size(level, tokens, heads, head_dim, s->place->threads);
        float *scratch = malloc(floats * sizeof *scratch);
        if (!scratch)
            return VIT_ENOMEM;
        fill(s, queries * dim, tokens * dim, PATTERN_NORMAL, i);
        vit_attention_weights(level, &s->parallel, queries, tokens, heads, head_dim, 0.125f, s->a,
                              dim, s->b, dim, s->c, scratch);
        *hash = digest_floats(*hash, heads * queries * tokens, s->c);
        free(scratch);
    }
    return VIT_OK;
}

enum vit_status digest_kernels(const struct digest_place *place, struct digests *digests,
                               struct vit_error *err)
{
    struct memory *const s = malloc(sizeof *s);
    uint64_t hash;
    enum vit_status status = VIT_ENOMEM;

    if (!s)
        goto done;
    s->place = place;
    s->parallel = (struct vit_parallel){ vit_parallel_openmp, NULL, place->threads };
    for (size_t i = 0; i < row_case_count; i++)
        digests_add(digests, row_cases[i].name, digest_row_case(s, &row_cases[i]));
    digests_add(digests, "pack", digest_pack(s));
    if ((status = digest_matmul(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_matmul", hash);
    digests_add(digests, "vit_layernorm", digest_layernorm(s));
    if ((status = digest_attention(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_attention", hash);
    if ((status = digest_attention_weights(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_attention_weights", hash);

done:
    free(s);
    if (status != VIT_OK && err)
        *err = (struct vit_error){ status, "no memory for the digests" };
    return status;
}
