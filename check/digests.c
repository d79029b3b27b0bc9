/* digests.c - digests of the kernels' outputs over a fixed set of shapes and patterns */
#include "check/digests.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/digest.h"
#include "check/kernel_cases.h"
#include "check/matmul_scratch.h"
#include "check/test_data.h"

void digests_add(struct digests *digests, const char *name, uint64_t value)
{
    if (digests->count == DIGESTS_MAX) {
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

/* The operands of all digests, allocated once; each kernel fills those that it uses. */
enum { MAX_FLOATS = 97 * 300, MAX_ROW = 1024 };
struct memory {
    const struct digest_setup *setup;
    struct vit_parallel parallel;
    enum vit_matmul_pair pair; /* of the matmuls */
    float a[MAX_FLOATS], b[MAX_FLOATS], c[MAX_FLOATS], residual[MAX_FLOATS];
    float gamma[MAX_ROW], beta[MAX_ROW], row_scale[MAX_ROW];
};

/* Fills the operands from seed, seed + 1, …; only a may have NaNs and infinities. */
static void fill(struct memory *s, size_t a, size_t b, enum pattern pattern, uint64_t seed)
{
    fill_pattern(a, s->a, pattern, seed);
    fill_pattern(b, s->b, pattern == PATTERN_WIDE ? pattern : PATTERN_NORMAL, seed + 1);
    fill_pattern(MAX_FLOATS, s->residual, PATTERN_NORMAL, seed + 2);
    fill_pattern(MAX_ROW, s->gamma, PATTERN_NORMAL, seed + 3);
    fill_pattern(MAX_ROW, s->beta, PATTERN_NORMAL, seed + 4);
    fill_pattern(MAX_ROW, s->row_scale, PATTERN_NORMAL, seed + 5);
}

static uint64_t digest_row_case(struct memory *s, const struct row_case *row)
{
    static const size_t lengths[] = { 1, 2, 15, 16, 17, 31, 100, 197, 768 };
    uint64_t hash = DIGEST_BEGIN;

    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (enum pattern p = 0; p < PATTERNS; p++) {
            fill(s, lengths[l], 0, p, l);
            const size_t n = lengths[l];
            row->run(s->setup->level, &(struct rows){ 1, n, s->a, n, s->gamma, s->beta, s->c, n });
            hash = digest_floats(hash, lengths[l], s->c);
        }
    return hash;
}

/* C[m][n] = A·B on the setup's level, B from b by its strides; false: no memory. */
static bool multiply(struct memory *s, size_t n, size_t k, const struct vit_matmul_args *args,
                     size_t n_stride, size_t k_stride)
{
    const struct vit_matmul_kernel *const kernel = &s->setup->level->matmul[s->pair];
    const struct vit_packed packed = { kernel, n, k, malloc(vit_packed_bytes(kernel, n, k)) };
    struct vit_matmul_args with_b = *args;

    if (!packed.panels)
        return false;
    vit_pack(&packed, 0, n, s->b, n_stride, k_stride);
    with_b.b = &packed;
    const bool multiplied = matmul_with_scratch(&s->parallel, &with_b);
    free(packed.panels);
    return multiplied;
}

/* Reads packed B back as I·B, whatever the layout of a panel. */
static enum vit_status digest_pack(struct memory *s, uint64_t *hash)
{
    enum { N = 100, K = 37 };

    *hash = DIGEST_BEGIN;
    for (size_t way = 0; way < 2; way++) {
        fill(s, 0, N * K, PATTERN_WIDE, way);
        memset(s->a, 0, K * K * sizeof *s->a);
        for (size_t l = 0; l < K; l++)
            s->a[l * K + l] = 1.0f;
        const struct vit_matmul_args args = { .m = K, .a = s->a, .lda = K, .c = s->c, .ldc = N };
        if (!multiply(s, N, K, &args, way == 0 ? K : 1, way == 0 ? 1 : N))
            return VIT_ENOMEM;
        for (size_t j = 0; j < N; j++)
            for (size_t l = 0; l < K; l++)
                *hash = digest_floats(*hash, 1, &s->c[l * N + j]);
    }
    return VIT_OK;
}

/* Frozen: the digest depends on this list. */
static const enum vit_activation activations[] = {
    VIT_ACTIVATION_IDENTITY,   VIT_ACTIVATION_GELU, VIT_ACTIVATION_GELU_TANH,
    VIT_ACTIVATION_GELU_QUICK, VIT_ACTIVATION_RELU, VIT_ACTIVATION_SILU,
    VIT_ACTIVATION_EXP,        VIT_ACTIVATION_TANH
};
enum { ACTIVATIONS = sizeof activations / sizeof *activations };

static enum vit_status digest_matmul(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][3] = { { 1, 1, 1 },     { 5, 7, 9 },      { 17, 33, 65 },
                                        { 64, 100, 48 }, { 97, 251, 100 }, { 3, 9, 3000 } };

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
        for (unsigned steps = 0; steps < (m < 64 ? 32 : 4); steps++) {
            const struct vit_epilogue e = {
                .scale = steps & 1 ? -0.375f : 0.0f,
                .row_scale = steps & 2 ? s->row_scale : NULL,
                .bias = steps & 4 ? s->beta : NULL,
                .activation = activations[steps % ACTIVATIONS],
                .gamma = steps & 8 ? s->gamma : NULL,
                .residual = steps & 16 ? s->residual : NULL,
                .ld_residual = n,
            };
            fill(s, m * k, n * k, (enum pattern)(steps % PATTERNS), steps);
            const struct vit_matmul_args args = {
                .m = m, .a = s->a, .lda = k, .c = s->c, .ldc = n, .epilogue = &e
            };
            if (!multiply(s, n, k, &args, k, 1))
                return VIT_ENOMEM;
            *hash = digest_floats(*hash, m * n, s->c);
        }
    }
    return VIT_OK;
}

