/* test_cli_scores.c - scores of libvit classify as config.json says; patches of a table with NaN */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "make_checkpoint.h"

#define GOLDEN "tests/golden/hf-vit-classifier"
#define IMAGE  "tests/golden/preprocess/photo-420.jpg"

TestSuite(cli_scores, .init = cli_begin, .fini = cli_end);

/* The logits and the probabilities of all classes, and the text of the first. */
static void classify(const char *model, size_t count, double logits[], double probabilities[])
{
    json_t *root;

    succeeds("$VIT classify --top 100 --json %s " IMAGE, model);
    root = json_output();
    const json_t *const list =
        json_object_get(json_array_get(json_object_get(root, "images"), 0), "predictions");
    cr_assert_eq(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *const one = json_array_get(list, i);
        const json_t *const probability = json_object_get(one, "probability");
        logits[i] = json_real_value(json_object_get(one, "logit"));
        probabilities[i] = json_is_null(probability) ? -1 : json_real_value(probability);
    }
    json_decref(root);
}

static void copy_golden(const char *name, const char *problem_type)
{
    succeeds("mkdir $T/%s && cp " GOLDEN "/model.safetensors $T/%s && "
             "sed 's/\"model_type\"/\"problem_type\": %s, &/' " GOLDEN
             "/config.json >$T/%s/config.json",
             name, name, problem_type, name);
}

/* 3 ulp of vit_top_k, and the nine digits of JSON */
static void expect_score(double expected, double found)
{
    cr_assert_float_eq(found, expected, 4 * 0x1p-23 * expected, "%.9g %.9g", expected, found);
}

Test(cli_scores, follow_problem_type)
{
    double logits[7], scores[7], sum = 0;
    char line[64];

    copy_golden("single", "\"single_label_classification\"");
    classify("$T/single", 7, logits, scores);
    for (size_t i = 0; i < 7; i++)
        sum += exp(logits[i] - logits[0]);
    for (size_t i = 0; i < 7; i++)
        expect_score(exp(logits[i] - logits[0]) / sum, scores[i]);
    copy_golden("multi", "\"multi_label_classification\"");
    classify("$T/multi", 7, logits, scores);
    for (size_t i = 0; i < 7; i++)
        expect_score(1 / (1 + exp(-logits[i])), scores[i]);
    succeeds("$VIT classify $T/multi " IMAGE);
    snprintf(line, sizeof line, " (%.1f %%)", 100 * scores[0]);
    cr_assert(strstr(cli.out, line), "no '%s' in %s", line, cli.out);
    copy_golden("regression", "\"regression\"");
    classify("$T/regression", 7, logits, scores);
    for (size_t i = 0; i < 7; i++)
        cr_assert_eq(scores[i], -1);
    succeeds("$VIT classify $T/regression " IMAGE);
    snprintf(line, sizeof line, " (%g)", logits[0]);
    cr_assert(strstr(cli.out, line), "no '%s' in %s", line, cli.out);
    cr_assert_null(strchr(cli.out, '%'));
    count_checks(24);
}

/* A checkpoint of zeros but for the last number of one tensor; its classes become `classes`. */
static struct made_directory make_zeros(const char *name, char classes, float number)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX + 1];
    size_t count = made_timm(tensors), kept = 0;
    char config[1024], *const three = strstr(strcpy(config, made_timm_config), "\"num_classes\":3");

    cr_assert(three, "%s", made_timm_config);
    three[strlen("\"num_classes\":")] = classes;
    make_text(&directory, "config.json", config);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(tensors[i].name, "head.", 5) == 0)
            tensors[i].shape[0] = (size_t)(classes - '0');
        if (strcmp(tensors[i].name, name) == 0)
            tensors[count] = tensors[i]; /* the last one of the file */
    }
    for (size_t i = 0; i <= count; i++)
        if (i == count || strcmp(tensors[i].name, name) != 0)
            tensors[kept++] = tensors[i];
    make_model(&directory, tensors, kept);
    FILE *const file = fopen(made_path(&directory, "model.safetensors"), "r+b");
    cr_assert(file && fseek(file, -4, SEEK_END) == 0 && fwrite(&number, 4, 1, file) == 1 &&
              fclose(file) == 0);
    return directory;
}

/* Softmax of one logit would always be 100 %. */
Test(cli_scores, of_one_class_are_sigmoid)
{
    const struct made_directory directory = make_zeros("head.bias", '1', -1.034f);
    double logit, score;

    classify(directory.path, 1, &logit, &score);
    cr_assert_float_eq(logit, -1.034, 1e-6);
    cr_assert_float_eq(score, 0.262, 5e-4); /* as Hugging Face's pipeline */
    succeeds("$VIT classify %s " IMAGE, directory.path);
    cr_assert(strstr(cli.out, "class 0 (26.2 %)"), "%s", cli.out);
    succeeds("$VIT info %s", directory.path);
    cr_assert(strstr(cli.out, "  scores                 sigmoid "), "%s", cli.out);
    remove_directory(&directory);
    count_checks(4);
}

Test(cli_scores, positions_that_are_not_numbers_are_not_drawn)
{
    const struct made_directory directory = make_zeros("pos_embed", '3', NAN);
    char command[512];

    snprintf(command, sizeof command, "$VIT patches %s -o $T/maps.png", directory.path);
    fails(command, "expected finite position embeddings, found nan at row 1, column 1 of the grid");
    snprintf(command, sizeof command, "$VIT patches %s " IMAGE " -o $T/maps.png", directory.path);
    fails(command, "expected finite position embeddings, found nan");
    remove_directory(&directory);
    count_checks(2);
}
