/* test_cli_info.c - what libvit info prints of a model: each field, each tensor, what is unknown */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "make_npz.h"
#include "vit/inspect.h"
#include "vit/vit.h"

TestSuite(cli_info, .init = cli_begin, .fini = cli_end);

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *const directories[] = { "models/digits", "tests/golden/timm-vit",
                                           "tests/golden/series-t2t", "tests/golden/google-npz",
                                           "tests/golden/vit-pytorch-simple" };

static struct vit_model *open_model(const char *directory)
{
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open(directory, NULL, &model, &err), VIT_OK, "%s", err.message);
    return model;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A number of the six digits that %g prints, a flag, or the words themselves. */
static void expect_value(const json_t *value, const char *words)
{
    if (json_is_number(value))
        cr_assert_float_eq(json_number_value(value), strtod(words, NULL),
                           1e-6 * fabs(strtod(words, NULL)), "%s", words);
    else if (json_is_boolean(value))
        cr_assert_eq(json_is_true(value), strcmp(words, "true") == 0, "%s", words);
    else
        cr_assert_str_eq(json_string_value(value), words);
}

Test(cli_info, every_field_is_printed_with_its_source)
{
    size_t checks = 0;

    for (size_t f = 0; f < COUNT(directories); f++) {
        struct vit_model *const model = open_model(directories[f]);
        struct vit_config_entry entry = { .size = sizeof entry };
        char line[512];
        size_t i;

        succeeds("$VIT info %s --json", directories[f]);
        json_t *const root = json_output();
        const json_t *const config = json_object_get(json_object_get(root, "model"), "config");
        succeeds("$VIT info %s", directories[f]);
        for (i = 0; vit_model_config_entry(model, i, &entry); i++) {
            const json_t *const printed = json_array_get(config, i);
            cr_assert_str_eq(text_of(printed, "name"), entry.name);
            expect_value(json_object_get(printed, "value"), entry.value);
            cr_assert_str_eq(text_of(printed, "source"), entry.source);
            snprintf(line, sizeof line, "\n  %-22s %s", entry.name, entry.value);
            cr_assert_not_null(strstr(cli.out, line), "%s: no%s", directories[f], line);
        }
        cr_assert_eq(json_array_size(config), i);
        json_decref(root);
        vit_model_free(model);
        checks += 4 * i + 1;
    }
    count_checks(checks);
}

Test(cli_info, every_tensor_is_printed_with_its_use)
{
    size_t checks = 0;

    for (size_t f = 0; f < COUNT(directories); f++) {
        struct vit_model *const model = open_model(directories[f]);
        struct vit_tensor_info t = { .size = sizeof t };
        char name[256];
        size_t i;

        succeeds("$VIT info %s --json", directories[f]);
        json_t *const root = json_output();
        const json_t *const tensors = json_object_get(json_object_get(root, "model"), "tensors");
        succeeds("$VIT info %s", directories[f]);
        for (i = 0; vit_model_tensor_at(model, i, &t); i++) {
            const json_t *const printed = json_array_get(tensors, i);
            const json_t *const shape = json_object_get(printed, "shape");
            cr_assert_str_eq(text_of(printed, "name"), t.name);
            cr_assert_str_eq(text_of(printed, "dtype"), t.dtype);
            cr_assert_eq(json_array_size(shape), t.rank);
            for (size_t j = 0; j < t.rank; j++)
                cr_assert_eq((size_t)json_integer_value(json_array_get(shape, j)), t.shape[j]);
            if (t.use)
                cr_assert_str_eq(text_of(printed, "use"), t.use);
            else
                cr_assert(json_is_null(json_object_get(printed, "use")));
            snprintf(name, sizeof name, "\n  %s ", t.name);
            const char *const line = strstr(strstr(cli.out, "\nTensors"), name);
            cr_assert_not_null(line, "%s: no%s", directories[f], name);
            const char *const use = strstr(line + 1, t.use ? t.use : "ignored");
            cr_assert(use && use < strchr(line + 1, '\n'), "%s", t.name);
        }
        cr_assert_eq(json_array_size(tensors), i);
        json_decref(root);
        vit_model_free(model);
        checks += 5 * i + 1;
    }
    count_checks(checks);
}