static uint64_t digest_layernorm(struct memory *s)
{
    const size_t rows = 97, n = 300;

    fill(s, rows * n, 0, PATTERN_NORMAL, 1);
    vit_layernorm(s->setup->level, &s->parallel,
                  &(struct vit_layernorm_args){ .rows = rows,
                                                .n = n,
                                                .x = s->a,
                                                .ldx = n,
                                                .gamma = s->gamma,
                                                .beta = s->beta,
                                                .eps = 1e-5f,
                                                .y = s->c,
                                                .ldy = n });
    return digest_floats(DIGEST_BEGIN, rows * n, s->c);
}

/* Windows from one row to all of them, and each exponent. */
static uint64_t digest_local_response(struct memory *s)
{
    static const size_t sizes[] = { 1, 2, 5, 16, 97, 300 };
    const size_t rows = 97, n = 300;
    uint64_t hash = DIGEST_BEGIN;

    for (unsigned i = 0; i < 5 * sizeof sizes / sizeof *sizes; i++) {
        fill(s, rows * n, 0, (enum pattern)(i % PATTERNS), i);
        vit_local_response(s->setup->level, &s->parallel,
                           &(struct vit_local_response_args){ .rows = rows,
                                                              .n = n,
                                                              .x = s->a,
                                                              .ldx = n,
                                                              .size = sizes[i / 5],
                                                              .alpha = 0.5f,
                                                              .k = 1.0f,
                                                              .quarters = i % 5,
                                                              .y = s->c,
                                                              .ldy = n });
        hash = digest_floats(hash, rows * n, s->c);
    }
    return hash;
}

