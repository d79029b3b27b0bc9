/* test_texts.c - images scored against vectors of texts: transformers' logits, bits, what fits */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "copy_checkpoint.h"
#include "counts.h"
#include "files/safetensors.h"
#include "model_config.h"
#include "vit/texts.h"

/* As in test_golden.c, of max|expected|. */
#define TOLERANCE 5e-6

enum { IMAGES = 2, MAX_TEXTS = 4, MAX_WIDTH = 24 };

/* A pair of towers: what transformers has for two images and some texts. */
struct pair {
    const char *directory;
    enum vit_output output;
    enum vit_scores scores;
    size_t texts, width;
};

static const struct pair pairs[] = {
    { "tests/golden/text-clip-pair", VIT_OUTPUT_LOGITS, VIT_SCORES_SOFTMAX, 4, 12 },
    { "tests/golden/text-siglip-pair", VIT_OUTPUT_EMBEDDING, VIT_SCORES_SIGMOID, 3, 24 },
};

enum { PAIRS = sizeof pairs / sizeof *pairs };

static float *read_io(const struct pair *pair, const char *name, size_t *count)
{
    struct safetensors *file;
    char path[256];

    snprintf(path, sizeof path, "%s/io.safetensors", pair->directory);
    cr_assert_eq(safetensors_open(path, &file, NULL), VIT_OK);
    const struct safetensors_entry *const e = safetensors_find(file, name);
    cr_assert(e, "%s", name);
    float *const data = malloc(e->elements * sizeof *data);
    cr_assert(data && !safetensors_read_f32(file, e, 0, e->elements, data, NULL));
    *count = e->elements;
    safetensors_close(file);
    return data;
}

static void expect_close(const struct pair *pair, const char *name, size_t count, const float *x)
{
    size_t expected_count;
    float *const expected = read_io(pair, name, &expected_count);
    double largest = 0;

    cr_assert_eq(expected_count, count, "%s", name);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = 0; i < count; i++)
        cr_assert(fabs((double)x[i] - (double)expected[i]) <= TOLERANCE * largest,
                  "%s: %s: element %zu is %.9g, expected %.9g", pair->directory, name, i,
                  (double)x[i], (double)expected[i]);
    free(expected);
    count_checks(count);
}

static struct vit_model *open_model(const char *directory, const char *isa)
{
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_OK, "%s", err.message);
    return model;
}

/* The texts of a pair, each vector multiplied by `scale`, without names. */
static struct vit_texts *texts_of(const struct pair *pair, float scale)
{
    struct vit_texts *texts;
    struct vit_error err;
    size_t count;
    float *const vectors = read_io(pair, "text.embedding", &count);

    cr_assert_eq(count, pair->texts * pair->width);
    for (size_t i = 0; i < count; i++)
        vectors[i] *= scale;
    cr_assert_eq(vit_texts_create(pair->texts, pair->width, vectors, NULL, &texts, &err), VIT_OK,
                 "%s", err.message);
    free(vectors);
    return texts;
}

/* [IMAGES][width], of the images of a pair. */
static void image_vectors(const struct vit_model *model, const struct pair *pair, float *vectors)
{
    const struct vit_context_options options = { .size = sizeof options, .max_batch = IMAGES };
    struct vit_context *context;
    size_t count;
    float *const input = read_io(pair, "input", &count);

    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    cr_assert_eq(forward_output(context, pair->output, 0, IMAGES, input, vectors, NULL), VIT_OK);
    vit_context_free(context);
    free(input);
}

static void logits_of(const struct vit_model *model, const struct vit_texts *texts, size_t images,
                      const float *vectors, float *logits)
{
    struct vit_error err;

    cr_assert_eq(vit_text_logits(model, texts, images, vectors, logits, &err), VIT_OK, "%s",
                 err.message);
}

