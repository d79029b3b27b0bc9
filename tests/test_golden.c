/* test_golden.c - the forward pass, layer by layer, against the reference implementations */
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "compare.h"
#include "config/pos_embed.h"
#include "config/tokenizer.h"
#include "counts.h"
#include "files/safetensors.h"
#include "model/model.h"
#include "model/projection.h"
#include "model_config.h"
#include "vit/inspect.h"

/* PyTorch's own float32 forward pass is within 1.4e-6 of max|expected| on these cases. */
#define TOLERANCE 5e-6

struct tensor {
    size_t count, batch;
    size_t height, width; /* of an input */
    float *data;
};

static struct tensor read_tensor(const struct safetensors *file, const char *name)
{
    const struct safetensors_entry *e = safetensors_find(file, name);
    struct tensor t = { 0 };

    if (!e)
        return t;
    t.count = e->elements;
    t.batch = e->shape[0];
    t.height = e->rank == 4 ? e->shape[2] : 0;
    t.width = e->rank == 4 ? e->shape[3] : 0;
    t.data = malloc(t.count * sizeof *t.data);
    cr_assert(t.data && safetensors_read_f32(file, e, 0, t.count, t.data, NULL) == VIT_OK);
    return t;
}

static void expect_close(const struct tensor *expected, const float *found, const char *what)
{
    double largest = 0.0;

    for (size_t i = 0; i < expected->count; i++)
        largest = fmax(largest, fabs((double)expected->data[i]));
    for (size_t i = 0; i < expected->count; i++) {
        const double distance = fabs((double)found[i] - (double)expected->data[i]);
        cr_assert(distance <= TOLERANCE * largest, "%s: element %zu is %g, expected %g", what, i,
                  (double)found[i], (double)expected->data[i]);
    }
    count_checks(expected->count);
}

/*
 * Computes an output and compares it with the tensor of that name, if the case has one: of all
 * images, or of the first ones.
 */
static void check_output(struct vit_context *ctx, const struct vit_model *model,
                         const struct safetensors *io, const struct tensor *input, const char *name,
                         enum vit_output output, size_t block)
{
    const struct tensor expected = read_tensor(io, name);
    struct vit_error err;
    size_t rows, columns;

    if (!expected.data)
        return;
    vit_output_shape(model, output, block, &rows, &columns);
    cr_assert(expected.batch <= input->batch, "%s", name);
    cr_assert_eq(expected.count, expected.batch * rows * columns, "%s", name);
    float *found = malloc(input->batch * rows * columns * sizeof *found);
    cr_assert(forward_output(ctx, output, block, input->batch, input->data, found, &err) == VIT_OK,
              "%s", err.message);
    /* SimpleViT adds positions in place: tokens of the case without blocks include them */
    if (output == VIT_OUTPUT_PATCH_EMBEDDING && !safetensors_find(io, "block.0") &&
        model_config(model).pos_embed == VIT_POS_EMBED_SINCOS_2D)
        for (size_t i = 0; i < expected.count; i++)
            found[i] += model->weights.positions.patches[i % (rows * columns)];
    expect_close(&expected, found, name);
    free(found);
    free(expected.data);
}

