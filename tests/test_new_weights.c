/* test_new_weights.c - vit_weights_create_random: a new model of the article series */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include "counts.h"
#include "files/safetensors_write.h"
#include "vit/inspect.h"
#include "vit/vit.h"

TestSuite(new_weights, .init = cli_begin, .fini = cli_end);

/* Small models: a ViT and a T2T-ViT; more fields follow. */
#define VIT_OF(token_len)                                                                          \
    "{\"model_type\":\"series_vit\",\"img_size\":[1,24,40],\"patch_size\":8,\"preds\":5,"          \
    "\"token_len\":" token_len ",\"num_heads\":4,\"hidden_chan_mul\":1.5,\"depth\":2"
#define VIT VIT_OF("32")
#define T2T                                                                                        \
    "{\"model_type\":\"series_t2t_vit\",\"img_size\":[2,32,24],\"softsplit_kernels\":[7,3,3],"     \
    "\"token_len\":24,\"token_chan\":8,\"preds\":3,\"num_heads\":2,\"t2t_hidden_chan_mul\":1.0,"   \
    "\"hidden_chan_mul\":2.0,\"depth\":1"

static const char *const configs[] = {
    VIT "}",
    VIT ",\"pos_embed\":\"learned\"}",
    VIT ",\"qkv_bias\":true,\"act\":\"prelu\",\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\","
        "\"3\":\"d\",\"4\":\"e\"}}",
    T2T "}",
    T2T ",\"pos_embed\":\"learned\"}",
    /* a tensor of 27648 numbers, more than are written at a time */
    VIT_OF("96") "}",
    VIT ",\"norm\":\"RMSNorm\"}",
    VIT ",\"norm\":\"LayerNorm\",\"norm_args\":{\"bias\":false}}",
    T2T ",\"norm\":\"LayerNorm\",\"norm_args\":{\"elementwise_affine\":false}}",
    VIT ",\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"size\":3}}",
};
enum { CONFIGS = sizeof configs / sizeof *configs };

/* Makes the directory $T/m of a configuration. */
static void make_model(const char *config, uint64_t seed)
{
    struct vit_error err;

    succeeds("rm -rf $T/m && mkdir $T/m && printf '%%s' '%s' >$T/m/config.json", config);
    cr_assert_eq(vit_weights_create_random(in_directory("m/config.json"), seed,
                                           in_directory("m/model.safetensors"), &err),
                 VIT_OK, "%s", err.message);
}

static struct vit_model *open_model(void)
{
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open(in_directory("m"), NULL, &model, &err), VIT_OK, "%s", err.message);
    return model;
}

/* The last hidden state and then the logits, which the caller frees. */
static float *compute(const struct vit_model *model, size_t *count)
{
    struct vit_config c = { .size = sizeof c };
    struct vit_context *context;
    size_t rows, columns;

    vit_model_get_config(model, &c, NULL);
    vit_output_shape(model, VIT_OUTPUT_LAST_HIDDEN_STATE, 0, &rows, &columns);
    const size_t pixels = c.channels * c.height * c.width;
    float *const image = malloc(pixels * sizeof *image);
    *count = rows * columns + c.classes;
    float *const out = malloc(*count * sizeof *out);
    for (size_t i = 0; i < pixels; i++)
        image[i] = (float)(i % 97) / 97.0f;
    const struct vit_output_request requests[] = {
        { .size = sizeof *requests, .output = VIT_OUTPUT_LAST_HIDDEN_STATE, .data = out },
        { .size = sizeof *requests, .output = VIT_OUTPUT_LOGITS, .data = out + rows * columns },
    };
    const struct vit_call call = {
        .size = sizeof call, .batch = 1, .images = image, .outputs = requests, .output_count = 2
    };
    cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
    cr_assert_eq(vit_forward_call(context, &call, NULL), VIT_OK);
    vit_context_free(context);
    free(image);
    return out;
}

Test(new_weights, a_new_model_has_the_bits_of_the_random_one_with_its_seed)
{
    for (size_t i = 0; i < CONFIGS; i++) {
        struct vit_config c = { .size = sizeof c };
        struct vit_model *random;
        size_t count, same;
        make_model(configs[i], 11 + i);
        struct vit_model *const opened = open_model();
        vit_model_get_config(opened, &c, NULL);
        cr_assert_eq(vit_model_create_random(&c, 11 + i, NULL, &random, NULL), VIT_OK);
        float *const found = compute(opened, &count), *const expected = compute(random, &same);
        cr_assert_eq(count, same);
        cr_assert_eq(memcmp(found, expected, count * sizeof *found), 0, "%s", configs[i]);
        count_checks(count);
        free(expected);
        free(found);
        vit_model_free(random);
        vit_model_free(opened);
    }
}

