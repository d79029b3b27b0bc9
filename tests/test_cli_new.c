/* test_cli_new.c - `libvit new` and `libvit walk`: a new model, a forward pass step by step */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "tools/draw.h"
#include "tools/patch_grid.h"
#include "vit/image.h"

TestSuite(cli_new, .init = cli_begin, .fini = cli_end);

#define SERIES       "tests/golden/series-hardswish"
#define T2T          "tests/golden/series-t2t"
#define DIGITS       "models/digits"
#define THREE        "models/digits/test/3/0060.png"
#define CROPPED      "tests/golden/timm-avgmax" /* crop_pct 0.9 */
#define PHOTO        "tests/golden/preprocess/photo-444.jpg"

#define COUNT(table) (sizeof(table) / sizeof *(table))

Test(cli_new, a_new_model_is_opened_by_the_other_subcommands)
{
    succeeds("$VIT new " SERIES "/config.json -o $T/m/ && cmp " SERIES "/config.json "
             "$T/m/config.json && ls $T $T/m && $VIT info $T/m --json >$T/info");
    cr_assert_not_null(strstr(cli.out, "m:\nconfig.json\nmodel.safetensors\n"), "%s", cli.out);
    cr_assert_not_null(strstr(cli.err, "m/: config.json and model.safetensors, seed 1\n"));
    succeeds("$VIT classify $T/m " PHOTO " && $VIT attention $T/m " PHOTO " -o $T/a.png && "
             "$VIT features $T/m --shards 'models/digits/test/3' -o $T/features && "
             "$VIT verify $T/features");
    count_checks(5);
}

Test(cli_new, the_seed_decides_the_weights)
{
    succeeds("for s in 1 2; do $VIT new " SERIES "/config.json -o $T/s$s --seed $s; done && "
             "$VIT new " SERIES "/config.json -o $T/default && "
             "cmp $T/s1/model.safetensors $T/default/model.safetensors && "
             "! cmp -s $T/s1/model.safetensors $T/s2/model.safetensors");
    count_checks(2);
}

Test(cli_new, a_folder_appears_whole_or_not_at_all)
{
    static const struct {
        const char *command, *fragment;
    } failures[] = {
        { "$VIT new " SERIES "/config.json -o $T/folder", "expected no such folder, found one" },
        { "$VIT new " SERIES "/config.json -o $T/folder/", "expected no such folder, found one" },
        { "$VIT new " SERIES "/config.json -o $T/file", "expected no such folder, found a file" },
        { "$VIT new " SERIES "/config.json -o $T/link", "expected no such folder, found a file" },
        { "$VIT new " SERIES "/config.json -o $T/none/m", "none/m: No such file" },
        { "$VIT new $T/none -o $T/m", "none: No such file" },
        { "$VIT new $T/file -o $T/m", "file: " },
        { "$VIT new tests/golden/hf-vit/config.json -o $T/m", "found family hf-vit" },
        /* a full disk, as a limit on the size of files */
        { "trap '' XFSZ; ulimit -f 8; $VIT new " SERIES "/config.json -o $T/m", "File too large" },
        { "$VIT walk " DIGITS " " THREE " -o $T/folder", "expected no such folder, found one" },
        { "$VIT walk " DIGITS " " THREE " -o $T/none/f", "none/f: No such file" },
        { "trap '' XFSZ; ulimit -f 1; $VIT walk " DIGITS " " THREE " -o $T/f", "File too large" },
        { "$VIT walk " DIGITS " " THREE " -o $T/f >/dev/full", "output: No space left" },
        { "$VIT walk " DIGITS " " THREE " -o $T/f --json >/dev/full", "output: No space left" },
        { "$VIT walk " DIGITS " " THREE " --patch 16 -o $T/f",
          "--patch: expected a patch from 0 to 15, found 16" },
        { "$VIT walk " DIGITS " " THREE " --block 4", "expected a block from 0 to 3, found 4" },
        { "$VIT walk tests/golden/timm-depth0 " PHOTO " --block 1",
          "--block: expected a model with blocks, found one without" },
    };

    succeeds("mkdir $T/folder && echo precious >$T/file && ln -s nowhere $T/link");
    for (size_t i = 0; i < COUNT(failures); i++)
        fails(failures[i].command, failures[i].fragment);
    succeeds("cat $T/file && ls -A $T $T/folder | grep -v :");
    cr_assert_str_eq(cli.out, "precious\nfile\nfolder\nlink\n\n");
    count_checks(COUNT(failures) + 1);
}

