/* test_cli_suggest.c - libvit compare --suggest: the layers to keep, beside trying all of them */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "copy_checkpoint.h"
#include "counts.h"

TestSuite(cli_suggest, .init = cli_begin, .fini = cli_end);

#define DIGITS "models/digits"
#define MODEL  "tests/golden/timm-vit" /* 2 blocks of 4 layers */
#define IMAGES "tests/golden/preprocess"

enum { LAYERS = 8 };
static const char *const layers[LAYERS] = {
    "blocks.0.qkv", "blocks.0.proj", "blocks.0.fc1", "blocks.0.fc2",
    "blocks.1.qkv", "blocks.1.proj", "blocks.1.fc1", "blocks.1.fc2",
};

/* The rms of the difference that the command itself reports with these layers kept. */
static double error_with(const char *model, const char *keep)
{
    succeeds("$VIT compare %s " IMAGES " --precision int8 --json --keep %s", model, keep);
    json_t *const root = json_output();
    const json_t *const rms = json_object_get(json_object_get(root, "difference"), "rms");
    const double error = json_number_value(rms);

    cr_assert(json_is_number(rms));
    json_decref(root);
    return error;
}

/* The layer of which the least error remains, if it is kept after `keep`, which has room. */
static void extend_by_best(const char *model, char *keep, size_t size, double *least)
{
    char trial[256], best[256] = "";

    *least = INFINITY;
    for (size_t i = 0; i < LAYERS; i++) {
        if (strstr(keep, layers[i]))
            continue;
        snprintf(trial, sizeof trial, "%s%s%s", keep, *keep ? "," : "", layers[i]);
        const double error = error_with(model, trial);
        if (error < *least) {
            *least = error;
            snprintf(best, sizeof best, "%s", trial);
        }
    }
    snprintf(keep, size, "%s", best);
}

static json_t *suggest(const char *model, const char *options, size_t count)
{
    succeeds("$VIT compare %s " IMAGES " --precision int8 --json --suggest %zu %s", model, count,
             options);
    return json_output();
}

static double rms_of(const json_t *suggestion, size_t i)
{
    const json_t *const layer = json_array_get(json_object_get(suggestion, "layers"), i);

    return json_number_value(json_object_get(layer, "rms"));
}

/* Of logits, embeddings and tokens. */
Test(cli_suggest, each_layer_is_the_best_of_all_that_are_left)
{
    static const char *const models[] = { MODEL, "tests/golden/hf-siglip",
                                          "tests/golden/timm-pool-empty" };
    enum { STEPS = 2 };

    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        json_t *const root = suggest(models[m], "", STEPS);
        const json_t *const found = json_object_get(root, "suggestion");
        char keep[256] = "";
        double least;
        for (size_t i = 0; i < STEPS; i++) {
            extend_by_best(models[m], keep, sizeof keep, &least);
            cr_assert_eq(rms_of(found, i), least, "%s: layer %zu: expected %s", models[m], i, keep);
        }
        cr_assert_str_eq(json_string_value(json_object_get(found, "keep")), keep);
        cr_assert_eq(json_array_size(json_object_get(found, "layers")), STEPS);
        json_decref(root);
        count_checks(STEPS + 2);
    }
}

Test(cli_suggest, layers_that_are_kept_already_precede_the_suggested_ones)
{
    char keep[256] = "blocks.0.qkv,head";
    double least;

    json_t *const root = suggest(MODEL, "--keep blocks.0.qkv,head", 1);
    const json_t *const found = json_object_get(root, "suggestion");
    extend_by_best(MODEL, keep, sizeof keep, &least);
    cr_assert_str_eq(json_string_value(json_object_get(found, "keep")), keep);
    cr_assert_eq(rms_of(found, 0), least);
    json_decref(root);
    count_checks(2);
}

