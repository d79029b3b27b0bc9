/* test_precision.c - models in float16 and int8: their layers, their bits, what is refused */
#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_counter.h"
#include "compare.h"
#include "copy_checkpoint.h"
#include "counts.h"
#include "half.h"
#include "last_output.h"
#include "model_config.h"

enum { PRECISIONS = VIT_PRECISION_INT8 + 1 };

static struct vit_model *open_model(const char *directory, enum vit_precision precision,
                                    const char *keep)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .keep = keep,
                                               .precision = precision };
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_OK, "%s", err.message);
    return model;
}

/* Frees the model. */
static float *compute(struct vit_model *model, size_t *count)
{
    float *const out = last_output(model, count);

    vit_model_free(model);
    return out;
}

/* Frees both models. */
static void expect_same_output(struct vit_model *expected, struct vit_model *found,
                               const char *what)
{
    size_t count;
    float *const a = compute(expected, &count), *const b = compute(found, &count);

    expect_same_bits(count, a, b, "%s", what);
    free(a);
    free(b);
}

/* Calls check with the directory of every golden model in safetensors. */
static void each_golden(void (*check)(const char *directory))
{
    glob_t found;

    cr_assert_eq(glob("tests/golden/*/model.safetensors", 0, NULL, &found), 0);
    cr_assert_geq(found.gl_pathc, 21);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        *strrchr(found.gl_pathv[i], '/') = '\0';
        check(found.gl_pathv[i]);
    }
    globfree(&found);
}

static void round_layers(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    size_t *const changed = arg;

    (void)name;
    for (size_t i = 0; i < count && layer; i++) {
        const float rounded = half_rounded(x[i]);
        *changed += rounded != x[i];
        x[i] = rounded;
    }
}

static void is_float32_of_rounded_layers(const char *directory)
{
    size_t changed = 0;
    const struct made_directory rounded = copy_checkpoint(directory, false, round_layers, &changed);

    cr_assert_gt(changed, 1000, "%s", directory);
    expect_same_output(open_model(rounded.path, VIT_PRECISION_FLOAT32, NULL),
                       open_model(directory, VIT_PRECISION_FLOAT16, NULL), directory);
    remove_directory(&rounded);
}

Test(precision, float16_has_the_bits_of_float32_with_rounded_linear_layers)
{
    each_golden(is_float32_of_rounded_layers);
}

static void has_float32s_bits_from_float16(const char *directory)
{
    const struct made_directory halves = copy_checkpoint(directory, true, NULL, NULL);

    expect_same_output(open_model(halves.path, VIT_PRECISION_FLOAT32, NULL),
                       open_model(halves.path, VIT_PRECISION_FLOAT16, NULL), directory);
    remove_directory(&halves);
}

Test(precision, a_float16_checkpoint_gives_float32s_bits_in_float16)
{
    each_golden(has_float32s_bits_from_float16);
}

/* The layers that int8 applies to are those of the blocks; float16 applies to all. */
static bool is_lower(enum vit_precision precision, const char *layer)
{
    return precision == VIT_PRECISION_FLOAT16 ||
           (precision == VIT_PRECISION_INT8 && strncmp(layer, "blocks.", 7) == 0);
}

static void lists_its_layers(const char *directory)
{
    for (int p = 0; p < PRECISIONS; p++) {
        const enum vit_precision precision = (enum vit_precision)p;
        struct vit_model *const model = open_model(directory, precision, NULL);
        const struct vit_config c = model_config(model);
        struct vit_layer_info layer = { .size = sizeof layer };
        size_t i = 0, of_blocks = 0;
        cr_assert_eq(vit_model_precision(model), precision);
        for (; vit_model_layer_at(model, i, &layer); i++) {
            const bool lower = is_lower(precision, layer.name);
            const double bytes = (double)layer.bytes / (double)layer.outputs / (double)layer.inputs;
            cr_assert_eq(layer.precision, lower ? precision : VIT_PRECISION_FLOAT32, "%s: %s",
                         directory, layer.name);
            cr_assert_geq(bytes, !lower ? 4 : precision == VIT_PRECISION_FLOAT16 ? 2 : 1);
            if (strcmp(layer.name, "pool.qkv") == 0) /* of two matrices */
                cr_assert_eq(layer.outputs, 3 * c.dim);
            of_blocks += strncmp(layer.name, "blocks.", 7) == 0;
        }
        cr_assert_eq(of_blocks, (c.no_proj ? 3 : 4) * c.depth, "%s", directory);
        cr_assert_gt(i, of_blocks);
        vit_model_free(model);
        count_checks(2 * i + 3);
    }
}