Test(cli_new, an_interrupt_leaves_neither_a_folder_nor_files)
{
    /* 500 MB, which no disk takes in a tenth of a second; whole if one does */
    succeeds(
        "sed 's/\"depth\": 2/\"depth\": 1000/; s/\"token_len\": 32/\"token_len\": 128/' " SERIES
        "/config.json >$T/large.json");
    shell("timeout -s INT 0.1 $VIT new $T/large.json -o $T/m; ls $T");
    cr_assert(strcmp(cli.out, "large.json\n") == 0 || strcmp(cli.out, "large.json\nm\n") == 0, "%s",
              cli.out);
    count_checks(1);
}

/* The step of that name in what `walk --json` printed, which the caller owns. */
static const json_t *step_of(const json_t *root, const char *name)
{
    const json_t *step;
    size_t i;

    json_array_foreach (json_object_get(root, "steps"), i, step)
        if (strcmp(json_string_value(json_object_get(step, "step")), name) == 0)
            return step;
    cr_assert_fail("no step %s", name);
    return NULL;
}

/* Expects a shape, as JSON. */
static void expect_shape(const json_t *root, const char *name, const char *shape)
{
    json_t *const expected = json_loads(shape, 0, NULL);

    cr_assert_not_null(expected);
    cr_assert(json_equal(json_object_get(step_of(root, name), "shape"), expected), "%s", name);
    json_decref(expected);
}

Test(cli_new, walk_prints_the_shapes_of_every_step)
{
    succeeds("$VIT walk " DIGITS " " THREE " --batch 13 --json");
    json_t *const root = json_output();
    static const struct {
        const char *name, *shape;
    } steps[] = {
        { "input", "[13, 1, 8, 8]" },
        { "split into patches", "[13, 16, 4]" },
        { "projected", "[13, 16, 48]" },
        { "with the prediction token", "[13, 17, 48]" },
        { "with positions", "[13, 17, 48]" },
        { "norm 1", "[13, 17, 48]" },
        { "queries, keys, values", "[13, 3, 3, 17, 16]" },
        { "attention weights", "[13, 3, 17, 17]" },
        { "attention", "[13, 17, 48]" },
        { "first skip", "[13, 17, 48]" },
        { "norm 2", "[13, 17, 48]" },
        { "MLP, between its layers", "[13, 17, 192]" },
        { "MLP", "[13, 17, 48]" },
        { "second skip", "[13, 17, 48]" },
        { "after the last block", "[13, 17, 48]" },
        { "last norm", "[13, 17, 48]" },
        { "prediction token", "[13, 48]" },
        { "prediction", "[13, 10]" },
    };

    cr_assert_eq(json_array_size(json_object_get(root, "steps")), COUNT(steps));
    cr_assert_eq(json_integer_value(json_object_get(root, "batch")), 13);
    for (size_t i = 0; i < COUNT(steps); i++)
        expect_shape(root, steps[i].name, steps[i].shape);
    json_decref(root);
    count_checks(COUNT(steps) + 2);
}

Test(cli_new, walk_goes_through_the_soft_splits_of_a_t2t_vit)
{
    succeeds("$VIT walk " T2T " " THREE " --json");
    json_t *const root = json_output();

    expect_shape(root, "soft split 1", "[1, 192, 49]");
    expect_shape(root, "token transformer 1", "[1, 192, 16]");
    expect_shape(root, "soft split 2", "[1, 48, 144]");
    expect_shape(root, "token transformer 2", "[1, 48, 16]");
    expect_shape(root, "soft split 3", "[1, 12, 144]");
    expect_shape(root, "projected", "[1, 12, 48]");
    json_decref(root);
    count_checks(6);
}

