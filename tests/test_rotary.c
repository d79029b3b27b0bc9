/* test_rotary.c - the tables of rotary positions, and attention with them, by their definitions */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "config/derived.h"
#include "config/rotary.h"
#include "copy_checkpoint.h"
#include "counts.h"
#include "vit/vit.h"

enum { ROWS = 3, COLUMNS = 5, PATCHES = ROWS * COLUMNS, WIDTH = 12 };

/* One head of 12 over 3 × 5 patches. */
static struct vit_config base(void)
{
    return (struct vit_config){ .size = sizeof(struct vit_config),
                                .channels = 3,
                                .height = ROWS * 4,
                                .width = COLUMNS * 4,
                                .patch = 4,
                                .dim = WIDTH,
                                .depth = 1,
                                .heads = 1,
                                .mlp_dim = 8,
                                .eps = 1e-6f };
}

/* Compares a pair of each patch with the angle that the definition gives. */
static void expect_angle(const float *cosines, const float *sines, size_t patch, size_t first,
                         size_t second, double angle)
{
    const size_t row = patch * WIDTH;

    cr_assert_float_eq((double)cosines[row + first], cos(angle), 1e-7);
    cr_assert_float_eq((double)cosines[row + second], cos(angle), 1e-7);
    cr_assert_float_eq((double)sines[row + first], -sin(angle), 1e-7);
    cr_assert_float_eq((double)sines[row + second], sin(angle), 1e-7);
    count_checks(4);
}

Test(rotary, centers_turn_halves_by_the_row_and_then_the_column)
{
    struct vit_config c = base();
    float cosines[PATCHES * WIDTH], sines[PATCHES * WIDTH];
    const double turn = 2.0 * acos(-1.0);

    c.rotary = VIT_ROTARY_CENTERS;
    c.rotary_base = 100.0f;
    rotary_tables(&c, NULL, NULL, cosines, sines);
    for (size_t p = 0; p < PATCHES; p++)
        for (size_t j = 0; j < 3; j++) {
            const double y = 2.0 * ((double)(p / COLUMNS) + 0.5) / ROWS - 1.0;
            const double x = 2.0 * ((double)(p % COLUMNS) + 0.5) / COLUMNS - 1.0;
            const double frequency = turn * pow(100.0, -(double)j / 3.0);
            expect_angle(cosines, sines, p, j, j + 6, y * frequency);
            expect_angle(cosines, sines, p, j + 3, j + 9, x * frequency);
        }
}

Test(rotary, indices_turn_neighbors_scaled_from_an_offset_in_either_order)
{
    for (int columns_first = 0; columns_first < 2; columns_first++)
        for (int scaled = 0; scaled < 2; scaled++) {
            struct vit_config c = base();
            float cosines[PATCHES * WIDTH], sines[PATCHES * WIDTH];
            c.rotary = VIT_ROTARY_INDICES;
            c.rotary_base = 10000.0f;
            c.rotary_offset = 1.0f;
            c.rotary_columns_first = columns_first;
            c.rotary_grid[0] = scaled ? 7 : 0;
            c.rotary_grid[1] = scaled ? 11 : 0;
            rotary_tables(&c, NULL, NULL, cosines, sines);
            for (size_t p = 0; p < PATCHES; p++)
                for (size_t j = 0; j < 3; j++) {
                    const double y = (double)(p / COLUMNS + 1) * (scaled ? 7.0 / ROWS : 1.0);
                    const double x = (double)(p % COLUMNS + 1) * (scaled ? 11.0 / COLUMNS : 1.0);
                    const double f = pow(10000.0, -(double)j / 3.0);
                    const size_t row = 2 * j + (columns_first ? 6 : 0), column = (row + 6) % 12;
                    expect_angle(cosines, sines, p, row, row + 1, y * f);
                    expect_angle(cosines, sines, p, column, column + 1, x * f);
                }
        }
}