/* Trying every layer that is left each time would take 16 + 15 + … + 1 = 136 models. */
Test(cli_suggest, all_layers_leave_no_error_and_few_models_are_opened)
{
    enum { ALL = 16 };
    double before = INFINITY;

    succeeds("$VIT compare " DIGITS " " DIGITS "/test --precision int8 --json --suggest %d", ALL);
    json_t *const root = json_output();
    const json_t *const found = json_object_get(root, "suggestion");
    cr_assert_eq(json_array_size(json_object_get(found, "layers")), ALL);
    for (size_t i = 0; i < ALL; i++) {
        cr_assert_lt(rms_of(found, i), before);
        before = rms_of(found, i);
    }
    cr_assert_eq(before, 0);
    const json_int_t evaluations = json_integer_value(json_object_get(found, "evaluations"));
    cr_assert(ALL <= evaluations && evaluations <= 68, "%d models", (int)evaluations);
    json_decref(root);
    count_checks(ALL + 3);
}

Test(cli_suggest, text_has_the_layers_and_the_value_of_keep)
{
    json_t *const root = suggest(MODEL, "", 2);
    const json_t *const found = json_object_get(root, "suggestion");
    char line[256];

    succeeds("$VIT compare " MODEL " " IMAGES " --precision int8 --suggest 2");
    snprintf(line, sizeof line, "\n--keep %s\n", json_string_value(json_object_get(found, "keep")));
    cr_assert_not_null(strstr(cli.out, line), "no %s in %s", line, cli.out);
    for (size_t i = 0; i < 2; i++) {
        const json_t *const layer = json_array_get(json_object_get(found, "layers"), i);
        snprintf(line, sizeof line, "\n  %-24s %.4g\n",
                 json_string_value(json_object_get(layer, "name")), rms_of(found, i));
        cr_assert_not_null(strstr(cli.out, line), "no %s in %s", line, cli.out);
    }
    json_decref(root);
    succeeds("$VIT compare " MODEL " " IMAGES " --precision int8");
    cr_assert_null(strstr(cli.out, "--keep"));
    count_checks(4);
}

/* On one image the errors of layers cancel: after three choices, gains below 0 grow above it. */
Test(cli_suggest, ends_early_only_where_no_layer_that_is_left_lowers_the_error)
{
    static const char image[] = DIGITS "/test/0/0101.png";
    struct vit_model *model;
    struct vit_layer_info layer = { .size = sizeof layer };

    succeeds("$VIT compare " DIGITS " %s --precision int8 --json --suggest 16", image);
    json_t *root = json_output();
    const json_t *const found = json_object_get(root, "suggestion");
    const size_t count = json_array_size(json_object_get(found, "layers"));
    const double reached = rms_of(found, count - 1);
    char keep[1024];
    snprintf(keep, sizeof keep, "%s", json_string_value(json_object_get(found, "keep")));
    json_decref(root);
    cr_assert_lt(count, 16);
    cr_assert_eq(vit_model_open(DIGITS, NULL, &model, NULL), VIT_OK);
    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++) {
        if (strncmp(layer.name, "blocks.", 7) != 0 || strstr(keep, layer.name))
            continue;
        succeeds("$VIT compare " DIGITS " %s --precision int8 --json --keep %s,%s", image, keep,
                 layer.name);
        root = json_output();
        cr_assert_geq(
            json_number_value(json_object_get(json_object_get(root, "difference"), "rms")), reached,
            "%s lowers it", layer.name);
        json_decref(root);
        count_checks(1);
    }
    vit_model_free(model);
    count_checks(1);
}

/* Only blocks.0.fc2 has weights: the others give the same numbers in int8. */
static void clear_layers(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    (void)arg;
    (void)name;
    if (layer && strncmp(layer, "blocks.", 7) == 0 && strcmp(layer, "blocks.0.fc2") != 0)
        memset(x, 0, count * sizeof *x);
}

Test(cli_suggest, a_layer_that_lowers_nothing_is_not_suggested)
{
    const struct made_directory cleared = copy_checkpoint(DIGITS, false, clear_layers, NULL);

    succeeds("$VIT compare %s " DIGITS "/test/3 --precision int8 --suggest 3", cleared.path);
    cr_assert_not_null(strstr(cli.out, "No further layer lowers it: found 1 of 3.\n--keep "
                                       "blocks.0.fc2\n"),
                       "%s", cli.out);
    remove_directory(&cleared);
    count_checks(1);
}
