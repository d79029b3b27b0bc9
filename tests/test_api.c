/* test_api.c - the errors of each function: status and message */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dispatch.h"
#include "compare.h"
#include "config/pos_embed.h"
#include "counts.h"
#include "model/init_weights.h"
#include "model/model.h"
#include "tests/model_config.h"
#include "vit/inspect.h"
#include "vit/vit.h"

static const struct vit_config tiny = { .size = sizeof tiny,
                                        .channels = 1,
                                        .height = 8,
                                        .width = 8,
                                        .patch = 4,
                                        .dim = 8,
                                        .depth = 1,
                                        .heads = 2,
                                        .mlp_dim = 16,
                                        .classes = 2,
                                        .eps = 1e-6f,
                                        .no_qkv_bias = true };

/* The expected status, the same in err, and the words in its message. */
static void expect_failure(enum vit_status expected, enum vit_status found,
                           const struct vit_error *err, const char *words)
{
    cr_assert_eq(found, expected, "%s: %s", vit_status_name(found), err->message);
    cr_assert_eq(err->status, expected);
    cr_assert(strstr(err->message, words), "\"%s\" does not contain \"%s\"", err->message, words);
    count_checks(3);
}

Test(api, every_status_has_a_name_and_no_other_number_has)
{
    cr_assert_str_eq(vit_status_name(VIT_OK), "VIT_OK");
    cr_assert_str_eq(vit_status_name(VIT_ECANCELED), "VIT_ECANCELED");
    cr_assert_str_eq(vit_status_name((enum vit_status)(VIT_ESTALE + 1)), "unknown status");
    cr_assert_str_eq(vit_status_name((enum vit_status) - 1), "unknown status");
    count_checks(4);
}

Test(api, the_version_is_the_headers)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", VIT_VERSION_MAJOR, VIT_VERSION_MINOR,
             VIT_VERSION_PATCH);
    cr_assert_str_eq(VIT_VERSION, text);
    cr_assert_str_eq(vit_version(), VIT_VERSION);
    cr_assert_eq(vit_version_number(), VIT_VERSION_NUMBER);
    count_checks(3);
}

Test(api, an_unknown_level_is_an_error_never_a_fallback)
{
    const struct vit_kernels *kernels;
    struct vit_error err;

    expect_failure(VIT_EINVAL, vit_kernels_get("sse9", &kernels, &err), &err, "found \"sse9\"");
    for (size_t i = 0; isa_name(i); i++)
        cr_assert(strstr(err.message, isa_name(i)), "%s: expected %s", err.message, isa_name(i));
    expect_failure(VIT_EINVAL, vit_kernels_get("", &kernels, &err), &err, "found \"\"");
    /* a long word ends in a mark, and no character of it is cut */
    char word[1001] = "";
    for (size_t i = 0; i < 1000; i += 2)
        strcpy(word + i, "\xc3\xa9");
    expect_failure(VIT_EINVAL, vit_kernels_get(word, &kernels, &err), &err, "\xc3\xa9\xe2\x80\xa6");
    cr_assert(!strchr(err.message, '?'));
    enum vit_output output;
    expect_failure(VIT_EINVAL, vit_output_from_name(word, &output, &err), &err,
                   "\xc3\xa9\xe2\x80\xa6");
    struct vit_config config = { .size = sizeof config };
    expect_failure(VIT_EUNSUPPORTED, vit_config_from_name(word, &config, &err), &err,
                   "\xc3\xa9\xe2\x80\xa6");
    double value;
    expect_failure(VIT_EINVAL, vit_config_get(&config, word, &value, &err), &err,
                   "\xc3\xa9\xe2\x80\xa6");
    cr_assert(setenv("VIT_ISA", "fast", 1) == 0);
    expect_failure(VIT_EINVAL, vit_kernels_get(NULL, &kernels, &err), &err, "VIT_ISA");
    cr_assert_eq(vit_kernels_get("scalar", &kernels, &err), VIT_OK,
                 "the argument goes before the environment");
    cr_assert(setenv("VIT_ISA", "scalar", 1) == 0);
    cr_assert_eq(vit_kernels_get(NULL, &kernels, &err), VIT_OK);
    cr_assert_str_eq(kernels->isa, "scalar");
    count_checks(3);
}

