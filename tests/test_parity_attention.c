/* test_parity_attention.c - whole-tensor operations: bits of scalar, at any thread count */
#include <criterion/criterion.h>

#include "base/parallel.h"
#include "check/guard.h"
#include "compare.h"
#include "serial_run.h"

struct shape {
    size_t tokens, heads, head_dim;
};

static struct guard new_floats(size_t count)
{
    return guard_new(count * sizeof(float), sizeof(float), GUARD_AFTER);
}

/* out[tokens][heads·head_dim] from one interleaved [tokens][q, k, v], as a model has it. */
static struct guard attend(const struct vit_kernels *level, const struct vit_parallel *parallel,
                           const struct shape *s, const struct guard *qkv, size_t ld)
{
    const size_t dim = s->heads * s->head_dim, ld_out = dim + 3;
    const size_t threads = parallel ? parallel->threads : 1;
    struct guard out = new_floats((s->tokens - 1) * ld_out + dim);
    const size_t bytes = vit_attention_scratch_bytes(level, s->tokens, s->head_dim, threads);
    struct guard scratch = guard_new(bytes, sizeof(float), GUARD_AFTER);

    vit_attention(level, parallel,
                  &(struct vit_attention_args){ .queries = s->tokens,
                                                .tokens = s->tokens,
                                                .heads = s->heads,
                                                .head_dim = s->head_dim,
                                                .q = qkv->at,
                                                .ldq = ld,
                                                .k = qkv->at + dim,
                                                .v = qkv->at + 2 * dim,
                                                .ldkv = ld,
                                                .out = out.at,
                                                .ld_out = ld_out,
                                                .scale = 0.25f,
                                                .scratch = scratch.at });
    guard_free(&scratch);
    return out;
}

static struct guard inputs(const struct shape *s, enum pattern pattern, size_t *ld)
{
    const size_t dim = s->heads * s->head_dim;
    *ld = 3 * dim + 1;
    struct guard qkv = new_floats((s->tokens - 1) * *ld + 3 * dim);
    fill_pattern(qkv.bytes / sizeof(float), qkv.at, pattern, s->tokens);
    return qkv;
}

static const struct shape shapes[] = { { 1, 1, 1 },    { 2, 3, 5 },    { 15, 2, 16 },
                                       { 16, 1, 20 },  { 17, 3, 12 },  { 50, 2, 64 },
                                       { 197, 3, 64 }, { 131, 1, 80 }, { 601, 1, 16 },
                                       { 4500, 1, 3 } /* more scores in a row than a block has */ };
#define SHAPES (sizeof shapes / sizeof *shapes)

Test(parity, attention_gives_the_bits_of_scalar)
{
    expect_cases("vit_attention");
}

Test(parity, attention_weights_give_the_bits_of_scalar)
{
    expect_cases("vit_attention_weights");
}

Test(parity, operations_of_size_0_write_zeros_or_nothing)
{
    expect_cases("zero_sizes");
}

Test(parity, attention_over_many_tokens_gives_the_bits_of_scalar)
{
    size_t i = 0, ld;

    for (const struct vit_kernels *level; (level = next_level(&i, SHAPES * 1000));)
        for (size_t s = 0; s < SHAPES; s++) {
            if (shapes[s].tokens < 100)
                continue;
            struct guard qkv = inputs(&shapes[s], PATTERN_NORMAL, &ld);
            struct guard expected = attend(scalar_level(), NULL, &shapes[s], &qkv, ld);
            struct guard found = attend(level, NULL, &shapes[s], &qkv, ld);
            expect_same_bits(expected.bytes / sizeof(float), expected.at, found.at,
                             "%s, %zu tokens", level->isa, shapes[s].tokens);
            guard_free(&qkv);
            guard_free(&expected);
            guard_free(&found);
        }
}