/* One file of inputs and outputs of a case, on one level. */
static void check_io_on(const char *folder, const char *file, bool blocks, const char *isa,
                        size_t threads)
{
    char path[256], name[32];
    struct vit_error err = { 0 };
    struct vit_model *model;
    struct vit_context *ctx;
    struct safetensors *io;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    cr_assert(safetensors_open(path, &io, &err) == VIT_OK, "%s", err.message);
    const struct tensor input = read_tensor(io, "input");
    const struct vit_model_options options = {
        .size = sizeof options, .isa = isa, .height = input.height, .width = input.width
    };
    cr_assert(vit_model_open(folder, &options, &model, &err) == VIT_OK, "%s", err.message);
    const struct vit_context_options context_options = { .size = sizeof context_options,
                                                         .max_batch = input.batch,
                                                         .threads = threads };
    cr_assert(vit_context_create(model, &context_options, &ctx, &err) == VIT_OK, "%s", err.message);

    cr_assert(!blocks || safetensors_find(io, "block.0"), "%s: expected block.0", path);
    check_output(ctx, model, io, &input, "tokens", VIT_OUTPUT_PATCH_EMBEDDING, 0);
    for (size_t i = 0; i < model_config(model).depth; i++) {
        snprintf(name, sizeof name, "block.%zu", i);
        check_output(ctx, model, io, &input, name, VIT_OUTPUT_BLOCK, i);
    }
    for (size_t i = 0; i < T2T_BLOCKS; i++) {
        snprintf(name, sizeof name, "transformer%zu", i + 1);
        check_output(ctx, model, io, &input, name, VIT_OUTPUT_T2T_BLOCK, i);
    }
    check_output(ctx, model, io, &input, "norm", VIT_OUTPUT_LAST_HIDDEN_STATE, 0);
    check_output(ctx, model, io, &input, "features", VIT_OUTPUT_LAST_HIDDEN_STATE, 0);
    check_output(ctx, model, io, &input, "last_hidden_state", VIT_OUTPUT_LAST_HIDDEN_STATE, 0);
    check_output(ctx, model, io, &input, "pre_logits", VIT_OUTPUT_EMBEDDING, 0);
    check_output(ctx, model, io, &input, "embedding", VIT_OUTPUT_EMBEDDING, 0);
    check_output(ctx, model, io, &input, "logits", VIT_OUTPUT_LOGITS, 0);

    free(input.data);
    safetensors_close(io);
    vit_context_free(ctx);
    vit_model_free(model);
}

/* Compares layer by layer, on every level of this machine, with one thread and with three. */
static void check_io(const char *folder, const char *file, bool blocks)
{
    const char *isa;
    int usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++)
        if (usable)
            for (size_t threads = 1; threads <= 3; threads += 2)
                check_io_on(folder, file, blocks, isa, threads);
}

#define CHECK(name, folder, blocks)                                                                \
    Test(golden, name)                                                                             \
    {                                                                                              \
        check_io("tests/golden/" folder, "io.safetensors", blocks);                                \
    }
#define CASE(name, folder) CHECK(name, folder, true)
/* The reference recorded no output of a block. */
#define CASE_WITHOUT_BLOCKS(name, folder) CHECK(name, folder, false)