Test(api, a_level_of_another_machine_is_unsupported)
{
    const struct vit_kernels *kernels;
    struct vit_error err;
#ifdef __x86_64__
    const char *foreign = "neon";
#else
    const char *foreign = "avx2";
#endif
    expect_failure(VIT_EUNSUPPORTED, vit_kernels_get(foreign, &kernels, &err), &err,
                   "this machine lacks");
}

/* An extension, whose name begins with that of a level, has an 8-bit matmul and no other kernel. */
Test(api, a_table_names_the_level_of_each_kernel)
{
    const struct vit_kernels *kernels;
    const char *level, *name;
    size_t i = 0;
    int usable;

    for (size_t l = 0; vit_isa_level(l, &usable); l++) {
        if (!usable)
            continue;
        cr_assert_eq(vit_kernels_get(vit_isa_level(l, &usable), &kernels, NULL), VIT_OK);
        for (i = 0; (name = vit_kernels_name_at(kernels, i, &level)); i++)
            cr_assert(
                strcmp(level, kernels->isa) == 0 ||
                    (strncmp(level, kernels->isa, strlen(level)) == 0 && !strstr(name, ".u8_s8")),
                "%s: %s of %s", kernels->isa, name, level);
        cr_assert_gt(i, 8);
        count_checks(i);
    }
}

Test(api, options_of_an_unknown_size_are_refused)
{
    struct vit_model_options model_options = { .isa = "scalar" };
    struct vit_context_options context_options = { .size = 5 };
    struct vit_model *model;
    struct vit_context *ctx;
    struct vit_error err;

    expect_failure(VIT_EINVAL, vit_model_create_random(&tiny, 1, &model_options, &model, &err),
                   &err, "struct vit_model_options: expected size 96, found 0");
    cr_assert_eq(vit_model_create_random(&tiny, 1, NULL, &model, NULL), VIT_OK);
    struct vit_config config = tiny;
    config.size = 1;
    expect_failure(VIT_EINVAL, vit_model_create_random(&config, 1, NULL, &model, &err), &err,
                   "struct vit_config: expected size ");
    expect_failure(VIT_EINVAL, vit_context_create(model, &context_options, &ctx, &err), &err,
                   "struct vit_context_options: expected size 64, found 5");
    vit_model_free(model);
}

Test(api, a_configuration_that_contradicts_itself_is_named)
{
    struct vit_config c = tiny;
    struct vit_model *model;
    struct vit_error err;

    c.width = 10;
    expect_failure(VIT_EINVAL, vit_model_create_random(&c, 1, NULL, &model, &err), &err, "10");
    c = tiny;
    c.heads = 3;
    expect_failure(VIT_EINVAL, vit_model_create_random(&c, 1, NULL, &model, &err), &err, "heads");
    c = tiny;
    c.eps = NAN;
    expect_failure(VIT_EINVAL, vit_model_create_random(&c, 1, NULL, &model, &err), &err, "eps");
}

Test(api, batches_and_outputs_out_of_range_are_refused)
{
    float image[64] = { 0 }, out[64];
    struct vit_model *model;
    struct vit_context *ctx;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&tiny, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(model, NULL, &ctx, NULL), VIT_OK);
    expect_failure(VIT_EINVAL, vit_forward(ctx, 0, image, out, &err), &err,
                   "max_batch, 1, found 0");
    expect_failure(VIT_EINVAL, vit_forward(ctx, 2, image, out, &err), &err,
                   "max_batch, 1, found 2");
    expect_failure(VIT_EINVAL, forward_output(ctx, (enum vit_output)9, 0, 1, image, out, &err),
                   &err, "output: expected 0 to 6, found 9");
    expect_failure(VIT_EINVAL, forward_output(ctx, VIT_OUTPUT_BLOCK, 1, 1, image, out, &err), &err,
                   "output block: expected a block from 0 to 0, found 1");
    vit_context_free(ctx);
    vit_model_free(model);
}