Test(texts, have_the_logits_and_probabilities_of_transformers_on_every_level)
{
    float vectors[IMAGES * MAX_WIDTH], logits[IMAGES * MAX_TEXTS], scores[MAX_TEXTS],
        probabilities[IMAGES * MAX_TEXTS], first[IMAGES * MAX_TEXTS];
    size_t best[MAX_TEXTS];
    const char *isa;
    int usable;

    for (const struct pair *p = pairs; p < pairs + PAIRS; p++) {
        struct vit_texts *const texts = texts_of(p, 1.0f);
        for (size_t level = 0; (isa = vit_isa_level(level, &usable)); level++) {
            if (!usable)
                continue;
            struct vit_model *const model = open_model(p->directory, isa);
            image_vectors(model, p, vectors);
            expect_close(p, "image.embedding", IMAGES * p->width, vectors);
            logits_of(model, texts, IMAGES, vectors, logits);
            expect_close(p, "logits_per_image", IMAGES * p->texts, logits);
            for (size_t i = 0; i < IMAGES; i++) {
                cr_assert_eq(vit_text_top_k(model, texts, p->texts, logits + i * p->texts, best,
                                            scores, NULL),
                             VIT_OK);
                for (size_t j = 0; j < p->texts; j++)
                    probabilities[i * p->texts + best[j]] = scores[j];
            }
            expect_close(p, "probabilities", IMAGES * p->texts, probabilities);
            if (level == 0)
                memcpy(first, logits, sizeof first);
            expect_same_bits(IMAGES * p->texts, first, logits, "%s %s", p->directory, isa);
            vit_model_free(model);
        }
        vit_texts_free(texts);
    }
}

/* A power of two, of either vector, changes no bit; nor does the number of images of a call. */
Test(texts, count_by_their_direction_alone)
{
    float vectors[IMAGES * MAX_WIDTH], expected[IMAGES * MAX_TEXTS], found[IMAGES * MAX_TEXTS];

    for (const struct pair *p = pairs; p < pairs + PAIRS; p++) {
        struct vit_model *const model = open_model(p->directory, NULL);
        struct vit_texts *texts = texts_of(p, 1.0f);
        image_vectors(model, p, vectors);
        logits_of(model, texts, IMAGES, vectors, expected);
        for (size_t i = 0; i < IMAGES; i++)
            logits_of(model, texts, 1, vectors + i * p->width, found + i * p->texts);
        expect_same_bits(IMAGES * p->texts, expected, found, "one by one");
        vit_texts_free(texts);
        texts = texts_of(p, 0x1p-70f);
        for (size_t i = 0; i < IMAGES * p->width; i++)
            vectors[i] *= 0x1p+70f;
        logits_of(model, texts, IMAGES, vectors, found);
        expect_same_bits(IMAGES * p->texts, expected, found, "other lengths");
        vit_texts_free(texts);
        vit_model_free(model);
    }
}

/*
 * 16 lanes, then their tree. Two products of 2^60 cancel inside a lane; in any other order they
 * take the digits of the rest with them.
 */
Test(texts, sums_have_the_order_of_the_contract)
{
    enum { WIDTH = 37 };
    const struct vit_config config = { .size = sizeof config,
                                       .channels = 1,
                                       .height = 4,
                                       .width = 4,
                                       .patch = 4,
                                       .dim = WIDTH,
                                       .depth = 0,
                                       .heads = 1,
                                       .mlp_dim = 4,
                                       .eps = 1e-6f };
    float a[WIDTH], b[WIDTH], logit;
    double lane[3][16] = { { 0 } };
    struct vit_texts *texts;
    struct vit_model *model;

    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, NULL), VIT_OK);
    fill_pattern(WIDTH, a, PATTERN_NORMAL, 1);
    fill_pattern(WIDTH, b, PATTERN_NORMAL, 2);
    a[2] = b[2] = b[18] = 0x1p30f;
    a[18] = -0x1p30f;
    for (size_t i = 0; i < WIDTH; i++) {
        lane[0][i % 16] += (double)a[i] * (double)b[i];
        lane[1][i % 16] += (double)a[i] * (double)a[i];
        lane[2][i % 16] += (double)b[i] * (double)b[i];
    }
    for (size_t half = 8; half > 0; half /= 2)
        for (size_t i = 0; i < 3 * half; i++)
            lane[i / half][i % half] += lane[i / half][i % half + half];
    const float expected = (float)(lane[0][0] / (sqrt(lane[1][0]) * sqrt(lane[2][0])));
    cr_assert_eq(vit_texts_create(1, WIDTH, b, NULL, &texts, NULL), VIT_OK);
    logits_of(model, texts, 1, a, &logit);
    expect_same_bits(1, &expected, &logit, "cosine");
    vit_texts_free(texts);
    vit_model_free(model);
}

Test(texts, an_image_without_a_direction_has_logits_that_are_no_numbers)
{
    const struct pair *const p = &pairs[0];
    struct vit_model *const model = open_model(p->directory, NULL);
    struct vit_texts *const texts = texts_of(p, 1.0f);
    float vector[MAX_WIDTH] = { 0 }, logits[MAX_TEXTS];
    const float bad[] = { 0.0f, NAN, INFINITY, -INFINITY };

    feclearexcept(FE_ALL_EXCEPT);
    for (size_t i = 0; i < 4; i++) {
        vector[3] = bad[i];
        logits_of(model, texts, 1, vector, logits);
        for (size_t j = 0; j < p->texts; j++)
            cr_assert(isnan(logits[j]), "%zu, %zu: %g", i, j, (double)logits[j]);
    }
    cr_assert_eq(fetestexcept(FE_INVALID | FE_DIVBYZERO), 0);
    vit_texts_free(texts);
    vit_model_free(model);
    count_checks(17);
}

