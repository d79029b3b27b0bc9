/* test_variations.c - each variation of the model gives the same bits on every level */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_counter.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "vit/inspect.h"

enum { BATCH = 3, LONGEST = 3 * 32 * 48 };

#define BASE                                                                                       \
    .size = sizeof(struct vit_config), .channels = 3, .height = 32, .width = 48, .dim = 72,        \
    .depth = 2, .heads = 3, .mlp_dim = 100, .classes = 10, .eps = 1e-6f

#define PLAIN BASE, .patch = 8, .activation = VIT_ACTIVATION_GELU

#define T2T                                                                                        \
    .patch = 16, .t2t_kernels = { 7, 3, 3 }, .t2t_dim = 24, .t2t_heads = 1, .t2t_mlp_dim = 24,     \
    .pos_embed = VIT_POS_EMBED_SINUSOID, .activation = VIT_ACTIVATION_GELU

/* Each step that a configuration can add or omit, at least once. */
static const struct variation {
    const char *name;
    struct vit_config config;
} variations[] = {
    { "soft splits, qk_scale",
      { BASE, .tokenizer = VIT_TOKENIZER_T2T_QK_SCALE, .qk_scale = 0.3f, T2T } },
    { "soft splits, the scale of the paper's code",
      { BASE, .tokenizer = VIT_TOKENIZER_T2T_TRANSFORMER, T2T } },
    { "performer", { BASE, .tokenizer = VIT_TOKENIZER_T2T_PERFORMER, T2T } },
    { "registers, positions on patches alone",
      { PLAIN, .registers = 4, .pos_embed_scope = VIT_POS_EMBED_SCOPE_PATCHES } },
    { "registers without positions, mean beside the class token",
      { PLAIN, .registers = 2, .pos_embed_scope = VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES,
        .pool = VIT_POOL_CLASS_AND_MEAN } },
    { "distillation", { PLAIN, .class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION } },
    { "no class token, mean, normed after it",
      { PLAIN, .class_tokens = VIT_CLASS_TOKENS_NONE, .pool = VIT_POOL_MEAN,
        .final_norm = VIT_FINAL_NORM_POOLED } },
    { "mean and maximum", { PLAIN, .pool = VIT_POOL_MEAN_AND_MAX } },
    { "rotary positions of centers, no bias of keys",
      { PLAIN, .pos_embed = VIT_POS_EMBED_NONE, .registers = 2, .layer_scale = true,
        .no_key_bias = true, .rotary = VIT_ROTARY_CENTERS, .rotary_base = 100.0f } },
    { "rotary positions of indices, norms within attention and MLP",
      { PLAIN, .rotary = VIT_ROTARY_INDICES, .rotary_base = 10000.0f, .rotary_offset = 1.0f,
        .rotary_grid = { 16, 12 }, .rotary_columns_first = true, .attention_norm = true,
        .mlp_norm = true } },
    { "learned rotary positions, attention pooling of all tokens",
      { PLAIN, .rotary = VIT_ROTARY_LEARNED, .pool = VIT_POOL_MAP_ALL, .pool_heads = 8,
        .pool_mlp_dim = 50 } },
    { "relative bias per block, gated MLP with a norm",
      { PLAIN, .pos_embed = VIT_POS_EMBED_NONE, .gated_mlp = true, .mlp_norm = true,
        .relative_bias = VIT_RELATIVE_BIAS_BLOCK } },
    { "shared relative bias",
      { PLAIN, .pos_embed = VIT_POS_EMBED_NONE, .relative_bias = VIT_RELATIVE_BIAS_SHARED } },
    { "no bias of the MLP", { PLAIN, .no_mlp_bias = true, .pool = VIT_POOL_MAX } },
    { "mean of all tokens", { PLAIN, .pool = VIT_POOL_MEAN_ALL, .no_head_bias = true } },
    { "max, no last norm", { PLAIN, .pool = VIT_POOL_MAX, .final_norm = VIT_FINAL_NORM_NONE } },
    { "attention pooling",
      { BASE, .patch = 8, .class_tokens = VIT_CLASS_TOKENS_NONE, .pool = VIT_POOL_MAP,
        .activation = VIT_ACTIVATION_GELU_TANH } },
    { "gated MLP, layer scale",
      { BASE, .patch = 8, .gated_mlp = true, .activation = VIT_ACTIVATION_SILU,
        .layer_scale = true } },
    { "normed queries and keys, wide heads, no bias of proj",
      { PLAIN, .qk_norm = true, .head_dim = 40, .no_proj_bias = true } },
    { "narrow heads", { PLAIN, .head_dim = 5 } },
    { "normed patches, positions in two dimensions",
      { PLAIN, .patch_norms = true, .pos_embed = VIT_POS_EMBED_SINCOS_2D,
        .class_tokens = VIT_CLASS_TOKENS_NONE, .pool = VIT_POOL_MEAN } },
    { "norm before, no bias of patches, quick GELU",
      { BASE, .patch = 8, .pre_norm = true, .no_patch_bias = true,
        .activation = VIT_ACTIVATION_GELU_QUICK } },
    { "no output projection, no positions",
      { PLAIN, .no_proj = true, .pos_embed = VIT_POS_EMBED_NONE } },
    { "tanh layer before the head", { PLAIN, .pre_logits = 30 } },
    { "v + proj(attention), no bias of qkv",
      { PLAIN, .value_residual = true, .no_qkv_bias = true } },
    { "RMSNorm without weights, of queries and keys too",
      { PLAIN, .no_norm_mean = true, .no_norm_weight = true, .no_norm_bias = true,
        .qk_norm = true } },
    { "LayerNorm without bias, of patches and before the blocks",
      { PLAIN, .no_norm_bias = true, .pre_norm = true, .patch_norms = true } },
    { "local response of a few tokens",
      { PLAIN, .norm = VIT_NORM_LOCAL_RESPONSE, .norm_size = 6, .norm_args = { 2, 0.75f, 1 } } },
    { "soft splits, local response of as many tokens as they are wide",
      { BASE, .tokenizer = VIT_TOKENIZER_T2T_QK_SCALE, .norm = VIT_NORM_LOCAL_RESPONSE,
        .norm_args = { 2, 0.75f, 1 }, T2T } },
    { "pixels beyond the last patch",
      { BASE, .patch = 10, .crop_to_patches = true, .activation = VIT_ACTIVATION_GELU } },
};

