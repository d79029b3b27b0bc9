/* test_precision_error.c - how far int8 and float16 are from float32, with outlier channels too */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare.h"
#include "counts.h"
#include "golden_models.h"
#include "last_output.h"
#include "model/init_weights.h"
#include "model/model.h"
#include "model_config.h"
#include "vit/inspect.h"

enum { DIM = 384, CLASSES = 1000, SIDE = 96, IMAGES = 2 };

/* ViT-S, with 37 tokens. */
static const struct vit_config small = { .size = sizeof small,
                                         .channels = 3,
                                         .height = SIDE,
                                         .width = SIDE,
                                         .patch = 16,
                                         .dim = DIM,
                                         .depth = 12,
                                         .heads = 6,
                                         .mlp_dim = 4 * DIM,
                                         .classes = CLASSES,
                                         .eps = 1e-6f,
                                         .activation = VIT_ACTIVATION_GELU };

/*
 * A random model whose norms multiply each channel by a gain, and whose next weights are divided by
 * it: the function is the same, but for rounding, and the inputs of qkv and fc1 have outliers, as
 * those of trained models have.
 */
struct stressed {
    struct random_weights weights;
    float gain[DIM];
};

static enum vit_status read_stressed(void *from, enum tensor_slot slot, size_t index, size_t first,
                                     size_t count, float *out, struct vit_error *err)
{
    const struct stressed *const s = from;
    const enum vit_status status =
        random_weights_read((void *)&s->weights, slot, index, first, count, out, err);

    for (size_t i = 0; i < count; i++) {
        if (slot == SLOT_NORM1_WEIGHT || slot == SLOT_NORM2_WEIGHT)
            out[i] *= s->gain[first + i];
        if (slot == SLOT_QKV_WEIGHT || slot == SLOT_FC1_WEIGHT)
            out[i] /= s->gain[(first + i) % DIM];
    }
    return status;
}

/* Gains of a lognormal distribution, and of every hundredth channel an outlier. */
static void draw_gains(float sigma, float outlier, float gain[DIM])
{
    static float uniform[DIM][12]; /* within ±4: the sum of twelve, over 8, is about normal */

    fill_pattern(12 * DIM, uniform[0], PATTERN_NORMAL, 17);
    for (size_t i = 0; i < DIM; i++) {
        float normal = 0.0f;
        for (size_t j = 0; j < 12; j++)
            normal += uniform[i][j] / 8.0f;
        gain[i] = i % 100 == 50 ? outlier : expf(sigma * normal);
    }
}

static struct vit_model *new_model(struct stressed *stressed, enum vit_precision precision)
{
    const struct weight_source source = {
        .from = stressed, .read = read_stressed, .has_positions = true, .stored = &small
    };
    const struct vit_model_options options = { .size = sizeof options, .precision = precision };
    struct vit_model *const model = calloc(1, sizeof *model);

    cr_assert_not_null(model);
    atomic_init(&model->references, 1);
    model->config = small;
    cr_assert_eq(vit_kernels_get(NULL, &model->kernels, NULL), VIT_OK);
    cr_assert_eq(weights_load(&small, model->kernels, &options, &source, &model->weights, NULL),
                 VIT_OK);
    return model;
}

/* Smooth, as photographs are. */
static void draw_image(size_t image, float pixels[3][SIDE][SIDE])
{
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++) {
                const float wide = sinf(0.07f * (float)(x * (1 + image)) + (float)c);
                const float oblique = cosf(0.05f * (float)y + 0.03f * (float)(x * image));
                const float fine = sinf(0.31f * (float)x + 0.23f * (float)y);
                pixels[c][y][x] = wide + oblique + 0.3f * fine;
            }
}

