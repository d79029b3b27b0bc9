/* test_cli_results.c - what the libvit command computes and prints, against references */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "counts.h"
#include "expected_input.h"
#include "tools/npy.h"

TestSuite(cli_results, .init = cli_begin, .fini = cli_end);

#define MODEL        "tests/golden/timm-vit"
#define IMAGES       "tests/golden/preprocess"
#define DIGITS       "models/digits"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The golden input of MODEL as $T/in.npy. */
static void save_input(void)
{
    size_t rank, shape[8], count;
    float *const input = load_tensor(MODEL "/io.safetensors", "input", &rank, shape, &count);

    save_npy("in.npy", rank, shape, input);
    free(input);
}

/*
 * PyTorch's float32 pass is within 1.4e-6 × max of the golden values, which are from float64
 * (tests/golden). Rounding stays below 5e-6; a mistake does not.
 */
static void compare_with_golden(const char *npy, const char *tensor)
{
    size_t count;
    float *const expected = load_tensor(MODEL "/io.safetensors", tensor, NULL, NULL, &count);
    float *const found = load_npy(npy, count);
    double max = 0, worst = 0;

    for (size_t i = 0; i < count; i++) {
        const double distance = fabs((double)found[i] - (double)expected[i]);
        max = fmax(max, fabs((double)expected[i]));
        worst = distance <= worst ? worst : distance; /* a NaN stays */
    }
    cr_assert(worst <= 5e-6 * max, "%s: off by %g of %g", tensor, worst, max);
    free(found);
    free(expected);
    count_checks(count);
}

Test(cli_results, run_gives_the_reference_outputs)
{
    static const char *const outputs[] = { "logits", "patch_embedding", "block.0", "block.1",
                                           "last_hidden_state" };

    static const char *const tensors[] = { "logits", "tokens", "block.0", "block.1", "features" };

    save_input();
    succeeds("$VIT run " MODEL " $T/in.npy -o $T/out.npy");
    compare_with_golden(in_directory("out.npy"), "logits");
    for (size_t i = 0; i < COUNT(outputs); i++) {
        succeeds("$VIT run " MODEL " $T/in.npy -o $T/out.npy --output %s", outputs[i]);
        cr_assert_str_empty(cli.out);
        cr_assert_str_empty(cli.err);
        compare_with_golden(in_directory("out.npy"), tensors[i]);
    }
}

Test(cli_results, run_gives_the_same_bytes_on_every_level_and_thread_count)
{
    size_t checks = 0, i = 0;
    const char *level;

    save_input();
    succeeds("$VIT run " MODEL " $T/in.npy -o $T/first.npy --output last_hidden_state");
    while ((level = next_usable_level(&i, 2))) {
        for (int threads = 1; threads <= 2; threads++, checks++)
            succeeds("$VIT run " MODEL
                     " $T/in.npy -o $T/out.npy --output last_hidden_state --isa %s "
                     "--threads %d && cmp $T/first.npy $T/out.npy",
                     level, threads);
    }
    count_checks(checks);
}

Test(cli_results, run_accepts_the_output_of_preprocess_as_a_batch_of_one)
{
    enum { CLASSES = 11 };

    succeeds("$VIT preprocess " IMAGES "/photo-444.jpg --model " MODEL " -o $T/one.npy && "
             "$VIT run " MODEL " $T/one.npy -o $T/out.npy");
    free(load_npy(in_directory("out.npy"), CLASSES));
    count_checks(1);
}

Test(cli_results, run_splits_a_large_batch_without_changing_a_bit)
{
    enum { COPIES = 150 }; /* more images than one forward pass takes */
    size_t rank, shape[8], elements, classes;
    float *const two = load_tensor(MODEL "/io.safetensors", "input", &rank, shape, &elements);
    float *const many = malloc(COPIES * elements * sizeof *many);

    /* the first, the second, the first, and again: no batch begins as the one before */
    const size_t each = elements / shape[0];
    for (size_t i = 0; i < COPIES; i++)
        memcpy(many + i * each, two + i % 3 % 2 * each, each * sizeof *two);
    save_npy("two.npy", 4, shape, two);
    shape[0] = COPIES;
    save_npy("many.npy", 4, shape, many);
    succeeds("$VIT run " MODEL " $T/two.npy -o $T/a.npy && "
             "$VIT run " MODEL " $T/many.npy -o $T/b.npy");
    free(load_tensor(MODEL "/io.safetensors", "logits", NULL, NULL, &classes));
    float *const a = load_npy(in_directory("a.npy"), classes);
    classes /= elements / each;
    float *const b = load_npy(in_directory("b.npy"), COPIES * classes);
    for (size_t i = 0; i < COPIES; i++)
        cr_assert_eq(memcmp(a + i % 3 % 2 * classes, b + i * classes, classes * sizeof *a), 0,
                     "copy %zu", i);
    free(b);
    free(a);
    free(many);
    free(two);
    count_checks(COPIES);
}

