/* test_cli_compare.c - libvit compare: its figures, and what it refuses */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "copy_checkpoint.h"
#include "counts.h"
#include "model_config.h"
#include "vit/image.h"

TestSuite(cli_compare, .init = cli_begin, .fini = cli_end);

#define DIGITS       "models/digits"
#define DIGIT        DIGITS "/test/3/0060.png"
#define MODEL        "tests/golden/timm-vit" /* 2 blocks of 4 layers, 11 classes, 48 × 48 */
#define IMAGES       "tests/golden/preprocess"
#define IMAGE        IMAGES "/photo-444.jpg"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* A number of the document, by the names that lead to it. */
static double number(const json_t *root, const char *object, const char *name)
{
    const json_t *const value = json_object_get(json_object_get(root, object), name);

    cr_assert(json_is_number(value), "%s.%s: expected a number", object, name);
    return json_number_value(value);
}

/* JSON has nine digits. */
static void expect_near(double found, double expected, const char *what)
{
    cr_assert(fabs(found - expected) <= 5e-9 * fabs(expected), "%s: expected %.17g, found %.17g",
              what, expected, found);
    count_checks(1);
}

/* The claim: int8 costs the digits no answer. */
Test(cli_compare, digits_have_the_same_answers_in_int8)
{
    succeeds("$VIT compare " DIGITS " " DIGITS "/test --precision int8 --json");
    json_t *const root = json_output();
    cr_assert_eq(json_integer_value(json_object_get(root, "images")), 360);
    cr_assert_eq(json_integer_value(json_object_get(root, "layers")), 18);
    cr_assert_eq(json_integer_value(json_object_get(root, "lower_layers")), 16);
    cr_assert_eq(number(root, "top1", "same"), 360);
    cr_assert_eq(number(root, "top1", "share"), 1);
    cr_assert_gt(number(root, "cosine", "min"), 0.999);
    cr_assert_eq(json_array_size(json_object_get(root, "blocks")), 4);
    json_decref(root);
    succeeds("$VIT compare " DIGITS " " DIGITS "/test --precision int8");
    cr_assert_not_null(strstr(cli.out, "the same class on 360 of 360 images (100.00 %)"));
    cr_assert_not_null(strstr(cli.out, "16 of 18 linear layers in int8"));
    cr_assert_not_null(strstr(cli.out, "the worst first:\n  block 3 "));
    count_checks(10);
}

/* --- the same figures from the outputs of the library, image by image */

/* Both models, each with its context. */
struct pair {
    struct vit_model *model[2];
    struct vit_context *context[2];
};

static struct pair open_pair(const char *directory)
{
    struct pair p;

    for (int i = 0; i < 2; i++) {
        const struct vit_model_options options = { .size = sizeof options,
                                                   .precision = i ? VIT_PRECISION_INT8
                                                                  : VIT_PRECISION_FLOAT32 };
        cr_assert_eq(vit_model_open(directory, &options, &p.model[i], NULL), VIT_OK);
        cr_assert_eq(vit_context_create(p.model[i], NULL, &p.context[i], NULL), VIT_OK);
    }
    return p;
}

static void close_pair(const struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        vit_context_free(p->context[i]);
        vit_model_free(p->model[i]);
    }
}

/* One output of both models for one image. */
struct outputs {
    size_t count;
    float *of[2]; /* [count] */
};

static struct outputs compute(const struct pair *p, const char *path, enum vit_output output,
                              size_t block)
{
    const struct vit_config c = model_config(p->model[0]);
    const struct vit_preprocess_config preprocess = model_preprocess_config(p->model[0]);
    const struct vit_decode_options decode = { .size = sizeof decode,
                                               .exif_orientation = preprocess.exif_orientation };
    float *const input = malloc(c.channels * c.height * c.width * sizeof *input);
    struct outputs o;
    struct vit_image image;
    size_t rows, columns;

    vit_output_shape(p->model[0], output, block, &rows, &columns);
    o.count = rows * columns;
    cr_assert_eq(vit_image_decode_file(path, &decode, &image, NULL), VIT_OK, "%s", path);
    cr_assert_eq(vit_preprocess_image(&preprocess, &image, NULL, input, NULL), VIT_OK);
    for (int i = 0; i < 2; i++) {
        o.of[i] = malloc(o.count * sizeof **o.of);
        cr_assert_eq(forward_output(p->context[i], output, block, 1, input, o.of[i], NULL), VIT_OK);
    }
    vit_image_free(&image);
    free(input);
    return o;
}

