/* test_cli_images.c - libvit features, attention and patches, and --size */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "model_config.h"
#include "vit/image.h"
#include "vit/inspect.h"

TestSuite(cli_images, .init = cli_begin, .fini = cli_end);

/* 48 × 48 in patches of 8, 2 blocks of 3 heads, dim 96; 64 × 48 in a grid of 4 × 3 */
#define MODEL        "tests/golden/timm-vit"
#define T2T          "tests/golden/series-t2t"
#define SIGLIP       "tests/golden/timm-siglip-map"
#define DISTILLED    "tests/golden/timm-deit-distilled"
#define REGISTERS    "tests/golden/timm-reg4-ls"
#define IMAGES       "tests/golden/preprocess"
#define IMAGE        IMAGES "/photo-444.jpg"
#define DIGITS       "models/digits"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { SIDE = 48, FACTOR = 9, GRID = 6, PATCHES = GRID * GRID, TOKENS = PATCHES + 1, HEADS = 3 };

static struct vit_image decode(const char *path)
{
    struct vit_image p;
    struct vit_error err;

    cr_assert_eq(vit_image_decode_file(path, NULL, &p, &err), VIT_OK, "%s", err.message);
    return p;
}

/* The output of the library for one image, [count] numbers. */
static float *library_output(const char *directory, const char *path, enum vit_output output,
                             size_t block, size_t *count)
{
    struct vit_image p = decode(path);
    struct vit_error err;
    struct vit_model *model;
    struct vit_context *ctx;
    size_t rows, columns;

    cr_assert_eq(vit_model_open(directory, NULL, &model, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_context_create(model, NULL, &ctx, NULL), VIT_OK);
    const struct vit_config c = model_config(model);
    const struct vit_preprocess_config preprocess = model_preprocess_config(model);
    vit_output_shape(model, output, block, &rows, &columns);
    float *const input = malloc(c.channels * c.height * c.width * sizeof *input);
    float *const out = malloc(rows * columns * sizeof *out);
    cr_assert_eq(vit_preprocess_image(&preprocess, &p, NULL, input, NULL), VIT_OK);
    cr_assert_eq(forward_output(ctx, output, block, 1, input, out, &err), VIT_OK, "%s",
                 err.message);
    *count = rows * columns;
    free(input);
    vit_image_free(&p);
    vit_context_free(ctx);
    vit_model_free(model);
    return out;
}

Test(cli_images, features_are_the_librarys_embeddings_in_the_order_of_classify)
{
    size_t count, images;

    succeeds("$VIT features " MODEL " " IMAGES " " IMAGES "/gray.png -o $T/out.npy");
    cr_assert_str_empty(cli.out);
    cr_assert_str_empty(cli.err);
    succeeds("$VIT classify " MODEL " " IMAGES " " IMAGES "/gray.png --json");
    json_t *const root = json_output();
    const json_t *const list = json_object_get(root, "images");
    images = json_array_size(list);
    cr_assert_eq(images, 12);
    float *const found = load_npy(in_directory("out.npy"), images * 96);
    for (size_t i = 0; i < images; i++) {
        const char *const path =
            json_string_value(json_object_get(json_array_get(list, i), "path"));
        float *const expected = library_output(MODEL, path, VIT_OUTPUT_EMBEDDING, 0, &count);
        cr_assert_eq(count, 96);
        cr_assert_eq(memcmp(found + i * 96, expected, 96 * sizeof *expected), 0, "%s", path);
        free(expected);
    }
    json_decref(root);
    free(found);
    count_checks(images * 96);
}

Test(cli_images, features_have_the_same_bytes_on_every_level_and_thread_count)
{
    size_t checks = 0, i = 0;
    const char *level;

    succeeds("$VIT features " T2T " " IMAGES " -o $T/first.npy");
    while ((level = next_usable_level(&i, 2))) {
        for (int threads = 1; threads <= 2; threads++, checks++)
            succeeds("$VIT features " T2T " " IMAGES " -o $T/out.npy --isa %s --threads %d && "
                     "cmp $T/first.npy $T/out.npy",
                     level, threads);
    }
    count_checks(checks);
}

Test(cli_images, run_gives_the_outputs_that_the_library_has)
{
    static const struct {
        const char *option;
        enum vit_output output;
        size_t block;
    } cases[] = {
        { "embedding", VIT_OUTPUT_EMBEDDING, 0 },   { "attention.1", VIT_OUTPUT_ATTENTION, 1 },
        { "attention.0", VIT_OUTPUT_ATTENTION, 0 }, { "block.1", VIT_OUTPUT_BLOCK, 1 },
        { "t2t_block.1", VIT_OUTPUT_T2T_BLOCK, 1 }, { "t2t_block.0", VIT_OUTPUT_T2T_BLOCK, 0 },
    };
    size_t count, checks = 0;

    succeeds("$VIT preprocess " IMAGE " --model " T2T " -o $T/in.npy");
    for (size_t i = 0; i < COUNT(cases); i++) {
        float *const expected = library_output(T2T, IMAGE, cases[i].output, cases[i].block, &count);
        succeeds("$VIT run " T2T " $T/in.npy -o $T/out.npy --output %s", cases[i].option);
        float *const found = load_npy(in_directory("out.npy"), count);
        cr_assert_eq(memcmp(expected, found, count * sizeof *found), 0, "%s", cases[i].option);
        free(found);
        free(expected);
        checks += count;
    }
    count_checks(checks);
}

/* A gray image: the lightest pixel of a map over it is the hottest. */
static void save_gray(void)
{
    struct vit_image gray;
    FILE *const file = fopen(in_directory("gray.png"), "wb");
    uint8_t *png;
    size_t size;

    cr_assert_eq(vit_image_create(SIDE, SIDE, VIT_PIXEL_FORMAT_RGB, &gray, NULL), VIT_OK);
    memset(gray.pixels, 128, gray.height * gray.stride);
    cr_assert_eq(vit_image_encode_png(&gray, &png, &size, NULL), VIT_OK);
    cr_assert_eq(fwrite(png, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    vit_png_free(png);
    vit_image_free(&gray);
}

/* The patch in which a 6 × 6 map over gray has the most green. */
static size_t lightest_patch(const char *path)
{
    struct vit_image p = decode(path);
    size_t lightest = 0;

    cr_assert(p.height == SIDE * FACTOR && p.width == SIDE * FACTOR);
    for (size_t i = 0; i < p.height * p.width; i++)
        lightest = p.pixels[3 * i + 1] > p.pixels[3 * lightest + 1] ? i : lightest;
    const size_t row = lightest / p.width * GRID / p.height;
    const size_t column = lightest % p.width * GRID / p.width;
    vit_image_free(&p);
    return row * GRID + column;
}

static size_t hottest_patch(size_t block, size_t first_head, size_t heads)
{
    size_t count, hottest = 0;
    double sums[PATCHES] = { 0 };
    float *const weights =
        library_output(MODEL, in_directory("gray.png"), VIT_OUTPUT_ATTENTION, block, &count);

    cr_assert_eq(count, HEADS * TOKENS * TOKENS);
    for (size_t i = 0; i < PATCHES; i++)
        for (size_t h = first_head; h < first_head + heads; h++)
            sums[i] += (double)weights[h * TOKENS * TOKENS + 1 + i];
    for (size_t i = 0; i < PATCHES; i++)
        hottest = sums[i] > sums[hottest] ? i : hottest;
    free(weights);
    return hottest;
}

Test(cli_images, attention_is_lightest_at_the_largest_weight)
{
    static const struct {
        const char *options;
        size_t block, head, heads;
    } cases[] = {
        { "", 1, 0, HEADS },
        { "--block 0", 0, 0, HEADS },
        { "--block 1 --head mean", 1, 0, HEADS },
        { "--block 0 --head 2", 0, 2, 1 },
        { "--head 1", 1, 1, 1 },
    };
    char expected[64];

    save_gray();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const size_t hottest = hottest_patch(cases[i].block, cases[i].head, cases[i].heads);
        succeeds("$VIT attention " MODEL " $T/gray.png -o $T/out.png %s", cases[i].options);
        cr_assert_str_empty(cli.out);
        cr_assert_eq(lightest_patch(in_directory("out.png")), hottest, "%s", cases[i].options);
        snprintf(expected, sizeof expected, "maximum at row %zu, column %zu of 6 × 6",
                 hottest / GRID, hottest % GRID);
        cr_assert_not_null(strstr(cli.err, expected), "%s in %s", expected, cli.err);
    }
    count_checks(2 * COUNT(cases));
}

Test(cli_images, attention_works_with_every_model_and_prints_a_summary)
{
    static const struct {
        const char *command, *caption;
        size_t height, width;
    } cases[] = {
        { MODEL " " IMAGE " --block rollout", "rollout of 2 blocks, mean of 3 heads", 432, 432 },
        { T2T " " IMAGE, "block 1 of 0 to 1, mean of 1 head, class token", 448, 336 },
        { T2T " " IMAGE " --block rollout", "column", 448, 336 },
        { DIGITS " " IMAGE " --head 2", "head 2 of 0 to 2", 448, 448 },
        { SIGLIP " " IMAGE, "mean of all tokens (no class token)", 432, 432 },
        { DISTILLED " " IMAGE " --block rollout", "class token", 432, 432 },
        { REGISTERS " " IMAGE, "of 3 × 3;", 420, 420 },
        { MODEL " " IMAGE " --size 96x160", "of 12 × 20;", 96 * 2, 160 * 2 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("$VIT attention %s -o $T/out.png", cases[i].command);
        cr_assert_not_null(strstr(cli.err, cases[i].caption), "%s: %s", cases[i].command, cli.err);
        struct vit_image p = decode(in_directory("out.png"));
        cr_assert(p.height == cases[i].height && p.width == cases[i].width, "%s: %zu × %zu",
                  cases[i].command, p.height, p.width);
        vit_image_free(&p);
    }
    count_checks(2 * COUNT(cases));
}

/* The pixel has the color of a number from 0 to 1. */
static void expect_heat(const struct vit_image *p, size_t y, size_t x, double t)
{
    uint8_t expected[3];

    vit_colormap(t, expected);
    cr_assert_eq(memcmp(p->pixels + (y * p->width + x) * 3, expected, 3), 0, "at %zu, %zu", y, x);
}

Test(cli_images, patches_have_gaps_and_maps_have_the_cosines_of_positions)
{
    /* 8 × 8 pixels in patches of 2: 56 times as large, 112 a patch; maps of 4 × 4 at 28 pixels */
    enum { PATCH = 112, MAP = 112, PIXEL = 28, GAP = 2, WHOLE = 4 * PATCH + 3 * GAP, APART = 16 };
    static float table[16][48];
    struct vit_model *model;

    cr_assert_eq(vit_model_open(DIGITS, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_positions(model, &table[0][0], NULL), VIT_OK);
    vit_model_free(model);
    succeeds("$VIT patches " DIGITS " " DIGITS "/test/0/0101.png -o $T/out.png");
    cr_assert_not_null(strstr(cli.err, "4 × 4 patches of 2 × 2 pixels; on the right: cosine"));
    struct vit_image p = decode(in_directory("out.png"));
    struct vit_image digit = decode(DIGITS "/test/0/0101.png");
    cr_assert(p.height == WHOLE && p.width == WHOLE + APART + WHOLE);
    for (size_t i = 0; i < 64; i++) { /* the middle of each pixel */
        const size_t y = i / 8 * 56 + 28 + i / 16 * GAP, x = i % 8 * 56 + 28 + i % 8 / 2 * GAP;
        cr_assert_eq(p.pixels[(y * p.width + x) * 3], digit.pixels[3 * i], "pixel %zu", i);
    }
    cr_assert_eq(p.pixels[(PATCH * p.width + 5) * 3], 255); /* between two patches */
    for (size_t a = 0; a < 16; a++)
        for (size_t b = 0; b < 16; b++) {
            double dot = 0, aa = 0, bb = 0;
            for (size_t j = 0; j < 48; j++) {
                dot += (double)table[a][j] * (double)table[b][j];
                aa += (double)table[a][j] * (double)table[a][j];
                bb += (double)table[b][j] * (double)table[b][j];
            }
            expect_heat(&p, a / 4 * (MAP + GAP) + b / 4 * PIXEL + 14,
                        WHOLE + APART + a % 4 * (MAP + GAP) + b % 4 * PIXEL + 14,
                        (dot / (sqrt(aa) * sqrt(bb)) + 1) / 2);
        }
    vit_image_free(&digit);
    vit_image_free(&p);
    count_checks(64 + 256 + 1);
}

Test(cli_images, patches_do_not_depend_on_the_precision)
{
    succeeds("$VIT patches " MODEL " " IMAGE " -o $T/a.png");
    succeeds("$VIT patches " MODEL " " IMAGE " -o $T/b.png --precision int8 --keep head && "
             "cmp $T/a.png $T/b.png");
}

Test(cli_images, large_grids_have_every_second_or_third_map)
{
    static const struct {
        const char *command;
        size_t height, width; /* of the maps alone */
    } cases[] = {
        { MODEL, 6 * 6 * 12 + 5 * 2, 6 * 6 * 12 + 5 * 2 },
        { MODEL " --size 160", 10 * 20 * 2 + 9 * 2, 10 * 20 * 2 + 9 * 2 }, /* every second */
        { MODEL " --size 240x120", 10 * 30 + 9 * 2, 8 * 15 + 7 * 2 },
        { T2T, 4 * 4 * 28 + 3 * 2, 3 * 3 * 28 + 2 * 2 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("$VIT patches %s -o $T/out.png", cases[i].command);
        struct vit_image p = decode(in_directory("out.png"));
        cr_assert(p.height == cases[i].height && p.width == cases[i].width, "%s: %zu × %zu",
                  cases[i].command, p.height, p.width);
        vit_image_free(&p);
    }
    count_checks(COUNT(cases));
}

Test(cli_images, a_size_resizes_the_model_and_one_number_is_a_square)
{
    succeeds("$VIT preprocess " IMAGE " -o $T/a.npy --size 64 && "
             "$VIT preprocess " IMAGE " -o $T/b.npy --size 64x64 && cmp $T/a.npy $T/b.npy && "
             "$VIT preprocess " IMAGE " -o $T/in.npy --model " MODEL " --size 64x96");
    free(load_npy(in_directory("in.npy"), 3 * 64 * 96));
    succeeds("$VIT run " MODEL " $T/in.npy -o $T/out.npy --size 64x96 --output patch_embedding");
    free(load_npy(in_directory("out.npy"), 8 * 12 * 96));
    succeeds("$VIT run " MODEL " $T/in.npy -o $T/logits.npy --size 64x96 && "
             "$VIT features " MODEL " " IMAGE " -o $T/f.npy --size 64x96 && "
             "$VIT classify " MODEL " " IMAGE " --size 64x96 --top 1 && "
             "$VIT bench " MODEL " --size 64x96 --seconds 0 && "
             "$VIT bench vit_tiny_patch16_224 --size 32 --seconds 0");
    cr_assert_not_null(strstr(cli.out, "vit_tiny_patch16_224, 32 × 32, batch 1"));
    succeeds("$VIT info " MODEL " --size 64x96 --json");
    json_t *const root = json_output();
    const json_t *const model = json_object_get(root, "model");
    cr_assert_eq(json_integer_value(entry_value(model, "summary", "grid_columns")), 12);
    cr_assert_eq(json_integer_value(entry_value(model, "summary", "tokens")), 97);
    json_decref(root);
    count_checks(9);
}

Test(cli_images, wrong_arguments_are_refused_and_leave_no_file)
{
    static const char *const failures[][2] = {
        { "$VIT features " MODEL " " IMAGE, "features: expected -o OUT.npy" },
        { "$VIT features " MODEL " -o $T/o", "found 1 operand;" },
        { "$VIT features " MODEL " $T/none.png -o $T/o", "none.png" },
        { "$VIT features " MODEL " " IMAGE " -o $T/none/o", "none/o" },
        { "$VIT features " MODEL " " IMAGE " -o /dev/full", "/dev/full: No space left" },
        { "$VIT features " MODEL " " IMAGE " -o $T/o --json",
          "unknown option '--json'; see libvit features --help" },
        { "$VIT attention " MODEL " " IMAGE, "attention: expected -o OUT.png" },
        { "$VIT attention " MODEL " " IMAGE " " IMAGE " -o $T/o", "found 3 operands" },
        { "$VIT attention " MODEL " $T/none.png -o $T/o", "none.png" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --block 2",
          "--block: expected a block from 0 to 1, found 2" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --head 3",
          "--head: expected a head from 0 to 2, found 3" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --block rolled",
          "--block: expected a block's number or rollout, found 'rolled'" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --block 01", "found '01'" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --block 1x", "found '1x'" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --head rollout",
          "--head: expected a head's number or mean" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --head 0 --block rollout",
          "--head: expected mean with --block rollout, found 0" },
        { "$VIT attention " MODEL " " IMAGE " -o $T", "Is a directory" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/none/o", "none/o" },
        { "$VIT attention " MODEL " " IMAGE " -o /dev/full", "/dev/full: No space left" },
        { "$VIT patches -o $T/o", "patches: expected MODEL [IMAGE]" },
        { "$VIT patches " MODEL, "patches: expected -o OUT.png" },
        { "$VIT patches " MODEL " $T/none.png -o $T/o", "none.png" },
        { "$VIT patches " MODEL " -o /dev/full", "/dev/full: No space left" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output attention", "--output: expected logits" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output attention.2",
          "expected a block from 0 to 1, found 2" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output t2t_block.0",
          "expected an output of this model, found t2t_block.0" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output stage.0",
          "--output: expected t2t_block, found its old name 'stage.0'" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output features",
          "--output: expected last_hidden_state, found its old name 'features'" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output tokens",
          "--output: expected patch_embedding, found its old name 'tokens'" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --block 1", "unknown option '--block'" },
        { "$VIT run " MODEL " $T/in.npy -o $T/o --output embedding.1", "--output: expected" },
        { "$VIT info " MODEL " --size 50", "height: expected a multiple of patch, 8, found 50" },
        { "$VIT classify " MODEL " " IMAGE " --size 48x50", "width: expected a multiple of patch" },
        { "$VIT attention " MODEL " " IMAGE " -o $T/o --size 50", "at 50 × 50" },
        { "$VIT preprocess " IMAGE " -o $T/o --model " MODEL " --size 50", "at 50 × 50" },
        { "$VIT bench vit_tiny_patch16_224 --size 50", "height: expected a multiple of patch" },
        { "$VIT check --size 50", "unknown option '--size'; see libvit check --help" },
        { "$VIT info --models " MODEL, "expected either --models or MODEL, found both" },
    };
    static float zeros[3 * SIDE * SIDE];

    save_npy("in.npy", 4, (size_t[]){ 1, 3, SIDE, SIDE }, zeros);
    for (size_t i = 0; i < COUNT(failures); i++)
        fails(failures[i][0], failures[i][1]);
    succeeds("ls $T");
    cr_assert_str_eq(cli.out, "in.npy\n");
    count_checks(COUNT(failures) + 1);
}
