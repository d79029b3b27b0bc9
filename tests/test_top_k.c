/* test_top_k.c - vit_top_k: order, scores against double precision, levels, what is refused */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "compare.h"
#include "counts.h"
#include "vit/inspect.h"
#include "vit/vit.h"

static struct vit_model *model_of(size_t classes, const char *isa)
{
    const struct vit_config config = { .size = sizeof config,
                                       .channels = 1,
                                       .height = 4,
                                       .width = 4,
                                       .patch = 4,
                                       .dim = 4,
                                       .depth = 1,
                                       .heads = 1,
                                       .mlp_dim = 4,
                                       .classes = classes,
                                       .eps = 1e-6f };
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), VIT_OK, "%s",
                 err.message);
    return model;
}

static void top_k(const struct vit_model *model, size_t k, const float *logits, size_t *classes,
                  float *scores)
{
    struct vit_error err;

    cr_assert_eq(vit_top_k(model, k, logits, classes, scores, &err), VIT_OK, "%s", err.message);
}

/* As a person would: the best of those that are left, again and again. */
static void select_best(size_t n, const float *logits, size_t *classes)
{
    bool taken[200] = { false };

    for (size_t i = 0; i < n; i++) {
        size_t best = n;
        for (size_t c = 0; c < n; c++)
            if (!taken[c] && (best == n || logits[c] > logits[best] ||
                              (isnan(logits[best]) && !isnan(logits[c]))))
                best = c;
        taken[best] = true;
        classes[i] = best;
    }
}

/* Few different values, so that most classes have an equal. */
Test(top_k, is_the_start_of_the_sorted_classes)
{
    enum { CLASSES = 101 };
    static const float values[] = { 0.0f, -0.0f, 1.5f, -2.0f, NAN, INFINITY, -INFINITY, 7.0f };
    struct vit_model *const model = model_of(CLASSES, NULL);
    float logits[CLASSES];
    size_t expected[CLASSES], found[CLASSES + 1];

    for (unsigned seed = 0; seed < 20; seed++) {
        fill_pattern(CLASSES, logits, PATTERN_NORMAL, seed);
        for (size_t i = 0; i < CLASSES; i++)
            if (i * 7 % 10 < seed % 11)
                logits[i] = values[(i * i + seed) % 8];
        select_best(CLASSES, logits, expected);
        for (size_t k = 1; k <= CLASSES; k++) {
            found[k] = 12345;
            top_k(model, k, logits, found, NULL);
            cr_assert_arr_eq(found, expected, k * sizeof *found, "seed %u, k %zu", seed, k);
            cr_assert_eq(found[k], 12345, "behind the end");
        }
    }
    vit_model_free(model);
    count_checks(20 * 2 * CLASSES);
}

/* An ulp of a float: 2^-23 of its power of two. */
static void expect_3_ulp(double expected, float found)
{
    int exponent;

    frexp(expected, &exponent);
    const double ulp = ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
    cr_assert(fabs((double)found - expected) <= 3 * ulp, "expected %.10g, found %.10g", expected,
              (double)found);
    count_checks(1);
}

enum { MANY = 1000 };

/* Of logits[MANY], the k best. */
static void expect_softmax(const struct vit_model *model, const float *logits, size_t k)
{
    float scores[MANY];
    size_t classes[MANY];
    double sum = 0;

    top_k(model, k, logits, classes, scores);
    for (size_t i = 0; i < MANY; i++)
        sum += exp((double)logits[i] - (double)logits[classes[0]]);
    for (size_t i = 0; i < k; i++)
        expect_3_ulp(exp((double)logits[classes[i]] - (double)logits[classes[0]]) / sum, scores[i]);
}

Test(top_k, softmax_is_over_all_classes_within_3_ulp)
{
    struct vit_model *const model = model_of(MANY, NULL);
    float logits[MANY];

    for (unsigned seed = 0; seed < 8; seed++) {
        const float scale = seed < 4 ? 4.0f : 30.0f;
        fill_pattern(MANY, logits, PATTERN_NORMAL, seed);
        for (size_t i = 0; i < MANY; i++)
            logits[i] = logits[i] * scale + 100.0f;
        expect_softmax(model, logits, 300);
    }
    vit_model_free(model);
}

