/* test_cli_texts.c - libvit classify --texts: scores against texts, and what is refused */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "copy_checkpoint.h"
#include "counts.h"

#define CLIP   "tests/golden/text-clip-pair"
#define SIGLIP "tests/golden/text-siglip-pair"
#define ALONE  "tests/golden/hf-siglip-vision"
#define PHOTOS "tests/golden/preprocess"
#define IMAGE  PHOTOS "/photo-420.jpg"

TestSuite(cli_texts, .init = cli_begin, .fini = cli_end);

static const char *const names[] = { "a cat", "a dog", "no cat", "a photo of four" };

enum { MAX_TEXTS = 4, MAX_WIDTH = 36 };

/* A pair of towers, or an image tower alone, and vectors of texts. */
struct texts {
    const char *model, *output;
    size_t count, width;
    float vectors[MAX_TEXTS * MAX_WIDTH];
};

/* $T/t.npy and $T/t.txt, with the golden vectors; each has another length. */
static struct texts write_texts(const char *model, const char *output)
{
    struct texts t = { .model = model, .output = output };
    size_t rank, shape[8], count;
    char path[128];

    snprintf(path, sizeof path, "%s/io.safetensors", model);
    float *const data = load_tensor(path, "text.embedding", &rank, shape, &count);
    t.count = shape[0];
    t.width = shape[1];
    for (size_t i = 0; i < count; i++)
        t.vectors[i] = data[i] * (float)(1 + i / t.width);
    free(data);
    save_npy("t.npy", 2, (size_t[]){ t.count, t.width }, t.vectors);
    FILE *const file = fopen(in_directory("t.txt"), "w");
    for (size_t i = 0; i < t.count; i++)
        fprintf(file, "%s\n", names[i]);
    cr_assert_eq(fclose(file), 0);
    return t;
}

