/*
 * test_reference.c - the forward pass against double precision, for configurations without a golden
 * case
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "config/derived.h"
#include "config/pos_embed.h"
#include "counts.h"
#include "model/init_weights.h"
#include "model/model.h"

/*
 * The same equations as loops over doubles, with weights read directly from their source: it shares
 * no blocking, no packing and no kernel with the library.
 */
struct reference {
    const struct vit_config *c;
    struct random_weights weights;
    float gamma1, gamma2; /* layer scale, one number each, written into the model */
};

static double *read_weights(const struct reference *r, enum tensor_slot slot, size_t block,
                            size_t count)
{
    float *f = malloc(count * sizeof *f);
    double *d = malloc(count * sizeof *d);

    random_weights_read((void *)&r->weights, slot, block, 0, count, f, NULL);
    for (size_t i = 0; i < count; i++)
        d[i] = (double)f[i];
    free(f);
    return d;
}

/* y[rows][out] = x Wᵀ; the biases of a random model are 0 */
static void times_weight(const struct reference *r, enum tensor_slot slot, size_t block,
                         size_t rows, size_t in, size_t out, const double *x, double *y)
{
    double *w = read_weights(r, slot, block, in * out);

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < out; j++) {
            y[i * out + j] = 0.0;
            for (size_t k = 0; k < in; k++)
                y[i * out + j] += x[i * in + k] * w[j * in + k];
        }
    free(w);
}

static void layernorm_row(const struct vit_config *c, const double *row, double *y)
{
    double mean = 0.0, square = 0.0;

    for (size_t j = 0; j < c->dim && !c->no_norm_mean; j++)
        mean += row[j] / (double)c->dim;
    for (size_t j = 0; j < c->dim; j++)
        square += (row[j] - mean) * (row[j] - mean) / (double)c->dim;
    for (size_t j = 0; j < c->dim; j++)
        y[j] = (row[j] - mean) / sqrt(square + (double)c->eps);
}

/* Row i of all of them, as torch.nn.LocalResponseNorm pads and averages. */
static void local_response_row(const struct vit_config *c, size_t rows, const double *x, size_t i,
                               double *y)
{
    const long size = (long)(c->norm_size ? c->norm_size : c->dim);
    const double alpha = (double)c->norm_args[0], beta = (double)c->norm_args[1];

    for (size_t j = 0; j < c->dim; j++) {
        double mean = 0.0;
        for (long m = (long)i - size / 2; m < (long)i - size / 2 + size; m++)
            if (m >= 0 && m < (long)rows)
                mean += x[(size_t)m * c->dim + j] * x[(size_t)m * c->dim + j] / (double)size;
        y[j] = x[i * c->dim + j] / pow((double)c->norm_args[2] + alpha * mean, beta);
    }
}

/* y is not x. */
static void norm_rows(const struct vit_config *c, size_t rows, const double *x, double *y)
{
    for (size_t i = 0; i < rows; i++)
        if (c->norm == VIT_NORM_LOCAL_RESPONSE)
            local_response_row(c, rows, x, i, y + i * c->dim);
        else
            layernorm_row(c, x + i * c->dim, y + i * c->dim);
}

static double softplus(double x)
{
    return log1p(exp(x));
}