/* The bounds of a step's numbers, and those of an array of `libvit run`. */
static void expect_bounds(const json_t *root, const char *name, size_t count)
{
    float *const x = load_npy(in_directory("out.npy"), count);
    float min = x[0], max = x[0];

    for (size_t i = 0; i < count; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    cr_assert_eq((float)json_number_value(json_object_get(step_of(root, name), "min")), min);
    cr_assert_eq((float)json_number_value(json_object_get(step_of(root, name), "max")), max);
    free(x);
}

Test(cli_new, walk_has_the_numbers_that_run_computes_from_the_preprocessed_image)
{
    static const struct {
        const char *model, *output, *step;
        size_t count;
    } outputs[] = {
        { DIGITS, "attention.2", "attention weights", 3 * 17 * 17 },
        { DIGITS, "block.2", "second skip", 17 * 48 },
        { DIGITS, "last_hidden_state", "last norm", 17 * 48 },
        { DIGITS, "logits", "prediction", 10 },
        { CROPPED, "logits", "prediction", 5 },
    };

    for (size_t i = 0; i < COUNT(outputs); i++) {
        const bool digits = strcmp(outputs[i].model, DIGITS) == 0;
        succeeds("$VIT preprocess " PHOTO " --model %s -o $T/in.npy && "
                 "$VIT run %s $T/in.npy --output %s -o $T/out.npy && "
                 "$VIT walk %s " PHOTO " --block %d --batch 2 --json",
                 outputs[i].model, outputs[i].model, outputs[i].output, outputs[i].model,
                 digits ? 2 : 0);
        json_t *const root = json_output();
        expect_bounds(root, outputs[i].step, outputs[i].count);
        json_decref(root);
    }
    count_checks(2 * COUNT(outputs));
}

Test(cli_new, walk_says_what_the_pass_keeps)
{
    succeeds("$VIT walk " DIGITS " " THREE " --json");
    json_t *const root = json_output();

    cr_assert(json_is_false(json_object_get(step_of(root, "norm 1"), "kept")));
    cr_assert_null(json_object_get(step_of(root, "norm 1"), "min"));
    cr_assert(json_is_true(json_object_get(step_of(root, "second skip"), "kept")));
    cr_assert_str_eq(json_string_value(json_object_get(step_of(root, "second skip"), "output")),
                     "block");
    cr_assert(json_is_null(json_object_get(step_of(root, "input"), "output")));
    json_decref(root);
    succeeds("$VIT walk " DIGITS " " THREE);
    cr_assert_not_null(strstr(cli.out, "  norm 1                          [1, 17, 48]              "
                                       " not kept\n"),
                       "%s", cli.out);
    count_checks(6);
}

Test(cli_new, walk_works_with_every_golden_model)
{
    succeeds("n=0; for m in tests/golden/*/config.json; do m=${m%%/*}; "
             "[ -e $m/model.safetensors ] || [ -e $m/model.safetensors.index.json ] || continue; "
             "$VIT walk $m " PHOTO " -o $T/f >$T/log || { echo $m; exit 1; }; "
             "[ -e $T/f/patches.png ] || exit 1; rm -r $T/f; n=$((n+1)); done; "
             "[ $n -gt 30 ] && echo $n");
    count_checks((size_t)atoi(cli.out));
}

static struct vit_image decode(const char *name)
{
    struct vit_image image = { 0 };
    struct vit_error err;

    cr_assert_eq(vit_image_decode_file(in_directory(name), NULL, &image, &err), VIT_OK, "%s",
                 err.message);
    return image;
}

static const uint8_t *pixel(const struct vit_image *image, size_t y, size_t x)
{
    return image->pixels + y * image->stride + 3 * x;
}

Test(cli_new, figures_show_the_patch_and_its_numbers_in_a_row)
{
    succeeds("$VIT walk " DIGITS " " THREE " --patch 6 -o $T/f >$T/log && "
             "$VIT preprocess " THREE " --model " DIGITS " --rgb $T/rgb.npy && ls $T/f");
    cr_assert_str_eq(cli.out, "attention.png\npatch.png\npatches.png\npositions.png\nrow.png\n");
    succeeds(
        "tail -c 192 $T/rgb.npy | od -An -tu1 -v -w24 | sed -n '3,4p' | awk '{print $13, $16}'");
    unsigned numbers[4]; /* rows 2 and 3, columns 4 and 5: patch 6 of 4 × 4 */
    cr_assert_eq(sscanf(cli.out, "%u %u %u %u", &numbers[0], &numbers[1], &numbers[2], &numbers[3]),
                 4, "%s", cli.out);
    struct vit_image patch = decode("f/patch.png"), row = decode("f/row.png");
    cr_assert_eq(patch.height, 448);
    cr_assert_eq(patch.width, 448);
    cr_assert_eq(row.width, 800);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(*pixel(&patch, 100 + i / 2 * 224, 100 + i % 2 * 224), numbers[i]);
        cr_assert_eq(*pixel(&row, 16, 100 + 200 * i), numbers[i]);
    }
    vit_image_free(&row);
    vit_image_free(&patch);
    count_checks(12);
}