static double dot(size_t n, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double number_of(const char *model, const char *name)
{
    size_t rank, shape[8], count;
    char path[128];

    snprintf(path, sizeof path, "%s/model.safetensors", model);
    float *const data = load_tensor(path, name, &rank, shape, &count);
    const double number = (double)data[0];
    free(data);
    return number;
}

/* What the texts' logits are for IMAGE, in double precision. */
static void expected_logits(const struct texts *t, double scale, double bias, double *logits)
{
    succeeds("$VIT preprocess " IMAGE " --model %s -o $T/in.npy && "
             "$VIT run %s $T/in.npy --output %s -o $T/out.npy",
             t->model, t->model, t->output);
    float *const x = load_npy(in_directory("out.npy"), t->width);
    for (size_t i = 0; i < t->count; i++) {
        const float *const y = t->vectors + i * t->width;
        const double lengths = sqrt(dot(t->width, x, x) * dot(t->width, y, y));
        logits[i] = scale * dot(t->width, x, y) / lengths + bias;
    }
    free(x);
}

/* Compares the command's predictions with the expected logits, and scores of them. */
static void expect_predictions(const struct texts *t, const double *logits,
                               const double *probabilities)
{
    double last = INFINITY;

    succeeds("$VIT classify %s " IMAGE " --texts $T/t.npy --json", t->model);
    json_t *const root = json_output();
    const json_t *const list =
        json_object_get(json_array_get(json_object_get(root, "images"), 0), "predictions");
    cr_assert_eq(json_array_size(list), t->count);
    for (size_t i = 0; i < t->count; i++) {
        const json_t *const one = json_array_get(list, i);
        const size_t class_index = (size_t)json_integer_value(json_object_get(one, "class"));
        const double logit = json_real_value(json_object_get(one, "logit"));
        const json_t *const probability = json_object_get(one, "probability");
        cr_assert_lt(class_index, t->count);
        cr_assert_str_eq(json_string_value(json_object_get(one, "label")), names[class_index]);
        cr_assert(json_is_null(json_object_get(one, "description")));
        cr_assert_float_eq(logit, logits[class_index], 1e-6 * fabs(logits[class_index]) + 1e-7);
        cr_assert_leq(logit, last);
        last = logit;
        if (probabilities)
            cr_assert_float_eq(json_real_value(probability), probabilities[class_index], 2e-6);
        else
            cr_assert(json_is_null(probability));
    }
    cr_assert(strstr(json_string_value(json_object_get(json_object_get(root, "summary"), "texts")),
                     "/t.npy"));
    json_decref(root);
    count_checks(6 * t->count + 2);
}

Test(cli_texts, of_clip_share_the_probability)
{
    const struct texts t = write_texts(CLIP, "logits");
    double logits[MAX_TEXTS], probabilities[MAX_TEXTS], sum = 0;

    expected_logits(&t, exp(number_of(CLIP, "logit_scale")), 0, logits);
    for (size_t i = 0; i < t.count; i++)
        sum += exp(logits[i]);
    for (size_t i = 0; i < t.count; i++)
        probabilities[i] = exp(logits[i]) / sum;
    expect_predictions(&t, logits, probabilities);
}

Test(cli_texts, of_siglip_have_a_probability_each)
{
    const struct texts t = write_texts(SIGLIP, "embedding");
    double logits[MAX_TEXTS], probabilities[MAX_TEXTS];

    expected_logits(&t, exp(number_of(SIGLIP, "logit_scale")), number_of(SIGLIP, "logit_bias"),
                    logits);
    for (size_t i = 0; i < t.count; i++)
        probabilities[i] = 1 / (1 + exp(-logits[i]));
    expect_predictions(&t, logits, probabilities);
}

/* Of an image tower alone nobody knows the scale. */
Test(cli_texts, without_a_scale_are_compared_by_their_cosine)
{
    struct texts t = { .model = ALONE, .output = "embedding", .count = 2, .width = MAX_WIDTH };
    double cosines[MAX_TEXTS];

    for (size_t i = 0; i < t.count * t.width; i++)
        t.vectors[i] = (float)((i * i) % 11) - 5.5f;
    save_npy("t.npy", 2, (size_t[]){ t.count, t.width }, t.vectors);
    succeeds("printf 'a cat\\na dog\\n' >$T/t.txt");
    expected_logits(&t, 1, 0, cosines);
    expect_predictions(&t, cosines, NULL);
    succeeds("$VIT classify " ALONE " " IMAGE " --texts $T/t.npy");
    cr_assert_null(strchr(cli.out, '%'));
    count_checks(1);
}

Test(cli_texts, are_the_labels_of_folders_and_go_on_without_what_cannot_be_read)
{
    write_texts(CLIP, "logits");
    succeeds("mkdir $T/d && cp " IMAGE " $T/d/a.jpg && echo text >$T/d/b.png && "
             "cp " PHOTOS "/gray.png $T/d/c.png");
    succeeds("$VIT classify " CLIP " $T/d/a.jpg $T/d/c.png --texts $T/t.npy --top 2 2>/dev/null "
             ">$T/expected && grep -c 'a cat\\|a dog\\|no cat\\|a photo' $T/expected");
    cr_assert_str_eq(cli.out, "2\n");
    shell("$VIT classify " CLIP " $T/d --texts $T/t.npy --top 2 --keep-going --threads 2 | "
          "cmp - $T/expected");
    cr_assert_eq(cli.status, 0, "%s", cli.out);
    shell("$VIT classify " CLIP " $T/d --texts $T/t.npy --keep-going");
    cr_assert_eq(cli.status, 1);
    succeeds("$VIT classify " CLIP " $T/d/a.jpg --texts $T/t.npy --top 1 --precision int8");
    succeeds("$VIT classify " CLIP " $T/d/a.jpg --texts=$T/t.npy --top 100 --size 32x24");
    count_checks(3);
}

Test(cli_texts, that_do_not_fit_are_refused)
{
    write_texts(CLIP, "logits");
    fails("$VIT classify " SIGLIP " " IMAGE " --texts $T/t.npy",
          "/t.npy: expected vectors of 24 numbers, as the embedding of " SIGLIP ", found 12");
    succeeds("cp $T/t.npy $T/u.npy && cp $T/t.txt $T/u.txt");
    write_texts(SIGLIP, "embedding");
    fails("$VIT classify " CLIP " " IMAGE " --texts $T/t.npy",
          "/t.npy: expected vectors of 12 numbers, as the projection of " CLIP ", found 24");
    fails("$VIT classify tests/golden/hf-clip-vision-projection " IMAGE " --texts $T/u.npy",
          "expected vectors of 20 numbers, as the projection of ");
    fails("$VIT classify tests/golden/timm-vit " IMAGE " --texts $T/u.npy",
          "timm-vit: texts: expected a model that projects, or has no head, found one whose head "
          "classifies");
    fails("$VIT classify " CLIP " " IMAGE " --texts $T/none.npy", "/none.npy: cannot be opened");
    fails("$VIT classify " CLIP " " IMAGE " --texts $T", "in a file .npy or .safetensors");
    fails("$VIT classify " CLIP " " IMAGE " --texts ''", "--texts: expected a file .npy or");
    succeeds("rm $T/u.txt");
    fails("$VIT classify " CLIP " " IMAGE " --texts $T/u.npy", "/u.txt: cannot be opened");
    fails("$VIT classify " CLIP " $T/none.jpg --texts $T/t.npy", "none.jpg: No such file");
    fails("$VIT classify " CLIP " " IMAGE,
          "found a projection to 12 numbers; --texts compares them with those of texts");
}

static void clear_projection(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    (void)arg;
    (void)layer;
    if (strcmp(name, "visual_projection.weight") == 0)
        memset(x, 0, count * sizeof *x);
}

Test(cli_texts, have_no_score_where_the_image_has_no_direction)
{
    const struct made_directory copy = copy_checkpoint(CLIP, false, clear_projection, NULL);
    static const char *const options[] = { "", "--json" };

    write_texts(CLIP, "logits");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        shell("$VIT classify %s " IMAGE " --texts $T/t.npy %s", copy.path, options[i]);
        cr_assert_eq(cli.status, 2);
        cr_assert_str_eq(cli.out, "");
        cr_assert(strstr(cli.err, "photo-420.jpg: expected features with a direction, found zeros "
                                  "alone; check the weights of "),
                  "%s", cli.err);
        count_checks(3);
    }
    remove_directory(&copy);
}
