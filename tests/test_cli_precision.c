/* test_cli_precision.c - the libvit command with --precision and --keep */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

TestSuite(cli_precision, .init = cli_begin, .fini = cli_end);

#define DIGITS "models/digits"
enum { IMAGES = 360, CLASSES = 10 };

/* What the model says about the test images: the best class, and the logits of all. */
struct answers {
    size_t best[IMAGES];
    double logits[IMAGES][CLASSES];
};

static void classify(const char *options, const char *precision, struct answers *a)
{
    succeeds("$VIT classify " DIGITS " " DIGITS "/test --top 10 --json %s", options);
    json_t *const root = json_output(), *const images = json_object_get(root, "images");
    const json_t *const summary = json_object_get(root, "summary");
    size_t i, j;
    json_t *image, *prediction;

    cr_assert_str_eq(json_string_value(json_object_get(summary, "precision")), precision);
    cr_assert_eq(json_array_size(images), IMAGES);
    json_array_foreach (images, i, image) {
        json_t *const predictions = json_object_get(image, "predictions");
        cr_assert_eq(json_array_size(predictions), CLASSES);
        json_array_foreach (predictions, j, prediction) {
            const size_t c = (size_t)json_integer_value(json_object_get(prediction, "class"));
            a->best[i] = j == 0 ? c : a->best[i];
            a->logits[i][c] = json_number_value(json_object_get(prediction, "logit"));
        }
    }
    json_decref(root);
}

/*
 * The limits are 1.5 times what was measured: results do not depend on the machine, so a change
 * means another numeric contract. The smallest gap between two best logits is 0.34.
 */
Test(cli_precision, digits_are_classified_as_in_float32)
{
    static const struct {
        const char *precision;
        double limit; /* of the difference of any logit */
    } cases[] = { { "float16", 0.0048 }, { "int8", 0.12 } };
    static struct answers expected, found;
    char options[64];

    classify("", "float32", &expected);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double largest = 0;
        snprintf(options, sizeof options, "--precision %s", cases[i].precision);
        classify(options, cases[i].precision, &found);
        for (size_t image = 0; image < IMAGES; image++) {
            cr_assert_eq(found.best[image], expected.best[image], "%s: image %zu: %zu, not %zu",
                         cases[i].precision, image, found.best[image], expected.best[image]);
            for (size_t c = 0; c < CLASSES; c++)
                largest = fmax(largest, fabs(found.logits[image][c] - expected.logits[image][c]));
        }
        cr_assert(0 < largest && largest <= cases[i].limit, "%s: a logit differs by %g",
                  cases[i].precision, largest);
        count_checks(IMAGES + 1);
    }
}

Test(cli_precision, info_lists_the_layers_their_number_types_and_bytes)
{
    static const char *const texts[] = {
        "\n  precision              int8 ",
        "\n  patch               1 of ",
        "\n  blocks.N.fc1        2 of ",
        "\n  blocks.1.fc2        1 of ",
        "\n  float32: inputs and weights float32; sums float32\n",
        "\n  int8: inputs uint8, weights int8, with scales for each 128; sums of 128 exact, ",
    };
    const json_t *layer;
    double bytes = 0;
    size_t i, kept = 0;

    succeeds("$VIT info tests/golden/timm-vit --precision int8 --keep blocks.1.fc2");
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert(strstr(cli.out, texts[i]), "no \"%s\" in:\n%s", texts[i], cli.out);
    succeeds("$VIT info tests/golden/timm-vit --precision int8 --keep blocks.1.fc2 --json");
    json_t *const root = json_output(), *const model = json_object_get(root, "model");
    json_array_foreach (json_object_get(model, "layers"), i, layer) {
        const char *const name = json_string_value(json_object_get(layer, "name"));
        const char *const precision = json_string_value(json_object_get(layer, "precision"));
        const bool lower = strncmp(name, "blocks.", 7) == 0 && strcmp(name, "blocks.1.fc2") != 0;
        cr_assert_str_eq(precision, lower ? "int8" : "float32", "%s", name);
        bytes += json_number_value(json_object_get(layer, "bytes"));
        kept += !lower;
    }
    cr_assert_eq(kept, 3);
    cr_assert_eq(json_number_value(entry_value(model, "summary", "linear_bytes")), bytes);
    json_decref(root);
    count_checks(sizeof texts / sizeof *texts + i + 2);
}