static struct vit_text_scoring scoring_of(const struct vit_model *model)
{
    struct vit_text_scoring scoring = { .size = sizeof scoring };
    struct vit_error err;

    cr_assert_eq(vit_model_text_scoring(model, &scoring, &err), VIT_OK, "%s", err.message);
    return scoring;
}

/* The exponential of logit_scale, and logit_bias, as the files have them. */
Test(texts, are_scored_as_the_checkpoint_says)
{
    static const struct {
        const char *directory;
        enum vit_output output;
        enum vit_scores scores;
        size_t width;
    } cases[] = {
        { "tests/golden/text-clip-pair", VIT_OUTPUT_LOGITS, VIT_SCORES_SOFTMAX, 12 },
        { "tests/golden/text-siglip-pair", VIT_OUTPUT_EMBEDDING, VIT_SCORES_SIGMOID, 24 },
        { "tests/golden/hf-clip-vision-projection", VIT_OUTPUT_LOGITS, VIT_SCORES_NONE, 20 },
        { "tests/golden/hf-siglip-vision", VIT_OUTPUT_EMBEDDING, VIT_SCORES_NONE, 36 },
        { "tests/golden/hf-dinov2-swiglu-model", VIT_OUTPUT_EMBEDDING, VIT_SCORES_NONE, 32 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vit_model *const model = open_model(cases[i].directory, NULL);
        const struct vit_text_scoring s = scoring_of(model);
        cr_assert(s.output == cases[i].output && s.scores == cases[i].scores &&
                      s.width == cases[i].width,
                  "%s: output %d, scores %d, width %zu", cases[i].directory, (int)s.output,
                  (int)s.scores, s.width);
        if (s.scores == VIT_SCORES_NONE)
            cr_assert(s.scale == 1.0f && s.bias == 0.0f);
        if (s.scores == VIT_SCORES_SOFTMAX)
            cr_assert(s.scale > 1.0f && s.bias == 0.0f);
        if (s.scores == VIT_SCORES_SIGMOID)
            cr_assert(s.scale > 1.0f && s.bias != 0.0f);
        vit_model_free(model);
    }
    count_checks(10);
}

static void expect_no_scoring(struct vit_model *model, const char *words)
{
    struct vit_text_scoring scoring = { .size = sizeof scoring };
    struct vit_error err;

    cr_assert_eq(vit_model_text_scoring(model, &scoring, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, words), "no '%s' in %s", words, err.message);
    vit_model_free(model);
    count_checks(2);
}

Test(texts, are_not_for_a_model_that_classifies_or_does_not_pool)
{
    expect_no_scoring(open_model("tests/golden/hf-vit-classifier", NULL),
                      "found one whose head classifies");
    expect_no_scoring(open_model("tests/golden/timm-pool-empty", NULL),
                      "found one whose tokens are not pooled");
}

Test(texts, must_have_the_width_of_the_model_and_k_their_number)
{
    const struct pair *const p = &pairs[0];
    struct vit_model *const model = open_model(p->directory, NULL);
    struct vit_texts *const other = texts_of(&pairs[1], 1.0f), *const texts = texts_of(p, 1.0f);
    float vector[MAX_WIDTH] = { 1 }, logits[MAX_TEXTS] = { 0 };
    struct vit_error err;
    size_t best[8];

    cr_assert_eq(vit_text_logits(model, other, 1, vector, logits, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "expected vectors of 12 numbers, as the model's, found 24"), "%s",
              err.message);
    cr_assert_eq(vit_text_top_k(model, other, 1, logits, best, NULL, &err), VIT_EINVAL);
    for (size_t k = 0; k <= 5; k += 5) {
        cr_assert_eq(vit_text_top_k(model, texts, k, logits, best, NULL, &err), VIT_EINVAL);
        cr_assert(strstr(err.message, "expected 1 to the texts, 4, found "), "%s", err.message);
    }
    vit_texts_free(texts);
    vit_texts_free(other);
    vit_model_free(model);
    count_checks(7);
}

/* --- logit_scale and logit_bias */

struct number {
    const char *name;
    float value;
};

static void set_number(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    const struct number *const n = arg;

    (void)layer;
    if (strcmp(name, n->name) == 0)
        for (size_t i = 0; i < count; i++)
            x[i] = n->value;
}

static enum vit_status open_with(const struct pair *pair, const char *name, float value,
                                 struct vit_text_scoring *scoring, struct vit_error *err)
{
    struct number number = { name, value };
    const struct made_directory copy = copy_checkpoint(pair->directory, false, set_number, &number);
    struct vit_model *model = NULL;
    const enum vit_status status = vit_model_open(copy.path, NULL, &model, err);

    if (!status)
        *scoring = scoring_of(model);
    vit_model_free(model);
    remove_directory(&copy);
    return status;
}

Test(texts, the_scale_is_the_exponential_and_the_bias_the_number_itself)
{
    const struct pair *const p = &pairs[1];
    struct vit_text_scoring scoring;
    struct vit_error err;

    cr_assert_eq(open_with(p, "logit_scale", 4.605170186f, &scoring, &err), VIT_OK);
    cr_assert_float_eq(scoring.scale, 100.0f, 2e-5f, "%.9g", (double)scoring.scale);
    cr_assert_eq(open_with(p, "logit_bias", -16.5f, &scoring, &err), VIT_OK);
    cr_assert_eq(scoring.bias, -16.5f);
    cr_assert_eq(open_with(p, "logit_scale", -80.0f, &scoring, &err), VIT_OK);
    cr_assert_gt(scoring.scale, 0.0f);
    count_checks(6);
}

Test(texts, a_scale_that_is_no_use_and_a_bias_that_is_no_number_are_refused)
{
    static const struct number bad[] = { { "logit_scale", 80.5f },
                                         { "logit_scale", -81.0f },
                                         { "logit_scale", NAN },
                                         { "logit_bias", INFINITY },
                                         { "logit_bias", NAN } };
    struct vit_text_scoring scoring;
    struct vit_error err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(open_with(&pairs[1], bad[i].name, bad[i].value, &scoring, &err), VIT_EFORMAT);
        cr_assert(strstr(err.message, bad[i].name), "%s", err.message);
    }
    cr_assert(strstr(err.message, "expected a finite number, found nan"), "%s", err.message);
    count_checks(11);
}