/* Completes the arguments, computes, and adds the output to the hash. */
static enum vit_status add_attention(struct memory *s, struct vit_attention_args *args,
                                     bool weights, uint64_t *hash)
{
    const struct vit_kernels *const level = s->setup->level;
    const size_t dim = args->heads * args->head_dim;

    args->out = s->c;
    args->ld_out = dim;
    args->scale = 0.125f;
    args->scratch =
        malloc(vit_attention_scratch_bytes(level, args->tokens, args->head_dim, s->setup->threads));
    if (!args->scratch)
        return VIT_ENOMEM;
    if (weights)
        vit_attention_weights(level, &s->parallel, args);
    else
        vit_attention(level, &s->parallel, args);
    *hash =
        digest_floats(*hash, args->queries * (weights ? args->heads * args->tokens : dim), s->c);
    free(args->scratch);
    return VIT_OK;
}

/* Of queries, keys and values side by side in s->a. */
static struct vit_attention_args self_attention(const struct memory *s, const size_t shape[3])
{
    const size_t dim = shape[1] * shape[2];

    return (struct vit_attention_args){ .queries = shape[0],
                                        .tokens = shape[0],
                                        .heads = shape[1],
                                        .head_dim = shape[2],
                                        .q = s->a,
                                        .ldq = 3 * dim,
                                        .k = s->a + dim,
                                        .v = s->a + 2 * dim,
                                        .ldkv = 3 * dim };
}

static enum vit_status digest_attention(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][3] = { { 1, 1, 1 }, { 17, 3, 5 }, { 131, 2, 27 }, { 50, 3, 64 } };
    enum vit_status status = VIT_OK;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && status == VIT_OK; i++) {
        struct vit_attention_args args = self_attention(s, shapes[i]);
        fill(s, 3 * args.tokens * args.heads * args.head_dim, 0, PATTERN_NORMAL, i);
        status = add_attention(s, &args, false, hash);
    }
    return status;
}

static enum vit_status digest_attention_weights(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][4] = {
        { 1, 1, 1, 1 }, { 1, 50, 3, 64 }, { 17, 9, 3, 5 }, { 100, 97, 2, 27 }
    };
    enum vit_status status = VIT_OK;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && status == VIT_OK; i++) {
        const size_t queries = shapes[i][0], tokens = shapes[i][1], heads = shapes[i][2];
        const size_t head_dim = shapes[i][3], dim = heads * head_dim;
        struct vit_attention_args args = { .queries = queries,
                                           .tokens = tokens,
                                           .heads = heads,
                                           .head_dim = head_dim,
                                           .q = s->a,
                                           .ldq = dim,
                                           .k = s->b,
                                           .ldkv = dim };
        fill(s, queries * dim, tokens * dim, PATTERN_NORMAL, i);
        status = add_attention(s, &args, true, hash);
    }
    return status;
}

/* Attention and its weights with rotary positions, of all heads or of each, and a bias. */
static enum vit_status digest_attention_positions(struct memory *s, uint64_t *hash)
{
    static const size_t shapes[][3] = { { 17, 3, 6 }, { 100, 2, 26 }, { 50, 3, 64 } };
    enum vit_status status = VIT_OK;

    *hash = DIGEST_BEGIN;
    for (size_t i = 0; i < 4 * (sizeof shapes / sizeof *shapes) && status == VIT_OK; i++) {
        const size_t *const shape = shapes[i / 4];
        const size_t tokens = shape[0], heads = shape[1], head_dim = shape[2];
        const size_t dim = heads * head_dim, first = i % 3;
        const struct vit_rotation rotary = { .first = first,
                                             .cosines = s->b,
                                             .sines = s->residual,
                                             .head_stride = i & 2 ? (tokens - first) * head_dim : 0,
                                             .neighbors = i & 1 };
        struct vit_attention_args args = self_attention(s, shape);
        args.rotation = &rotary;
        args.bias = s->residual;
        fill(s, 3 * tokens * dim, tokens * dim, PATTERN_NORMAL, i);
        if (!(status = add_attention(s, &args, false, hash)))
            status = add_attention(s, &args, true, hash);
    }
    return status;
}