static void release(const struct outputs *o)
{
    free(o->of[0]);
    free(o->of[1]);
}

/* The number of larger logits, and of equal ones before: the rank of class i. */
static size_t rank_of(const struct outputs *o, int which, size_t i)
{
    size_t rank = 0;

    for (size_t j = 0; j < o->count; j++)
        rank += o->of[which][j] > o->of[which][i] || (o->of[which][j] == o->of[which][i] && j < i);
    return rank;
}

/* Sums over all images. */
struct sums {
    double difference, whole, largest, cosine, cosine_min;
    size_t count, same_best, same_five, shared_five;
};

static void add(struct sums *s, const struct outputs *o)
{
    double ab = 0, aa = 0, bb = 0;
    size_t shared = 0;

    for (size_t i = 0; i < o->count; i++) {
        const double a = (double)o->of[0][i], b = (double)o->of[1][i];
        ab += a * b;
        aa += a * a;
        bb += b * b;
        s->difference += (b - a) * (b - a);
        s->largest = fmax(s->largest, fabs(b - a));
        s->same_best += rank_of(o, 0, i) == 0 && rank_of(o, 1, i) == 0;
        shared += rank_of(o, 0, i) < 5 && rank_of(o, 1, i) < 5;
    }
    s->whole += aa;
    s->cosine += ab / sqrt(aa * bb);
    s->cosine_min = fmin(s->cosine_min, ab / sqrt(aa * bb));
    s->count += o->count;
    s->same_five += shared == 5;
    s->shared_five += shared;
}

static struct sums sum_up(const struct pair *p, const json_t *images, enum vit_output output,
                          size_t block)
{
    struct sums s = { .cosine_min = INFINITY };
    json_t *image;
    size_t i;

    json_array_foreach (images, i, image) {
        const char *const path = json_string_value(json_object_get(image, "path"));
        const struct outputs o = compute(p, path, output, block);
        add(&s, &o);
        release(&o);
    }
    return s;
}

static void check_blocks(const struct pair *p, const json_t *images, const json_t *blocks)
{
    const size_t depth = model_config(p->model[0]).depth;
    double before = INFINITY;
    json_t *block;
    size_t i, seen = 0;

    cr_assert_eq(json_array_size(blocks), depth);
    json_array_foreach (blocks, i, block) {
        const size_t which = (size_t)json_integer_value(json_object_get(block, "block"));
        const struct sums s = sum_up(p, images, VIT_OUTPUT_BLOCK, which);
        const double relative = json_number_value(json_object_get(block, "relative_error"));
        expect_near(relative, sqrt(s.difference / s.whole), "relative_error");
        expect_near(json_number_value(json_object_get(block, "error_rms")),
                    sqrt(s.difference / (double)s.count), "error_rms");
        expect_near(json_number_value(json_object_get(block, "float32_rms")),
                    sqrt(s.whole / (double)s.count), "float32_rms");
        cr_assert_leq(relative, before);
        before = relative;
        seen |= (size_t)1 << which;
    }
    cr_assert_eq(seen, ((size_t)1 << depth) - 1);
}