Test(cli_precision, wrong_values_are_refused)
{
    static const struct {
        const char *command, *fragment;
    } failures[] = {
        { "$VIT info --precision float64",
          "--precision: expected float32, float16 or int8, found 'float64'" },
        { "$VIT info --precision",
          "--precision: expected float32, float16 or int8, found nothing" },
        { "$VIT info --keep ''", "--keep: expected names of layers, separated by commas" },
        { "$VIT info " DIGITS " --keep frob",
          "blocks.N.fc2, head; N counts from 0), found \"frob\"" },
        { "$VIT check --digest " DIGITS " --keep frob", "found \"frob\"" },
        { "$VIT bench " DIGITS " --keep frob", "found \"frob\"" },
    };

    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        fails(failures[i].command, failures[i].fragment);
    count_checks(sizeof failures / sizeof *failures);
}

Test(cli_precision, is_refused_where_no_model_computes)
{
    static const struct {
        const char *command, *option, *name;
    } failures[] = {
        { "$VIT bench gelu 3x4", "--precision int8", "bench" },
        { "$VIT bench gelu 3x4", "--precision float32", "bench" },
        { "$VIT bench matmul.u8_s8 3x4x5 --seconds 0", "--keep head", "bench" },
        { "$VIT bench --list", "--precision int8", "bench" },
        { "$VIT check", "--precision int8", "check" },
        { "$VIT check --list", "--keep head", "check" },
        { "$VIT check --digest", "--precision float16", "check" },
        { "$VIT info", "--precision int8", "info" },
        { "$VIT info", "--keep head", "info" },
        { "$VIT bench gelu 3x4", "--packed p", "bench" },
        { "$VIT info", "--packed p", "info" },
        { "$VIT info --models", "--precision int8", "info" },
        { "$VIT preprocess " DIGITS "/test/3/0060.png --size 8 -o $T/o", "--precision int8",
          "preprocess" },
    };
    char command[160], fragment[160];

    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const char *const option = failures[i].option;
        snprintf(command, sizeof command, "%s %s", failures[i].command, option);
        snprintf(fragment, sizeof fragment,
                 "%.*s: expected a model to compute with, found libvit %s without one",
                 (int)strcspn(option, " "), option, failures[i].name);
        fails(command, fragment);
    }
    /* these have a model */
    succeeds("$VIT info " DIGITS " --precision int8 && "
             "$VIT preprocess " DIGITS "/test/3/0060.png --model " DIGITS " -o $T/o --keep head");
    count_checks(sizeof failures / sizeof *failures + 1);
}

/* Each verb that computes has another result than in float32; if all layers are kept, the same. */
Test(cli_precision, every_verb_that_computes_has_the_options)
{
#define MODEL "tests/golden/timm-vit"
#define IMAGE "tests/golden/preprocess/photo-444.jpg"
#define KEEP_ALL                                                                                   \
    "--precision int8 --keep blocks.0.qkv,blocks.0.proj,blocks.0.fc1,blocks.0.fc2,"                \
    "blocks.1.qkv,blocks.1.proj,blocks.1.fc1,blocks.1.fc2"
    static const struct {
        const char *verb, *end; /* what precedes and what follows the options */
    } commands[] = {
        { "classify " MODEL " " IMAGE " --top 10 --json", "| grep logit >" },
        { "features " MODEL " " IMAGE, "-o " },
        { "run " MODEL " $T/in.npy --output attention.1", "-o " },
        { "run " MODEL " $T/in.npy --output block.0", "-o " },
        { "check --digest " MODEL, "| sed 's/.int8 */ /; s/  */ /' >" },
    };

    succeeds("$VIT preprocess " IMAGE " --model " MODEL " -o $T/in.npy");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *const verb = commands[i].verb, *const end = commands[i].end;
        succeeds("$VIT %s %s$T/float32", verb, end);
        succeeds("$VIT %s --precision int8 %s$T/int8", verb, end);
        succeeds("$VIT %s " KEEP_ALL " %s$T/kept", verb, end);
        succeeds("cmp $T/float32 $T/kept && ! cmp -s $T/float32 $T/int8");
    }
    succeeds("$VIT attention " MODEL " " IMAGE " -o $T/out.png --precision int8");
    succeeds("$VIT bench " MODEL " --seconds 0 --precision int8 | grep ', int8, '");
    succeeds("$VIT bench " MODEL " --seconds 0 --precision int8 --json | grep '\"int8\"'");
    count_checks(sizeof commands / sizeof *commands + 3);
}