Test(rotary, learned_frequencies_are_of_the_column_and_the_row)
{
    static const float f0[6] = { 0.5f, -1.25f, 3.0f, 0.0f, 0.1f, 2.0f };
    static const float f1[6] = { -0.75f, 0.2f, 1.0f, 4.0f, 0.0f, -2.0f };
    struct vit_config c = base();
    float cosines[PATCHES * WIDTH], sines[PATCHES * WIDTH];

    c.rotary = VIT_ROTARY_LEARNED;
    rotary_tables(&c, f0, f1, cosines, sines);
    for (size_t p = 0; p < PATCHES; p++)
        for (size_t j = 0; j < 6; j++)
            expect_angle(cosines, sines, p, 2 * j, 2 * j + 1,
                         (double)(p % COLUMNS) * (double)f0[j] +
                             (double)(p / COLUMNS) * (double)f1[j]);
}

/* Attention with rotations is attention to rows that were turned before, to the bit. */
Test(rotary, attention_turns_queries_and_keys_behind_the_first_tokens)
{
    enum { TOKENS = 90, HEADS = 2, HEAD = 10, DIM = HEADS * HEAD, FIRST = 3, QKV = 3 * DIM };
    static float qkv[TOKENS * QKV], turned[TOKENS * QKV], tables[2][HEADS * TOKENS * HEAD];
    static float expected[TOKENS * DIM], found[TOKENS * DIM];
    const struct vit_kernels *level;
    size_t i = 0;

    fill_pattern(TOKENS * QKV, qkv, PATTERN_NORMAL, 1);
    fill_pattern(HEADS * TOKENS * HEAD, tables[0], PATTERN_NORMAL, 2);
    fill_pattern(HEADS * TOKENS * HEAD, tables[1], PATTERN_NORMAL, 3);
    for (level = scalar_level(); level; level = next_level(&i, TOKENS * DIM)) {
        const size_t stride = (TOKENS - FIRST) * HEAD;
        const struct vit_rotation rotation = { FIRST, tables[0], tables[1], stride, true };
        memcpy(turned, qkv, sizeof turned);
        for (size_t t = FIRST; t < TOKENS; t++)
            for (size_t h = 0; h < 2 * HEADS; h++) { /* of the queries, then of the keys */
                float *const row = turned + t * QKV + h * HEAD;
                const size_t table = h % HEADS * stride + (t - FIRST) * HEAD;
                level->rotate_neighbors(HEAD, row, tables[0] + table, tables[1] + table, row);
            }
        struct vit_attention_args args = {
            .queries = TOKENS,
            .tokens = TOKENS,
            .heads = HEADS,
            .head_dim = HEAD,
            .ldq = QKV,
            .ldkv = QKV,
            .ld_out = DIM,
            .scale = 0.25f,
            .scratch = malloc(vit_attention_scratch_bytes(level, TOKENS, HEAD, 1)),
        };
        args.q = turned, args.k = turned + DIM, args.v = turned + 2 * DIM, args.out = expected;
        vit_attention(level, NULL, &args);
        args.q = qkv, args.k = qkv + DIM, args.v = qkv + 2 * DIM, args.out = found;
        args.rotation = &rotation;
        vit_attention(level, NULL, &args);
        expect_same_bits(TOKENS * DIM, expected, found, "%s", level->isa);
        free(args.scratch);
    }
}

/* The last frequency becomes *(float *)arg. */
static void set_last_frequency(void *arg, const char *name, const char *layer, size_t count,
                               float *x)
{
    (void)layer;
    if (strcmp(name, "rope.freqs") == 0)
        x[count - 1] = *(float *)arg;
}

Test(rotary, learned_frequencies_whose_angles_are_not_computed_are_refused)
{
    static float refused[] = { 1e6f, -1e6f, NAN, INFINITY };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct made_directory copy =
            copy_checkpoint("tests/golden/timm-rope-mixed", false, set_last_frequency, &refused[i]);
        struct vit_model *model = NULL;
        struct vit_error err = { 0 };

        cr_assert_eq(vit_model_open(copy.path, NULL, &model, &err), VIT_EFORMAT);
        cr_assert(strstr(err.message, "frequencies of rotary positions: expected angles of at most "
                                      "1572864, found "),
                  "%s", err.message);
        remove_directory(&copy);
    }
    count_checks(2 * sizeof refused / sizeof *refused);
}