/* A caller sizes a buffer by it before vit_forward_call can refuse. */
Test(api, an_output_that_a_model_does_not_have_has_no_shape)
{
    struct vit_config c = tiny;
    struct vit_model *model;
    size_t rows = 9, columns = 9;

    cr_assert_eq(vit_model_create_random(&c, 1, NULL, &model, NULL), VIT_OK);
    for (size_t block = 0; block < 3; block++) {
        vit_output_shape(model, VIT_OUTPUT_T2T_BLOCK, block, &rows, &columns);
        cr_assert(rows == 0 && columns == 0, "%zu × %zu", rows, columns);
    }
    vit_model_free(model);
    count_checks(3);
}

static void no_run(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    (void)user, (void)tasks, (void)task, (void)arg;
}

Test(api, more_than_1024_threads_are_refused)
{
    static const size_t threads[] = { 1025, 100000, (size_t)1 << 60 };
    struct vit_model *model;
    struct vit_context *ctx;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&tiny, 1, NULL, &model, NULL), VIT_OK);
    for (size_t i = 0; i < 2 * sizeof threads / sizeof *threads; i++) {
        const struct vit_context_options options = { .size = sizeof options,
                                                     .threads = threads[i / 2],
                                                     .run = i % 2 ? no_run : NULL };
        expect_failure(VIT_EINVAL, vit_context_create(model, &options, &ctx, &err), &err,
                       "threads: expected at most 1024, found");
    }
    vit_model_free(model);
}

Test(api, a_missing_directory_is_not_found)
{
    struct vit_model *model;
    struct vit_error err;
    expect_failure(VIT_ENOTFOUND, vit_model_open("/nowhere/at/all", NULL, &model, &err), &err,
                   "/nowhere/at/all");
}

Test(api, a_size_has_both_sides)
{
    struct vit_model_options options = { .size = sizeof options, .height = 8 };
    struct vit_model *model;
    struct vit_error err;

    expect_failure(VIT_EINVAL, vit_model_open("tests/golden/timm-vit", &options, &model, &err),
                   &err, "both 0 or both set, found 8 and 0");
    options = (struct vit_model_options){ .size = sizeof options, .width = 8 };
    expect_failure(VIT_EINVAL, vit_model_open("tests/golden/timm-vit", &options, &model, &err),
                   &err, "both 0 or both set, found 0 and 8");
}

Test(api, positions_that_a_family_does_not_resize_have_their_size)
{
    const struct vit_model_options options = { .size = sizeof options, .height = 48, .width = 48 };
    struct vit_model *model;
    struct vit_error err;

    expect_failure(VIT_EUNSUPPORTED,
                   vit_model_open("tests/golden/vit-pytorch-1.23.6-cls", &options, &model, &err),
                   &err, "which family vit-pytorch does not resize; found 48 × 48");
    expect_failure(VIT_EUNSUPPORTED,
                   vit_model_open("tests/golden/timm-beit", &options, &model, &err), &err,
                   "expected 32 × 32, the size of the relative positions, which family timm-beit "
                   "does not resize; found 48 × 48");
}

Test(api, null_can_be_freed)
{
    vit_model_free(NULL);
    vit_context_free(NULL);
    cr_assert_eq(vit_kernels_get("sse9", &(const struct vit_kernels *){ NULL }, NULL), VIT_EINVAL);
    count_checks(3);
}

Test(api, random_weights_are_the_same_for_a_seed_on_every_level)
{
    float image[64], expected[2], found[2];
    const char *isa;
    int usable;

    fill_pattern(64, image, PATTERN_NORMAL, 1);
    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
        const struct vit_model_options options = { .size = sizeof options, .isa = isa };
        struct vit_model *model;
        struct vit_context *ctx;
        if (!usable)
            continue;
        cr_assert_eq(vit_model_create_random(&tiny, 5, &options, &model, NULL), VIT_OK);
        cr_assert_eq(vit_context_create(model, NULL, &ctx, NULL), VIT_OK);
        cr_assert_eq(vit_forward(ctx, 1, image, l == 0 ? expected : found, NULL), VIT_OK);
        if (l > 0)
            expect_same_bits(2, expected, found, "%s", isa);
        vit_context_free(ctx);
        vit_model_free(model);
    }
}