/* timm-cut-edges sees 30 × 30 pixels, of which 24 × 24 are whole patches of 8. */
Test(cli_new, patches_are_drawn_without_the_pixels_behind_the_last_whole_one)
{
    struct vit_image seen = { 0 }, enlarged = { 0 }, figure = { 0 };

    succeeds("$VIT walk tests/golden/timm-cut-edges " PHOTO " -o $T/cut");
    cr_assert_eq(vit_image_create(30, 30, VIT_PIXEL_FORMAT_RGB, &seen, NULL), VIT_OK);
    cr_assert_eq(draw_enlarged(&seen, &enlarged, NULL), VIT_OK);
    cr_assert_eq(vit_image_decode_file(in_directory("cut/patches.png"), NULL, &figure, NULL),
                 VIT_OK);
    cr_assert_eq(figure.width, enlarged.width * 24 / 30 + 2 * PATCH_GAP);
    cr_assert_eq(figure.height, enlarged.height * 24 / 30 + 2 * PATCH_GAP);
    vit_image_free(&figure);
    vit_image_free(&enlarged);
    vit_image_free(&seen);
    count_checks(2);
}

Test(cli_new, a_patch_is_chosen_for_figures)
{
    fails("$VIT walk " DIGITS " " THREE " --patch 1",
          "walk: expected -o beside --patch, found none");
    fails("$VIT walk " DIGITS " " THREE " --patch 999 -o $T/f", "--patch: expected a patch from 0");
    fails("$VIT new " SERIES "/config.json -o $T/m --seed 9007199254740992",
          "--seed: expected a whole number from 0 to 2^53 - 1, found '9007199254740992'");
    succeeds("truncate -s 5G $T/sparse.json");
    fails("$VIT new $T/sparse.json -o $T/m", "sparse.json: expected at most 16777216 bytes, found");
}

Test(cli_new, the_attention_figure_has_the_largest_weight_in_yellow)
{
    size_t largest = 0;
    uint8_t yellow[3];

    succeeds("$VIT walk " DIGITS " " THREE " --block 1 -o $T/f && "
             "$VIT preprocess " THREE " --model " DIGITS " -o $T/in.npy && "
             "$VIT run " DIGITS " $T/in.npy --output attention.1 -o $T/out.npy");
    float *const x = load_npy(in_directory("out.npy"), 3 * 17 * 17);
    for (size_t i = 0; i < 3 * 17 * 17; i++)
        largest = x[i] > x[largest] ? i : largest;
    free(x);
    struct vit_image image = decode("f/attention.png");
    const size_t cell = 224 / 17, side = 17 * cell + 4;
    cr_assert_eq(image.width, 3 * side - 4);
    cr_assert_eq(image.height, 17 * cell);
    vit_colormap(1, yellow);
    const uint8_t *const found = pixel(&image, largest % 289 / 17 * cell + 1,
                                       largest / 289 * side + largest % 17 * cell + 1);
    cr_assert_eq(memcmp(found, yellow, 3), 0);
    vit_image_free(&image);
    count_checks(3);
}

Test(cli_new, the_figure_of_positions_has_a_row_for_each_patch)
{
    succeeds("$VIT walk " SERIES " " PHOTO " -o $T/f");
    struct vit_image image = decode("f/positions.png");
    /* 15 patches after the class token, of 32 numbers: sin and cos of the position */
    cr_assert_eq(image.height, 15 * (224 / 15));
    cr_assert_eq(image.width, 32 * (768 / 32));
    uint8_t color[3];
    /* cos 0.0001^(…)·i is nearest 1 in the last column; sin 5 = -0.9589 is the least of column 0 */
    vit_colormap(1, color);
    cr_assert_eq(memcmp(pixel(&image, 5, 31 * 24 + 5), color, 3), 0);
    vit_image_free(&image);
    succeeds("$VIT walk tests/golden/vit-pytorch-simple " PHOTO " -o $T/g && ls $T/g");
    cr_assert_not_null(strstr(cli.out, "positions.png"));
    count_checks(4);
}