Test(cli_compare, figures_are_those_of_the_outputs_of_both_models)
{
    static const struct {
        const char *model;
        enum vit_output vector, output; /* of the cosines, of the differences */
        bool classes, five;             /* whether logits rank classes, and more than five */
    } cases[] = {
        { MODEL, VIT_OUTPUT_EMBEDDING, VIT_OUTPUT_LOGITS, true, true },
        { "tests/golden/hf-dinov2", VIT_OUTPUT_EMBEDDING, VIT_OUTPUT_LOGITS, true, false },
        { "tests/golden/hf-clip-vision-projection", VIT_OUTPUT_EMBEDDING, VIT_OUTPUT_LOGITS, false,
          false },
        { "tests/golden/hf-siglip", VIT_OUTPUT_EMBEDDING, VIT_OUTPUT_EMBEDDING, false, false },
        { "tests/golden/timm-pool-empty", VIT_OUTPUT_LAST_HIDDEN_STATE,
          VIT_OUTPUT_LAST_HIDDEN_STATE, false, false },
    };

    succeeds("$VIT classify " MODEL " " IMAGES " --json");
    json_t *const listed = json_output(), *const images = json_object_get(listed, "images");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct pair p = open_pair(cases[i].model);
        const struct sums vector = sum_up(&p, images, cases[i].vector, 0);
        const struct sums s = sum_up(&p, images, cases[i].output, 0);
        const double n = (double)json_array_size(images);
        succeeds("$VIT compare %s " IMAGES " --precision int8 --json", cases[i].model);
        json_t *const root = json_output();
        const json_t *const difference = json_object_get(root, "difference");
        cr_assert_eq(json_integer_value(json_object_get(root, "images")), (json_int_t)n);
        expect_near(number(root, "cosine", "mean"), vector.cosine / n, "cosine.mean");
        expect_near(number(root, "cosine", "min"), vector.cosine_min, "cosine.min");
        expect_near(number(root, "difference", "rms"), sqrt(s.difference / (double)s.count), "rms");
        expect_near(number(root, "difference", "relative"), sqrt(s.difference / s.whole),
                    "relative");
        expect_near(number(root, "difference", "largest"), s.largest, "largest");
        cr_assert_str_eq(json_string_value(json_object_get(difference, "output")),
                         vit_output_name(cases[i].output));
        cr_assert_eq(json_is_object(json_object_get(root, "top1")), cases[i].classes);
        cr_assert_eq(json_is_object(json_object_get(root, "top5")), cases[i].five);
        if (cases[i].classes)
            expect_near(number(root, "top1", "same"), (double)s.same_best, "top1.same");
        if (cases[i].five) {
            expect_near(number(root, "top5", "same"), (double)s.same_five, "top5.same");
            expect_near(number(root, "top5", "share"), (double)s.same_five / n, "top5.share");
            expect_near(number(root, "top5", "shared_classes"), (double)s.shared_five / (5 * n),
                        "top5.shared_classes");
        }
        check_blocks(&p, images, json_object_get(root, "blocks"));
        json_decref(root);
        close_pair(&p);
        count_checks(4);
    }
    json_decref(listed);
}

/* The threads determine the batches: of 8 images and 3 with one thread, of 11 with two. */
Test(cli_compare, figures_do_not_depend_on_threads_batches_or_level)
{
    size_t checks = 0, i = 0;
    const char *level;

#define FIGURES "--precision int8 --json --suggest 2 | grep -v '\"isa\"\\|\"threads\"' >$T/"
    succeeds("$VIT compare " MODEL " " IMAGES " " FIGURES "first");
    while ((level = next_usable_level(&i, 2))) {
        for (int threads = 1; threads <= 2; threads++, checks++)
            succeeds("$VIT compare " MODEL " " IMAGES " --isa %s --threads %d " FIGURES
                     "next && cmp $T/first $T/next && test -s $T/next",
                     level, threads);
    }
    count_checks(checks);
}

Test(cli_compare, a_model_without_a_head_says_what_is_compared)
{
    succeeds("$VIT compare tests/golden/hf-siglip " IMAGE " --precision int8");
    cr_assert_not_null(strstr(cli.out, "no head: its embeddings are compared."));
    cr_assert_not_null(strstr(cli.out, "difference of the embeddings: rms "));
    cr_assert_null(strstr(cli.out, "top-1"));
    succeeds("$VIT compare tests/golden/timm-pool-empty " IMAGE " --precision float16");
    cr_assert_not_null(strstr(cli.out, "the tokens of its last hidden state are compared."));
    cr_assert_not_null(strstr(cli.out, "cosine of the tokens: mean "));
    succeeds("$VIT compare " MODEL " " IMAGE " --precision int8");
    cr_assert_null(strstr(cli.out, "no head"));
    cr_assert_not_null(strstr(cli.out, "top-5: "));
    succeeds("$VIT compare tests/golden/timm-depth0 " IMAGE " --precision float16");
    cr_assert_null(strstr(cli.out, "worst first")); /* it has no blocks */
    count_checks(8);
}