Test(attention, thread_count_and_order_do_not_change_bits)
{
    size_t ld;
    const struct vit_kernels *level;
    cr_assert(vit_kernels_get(NULL, &level, NULL) == VIT_OK);

    for (size_t s = 0; s < SHAPES; s++) {
        struct guard qkv = inputs(&shapes[s], PATTERN_NORMAL, &ld);
        struct guard expected = attend(level, NULL, &shapes[s], &qkv, ld);
        for (size_t threads = 2; threads < 9; threads++) { /* small shapes are not divided */
            struct serial_run run = { 0 };
            const struct vit_parallel ways[] = { { vit_parallel_openmp, NULL, threads },
                                                 { run_serially, &run, threads } };
            for (size_t w = 0; w < 2; w++) {
                struct guard found = attend(level, &ways[w], &shapes[s], &qkv, ld);
                expect_same_bits(expected.bytes / sizeof(float), expected.at, found.at,
                                 "%zu tokens, %zu threads", shapes[s].tokens, threads);
                guard_free(&found);
            }
        }
        guard_free(&qkv);
        guard_free(&expected);
    }
}

Test(attention, a_nan_in_a_query_makes_its_row_nan_and_no_other)
{
    const struct shape s = { 20, 2, 8 };
    size_t ld, i = 0;

    for (const struct vit_kernels *level = scalar_level(); level; level = next_level(&i, 20 * 16)) {
        struct guard qkv = inputs(&s, PATTERN_NORMAL, &ld);
        qkv.at[7 * ld + 3] = 0.0f / 0.0f;
        struct guard out = attend(level, NULL, &s, &qkv, ld);
        for (size_t t = 0; t < s.tokens; t++)
            for (size_t j = 0; j < 16; j++) {
                const float o = out.at[t * 19 + j];
                cr_assert((o != o) == (t == 7 && j < 8), "%s, token %zu, column %zu: %g",
                          level->isa, t, j, (double)o);
            }
        guard_free(&qkv);
        guard_free(&out);
    }
}

Test(matmul, thread_count_does_not_change_bits)
{
    /* work for 16 threads each: few rows, few columns, both odd, and a ViT's */
    static const size_t sizes[][3] = {
        { 3, 1000, 701 }, { 301, 7, 1000 }, { 97, 251, 100 }, { 197, 192, 64 }
    };
    const struct vit_kernels *level;
    cr_assert(vit_kernels_get(NULL, &level, NULL) == VIT_OK);

    for (size_t s = 0; s < 4; s++) {
        const size_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        struct guard a = new_floats(m * k), b = new_floats(n * k);
        const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_F32_F32];
        struct guard panels = guard_new(vit_packed_bytes(kernel, n, k), sizeof(float), GUARD_AFTER);
        const struct vit_packed packed = { kernel, n, k, panels.at };
        struct guard one = new_floats(m * n), many = new_floats(m * n);
        fill_pattern(m * k, a.at, PATTERN_NORMAL, 1);
        fill_pattern(n * k, b.at, PATTERN_NORMAL, 2);
        struct vit_matmul_args args = {
            .m = m, .a = a.at, .lda = k, .b = &packed, .c = one.at, .ldc = n
        };
        vit_pack(&packed, 0, n, b.at, k, 1);
        vit_matmul(NULL, &args);
        args.c = many.at;
        for (size_t threads = 2; threads < 18; threads++) {
            struct serial_run run = { 0 };
            const struct vit_parallel ways[] = { { vit_parallel_openmp, NULL, threads },
                                                 { run_serially, &run, threads } };
            vit_matmul(&ways[threads % 2], &args);
            expect_same_bits(m * n, one.at, many.at, "%zux%zux%zu, %zu threads", m, n, k, threads);
        }
        guard_free(&a);
        guard_free(&b);
        guard_free(&panels);
        guard_free(&one);
        guard_free(&many);
    }
}

Test(layernorm, rows_of_any_stride_and_any_threads_are_rows_alone)
{
    expect_cases("vit_layernorm");
}

Test(elementwise, sums_activations_and_gates_give_the_bits_of_scalar)
{
    expect_cases("vit_elementwise");
}