enum { VARIATIONS = sizeof variations / sizeof *variations };

static const struct request {
    const char *name;
    enum vit_output output;
    size_t block;
} outputs[] = {
    { "logits", VIT_OUTPUT_LOGITS, 0 },
    { "embedding", VIT_OUTPUT_EMBEDDING, 0 },
    { "tokens", VIT_OUTPUT_PATCH_EMBEDDING, 0 },
    { "block 0", VIT_OUTPUT_BLOCK, 0 },
    { "features", VIT_OUTPUT_LAST_HIDDEN_STATE, 0 },
    { "attention 1", VIT_OUTPUT_ATTENTION, 1 },
    { "stage 1", VIT_OUTPUT_T2T_BLOCK, 1 },
};

enum { OUTPUTS = sizeof outputs / sizeof *outputs };

static const float *images(void)
{
    static float pixels[BATCH * LONGEST];
    fill_pattern(BATCH * LONGEST, pixels, PATTERN_NORMAL, 11);
    return pixels;
}

static struct vit_model *new_model(const struct variation *v, const char *isa)
{
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert(vit_model_create_random(&v->config, 3, &options, &model, &err) == VIT_OK, "%s: %s",
              v->name, err.message);
    return model;
}

static struct vit_context *new_context(const struct vit_model *model, size_t threads)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = threads };
    struct vit_context *ctx = NULL;

    cr_assert(vit_context_create(model, &options, &ctx, NULL) == VIT_OK);
    return ctx;
}

/* One output of the whole batch, `batch` images at a time; NULL: the model does not have it. */
static float *compute(const struct vit_model *model, const struct request *w, size_t threads,
                      size_t batch, size_t *count)
{
    size_t rows, columns;

    if (w->output == VIT_OUTPUT_T2T_BLOCK && model_config(model).tokenizer == VIT_TOKENIZER_PATCH)
        return NULL;
    vit_output_shape(model, w->output, w->block, &rows, &columns);
    *count = BATCH * rows * columns;
    float *const out = malloc(*count * sizeof *out);
    struct vit_context *const ctx = new_context(model, threads);
    for (size_t i = 0; i < BATCH; i += batch)
        cr_assert(forward_output(ctx, w->output, w->block, batch, images() + i * LONGEST,
                                 out + i * rows * columns, NULL) == VIT_OK);
    vit_context_free(ctx);
    return out;
}