/* --- from memory */

static void expect_refused(size_t count, size_t width, const float *vectors,
                           const char *const *names, enum vit_status status, const char *words)
{
    struct vit_texts *texts = NULL;
    struct vit_error err;

    cr_assert_eq(vit_texts_create(count, width, vectors, names, &texts, &err), status, "%s", words);
    cr_assert(!texts && strstr(err.message, words), "no '%s' in %s", words, err.message);
    count_checks(2);
}

Test(texts, in_memory_are_copied_and_checked)
{
    float vectors[] = { 1, 2, 3, 4, 5, 6 };
    const char *names[] = { "a cat", "a dog", "no cat" };
    struct vit_texts *texts;

    cr_assert_eq(vit_texts_create(3, 2, vectors, names, &texts, NULL), VIT_OK);
    cr_assert(vit_texts_count(texts) == 3 && vit_texts_width(texts) == 2);
    names[1] = "";
    cr_assert_str_eq(vit_texts_name(texts, 1), "a dog");
    cr_assert_null(vit_texts_name(texts, 3));
    vit_texts_free(texts);
    vit_texts_free(NULL);
    expect_refused(3, 2, vectors, names, VIT_EFORMAT, "name 1: expected text, found none");
    names[1] = NULL;
    expect_refused(3, 2, vectors, names, VIT_EINVAL, "name 1: expected text, found NULL");
    names[1] = "a cat";
    expect_refused(3, 2, vectors, names, VIT_EFORMAT,
                   "name 1: expected one that no other text has, found a cat, as name 0");
    expect_refused(0, 2, vectors, NULL, VIT_EINVAL, "found 0 of 2 numbers");
    expect_refused(3, 0, vectors, NULL, VIT_EINVAL, "found 3 of 0 numbers");
    expect_refused(SIZE_MAX / 2, 3, vectors, NULL, VIT_EINVAL, "no more than memory holds");
    vectors[2] = vectors[3] = 0.0f;
    expect_refused(3, 2, vectors, NULL, VIT_EFORMAT,
                   "text 1, without a name: expected a direction, found zeros alone");
    vectors[5] = -INFINITY;
    names[1] = "a dog";
    vectors[2] = 1.0f;
    expect_refused(3, 2, vectors, names, VIT_EFORMAT,
                   "text 2, no cat: expected finite numbers, found -inf at 1");
    count_checks(4);
}