static double activation_of(const struct vit_config *c, double x)
{
    const double a = (double)c->activation_args[0], b = (double)c->activation_args[1];
    const double u = sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x);
    const bool above = fabs(x) > a;

    switch (c->activation) {
    case VIT_ACTIVATION_IDENTITY:
        return x;
    case VIT_ACTIVATION_GELU:
        return 0.5 * x * (1.0 + erf(x / sqrt(2.0)));
    case VIT_ACTIVATION_GELU_TANH:
        return 0.5 * x * (1.0 + tanh(u));
    case VIT_ACTIVATION_GELU_QUICK:
        return x / (1.0 + exp(-1.702 * x));
    case VIT_ACTIVATION_RELU:
        return x > 0.0 ? x : 0.0;
    case VIT_ACTIVATION_SILU:
        return x / (1.0 + exp(-x));
    case VIT_ACTIVATION_EXP:
        return exp(x);
    case VIT_ACTIVATION_TANH:
        return tanh(x);
    case VIT_ACTIVATION_LEAKY_RELU:
        return x > 0.0 ? x : a * x;
    case VIT_ACTIVATION_THRESHOLD:
        return x > a ? x : b;
    case VIT_ACTIVATION_PRELU: /* as a new model begins */
        return x > 0.0 ? x : 0.25 * x;
    case VIT_ACTIVATION_ELU:
        return x > 0.0 ? x : a * (exp(x) - 1.0);
    case VIT_ACTIVATION_CELU:
        return x > 0.0 ? x : a * (exp(x / a) - 1.0);
    case VIT_ACTIVATION_SELU:
        return 1.0507009873554805 * (x > 0.0 ? x : 1.6732632423543772 * (exp(x) - 1.0));
    case VIT_ACTIVATION_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    case VIT_ACTIVATION_LOG_SIGMOID:
        return -softplus(-x);
    case VIT_ACTIVATION_SOFTPLUS:
        return a * x > b ? x : softplus(a * x) / a;
    case VIT_ACTIVATION_MISH:
        return x * tanh(softplus(x));
    case VIT_ACTIVATION_SOFTSIGN:
        return x / (1.0 + fabs(x));
    case VIT_ACTIVATION_TANHSHRINK:
        return x - tanh(x);
    case VIT_ACTIVATION_HARDTANH:
        return fmin(fmax(x, a), b);
    case VIT_ACTIVATION_HARDSIGMOID:
        return fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    case VIT_ACTIVATION_HARDSWISH:
        return x * fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    case VIT_ACTIVATION_HARDSHRINK:
        return above ? x : 0.0;
    case VIT_ACTIVATION_SOFTSHRINK:
        return above ? x - copysign(a, x) : 0.0;
    }
    return NAN;
}

static void mix_heads(const struct vit_config *c, const double *qkv, double *out)
{
    const size_t tokens = config_tokens(c), d = c->dim / c->heads, ld = 3 * c->dim;
    const double scale = c->qk_scale != 0.0f ? (double)c->qk_scale : 1.0 / sqrt((double)d);
    double *p = malloc(tokens * sizeof *p);

    memset(out, 0, tokens * c->dim * sizeof *out);
    for (size_t h = 0; h < c->heads; h++)
        for (size_t i = 0; i < tokens; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < tokens; j++) {
                double dot = 0.0;
                for (size_t k = 0; k < d; k++)
                    dot += qkv[i * ld + h * d + k] * qkv[j * ld + c->dim + h * d + k];
                sum += p[j] = exp(dot * scale);
            }
            for (size_t j = 0; j < tokens; j++)
                for (size_t k = 0; k < d; k++)
                    out[i * c->dim + h * d + k] +=
                        p[j] / sum * qkv[j * ld + 2 * c->dim + h * d + k];
        }
    free(p);
}

static void reference_block(const struct reference *r, size_t b, double *x)
{
    const struct vit_config *c = r->c;
    const size_t tokens = config_tokens(c), dim = c->dim;
    double *h = malloc(tokens * dim * sizeof *h), *qkv = malloc(3 * tokens * dim * sizeof *qkv);
    double *branch = malloc(tokens * dim * sizeof *branch),
           *mlp = malloc(tokens * c->mlp_dim * sizeof *mlp);

    norm_rows(c, tokens, x, h);
    times_weight(r, SLOT_QKV_WEIGHT, b, tokens, dim, 3 * dim, h, qkv);
    mix_heads(c, qkv, h);
    if (c->no_proj)
        memcpy(branch, h, tokens * dim * sizeof *branch);
    else
        times_weight(r, SLOT_PROJ_WEIGHT, b, tokens, dim, dim, h, branch);
    for (size_t i = 0; i < tokens; i++)
        for (size_t j = 0; j < dim; j++) {
            const double value = c->value_residual ? qkv[i * 3 * dim + 2 * dim + j] : 0.0;
            x[i * dim + j] += branch[i * dim + j] * (double)r->gamma1 + value;
        }
    norm_rows(c, tokens, x, h);
    times_weight(r, SLOT_FC1_WEIGHT, b, tokens, dim, c->mlp_dim, h, mlp);
    for (size_t i = 0; i < tokens * c->mlp_dim; i++)
        mlp[i] = activation_of(c, mlp[i]);
    times_weight(r, SLOT_FC2_WEIGHT, b, tokens, c->mlp_dim, dim, mlp, branch);
    for (size_t i = 0; i < tokens * dim; i++)
        x[i] += branch[i] * (double)r->gamma2;
    free(h);
    free(qkv);
    free(branch);
    free(mlp);
}