/* A logit near 0 has digits that its difference to one of 20 cannot have in float: 8 ulp. */
Test(top_k, softmax_keeps_the_digits_of_small_logits_beside_large_ones)
{
    struct vit_model *const model = model_of(MANY, NULL);
    float logits[MANY];

    for (unsigned seed = 0; seed < 4; seed++) {
        fill_pattern(MANY, logits, PATTERN_NORMAL, seed);
        logits[seed] = 20.0f + 0.3f * (float)seed;
        expect_softmax(model, logits, MANY);
    }
    vit_model_free(model);
}

Test(top_k, a_single_class_has_a_sigmoid_within_3_ulp)
{
    struct vit_model *const model = model_of(1, NULL);
    float score;
    size_t class_index;

    for (int i = -270; i <= 270; i++) {
        const float x = 0.37f * (float)i;
        top_k(model, 1, &x, &class_index, &score);
        expect_3_ulp(1.0 / (1.0 + exp(-(double)x)), score);
    }
    top_k(model, 1, &(float){ INFINITY }, &class_index, &score);
    cr_assert_eq(score, 1.0f);
    top_k(model, 1, &(float){ -INFINITY }, &class_index, &score);
    cr_assert_eq(score, 0.0f);
    top_k(model, 1, &(float){ NAN }, &class_index, &score);
    cr_assert(isnan(score));
    vit_model_free(model);
    count_checks(3);
}

Test(top_k, scores_have_the_same_bits_on_every_level_in_any_rounding_mode)
{
    enum { CLASSES = 333 };
    float logits[CLASSES], expected[CLASSES], found[CLASSES];
    size_t classes[CLASSES];
    const char *isa;
    int usable;

    fill_pattern(CLASSES, logits, PATTERN_NORMAL, 3);
    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
        static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO };
        if (!usable)
            continue;
        struct vit_model *const model = model_of(CLASSES, isa);
        for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
            fesetround(modes[m]);
            top_k(model, CLASSES, logits, classes, l + m == 0 ? expected : found);
            cr_assert_eq(fegetround(), modes[m]);
            fesetround(FE_TONEAREST);
            if (l + m > 0)
                expect_same_bits(CLASSES, expected, found, "%s, mode %zu", isa, m);
        }
        vit_model_free(model);
    }
}

Test(top_k, softmax_without_a_finite_maximum_is_nan)
{
    static const float cases[][3] = {
        { 1.0f, NAN, 2.0f },
        { 1.0f, INFINITY, 2.0f },
        { -INFINITY, -INFINITY, -INFINITY },
        { NAN, NAN, NAN },
    };
    struct vit_model *const model = model_of(3, NULL);
    size_t classes[3];
    float scores[3];

    for (size_t i = 0; i < 4; i++) {
        top_k(model, 3, cases[i], classes, scores);
        for (size_t j = 0; j < 3; j++)
            cr_assert(isnan(scores[j]), "%zu: %g", i, (double)scores[j]);
    }
    top_k(model, 3, (float[]){ -INFINITY, 1.0f, -INFINITY }, classes, scores);
    cr_assert(scores[0] == 1.0f && scores[1] == 0.0f && scores[2] == 0.0f);
    vit_model_free(model);
    count_checks(13);
}

static void expect_refused(const struct vit_model *model, size_t k, const char *words)
{
    const float logits[3] = { 0 };
    struct vit_error err;
    size_t classes[4];

    cr_assert_eq(vit_top_k(model, k, logits, classes, NULL, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, words), "\"%s\" does not contain \"%s\"", err.message, words);
    count_checks(2);
}

Test(top_k, k_is_at_most_the_classes_of_a_head_that_classifies)
{
    struct vit_model *model = model_of(3, NULL);

    expect_refused(model, 0, "expected 1 to the model's classes, 3, found 0");
    expect_refused(model, 4, "expected 1 to the model's classes, 3, found 4");
    vit_model_free(model);
    model = model_of(0, NULL);
    expect_refused(model, 1, "found one without a head");
    vit_model_free(model);
    cr_assert_eq(vit_model_open("tests/golden/hf-clip-vision-projection", NULL, &model, NULL),
                 VIT_OK);
    expect_refused(model, 1, "found a projection");
    vit_model_free(model);
}