Test(api, random_weights_are_normal_and_differ_between_blocks)
{
    enum { COUNT = 1 << 16 };
    static float first[COUNT], second[COUNT];
    struct random_weights weights = { 9 };
    double sum = 0.0, squares = 0.0;
    size_t equal = 0, beyond = 0;

    random_weights_read(&weights, SLOT_FC1_WEIGHT, 0, 0, COUNT, first, NULL);
    random_weights_read(&weights, SLOT_FC1_WEIGHT, 1, 0, COUNT, second, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        sum += (double)first[i];
        squares += (double)first[i] * (double)first[i];
        equal += first[i] == second[i];
        beyond += fabsf(first[i]) > 0.04f;
    }
    /* five standard deviations of each estimate; 4.55 % of a normal distribution is beyond two */
    cr_assert_lt(fabs(sum / COUNT), 5 * 0.02 / 256);
    cr_assert_lt(fabs(sqrt(squares / COUNT) - 0.02), 5 * 0.02 / 362);
    cr_assert_lt(fabs((double)beyond / COUNT - 0.0455), 5 * 0.00082);
    cr_assert_lt(equal, COUNT / 1000);
    count_checks(4);
}

Test(api, parameters_are_counted_without_a_fixed_sinusoid)
{
    struct vit_config c = tiny;
    struct vit_model *model;
    /* patch 8·16 + 8, class token 8, qkv 3·8·8, proj 72, MLP 144 + 136, norms 3·16, head 18 */
    const size_t trained = 136 + 8 + 192 + 72 + 280 + 48 + 18, table = 5 * 8;

    cr_assert_eq(vit_model_create_random(&c, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_parameter_count(model), trained + table);
    vit_model_free(model);
    c.pos_embed = VIT_POS_EMBED_SINUSOID;
    cr_assert_eq(vit_model_create_random(&c, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_parameter_count(model), trained);
    vit_model_free(model);
    count_checks(2);
}

Test(api, positions_are_the_rows_of_the_patches)
{
    struct vit_config c = tiny;
    float found[4 * 8], table[5 * 8];
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&c, 3, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_positions(model, found, &err), VIT_OK, "%s", err.message);
    expect_same_bits(4 * 8, model->weights.positions.patches, found, "learned");
    vit_model_free(model);

    c.pos_embed = VIT_POS_EMBED_SINUSOID; /* the class token has the first row */
    sinusoid_positions(5, 8, table);
    cr_assert_eq(vit_model_create_random(&c, 3, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_positions(model, found, &err), VIT_OK, "%s", err.message);
    expect_same_bits(4 * 8, table + 8, found, "sinusoid");
    vit_model_free(model);

    c.pos_embed = VIT_POS_EMBED_SINCOS_2D; /* the registers before the patches have none */
    c.class_tokens = VIT_CLASS_TOKENS_NONE;
    c.pool = VIT_POOL_MEAN;
    c.registers = 2;
    sincos_2d_positions(2, 2, 8, table);
    cr_assert_eq(vit_model_create_random(&c, 3, NULL, &model, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_positions(model, found, &err), VIT_OK, "%s", err.message);
    expect_same_bits(4 * 8, table, found, "sincos_2d");
    vit_model_free(model);
}

Test(api, positions_of_a_model_without_them_are_refused)
{
    struct vit_config c = tiny;
    struct vit_model *model;
    struct vit_error err;
    float out[4 * 8];

    c.pos_embed = VIT_POS_EMBED_NONE;
    cr_assert_eq(vit_model_create_random(&c, 3, NULL, &model, NULL), VIT_OK);
    expect_failure(VIT_EINVAL, vit_model_positions(model, out, &err), &err,
                   "no position embeddings");
    vit_model_free(model);
}

Test(api, the_lists_of_families_and_architectures_end)
{
    struct vit_family family = { .size = sizeof family }, impossible = { .size = 1 };
    size_t families = 0, architectures = 0, timm = 0;

    for (; vit_family_at(families, &family); families++)
        timm += strcmp(family.id, "timm") == 0 && !family.model_type;
    while (vit_architecture_at(architectures))
        architectures++;
    cr_assert_eq(timm, 1);
    cr_assert_geq(families, 3);
    cr_assert_geq(architectures, 8);
    cr_assert_not(vit_family_at((size_t)-1, &family));
    cr_assert_not(vit_family_at(0, &impossible));
    cr_assert_null(vit_architecture_at((size_t)-1));
    count_checks(6);
}