Test(cli_info, sizes_and_pooling_are_the_models_own)
{
    static const struct {
        const char *directory, *pool;
        size_t rows, columns, tokens, embedding;
    } cases[] = {
        { "tests/golden/timm-vit", "class", 6, 6, 37, 96 },
        { "tests/golden/series-t2t", "class", 4, 3, 13, 48 },
        { "tests/golden/vit-pytorch-simple", "mean", 4, 6, 24, 64 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("$VIT info %s --json", cases[i].directory);
        json_t *const root = json_output();
        const json_t *const model = json_object_get(root, "model");
        cr_assert_str_eq(json_string_value(entry_value(model, "config", "pool")), cases[i].pool);
        const struct {
            const char *key;
            size_t expected;
        } sizes[] = { { "grid_rows", cases[i].rows },
                      { "grid_columns", cases[i].columns },
                      { "tokens", cases[i].tokens },
                      { "embedding", cases[i].embedding } };
        for (size_t j = 0; j < COUNT(sizes); j++)
            cr_assert_eq((size_t)json_integer_value(entry_value(model, "summary", sizes[j].key)),
                         sizes[j].expected, "%s: %s", cases[i].directory, sizes[j].key);
        json_decref(root);
    }
    count_checks(5 * COUNT(cases));
}

/* Google's golden case as $T/headless, its head taken out of the .npz. */
static void save_headless(void)
{
    struct made_member members[MADE_MEMBERS], kept[MADE_MEMBERS];
    const size_t count = read_made_members("tests/golden/google-npz", members);
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        if (strncmp(members[i].name, "head/", 5) != 0)
            kept[left++] = members[i];
    cr_assert_eq(left, count - 2);
    const struct made_npz npz = make_npz(left, kept);
    succeeds("mkdir $T/headless && cp tests/golden/google-npz/config.json $T/headless");
    FILE *const file = fopen(in_directory("headless/model.npz"), "wb");
    cr_assert(file && fwrite(npz.bytes, 1, npz.size, file) == npz.size && fclose(file) == 0);
    free(npz.bytes);
    free_made_members(count, members);
}

Test(cli_info, what_the_files_do_not_say_is_printed)
{
    succeeds("$VIT info models/digits");
    cr_assert_null(strstr(cli.out, "Unknown:"), "digits have labels");
    cr_assert_not_null(strstr(cli.out, "  labels                 10 "));
    succeeds("$VIT info tests/golden/timm-vit");
    cr_assert_not_null(strstr(cli.out, "Unknown:\n  labels: "));
    save_headless();
    succeeds("$VIT info $T/headless");
    cr_assert_not_null(
        strstr(cli.out, "Unknown:\n  classes: the model has no head; libvit features"));
    cr_assert_not_null(strstr(cli.out, "0: no head"));
    count_checks(5);
}

Test(cli_info, a_model_without_a_head_has_features_but_no_classes)
{
    save_headless();
    fails("$VIT classify $T/headless tests/golden/preprocess/gray.png",
          "/headless: expected a model with a head, found none; libvit features writes");
    fails("$VIT run $T/headless $T/in.npy -o $T/out.npy", "in.npy");
    succeeds("$VIT preprocess tests/golden/preprocess/gray.png --model $T/headless -o $T/in.npy");
    fails("$VIT run $T/headless $T/in.npy -o $T/out.npy",
          "headless: expected an output of this model, found logits");
    succeeds("test ! -e $T/out.npy && $VIT run $T/headless $T/in.npy -o $T/a.npy "
             "--output embedding && "
             "$VIT features $T/headless tests/golden/preprocess/gray.png -o $T/b.npy && "
             "cmp $T/a.npy $T/b.npy && "
             "$VIT features tests/golden/google-npz tests/golden/preprocess/gray.png -o $T/c.npy "
             "&& cmp $T/a.npy $T/c.npy && $VIT bench $T/headless --seconds 0");
    free(load_npy(in_directory("b.npy"), 96));
    count_checks(6);
}

Test(cli_info, models_lists_what_the_library_can_open)
{
    struct vit_family family = { .size = sizeof family };
    const char *name;
    char line[128];
    size_t families = 0, architectures = 0;

    succeeds("$VIT info --models");
    for (; vit_family_at(families, &family); families++) {
        snprintf(line, sizeof line, "\n  %-20s %-35s %s\n", family.id, family.title,
                 family.model_type ? family.model_type : "none");
        cr_assert_not_null(strstr(cli.out, line), "no%s", line);
    }
    for (; (name = vit_architecture_at(architectures)); architectures++) {
        snprintf(line, sizeof line, "\n  %s\n", name);
        cr_assert_not_null(strstr(cli.out, line), "no%s", line);
    }
    succeeds("$VIT info --models --json");
    json_t *const root = json_output();
    cr_assert_eq(json_array_size(json_object_get(root, "families")), families);
    cr_assert_eq(json_array_size(json_object_get(root, "architectures")), architectures);
    json_decref(root);
    count_checks(families + architectures + 2);
}

Test(cli_info, tensors_that_nothing_uses_are_called_ignored)
{
    succeeds("$VIT info tests/golden/hf-clip | grep -q '^  text_projection.* ignored$'");
    count_checks(1);
}