Test(precision, each_layer_has_the_number_types_of_the_documentation)
{
    each_golden(lists_its_layers);
}

/* The names of all layers or, but for one, of all. */
static void name_layers(const char *directory, size_t except, char names[8192])
{
    struct vit_model *const model = open_model(directory, VIT_PRECISION_FLOAT32, NULL);
    struct vit_layer_info layer = { .size = sizeof layer };
    size_t length = 0;

    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
        if (i != except)
            length += (size_t)snprintf(names + length, 8192 - length, "%s%s", length ? "," : "",
                                       layer.name);
    cr_assert(0 < length && length < 8192);
    vit_model_free(model);
}

static void keeps_all(const char *directory)
{
    char names[8192];

    name_layers(directory, SIZE_MAX, names);
    for (int p = 0; p < PRECISIONS; p++)
        expect_same_output(open_model(directory, VIT_PRECISION_FLOAT32, NULL),
                           open_model(directory, (enum vit_precision)p, names), directory);
}

Test(precision, a_model_that_keeps_all_layers_has_float32s_bits)
{
    each_golden(keeps_all);
}

/* A kept layer is in float32, and no other; each layer that is not kept changes the result. */
Test(precision, keep_concerns_the_named_layers_alone)
{
    static const char directory[] = "tests/golden/timm-siglip-map";
    struct vit_layer_info layer = { .size = sizeof layer };
    struct vit_model *model = open_model(directory, VIT_PRECISION_FLOAT32, NULL);
    char names[8192], all[64][64];
    size_t layers = 0, count;

    for (; vit_model_layer_at(model, layers, &layer); layers++)
        memcpy(all[layers], layer.name, sizeof all[layers]);
    float *const expected = compute(model, &count);
    for (int p = VIT_PRECISION_FLOAT16; p < PRECISIONS; p++)
        for (size_t except = 0; except < layers; except++) {
            const enum vit_precision precision = (enum vit_precision)p;
            const bool changes = is_lower(precision, all[except]);
            name_layers(directory, except, names);
            model = open_model(directory, precision, names);
            for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
                cr_assert_eq(layer.precision,
                             i == except && changes ? precision : VIT_PRECISION_FLOAT32);
            float *const found = compute(model, &count);
            cr_assert_eq(first_difference(count, expected, found) < count, changes, "%s",
                         all[except]);
            free(found);
            count_checks(layers + 1);
        }
    free(expected);
}

static void refuses(const struct vit_model_options *options, const char *directory,
                    enum vit_status status, const char *words)
{
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_model_open(directory, options, &model, &err), status, "%s", err.message);
    cr_assert(strstr(err.message, words), "\"%s\" does not contain \"%s\"", err.message, words);
    cr_assert_null(model);
    count_checks(3);
}

Test(precision, names_that_the_model_lacks_are_refused_with_those_that_it_has)
{
    static const char *const names[] = {
        "",      "blocks.2.fc2", "blocks.N.fc2",  "head,", ",head", "head,,patch", "blocks[0].qkv",
        "head ", "head.weight",  "blocks.00.qkv", "fc1"
    };
    struct vit_model_options options = { .size = sizeof options };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int p = 0; p < PRECISIONS; p++) {
            options.keep = names[i];
            options.precision = (enum vit_precision)p;
            refuses(&options, "tests/golden/timm-vit", VIT_EINVAL,
                    "(patch, blocks.N.qkv, blocks.N.proj, blocks.N.fc1, blocks.N.fc2, head; N "
                    "counts from 0), found \"");
        }
}

Test(precision, an_unknown_precision_is_refused)
{
    struct vit_model_options options = { .size = sizeof options };

    for (int p = -1; p <= PRECISIONS; p += PRECISIONS + 1) {
        options.precision = (enum vit_precision)p;
        refuses(&options, "tests/golden/timm-vit", VIT_EINVAL,
                "precision: expected a value of enum vit_precision, found ");
    }
    cr_assert_null(vit_value_name("precision", PRECISIONS));
    cr_assert_null(vit_value_name("precision", -1));
    count_checks(2);
}