Test(cli_results, preprocess_gives_the_reference_inputs)
{
    static const float half[] = { 0.5f, 0.5f, 0.5f };
    static const float mean[] = { 0.485f, 0.456f, 0.406f }, std[] = { 0.229f, 0.224f, 0.225f };
    static const struct {
        const char *name, *options;
        const float *mean, *std;
    } recipes[] = {
        { "timm-bicubic-0.9", "--size 64x64 --crop-pct 0.9 --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
          half, half },
        { "timm-bicubic-1.0-imagenet", "--size 48x80 --crop-pct 1.0 --interpolation bicubic", mean,
          std },
        { "timm-bilinear-0.875", "--size 56x56 --interpolation bilinear", mean, std },
        { "timm-squash",
          "--size 64x64 --crop-pct 1 --crop-mode squash --mean .5,.5,.5 --std 5e-1,5e-1,5e-1", half,
          half },
        { "hf-bilinear",
          "--size 64x64 --crop-pct 1 --crop-mode squash --mean .5,.5,.5 --std .5,.5,.5 "
          "--interpolation bilinear",
          half, half },
    };
    static const char *const files[] = { "photo-420.jpg", "photo-444.jpg",      "progressive.jpg",
                                         "gray.jpg",      "exif-rotated.jpg",   "alpha.png",
                                         "gray.png",      "palette.png",        "panorama.png",
                                         "lossy.webp",    "small-upscaled.png", NULL };

    struct safetensors *golden;

    cr_assert_eq(safetensors_open(IMAGES "/expected.safetensors", &golden, NULL), VIT_OK);
    for (size_t f = 0; files[f]; f++) {
        for (size_t r = 0; r < COUNT(recipes); r++) {
            char name[128];
            succeeds("$VIT preprocess " IMAGES "/%s -o $T/out.npy %s", files[f],
                     recipes[r].options);
            snprintf(name, sizeof name, "%s/%s", files[f], recipes[r].name);
            const struct safetensors_entry *const want = safetensors_find(golden, name);
            cr_assert_not_null(want, "%s", name);
            const size_t count = want->elements;
            float *const expected =
                expected_input(golden, want, count / 3, recipes[r].mean, recipes[r].std);
            float *const found = load_npy(in_directory("out.npy"), count);
            /* pixels are equal; x/255, - mean, / std round a value below 4 by some 2^-23 each */
            for (size_t i = 0; i < count; i++)
                cr_assert(fabsf(found[i] - expected[i]) <= 1e-6f, "%s at %zu: %g, expected %g",
                          name, i, (double)found[i], (double)expected[i]);
            free(found);
            free(expected);
            count_checks(count);
        }
    }
    safetensors_close(golden);
}

Test(cli_results, preprocess_takes_the_config_of_a_checkpoint)
{
    succeeds("$VIT preprocess " IMAGES "/panorama.png -o $T/a.npy --model " MODEL " && "
             "$VIT preprocess " IMAGES "/panorama.png -o $T/b.npy --size 48x48 --crop-pct 0.9 "
             "--mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 && cmp $T/a.npy $T/b.npy");
    count_checks(1);
}