/*
 * Both passes over random bytes and weights, of windows of every length to 40 pixels or rows.
 * Magnitudes of the weights of a window sum up to at most 128·2^16.
 */
static void digest_resize(struct memory *s, uint64_t *across, uint64_t *down)
{
    enum { WIDTH = 40, ROWS = 6, TAPS = 48, COLUMNS = 3 };
    uint8_t in[WIDTH][WIDTH * 4];
    int16_t weights[COLUMNS][2][TAPS] = { 0 };
    uint8_t out[ROWS * COLUMNS * 3];
    struct vit_resize_window windows[COLUMNS];
    uint64_t state = 1;

    for (size_t i = 0; i < sizeof in; i++)
        in[i / sizeof *in][i % sizeof *in] = (uint8_t)next_random(&state);
    *across = *down = DIGEST_BEGIN;
    for (size_t count = 1; count <= WIDTH; count++) {
        for (size_t x = 0; x < COLUMNS; x++) {
            windows[x] = (struct vit_resize_window){ next_random(&state) % (WIDTH - count + 1),
                                                     count, weights[x][0], weights[x][1] };
            for (size_t j = 0; j < count; j++) {
                weights[x][0][j] = (int16_t)(next_random(&state) % 65536 - 32768);
                weights[x][1][j] = (int16_t)(next_random(&state) % (128 / count + 1) - 64 / count);
            }
        }
        for (size_t bytes = 1; bytes <= 4; bytes += bytes == 1 ? 2 : 1) {
            const size_t row = COLUMNS * (bytes == 1 ? 1 : 3);
            s->setup->level->resize_across(&(struct vit_resize_across_args){
                ROWS, WIDTH, COLUMNS, bytes, in[0], sizeof *in, windows, out, row });
            *across = digest_more(*across, out, ROWS * row);
        }
        s->setup->level->resize_down(
            &(struct vit_resize_down_args){ count, in[0], sizeof *in, windows, out });
        *down = digest_more(*down, out, count);
    }
}

#define PACK_NAME(identifier, suffix)   "pack" suffix,
#define MATMUL_NAME(identifier, suffix) "vit_matmul" suffix,
static const char *const pack_names[] = { VIT_MATMUL_LIST(PACK_NAME) };
static const char *const matmul_names[] = { VIT_MATMUL_LIST(MATMUL_NAME) };

enum vit_status digest_kernels(const struct digest_setup *setup, struct digests *digests,
                               struct vit_error *err)
{
    struct memory *const s = malloc(sizeof *s);
    uint64_t hash, down;
    enum vit_status status = VIT_ENOMEM;

    if (!s)
        goto done;
    s->setup = setup;
    s->parallel = (struct vit_parallel){ vit_parallel_openmp, NULL, setup->threads };
    for (size_t i = 0; i < row_case_count; i++)
        digests_add(digests, row_cases[i].name, digest_row_case(s, &row_cases[i]));
    for (s->pair = 0; s->pair < VIT_MATMUL_PAIRS; s->pair++) {
        if ((status = digest_pack(s, &hash)) != VIT_OK)
            goto done;
        digests_add(digests, pack_names[s->pair], hash);
        if ((status = digest_matmul(s, &hash)) != VIT_OK)
            goto done;
        digests_add(digests, matmul_names[s->pair], hash);
    }
    digests_add(digests, "vit_layernorm", digest_layernorm(s));
    digests_add(digests, "vit_local_response", digest_local_response(s));
    if ((status = digest_attention(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_attention", hash);
    if ((status = digest_attention_weights(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_attention_weights", hash);
    if ((status = digest_attention_positions(s, &hash)) != VIT_OK)
        goto done;
    digests_add(digests, "vit_attention.positions", hash);
    digest_resize(s, &hash, &down);
    digests_add(digests, "resize_across", hash);
    digests_add(digests, "resize_down", down);

done:
    free(s);
    if (status != VIT_OK && err)
        *err = (struct vit_error){ status, "no memory for the digests" };
    return status;
}