/* The names and shapes of a model's tensors. */
static json_t *tensors_of(const char *directory)
{
    succeeds("$VIT info %s --json", directory);
    json_t *const root = json_output();
    const json_t *const model = json_object_get(root, "model");
    json_t *const list = json_array(), *tensor;
    size_t i;

    json_array_foreach (json_object_get(model, "tensors"), i, tensor) {
        json_array_append(list, json_object_get(tensor, "name"));
        json_array_append(list, json_object_get(tensor, "shape"));
        json_array_append(list, json_object_get(tensor, "dtype"));
    }
    json_decref(root);
    return list;
}

Test(new_weights, tensors_have_the_names_and_shapes_that_the_series_modules_save)
{
    static const char *const names[] = { "batch13", "hardswish", "localresponsenorm", "mish",
                                         "prelu",   "relu",      "rmsnorm",           "t2t" };
    size_t checks = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char golden[64];
        snprintf(golden, sizeof golden, "tests/golden/series-%s", names[i]);
        succeeds("rm -rf $T/m && $VIT new %s/config.json -o $T/m", golden);
        json_t *const expected = tensors_of(golden), *const found = tensors_of("$T/m");
        cr_assert_gt(json_array_size(expected), 40);
        cr_assert(json_equal(expected, found), "%s", golden);
        checks += json_array_size(expected);
        json_decref(found);
        json_decref(expected);
    }
    count_checks(checks);
}

/* Of LayerNorm: its weights are drawn as ones and zeros, so no result tells them apart. */
Test(new_weights, norms_have_the_tensors_of_their_arguments)
{
    static const struct {
        const char *args;
        bool weight, bias;
    } norms[] = {
        { "{}", true, true },
        { "{\"bias\":false}", true, false },
        { "{\"elementwise_affine\":false}", false, false },
    };

    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        char config[512];
        snprintf(config, sizeof config, VIT ",\"norm\":\"LayerNorm\",\"norm_args\":%s}",
                 norms[i].args);
        make_model(config, 1);
        succeeds("$VIT info $T/m");
        cr_assert_eq(strstr(cli.out, ".norm1.weight ") != NULL, norms[i].weight, "%s", config);
        cr_assert_eq(strstr(cli.out, ".norm1.bias ") != NULL, norms[i].bias, "%s", config);
        count_checks(2);
    }
}

Test(new_weights, a_seed_gives_the_same_bytes_everywhere)
{
    make_model(configs[1], 5);
    succeeds("sha256sum <$T/m/model.safetensors");
    cr_assert_eq(
        strncmp(cli.out, "204acdef534777d4c1dca6cd15abe68131d9e48225e5dcb98d9a1d269172d147", 64), 0,
        "found %s", cli.out);
    make_model(configs[4], 6);
    succeeds("sha256sum <$T/m/model.safetensors");
    cr_assert_eq(
        strncmp(cli.out, "cefdc1c26d6bdc1136d16b11f89f7f2a4d4bc419423263126c5b7bc872146606", 64), 0,
        "found %s", cli.out);
    count_checks(2);
}