static void compare_level(const struct variation *v, float *const expected[OUTPUTS],
                          const char *isa)
{
    struct vit_model *const model = new_model(v, isa);

    for (size_t o = 0; o < OUTPUTS; o++)
        for (size_t threads = 1; threads <= 5; threads += 2) {
            size_t count = 0;
            float *const found =
                compute(model, &outputs[o], threads, threads == 1 ? 1 : BATCH, &count);
            if (expected[o])
                expect_same_bits(count, expected[o], found, "%s, %s, %s, %zu threads", v->name,
                                 outputs[o].name, isa, threads);
            free(found);
        }
    vit_model_free(model);
}

/* Whether a variation has a value in a field. */
static bool is_varied(const char *field, int value)
{
    double found;

    for (size_t i = 0; i < VARIATIONS; i++)
        if (vit_config_get(&variations[i].config, field, &found, NULL) == VIT_OK &&
            found == (double)value)
            return true;
    return false;
}

Test(variations, have_every_flag_and_every_value_of_every_enum)
{
    struct vit_field field = { .size = sizeof field };

    for (size_t i = 0; vit_config_field_at(i, &field); i++) {
        /* test_reference.c has every activation */
        const bool checked = field.type == VIT_FIELD_BOOL || field.type == VIT_FIELD_ENUM;
        if (!checked || strcmp(field.name, "activation") == 0)
            continue;
        for (int value = 0; value <= (int)field.max; value++, count_checks(1)) {
            /* without logits: the golden case timm-pool-empty */
            if (strcmp(field.name, "pool") == 0 && value == VIT_POOL_NONE)
                continue;
            cr_assert(is_varied(field.name, value), "no variation with %s %d", field.name, value);
        }
    }
}

Test(variations, level_threads_and_batch_do_not_change_bits)
{
    const char *isa;
    int usable;

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const reference = new_model(&variations[v], "scalar");
        float *expected[OUTPUTS];
        size_t count = 0;
        for (size_t o = 0; o < OUTPUTS; o++)
            expected[o] = compute(reference, &outputs[o], 1, 1, &count);
        for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++)
            if (usable)
                compare_level(&variations[v], expected, isa);
        for (size_t o = 0; o < OUTPUTS; o++)
            free(expected[o]);
        vit_model_free(reference);
    }
}

Test(variations, each_changes_the_logits)
{
    static const struct variation plain = { "plain", { PLAIN } };
    struct vit_model *const model = new_model(&plain, NULL);
    size_t count;
    float *const expected = compute(model, &outputs[0], 1, 1, &count);

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const other = new_model(&variations[v], NULL);
        float *const found = compute(other, &outputs[0], 1, 1, &count);
        double distance = 0.0;
        for (size_t i = 0; i < count; i++) {
            cr_assert(isfinite(found[i]), "%s", variations[v].name);
            distance = fmax(distance, fabs((double)found[i] - (double)expected[i]));
        }
        cr_assert_gt(distance, 1e-4, "%s", variations[v].name);
        free(found);
        vit_model_free(other);
    }
    free(expected);
    vit_model_free(model);
    count_checks(VARIATIONS * (10 * BATCH + 1));
}

Test(variations, attention_sums_to_one)
{
    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const model = new_model(&variations[v], NULL);
        size_t count, rows, columns;
        float *const weights = compute(model, &outputs[5], 1, 1, &count);
        vit_output_shape(model, VIT_OUTPUT_ATTENTION, 1, &rows, &columns);
        for (size_t i = 0; i < BATCH * rows; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < columns; j++)
                sum += (double)weights[i * columns + j];
            /* each of at most 40 weights has an error of 2 ulp, the 1/sum one of 4 ulp */
            cr_assert_float_eq(sum, 1.0, 1e-6, "%s", variations[v].name);
        }
        count_checks(BATCH * rows);
        free(weights);
        vit_model_free(model);
    }
}

Test(variations, allocate_nothing_and_enter_no_openmp_region_on_one_thread)
{
    float out[BATCH * 100];

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const model = new_model(&variations[v], NULL);
        struct vit_context *const ctx = new_context(model, 1);
        const size_t allocations = watched_allocations(), regions = watched_regions();
        cr_assert_gt(allocations, 0);
        cr_assert(vit_forward(ctx, BATCH, images(), out, NULL) == VIT_OK);
        cr_assert_eq(watched_allocations(), allocations, "%s", variations[v].name);
        cr_assert_eq(watched_regions(), regions, "%s", variations[v].name);
        vit_context_free(ctx);
        vit_model_free(model);
        count_checks(2);
    }
}