/* The same, and at an image size that is not the checkpoint's. */
#define CASE_AND_SIZE(name, folder)                                                                \
    CASE(name, folder)                                                                             \
    Test(golden, name##_at_another_size)                                                           \
    {                                                                                              \
        check_io("tests/golden/" folder, "io-size.safetensors", true);                             \
    }

CASE(series_batch13, "series-batch13")
CASE(series_relu, "series-relu")
CASE(series_hardswish, "series-hardswish")
CASE(series_mish, "series-mish")
CASE(series_prelu, "series-prelu")
CASE(series_rmsnorm, "series-rmsnorm")
CASE(series_localresponsenorm, "series-localresponsenorm")
CASE_WITHOUT_BLOCKS(series_t2t, "series-t2t")
CASE_WITHOUT_BLOCKS(t2t_transformer, "t2t-transformer")
CASE_WITHOUT_BLOCKS(t2t_performer, "t2t-performer")
CASE_WITHOUT_BLOCKS(vit_pytorch, "vit-pytorch")
CASE_WITHOUT_BLOCKS(vit_pytorch_simple, "vit-pytorch-simple")
CASE(vit_pytorch_0_35_8_cls, "vit-pytorch-0.35.8-cls")
CASE(vit_pytorch_0_35_8_mean, "vit-pytorch-0.35.8-mean")
CASE(vit_pytorch_0_35_8_simple, "vit-pytorch-0.35.8-simple")
CASE(vit_pytorch_1_0_0_cls, "vit-pytorch-1.0.0-cls")
CASE(vit_pytorch_1_0_0_mean, "vit-pytorch-1.0.0-mean")
CASE(vit_pytorch_1_0_0_simple, "vit-pytorch-1.0.0-simple")
CASE(vit_pytorch_1_15_7_cls, "vit-pytorch-1.15.7-cls")
CASE(vit_pytorch_1_15_7_mean, "vit-pytorch-1.15.7-mean")
CASE(vit_pytorch_1_16_0_mean, "vit-pytorch-1.16.0-mean")
CASE(vit_pytorch_1_23_6_mean, "vit-pytorch-1.23.6-mean")
CASE(vit_pytorch_1_23_6_headless, "vit-pytorch-1.23.6-headless")
CASE(vit_pytorch_1_23_6_headless_mean, "vit-pytorch-1.23.6-headless-mean")
CASE(vit_pytorch_1_23_6_cls, "vit-pytorch-1.23.6-cls")
CASE(vit_pytorch_1_23_6_simple, "vit-pytorch-1.23.6-simple")
CASE(google_npz, "google-npz")
CASE_WITHOUT_BLOCKS(hf_vit, "hf-vit")
CASE(hf_deit, "hf-deit")
CASE(hf_dinov2, "hf-dinov2")
CASE_AND_SIZE(hf_dinov3, "hf-dinov3")
CASE(hf_dinov3_gated, "hf-dinov3-gated")
CASE_AND_SIZE(hf_beit_classifier, "hf-beit-classifier")
CASE(hf_beit_shared_bias, "hf-beit-shared-bias")
CASE(hf_clip, "hf-clip")
CASE(hf_siglip, "hf-siglip")
CASE(hf_clip_vision_projection, "hf-clip-vision-projection")
CASE_AND_SIZE(hf_deit_teacher, "hf-deit-teacher")
CASE_AND_SIZE(hf_dinov2_classifier, "hf-dinov2-classifier")
CASE_AND_SIZE(hf_dinov2_registers, "hf-dinov2-registers")
CASE(hf_dinov2_swiglu_model, "hf-dinov2-swiglu-model")
CASE_AND_SIZE(hf_siglip_vision, "hf-siglip-vision")
CASE_AND_SIZE(hf_vit_classifier, "hf-vit-classifier")
CASE(hf_vit_model_pooler, "hf-vit-model-pooler")
CASE_AND_SIZE(hf_vit_mae, "hf-vit-mae")
CASE(timm_vit, "timm-vit")
CASE(timm_head64, "timm-head64")
CASE(timm_nonsquare, "timm-nonsquare")
CASE(timm_avg_fcnorm, "timm-avg-fcnorm")
CASE(timm_clip_quickgelu, "timm-clip-quickgelu")
CASE(timm_deit_distilled, "timm-deit-distilled")
CASE(timm_giant_swiglu, "timm-giant-swiglu")
CASE(timm_qknorm_nobias, "timm-qknorm-nobias")
CASE(timm_reg4_ls, "timm-reg4-ls")
CASE(timm_siglip_map, "timm-siglip-map")
CASE(timm_avgmax, "timm-avgmax")
CASE(timm_cut_edges, "timm-cut-edges")
CASE_WITHOUT_BLOCKS(timm_depth0, "timm-depth0")
CASE(timm_gray, "timm-gray")
CASE(timm_pool_empty, "timm-pool-empty")
CASE(timm_proj_nobias, "timm-proj-nobias")
CASE(timm_swish, "timm-swish")
CASE(timm_dinov3, "timm-dinov3")
CASE(timm_dinov3_plus, "timm-dinov3-plus")
CASE(timm_dinov3_qkvb, "timm-dinov3-qkvb")
CASE(timm_dinov3_token, "timm-dinov3-token")
CASE(timm_rope_axial, "timm-rope-axial")
CASE(timm_rope_mixed, "timm-rope-mixed")
CASE(timm_rope_reg1_gap, "timm-rope-reg1-gap")
CASE(timm_eva_giant, "timm-eva-giant")
CASE(timm_eva02_base, "timm-eva02-base")
CASE(timm_eva02_clip, "timm-eva02-clip")
CASE(timm_eva02_tiny, "timm-eva02-tiny")
CASE(timm_pe_core, "timm-pe-core")
CASE(timm_beit, "timm-beit")

/*
 * The worked example of the article series. Its image is not in this repository
 * (tests/golden/README.md).
 */
Test(golden, series_mountain)
{
    const char *folder = "../shared/golden/series-mountain";
    const size_t tokens = 15 * 96, block = 16 * 96, numbers = tokens + 4 * block + 1;
    size_t runs = 0;
    struct stat s;
    int usable;

    if (stat(folder, &s) == 0) {
        check_io(folder, "io.safetensors", true);
        return;
    }
    for (size_t i = 0; vit_isa_level(i, &usable); i++)
        runs += usable ? 2 : 0;
    count_skipped("golden case series-mountain: its image is not in this repository",
                  numbers * runs);
}

Test(golden, patches_are_unfolded_channel_row_column)
{
    /* With an identity projection the tokens are the patches: P = 2, C = 2, dim = C·P·P. */
    struct vit_config c = { .size = sizeof c,
                            .channels = 2,
                            .height = 4,
                            .width = 6,
                            .patch = 2,
                            .dim = 8,
                            .depth = 1,
                            .heads = 1,
                            .mlp_dim = 8,
                            .classes = 1,
                            .eps = 1e-5f };
    const float top_left[] = { 0, 1, 6, 7, 24, 25, 30, 31 },
                last[] = { 16, 17, 22, 23, 40, 41, 46, 47 };
    float image[2 * 4 * 6], tokens[6 * 8], identity[8 * 8] = { 0 };
    struct vit_model *model;
    struct vit_context *ctx;

    for (size_t i = 0; i < 48; i++)
        image[i] = (float)i;
    for (size_t i = 0; i < 8; i++)
        identity[i * 9] = 1.0f;
    cr_assert(vit_model_create_random(&c, 1, NULL, &model, NULL) == VIT_OK);
    const struct projection *const projection = model->weights.tokenizer;
    vit_pack(&projection->linear.weight, 0, 8, identity, 8, 1);
    cr_assert(vit_context_create(model, NULL, &ctx, NULL) == VIT_OK);
    cr_assert(forward_output(ctx, VIT_OUTPUT_PATCH_EMBEDDING, 0, 1, image, tokens, NULL) == VIT_OK);
    expect_same_bits(8, top_left, tokens, "first patch");
    expect_same_bits(8, last, tokens + 5 * 8, "last patch");
    vit_context_free(ctx);
    vit_model_free(model);
}

/* Tables named TOKENSxLENGTH; the last bits differ with the C library's sine. */
Test(golden, sinusoid_positions)
{
    struct safetensors *file;
    cr_assert(safetensors_open("tests/golden/sinusoid.safetensors", &file, NULL) == VIT_OK);
    cr_assert(file->count > 0);

    for (size_t i = 0; i < file->count; i++) {
        size_t tokens, dim;
        cr_assert_eq(sscanf(file->entries[i].name, "%zux%zu", &tokens, &dim), 2);
        const struct tensor expected = read_tensor(file, file->entries[i].name);
        cr_assert_eq(expected.count, tokens * dim);
        float *table = malloc(tokens * dim * sizeof *table);
        sinusoid_positions(tokens, dim, table);
        expect_close(&expected, table, file->entries[i].name);
        free(table);
        free(expected.data);
    }
    safetensors_close(file);
}