/* --- errors */

static void set_infinite(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    (void)layer;
    if (strcmp(name, arg) == 0)
        x[count - 1] = INFINITY;
}

Test(cli_compare, what_cannot_be_compared_is_refused)
{
#define LAYERS(n) "blocks." n ".qkv,blocks." n ".proj,blocks." n ".fc1,blocks." n ".fc2"
    static const struct {
        const char *command, *fragment;
    } failures[] = {
        { "$VIT compare none none",
          "compare: expected --precision float16 or int8, which is compared with float32, found" },
        { "$VIT compare none none --precision float32", "or int8, which is compared with float32" },
        { "$VIT compare " MODEL " --precision int8", "found 1 operand" },
        { "$VIT compare none none --precision int8 --suggest 0",
          "--suggest: expected a whole number of layers from 1, found '0'" },
        { "$VIT compare " MODEL " $T/text.jpg --precision int8 --suggest 9",
          "--suggest: expected a whole number from 1 to 8, the layers of " MODEL " in int8, found "
          "9" },
        { "$VIT compare " MODEL " $T/text.jpg --precision int8 --suggest 8 --keep blocks.0.qkv",
          "from 1 to 7, the layers" },
        { "$VIT compare " MODEL " $T/text.jpg --precision int8 --keep " LAYERS("0") "," LAYERS("1"),
          MODEL ": expected linear layers in int8, found none of 10: nothing differs" },
        { "$VIT compare tests/golden/timm-depth0 " IMAGE " --precision int8",
          "expected linear layers in int8, found none of 2" },
        { "$VIT compare tests/golden/timm-depth0 " IMAGE " --precision float16 -o $T/none.png",
          "-o: expected a model with blocks, found one without" },
        { "$VIT compare " MODEL " $T/none.jpg --precision int8", "none.jpg: No such file" },
        { "$VIT compare " MODEL " " IMAGE " $T/text.jpg --precision int8 --json", "text.jpg" },
        { "$VIT compare " MODEL " $T/text.jpg --precision int8 -o $T/none/out.png", "none/out" },
        { "$VIT compare " MODEL " " IMAGE " --precision int8 --keep frob", "found \"frob\"" },
        { "$VIT compare " MODEL " " IMAGE " --precision int8 -o " IMAGE, "photo-444.jpg" },
    };

    succeeds("echo text >$T/text.jpg");
    for (size_t i = 0; i < COUNT(failures); i++)
        fails(failures[i].command, failures[i].fragment);
    succeeds("test ! -e $T/none.png");
    count_checks(COUNT(failures) + 1);
}

Test(cli_compare, a_number_that_is_not_finite_is_an_error_that_names_image_and_precision)
{
    const struct made_directory bad =
        copy_checkpoint(DIGITS, false, set_infinite, (void *)"head.bias");
    char command[512];

    snprintf(command, sizeof command,
             "$VIT compare %s " DIGIT " --precision int8 -o $T/a.png --json", bad.path);
    fails(command, "0060.png: expected finite logits in float32, found inf at 9; check the image");
    succeeds("test ! -e $T/a.png");
    remove_directory(&bad);
    count_checks(2);
}

Test(cli_compare, a_failure_leaves_an_existing_picture_as_it_was)
{
    succeeds("echo text >$T/text.jpg && echo old >$T/out.png");
    fails("$VIT compare " MODEL " " IMAGE " $T/text.jpg --precision int8 -o $T/out.png",
          "text.jpg");
    succeeds("grep -q old $T/out.png && test \"$(ls $T)\" = \"$(printf 'out.png\\ntext.jpg')\"");
    count_checks(2);
}