static void compute(struct stressed *stressed, enum vit_precision precision, float *logits)
{
    static float images[IMAGES][3][SIDE][SIDE];
    const struct vit_context_options options = { .size = sizeof options, .max_batch = IMAGES };
    struct vit_model *const model = new_model(stressed, precision);
    struct vit_context *context;

    for (size_t i = 0; i < IMAGES; i++)
        draw_image(i, images[i]);
    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    cr_assert_eq(vit_forward(context, IMAGES, images[0][0][0], logits, NULL), VIT_OK);
    vit_context_free(context);
    vit_model_free(model);
}

/* The rms of the difference, relative to that of what is expected. */
static double relative_error(size_t n, const float *expected, const float *found)
{
    double error = 0, whole = 0;

    for (size_t i = 0; i < n; i++) {
        const double difference = (double)found[i] - (double)expected[i];
        error += difference * difference;
        whole += (double)expected[i] * (double)expected[i];
    }
    return sqrt(error / whole);
}

/*
 * The errors grow with the outliers: within a group they take digits from its other numbers. The
 * limits are 1.5 times what was measured, but a quarter for the largest outliers.
 */
Test(precision_error, outlier_channels_stay_a_small_part_of_the_logits)
{
    enum { N = IMAGES * CLASSES };
    static const struct {
        float sigma, outlier;
        double limit[3]; /* by precision */
    } cases[] = {
        { 0.0f, 1.0f, { 0, 0.001, 0.048 } },
        { 0.5f, 10.0f, { 0, 0.001, 0.1 } },
        { 0.7f, 30.0f, { 0, 0.001, 0.25 } },
    };
    static float unchanged[N], expected[N], found[N];
    static struct stressed stressed = { .weights = { 1 } };

    draw_gains(0.0f, 1.0f, stressed.gain);
    compute(&stressed, VIT_PRECISION_FLOAT32, unchanged);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        draw_gains(cases[i].sigma, cases[i].outlier, stressed.gain);
        compute(&stressed, VIT_PRECISION_FLOAT32, expected);
        cr_assert_leq(relative_error(N, unchanged, expected), 1e-5);
        for (int p = VIT_PRECISION_FLOAT16; p <= VIT_PRECISION_INT8; p++) {
            compute(&stressed, (enum vit_precision)p, found);
            const double error = relative_error(N, expected, found);
            cr_assert(0 < error && error <= cases[i].limit[p], "outliers of %g: %s: %g",
                      (double)cases[i].outlier, vit_value_name("precision", p), error);
        }
        count_checks(3);
    }
}