/* Of blocks.0.attn.qkv.weight, which has 3·32·32 numbers, and a bias of zeros, norms of ones. */
Test(new_weights, weights_are_normal_biases_zero_and_norms_one)
{
    size_t rank, shape[8], count;
    double sum = 0, squares = 0;

    make_model(configs[2], 3);
    const char *const path = in_directory("m/model.safetensors");
    float *x = load_tensor(path, "backbone.blocks.0.attn.qkv.weight", &rank, shape, &count);
    cr_assert_eq(count, 3 * 32 * 32);
    for (size_t i = 0; i < count; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    free(x);
    /* of 3072 numbers: 4 standard errors of the mean, 0.02/√n, and of the deviation, 0.02/√2n */
    cr_assert_leq(fabs(sum / (double)count), 4 * 0.02 / 55.4);
    cr_assert_leq(fabs(sqrt(squares / (double)count) - 0.02), 4 * 0.02 / 78.4);
    x = load_tensor(path, "backbone.blocks.1.attn.qkv.bias", &rank, shape, &count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(x[i], 0.0f);
    free(x);
    x = load_tensor(path, "backbone.norm.weight", &rank, shape, &count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(x[i], 1.0f);
    free(x);
    x = load_tensor(path, "backbone.blocks.1.neuralnet.act.weight", &rank, shape, &count);
    cr_assert_eq(x[0], 0.25f);
    free(x);
    count_checks(3 * 32 + 32 + 3);
}

Test(new_weights, tensors_and_seeds_have_numbers_of_their_own)
{
    make_model(configs[2], 1);
    succeeds("cp $T/m/model.safetensors $T/one");
    make_model(configs[2], 2);
    size_t rank, shape[8], count;
    const char *const path = in_directory("m/model.safetensors");
    float *const a =
        load_tensor(path, "backbone.blocks.0.neuralnet.fc1.weight", &rank, shape, &count);
    float *const b =
        load_tensor(path, "backbone.blocks.1.neuralnet.fc1.weight", &rank, shape, &count);
    float *const c = load_tensor(in_directory("one"), "backbone.blocks.0.neuralnet.fc1.weight",
                                 &rank, shape, &count);
    cr_assert_neq(memcmp(a, b, count * sizeof *a), 0);
    cr_assert_neq(memcmp(a, c, count * sizeof *a), 0);
    free(c);
    free(b);
    free(a);
    count_checks(2);
}

Test(new_weights, what_cannot_be_written_is_an_error_and_leaves_nothing)
{
    static const struct {
        const char *config, *path, *fragment;
        enum vit_status status;
    } cases[] = {
        { "none.json", "w", "none.json", VIT_ENOTFOUND },
        { "hf.json", "w", "hf.json: expected a model of family series, model_type \"series_vit\"",
          VIT_EUNSUPPORTED },
        { "cut.json", "w", "cut.json", VIT_EFORMAT },
        { "wrong.json", "w", "wrong.json: num_heads", VIT_EFORMAT },
        { "good.json", "taken", "taken: expected no such file, found one", VIT_EINVAL },
        { "good.json", "link", "link: expected no such file, found one", VIT_EINVAL },
        { "good.json", "none/w", "none/w: cannot be written: No such file", VIT_ENOTFOUND },
        { "good.json", "taken/w", "taken/w: cannot be written: Not a directory", VIT_EIO },
    };

    succeeds("cp tests/golden/hf-vit/config.json $T/hf.json && "
             "printf '%%s' '%s}' >$T/good.json && printf '%%s' '%s' >$T/cut.json && "
             "sed 's/\"num_heads\":4/\"num_heads\":0/' $T/good.json >$T/wrong.json && "
             "echo precious >$T/taken && ln -s nowhere $T/link",
             VIT, VIT);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vit_error err = { 0 };
        cr_assert_eq(vit_weights_create_random(in_directory(cases[i].config), 1,
                                               in_directory(cases[i].path), &err),
                     cases[i].status, "%s: %s", cases[i].fragment, err.message);
        cr_assert_not_null(strstr(err.message, cases[i].fragment), "%s", err.message);
        cr_assert_eq(err.status, cases[i].status);
    }
    succeeds("cat $T/taken && ls $T");
    cr_assert_str_eq(cli.out, "precious\ncut.json\ngood.json\nhf.json\nlink\ntaken\nwrong.json\n");
    count_checks(3 * (sizeof cases / sizeof *cases) + 1);
}

/* Of another program, while the numbers are asked for. */
static enum vit_status make_the_file(void *user, size_t i, size_t first, size_t count, float *out,
                                     struct vit_error *err)
{
    size_t *const calls = user;

    (void)i;
    (void)first;
    (void)err;
    memset(out, 0, count * sizeof *out);
    ++*calls;
    succeeds("echo another >$T/w.safetensors");
    return VIT_OK;
}

Test(new_weights, a_file_that_exists_or_appears_meanwhile_is_not_replaced)
{
    const struct new_tensor tensor = { .name = "a", .rank = 1, .shape = { 3 } };
    size_t calls = 0;
    const struct new_tensor_source source = { make_the_file, &calls };

    for (size_t i = 0; i < 2; i++) {
        struct vit_error err;
        cr_assert_eq(safetensors_write(in_directory("w.safetensors"), 1, &tensor, &source, &err),
                     VIT_EINVAL);
        cr_assert(strstr(err.message, "w.safetensors: expected no such file, found one"), "%s",
                  err.message);
        cr_assert_eq(calls, 1);
        succeeds("cat $T/w.safetensors && ls $T");
        cr_assert_str_eq(cli.out, "another\nw.safetensors\n");
        count_checks(4);
    }
}

Test(new_weights, a_full_disk_leaves_no_file)
{
    struct rlimit limit;
    struct vit_error err;

    succeeds("printf '%%s' '%s}' >$T/config.json", VIT);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t bytes = 0; bytes <= 40000; bytes += 20000) { /* the file has more than 100 KB */
        const struct rlimit low = { bytes, limit.rlim_max };
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
        const enum vit_status status =
            vit_weights_create_random(in_directory("config.json"), 1, in_directory("w"), &err);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_assert_eq(status, VIT_EIO);
        cr_assert_not_null(strstr(err.message, "w: cannot be written: File too large"), "%s",
                           err.message);
    }
    succeeds("ls $T");
    cr_assert_str_eq(cli.out, "config.json\n");
    count_checks(3 * 2 + 1);
}