Test(cli_results, preprocess_writes_the_decoded_pixels)
{
    struct vit_error err = { .status = VIT_OK };
    struct npy_array rgb;

    succeeds("$VIT preprocess " IMAGES "/photo-444.jpg --rgb $T/rgb.npy");
    cr_assert_eq(npy_load(in_directory("rgb.npy"), &rgb, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(rgb.type, NPY_UINT8);
    cr_assert_eq(rgb.rank, 3);
    cr_assert(rgb.shape[0] == 240 && rgb.shape[1] == 180 && rgb.shape[2] == 3);
    free(rgb.data);
    count_checks(1);
}

static void expect_keys(const json_t *object, size_t count, const char *const *keys)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_not_null(json_object_get(object, keys[i]), "no key %s", keys[i]);
    count_checks(count);
}

Test(cli_results, info_is_json_with_the_machine_and_the_model)
{
    static const char *const keys[] = { "version", "compiler", "commit",  "cpu",  "caches",
                                        "levels",  "isa",      "kernels", "model" };
    static const char *const parts[] = { "path",       "summary", "config",
                                         "preprocess", "unknown", "tensors" };

    succeeds("$VIT info " MODEL " --json");
    json_t *const root = json_output();
    const json_t *const model = json_object_get(root, "model");
    expect_keys(root, COUNT(keys), keys);
    expect_keys(model, COUNT(parts), parts);
    cr_assert_eq(json_integer_value(entry_value(model, "config", "dim")), 96);
    cr_assert_eq(json_integer_value(entry_value(model, "config", "classes")), 11);
    cr_assert_float_eq(json_real_value(entry_value(model, "config", "eps")), 1e-6, 1e-12);
    cr_assert(json_is_false(entry_value(model, "config", "no_qkv_bias")));
    cr_assert_str_eq(json_string_value(entry_value(model, "config", "activation")), "gelu");
    json_decref(root);
    succeeds("$VIT info " MODEL);
    cr_assert_not_null(strstr(cli.out, "timm"));
    cr_assert_not_null(strstr(cli.out, "iB L1d, "));
    count_checks(5);
}

Test(cli_results, bench_is_json_with_units_in_its_names)
{
    static const char *const keys[] = { "images_per_s", "ms_min",      "ms_median",  "ms_p99",
                                        "gflops",       "peak_gflops", "peak_share", "isa",
                                        "threads",      "batch",       "model",      "cpu",
                                        "caches",       "compiler",    "commit",     "version" };

    succeeds("$VIT bench " MODEL " --seconds 0.1 --batch 2 --threads 2 --json");
    json_t *const root = json_output();
    const double min = json_number_value(json_object_get(root, "ms_min"));
    const double median = json_number_value(json_object_get(root, "ms_median"));
    expect_keys(root, COUNT(keys), keys);
    cr_assert(0 < min && min <= median);
    cr_assert_leq(median, json_number_value(json_object_get(root, "ms_p99")));
    cr_assert_gt(json_number_value(json_object_get(root, "peak_share")), 0);
    cr_assert_eq(json_integer_value(json_object_get(root, "threads")), 2);
    cr_assert_eq(json_integer_value(json_object_get(root, "batch")), 2);
    json_decref(root);
    succeeds("$VIT bench " MODEL " --seconds 0");
    cr_assert_not_null(strstr(cli.out, "images/s"));
    count_checks(6);
}

Test(cli_results, classify_gives_pytorchs_class_for_every_digit)
{
    FILE *const file = fopen(DIGITS "/expected.txt", "r");
    char line[256], path[128];
    size_t at = 0, correct = 0, class_index, truth;

    cr_assert_not_null(file);
    succeeds("$VIT classify " DIGITS " " DIGITS "/test --json");
    json_t *const root = json_output();
    const json_t *const images = json_object_get(root, "images");
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%127s %zu", path, &class_index) != 2 || line[0] == '#')
            continue;
        /* expected.txt is sorted by path, as the walk is */
        const json_t *const image = json_array_get(images, at++);
        const json_t *const best = json_array_get(json_object_get(image, "predictions"), 0);
        cr_assert_str_eq(json_string_value(json_object_get(image, "path")) + strlen(DIGITS "/"),
                         path);
        cr_assert_eq((size_t)json_integer_value(json_object_get(best, "class")), class_index, "%s",
                     path);
        cr_assert_eq(sscanf(path, "test/%zu/", &truth), 1);
        correct += truth == class_index;
    }
    cr_assert(at > 0 && at == json_array_size(images));
    cr_assert_geq((double)correct, 0.97 * (double)at);
    json_decref(root);
    fclose(file);
    count_checks(at);
}