/* Of two images of noise: the measured error of int8 on each golden model. */
static const struct {
    const char *name;
    double error;
} golden[] = {
    { "google-npz", 0.02 },
    { "hf-beit-classifier", 0.00949 },
    { "hf-beit-shared-bias", 0.0103 },
    { "hf-clip-vision-projection", 0.0262 },
    { "hf-clip", 0.0115 },
    { "hf-deit-teacher", 0.0344 },
    { "hf-deit", 0.00614 },
    { "hf-dinov2-classifier", 0.0277 },
    { "hf-dinov2-registers", 0.0215 },
    { "hf-dinov2-swiglu-model", 0.0384 },
    { "hf-dinov2", 0.00957 },
    { "hf-dinov3-gated", 0.0316 },
    { "hf-dinov3", 0.016 },
    { "hf-siglip-vision", 0.0122 },
    { "hf-siglip", 0.011 },
    { "hf-vit-classifier", 0.0155 },
    { "hf-vit-mae", 0.0156 },
    { "hf-vit-model-pooler", 0.0219 },
    { "hf-vit", 0.0417 },
    { "series-batch13", 0.0367 },
    { "series-hardswish", 0.0109 },
    { "series-mish", 0.0183 },
    { "series-localresponsenorm", 0.0287 },
    { "series-prelu", 0.021 },
    { "series-relu", 0.0245 },
    { "series-rmsnorm", 0.0377 },
    { "series-t2t", 0.0187 },
    { "t2t-performer", 0.0174 },
    { "t2t-transformer", 0.0192 },
    { "text-clip-pair", 0.014 },
    { "text-siglip-pair", 0.00865 },
    { "timm-avg-fcnorm", 0.0119 },
    { "timm-avgmax", 0.00775 },
    { "timm-beit", 0.0108 },
    { "timm-clip-quickgelu", 0.0293 },
    { "timm-cut-edges", 0.0192 },
    { "timm-deit-distilled", 0.0513 },
    { "timm-depth0", 0 },
    { "timm-dinov3-plus", 0.0137 },
    { "timm-dinov3-qkvb", 0.0066 },
    { "timm-dinov3-token", 0.0311 },
    { "timm-dinov3", 0.00945 },
    { "timm-eva-giant", 0.0271 },
    { "timm-eva02-base", 0.0164 },
    { "timm-eva02-clip", 0.0568 },
    { "timm-eva02-tiny", 0.0113 },
    { "timm-giant-swiglu", 0.0443 },
    { "timm-gray", 0.0284 },
    { "timm-head64", 0.022 },
    { "timm-nonsquare", 0.0205 },
    { "timm-pe-core", 0.0183 },
    { "timm-pool-empty", 0.0128 },
    { "timm-proj-nobias", 0.024 },
    { "timm-qknorm-nobias", 0.0144 },
    { "timm-reg4-ls", 0.0284 },
    { "timm-rope-axial", 0.0304 },
    { "timm-rope-mixed", 0.0123 },
    { "timm-rope-reg1-gap", 0.0163 },
    { "timm-siglip-map", 0.0397 },
    { "timm-swish", 0.0263 },
    { "timm-vit", 0.02 },
    { "vit-pytorch-0.35.8-cls", 0.0201 },
    { "vit-pytorch-0.35.8-mean", 0.00793 },
    { "vit-pytorch-0.35.8-simple", 0.0156 },
    { "vit-pytorch-1.0.0-cls", 0.0555 },
    { "vit-pytorch-1.0.0-mean", 0.014 },
    { "vit-pytorch-1.0.0-simple", 0.0335 },
    { "vit-pytorch-1.15.7-cls", 0.0118 },
    { "vit-pytorch-1.15.7-mean", 0.0122 },
    { "vit-pytorch-1.16.0-mean", 0.0162 },
    { "vit-pytorch-1.23.6-cls", 0.0149 },
    { "vit-pytorch-1.23.6-headless-mean", 0.02 },
    { "vit-pytorch-1.23.6-headless", 0.0233 },
    { "vit-pytorch-1.23.6-mean", 0.00832 },
    { "vit-pytorch-1.23.6-simple", 0.0119 },
    { "vit-pytorch-simple", 0.0169 },
    { "vit-pytorch", 0.0203 },
};

static float *compute_golden(const char *name, enum vit_precision precision, size_t *count)
{
    const struct vit_model_options options = { .size = sizeof options, .precision = precision };
    struct vit_model *model;
    char path[128];

    snprintf(path, sizeof path, "tests/golden/%s", name);
    cr_assert_eq(vit_model_open(path, &options, &model, NULL), VIT_OK, "%s", path);
    float *const out = last_output(model, count);
    vit_model_free(model);
    return out;
}

/* Results do not depend on the machine: a larger error means another numeric contract. */
Test(precision_error, golden_models_stay_near_their_recorded_error)
{
    glob_t found = golden_models();

    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        size_t count;
        float *const expected = compute_golden(golden[i].name, VIT_PRECISION_FLOAT32, &count);
        float *const lower = compute_golden(golden[i].name, VIT_PRECISION_INT8, &count);
        const double error = relative_error(count, expected, lower);
        cr_assert(error <= 1.5 * golden[i].error, "%s: expected %g, found %g", golden[i].name,
                  golden[i].error, error);
        free(expected);
        free(lower);
        count_checks(1);
    }
    cr_assert_eq(found.gl_pathc, sizeof golden / sizeof *golden, "a golden model has no row");
    globfree(&found);
}