/* Sets the last number of one tensor. */
struct outlier {
    const char *name;
    float value;
};

static void set_outlier(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    const struct outlier *const o = arg;

    (void)layer;
    if (strcmp(name, o->name) == 0)
        x[count - 1] = o->value;
}

Test(precision, a_weight_that_float16_lacks_is_refused_and_its_tensor_named)
{
    static const float values[] = { 65504.0f, 65505.0f, -70000.0f, 3e38f, -INFINITY };
    static const struct {
        const char *directory, *tensor;
        bool linear;
    } cases[] = {
        { "tests/golden/timm-vit", "blocks.1.mlp.fc2.weight", true },
        { "tests/golden/timm-vit", "patch_embed.proj.weight", true },
        { "tests/golden/timm-vit", "blocks.1.mlp.fc2.bias", false },
        { "tests/golden/hf-vit-classifier", "vit.encoder.layer.1.attention.attention.key.weight",
          true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            const struct outlier outlier = { cases[i].tensor, values[v] };
            const struct made_directory copy =
                copy_checkpoint(cases[i].directory, false, set_outlier, (void *)&outlier);
            const bool fits = fabsf(values[v]) <= 65504.0f || isinf(values[v]);
            for (int p = 0; p < PRECISIONS; p++) {
                const struct vit_model_options options = { .size = sizeof options,
                                                           .precision = (enum vit_precision)p };
                char words[200];
                snprintf(words, sizeof words,
                         "/model.safetensors: tensor %s: expected numbers within \xc2\xb1"
                         "65504 for float16, found %.9g",
                         cases[i].tensor, (double)values[v]);
                if (p == VIT_PRECISION_FLOAT16 && cases[i].linear && !fits)
                    refuses(&options, copy.path, VIT_EUNSUPPORTED, words);
                else
                    vit_model_free(open_model(copy.path, (enum vit_precision)p, NULL));
                count_checks(1);
            }
            remove_directory(&copy);
        }
}

/* A random model with enough work for several threads, and groups of 128 that are not full. */
static struct vit_model *new_model(const char *isa, enum vit_precision precision)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .isa = isa,
                                               .precision = precision };
    struct vit_config config = divisible_config(2);
    struct vit_model *model;

    config.gated_mlp = true;
    cr_assert_eq(vit_model_create_random(&config, 9, &options, &model, NULL), VIT_OK);
    return model;
}

enum { BATCH = 3 };

static const float *images(void)
{
    static float pixels[BATCH * DIVISIBLE_IMAGE];

    fill_pattern(BATCH * DIVISIBLE_IMAGE, pixels, PATTERN_NORMAL, 3);
    return pixels;
}

/* The logits of the images, `batch` at a time; counts the allocations of the passes. */
static size_t forward(const struct vit_model *model, size_t threads, size_t batch, float *logits)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = batch,
                                                 .threads = threads };
    struct vit_context *context;

    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    const size_t before = watched_allocations();
    for (size_t i = 0; i < BATCH; i += batch)
        cr_assert_eq(vit_forward(context, batch, images() + i * DIVISIBLE_IMAGE,
                                 logits + i * DIVISIBLE_CLASSES, NULL),
                     VIT_OK);
    const size_t allocated = watched_allocations() - before;
    vit_context_free(context);
    return allocated;
}

Test(precision, level_threads_and_batch_do_not_change_bits_and_a_pass_allocates_nothing)
{
    enum { N = BATCH * DIVISIBLE_CLASSES };
    float expected[N], found[N];
    const char *isa;
    int usable;

    for (int p = 0; p < PRECISIONS; p++) {
        struct vit_model *model = new_model("scalar", (enum vit_precision)p);
        forward(model, 1, 1, expected);
        vit_model_free(model);
        for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
            if (!usable)
                continue;
            model = new_model(isa, (enum vit_precision)p);
            for (size_t i = 0; i < 6; i++) {
                const size_t threads = 1 + i / 2, batch = i % 2 ? BATCH : 1;
                cr_assert_eq(forward(model, threads, batch, found), 0);
                expect_same_bits(N, expected, found, "%s, %s, %zu threads, batch %zu",
                                 vit_value_name("precision", p), isa, threads, batch);
            }
            vit_model_free(model);
            count_checks(6);
        }
    }
}