/* x[tokens][dim] before the first block, from one image */
static void reference_tokens(const struct reference *r, const float *image, double *x)
{
    const struct vit_config *c = r->c;
    const size_t across = c->width / c->patch, in = c->channels * c->patch * c->patch;
    double *patches = malloc(config_patches(c) * in * sizeof *patches);
    double *cls = read_weights(r, SLOT_CLS_TOKEN, 0, c->dim), *positions = NULL;
    float *table = malloc(config_tokens(c) * c->dim * sizeof *table);

    for (size_t p = 0; p < config_patches(c); p++)
        for (size_t i = 0; i < in; i++) {
            const size_t channel = i / (c->patch * c->patch), row = i / c->patch % c->patch;
            const size_t y = p / across * c->patch + row,
                         column = p % across * c->patch + i % c->patch;
            patches[p * in + i] = (double)image[(channel * c->height + y) * c->width + column];
        }
    times_weight(r, SLOT_PATCH_WEIGHT, 0, config_patches(c), in, c->dim, patches, x + c->dim);
    memcpy(x, cls, c->dim * sizeof *x);
    sinusoid_positions(config_tokens(c), c->dim, table);
    if (c->pos_embed == VIT_POS_EMBED_LEARNED)
        positions = read_weights(r, SLOT_POSITIONS, 0, config_tokens(c) * c->dim);
    for (size_t i = 0; i < config_tokens(c) * c->dim; i++)
        x[i] += positions ? positions[i] : (double)table[i];
    free(patches);
    free(cls);
    free(positions);
    free(table);
}

static void check_config(const struct vit_config *config)
{
    struct reference r = { config, { 42 }, 1.0f, 1.0f };
    const size_t tokens = config_tokens(config), dim = config->dim;
    const size_t pixels = config->channels * config->height * config->width;
    float *image = malloc(pixels * sizeof *image),
          *logits = malloc(config->classes * sizeof *logits);
    double *x = malloc(tokens * dim * sizeof *x), *normed = malloc(tokens * dim * sizeof *normed),
           *expected = malloc(config->classes * sizeof *expected);
    struct vit_model *model;
    struct vit_context *ctx;
    double largest = 0.0;

    fill_pattern(pixels, image, PATTERN_NORMAL, 3);
    cr_assert(vit_model_create_random(config, 42, NULL, &model, NULL) == VIT_OK);
    for (size_t b = 0; config->layer_scale && b < config->depth; b++)
        for (size_t j = 0; j < dim; j++) { /* the random model's 1e-5 is below the tolerance */
            model->weights.blocks[b].gamma1[j] = r.gamma1 = 1.75f;
            model->weights.blocks[b].gamma2[j] = r.gamma2 = -0.6f;
        }
    cr_assert(vit_context_create(model, NULL, &ctx, NULL) == VIT_OK);
    cr_assert(vit_forward(ctx, 1, image, logits, NULL) == VIT_OK);

    reference_tokens(&r, image, x);
    for (size_t b = 0; b < config->depth; b++)
        reference_block(&r, b, x);
    norm_rows(config, tokens, x, normed);
    times_weight(&r, SLOT_HEAD_WEIGHT, 0, 1, dim, config->classes, normed, expected);
    for (size_t i = 0; i < config->classes; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < config->classes; i++) /* the tolerance of the golden cases */
        cr_assert(fabs((double)logits[i] - expected[i]) <= 5e-6 * largest,
                  "logit %zu is %g, expected %g", i, (double)logits[i], expected[i]);
    count_checks(config->classes);

    vit_context_free(ctx);
    vit_model_free(model);
    free(image);
    free(logits);
    free(x);
    free(normed);
    free(expected);
}