Test(cli_results, classify_prints_the_same_on_every_level_and_thread_count)
{
    size_t checks = 0, i = 0;
    const char *level;

    succeeds("$VIT classify " MODEL " " IMAGES " --top 3 >$T/first");
    while ((level = next_usable_level(&i, 2))) {
        for (int threads = 1; threads <= 2; threads++, checks++)
            succeeds("$VIT classify " MODEL " " IMAGES " --top 3 --isa %s --threads %d >$T/out "
                     "&& cmp $T/first $T/out",
                     level, threads);
    }
    count_checks(checks);
}

Test(cli_results, probabilities_are_the_softmax_of_runs_logits)
{
    enum { CLASSES = 11 };
    double sum = 0;
    json_t *prediction;
    size_t i;

    succeeds("$VIT preprocess " IMAGES "/alpha.png -o $T/chw.npy --model " MODEL);
    float *const image = load_npy(in_directory("chw.npy"), 3 * 48 * 48);
    save_npy("in.npy", 4, (size_t[]){ 1, 3, 48, 48 }, image);
    succeeds("$VIT run " MODEL " $T/in.npy -o $T/logits.npy");
    float *const logits = load_npy(in_directory("logits.npy"), CLASSES);
    for (i = 0; i < CLASSES; i++)
        sum += exp((double)logits[i]);

    succeeds("$VIT classify " MODEL " " IMAGES "/alpha.png --top 1000 --json");
    json_t *const root = json_output();
    const json_t *const images = json_object_get(root, "images");
    const json_t *const found = json_object_get(json_array_get(images, 0), "predictions");
    cr_assert_eq(json_array_size(found), CLASSES);
    json_array_foreach (found, i, prediction) {
        const size_t c = (size_t)json_integer_value(json_object_get(prediction, "class"));
        const double p = json_number_value(json_object_get(prediction, "probability"));
        /* JSON has nine digits, which are all of a float; a score is within 3 ulp */
        cr_assert_eq((float)json_number_value(json_object_get(prediction, "logit")), logits[c]);
        cr_assert(fabs(p * sum / exp((double)logits[c]) - 1) <= 4 * 0x1p-23);
    }
    json_decref(root);
    free(logits);
    free(image);
    count_checks(2 * CLASSES);
}

Test(cli_results, a_directory_is_searched_in_the_order_of_names)
{
    static const char expected[] = "/d/B.PNG: /d/a/x.jpeg: /d/a/y.webp: /d/b.jpg: /d/c.d/z.png: ";
    char found[256] = "";

    succeeds("mkdir -p $T/d/a $T/d/c.d $T/d/.hidden && cd $T/d && ln -s .. a/loop && "
             "touch notes.txt a/none._jpg && cd - && P=" IMAGES " && cp $P/alpha.png $T/d/B.PNG && "
             "cp $P/photo-444.jpg $T/d/a/x.jpeg && cp $P/lossy.webp $T/d/a/y.webp && "
             "cp $P/gray.jpg $T/d/b.jpg && cp $P/gray.png $T/d/c.d/z.png && "
             "cp $P/gray.png $T/d/.hidden/h.png && cp $P/gray.png $T/d/._b.jpg");
    succeeds("$VIT classify " MODEL " $T/d/");
    for (const char *line = cli.out; *line; line = strchr(line, '\n') + 1) {
        const char *const name = strstr(line, "/d/");
        strncat(found, name, (size_t)(strchr(name, ' ') + 1 - name));
    }
    cr_assert_str_eq(found, expected);
    cr_assert_not_null(strstr(cli.err, "5 images in"));
    cr_assert_null(strchr(cli.err, '\r')); /* no progress bar: standard error is not a terminal */
    count_checks(3);
}

Test(cli_results, names_of_files_cannot_forge_lines_or_break_json)
{
    succeeds("cp " IMAGES "/gray.png \"$(printf '%%s/a\\nb\\033[31m\\377.png' $T)\" && "
             "$VIT classify " MODEL " $T");
    cr_assert_not_null(strstr(cli.out, "/a?b?[31m\377.png: class "));
    cr_assert_eq(strchr(cli.out, '\n'), cli.out + strlen(cli.out) - 1);
    succeeds("$VIT classify " MODEL " $T --json");
    json_t *const root = json_output();
    const json_t *const image = json_array_get(json_object_get(root, "images"), 0);
    cr_assert_not_null(
        strstr(json_string_value(json_object_get(image, "path")), "/a\nb\033[31m\xef\xbf\xbd.png"));
    json_decref(root);
    count_checks(3);
}