static const struct vit_config base = { .size = sizeof base,
                                        .channels = 2,
                                        .height = 12,
                                        .width = 20,
                                        .patch = 4,
                                        .dim = 36,
                                        .depth = 3,
                                        .heads = 3,
                                        .mlp_dim = 50,
                                        .classes = 17,
                                        .eps = 1e-6f,
                                        .activation = VIT_ACTIVATION_GELU };

Test(reference, every_activation)
{
    static const float args[VIT_ACTIVATIONS][2] = {
        [VIT_ACTIVATION_LEAKY_RELU] = { 0.1f },
        [VIT_ACTIVATION_THRESHOLD] = { 0.1f, -0.3f },
        [VIT_ACTIVATION_ELU] = { 1.3f },
        [VIT_ACTIVATION_CELU] = { 0.7f },
        [VIT_ACTIVATION_SOFTPLUS] = { 2.0f, 0.1f },
        [VIT_ACTIVATION_HARDTANH] = { -0.1f, 0.2f },
        [VIT_ACTIVATION_HARDSHRINK] = { 0.05f },
        [VIT_ACTIVATION_SOFTSHRINK] = { 0.05f },
    };

    for (enum vit_activation f = 0; f < VIT_ACTIVATIONS; f++) {
        struct vit_config c = base;
        c.activation = f;
        memcpy(c.activation_args, args[f], sizeof args[f]);
        check_config(&c);
    }
}

Test(reference, rmsnorm)
{
    struct vit_config c = base;
    c.no_norm_mean = c.no_norm_bias = true;
    check_config(&c);
}

Test(reference, norms_without_weights)
{
    struct vit_config c = base;
    c.no_norm_weight = c.no_norm_bias = true;
    check_config(&c);
    c.no_norm_bias = false;
    check_config(&c);
}

/* Windows of an even and an odd number of tokens, of one, and of more than there are. */
Test(reference, local_response_normalization)
{
    static const size_t sizes[] = { 4, 5, 1, 0 };
    static const float betas[] = { 0.75f, 0.5f, 2.25f, 0.25f };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vit_config c = base;
        c.norm = VIT_NORM_LOCAL_RESPONSE;
        c.norm_size = sizes[i];
        c.norm_args[0] = 50.0f; /* the numbers of a random model are small */
        c.norm_args[1] = betas[i];
        c.norm_args[2] = 1.5f;
        check_config(&c);
    }
}

Test(reference, layer_scale)
{
    struct vit_config c = base;
    c.layer_scale = true;
    check_config(&c);
}

Test(reference, value_residual_qk_scale_and_sinusoid)
{
    struct vit_config c = base;
    c.value_residual = true;
    c.qk_scale = -0.7f;
    c.pos_embed = VIT_POS_EMBED_SINUSOID;
    c.no_qkv_bias = true;
    check_config(&c);
}

Test(reference, no_output_projection)
{
    struct vit_config c = base;
    c.no_proj = true;
    check_config(&c);
}

Test(reference, patches_wider_than_anything_else)
{
    struct vit_config c = base;
    c.height = c.width = 32;
    c.patch = 16;
    c.dim = 4;
    c.heads = 2;
    c.mlp_dim = 7;
    check_config(&c);
}

Test(reference, one_patch_one_head_one_class)
{
    struct vit_config c = base;
    c.height = c.width = 4;
    c.heads = c.classes = c.depth = 1;
    c.channels = 5;
    check_config(&c);
}
