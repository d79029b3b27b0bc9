/* fuzz_forward.c - libFuzzer target: any struct vit_config gives an error, or a random model that
 * computes every output, with the bits of scalar, in arrays of exactly their size */
#include <stdbool.h>
#include <stdio.h>

#include "config/check.h"
#include "config/fields.h"
#include "drawn.h"
#include "vit/inspect.h"

/* --- a configuration: every field is anything, or a value that it may have */

static float draw_float(const struct config_field *f)
{
    static const float usual[] = { 0.0f, 1e-6f, 1e-12f, 0.125f, 1.0f, 1e-30f, 1e30f, -0.5f };
    const float value = usual[draw(sizeof usual / sizeof *usual)];

    return config_field_allows(f, (double)value) ? value : (float)f->min;
}

/* Flags, enums and optional sizes are 0 more often than not. */
static double draw_value(const struct config_field *f)
{
    switch (f->type) {
    case VIT_FIELD_FLOAT:
        return (double)draw_float(f);
    case VIT_FIELD_SIZE:
        return f->min == 0 && draw(2) ? 0.0 : (double)draw(24);
    default:
        return draw(3) ? 0.0 : (double)draw((size_t)f->max + 1);
    }
}

/* Every 64th element is any bytes. */
static void draw_config(struct vit_config *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < config_fields.count; i++) {
        const struct config_field *const f = &config_fields.at[i];
        const size_t bytes = config_field_bytes(f) / f->count;
        for (size_t j = 0; j < f->count; j++)
            if (draw(64) == 63)
                take((char *)c + f->offset + j * bytes, bytes);
            else
                config_field_set(f, c, j, draw_value(f));
    }
    if (draw(64) == 63)
        take(c->reserved, sizeof c->reserved);
    c->size = draw(32) == 31 ? draw(2 * sizeof *c) : sizeof *c;
}

/* The struct of a caller whose header has that size: what follows ours is 0, or not. */
static struct vit_config *as_caller(const struct vit_config *c)
{
    const size_t bytes = c->size > sizeof c->size ? c->size : sizeof c->size;
    char *const caller = allocate(bytes);

    memset(caller, 0, bytes);
    memcpy(caller, c, bytes < sizeof *c ? bytes : sizeof *c);
    if (bytes > sizeof *c && draw(2))
        caller[bytes - 1] = 1;
    return (struct vit_config *)(void *)caller;
}

static size_t at_most(size_t value, size_t max)
{
    return value <= max ? value : value % (max + 1);
}

/* Small sizes, so that a pass takes milliseconds. */
static void clamp(struct vit_config *c)
{
    c->channels = at_most(c->channels, 4);
    c->height = at_most(c->height, 12);
    c->width = at_most(c->width, 12);
    c->dim = at_most(c->dim, 24);
    c->depth = at_most(c->depth, 2);
    c->heads = at_most(c->heads, 6);
    c->head_dim = at_most(c->head_dim, 12);
    c->mlp_dim = at_most(c->mlp_dim, 30);
    c->classes = at_most(c->classes, 12);
    c->registers = at_most(c->registers, 4);
    c->pre_logits = at_most(c->pre_logits, 12);
    c->t2t_dim = at_most(c->t2t_dim, 12);
    c->t2t_heads = at_most(c->t2t_heads, 3);
    c->t2t_mlp_dim = at_most(c->t2t_mlp_dim, 12);
    for (size_t i = 0; i < 3; i++)
        c->t2t_kernels[i] = at_most(c->t2t_kernels[i], 8);
}

/* Makes fields fit each other, which few draws do by themselves. */
static void fit(struct vit_config *c)
{
    const size_t heads = c->heads ? c->heads : 1;
    const bool crop = *(const unsigned char *)&c->crop_to_patches == 1; /* it may be any byte */

    if (c->tokenizer == VIT_TOKENIZER_PATCH) {
        c->patch = 1 + c->patch % 6;
        c->height = c->patch * (1 + c->height % 4) + (crop ? c->patch / 2 : 0);
        c->width = c->patch * (1 + c->width % 5);
    } else {
        c->patch = 1;
        for (size_t i = 0; i < 3; i++) {
            c->t2t_kernels[i] += !c->t2t_kernels[i];
            c->patch *= (c->t2t_kernels[i] + 1) / 2;
        }
        c->t2t_dim += c->t2t_dim % 2 ? 1 : c->t2t_dim ? 0 : 2;
        c->t2t_heads = 1;
        c->t2t_mlp_dim += !c->t2t_mlp_dim;
    }
    c->channels += !c->channels;
    c->mlp_dim += !c->mlp_dim;
    c->heads = heads;
    c->dim = (c->dim + heads) / heads * heads;
    memset(c->activation_args, 0, sizeof c->activation_args);
}

/* --- a model of it, and one pass */

static void demand_error(enum vit_status status, const struct vit_error *err)
{
    demand(err->status == status && err->message[0] != '\0');
    demand(status == VIT_EINVAL || status == VIT_EUNSUPPORTED);
}

static struct vit_model *new_model(const struct vit_config *c, const char *isa,
                                   enum vit_precision precision)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .isa = isa,
                                               .precision = precision };
    struct vit_error err = { .status = VIT_OK };
    struct vit_model *model = NULL;
    const enum vit_status status = vit_model_create_random(c, 1, &options, &model, &err);

    if (status != VIT_OK) {
        demand_error(status, &err);
        demand(!model);
    }
    return model;
}

enum { MAX_REQUESTS = 16 };
struct outputs {
    size_t count, floats[MAX_REQUESTS];
    struct vit_output_request requests[MAX_REQUESTS];
};

/* Every output of every block that the model has. */
static void request_all(const struct vit_model *model, size_t batch, struct outputs *out)
{
    struct vit_output_info info = { .size = sizeof info };
    size_t rows, columns;

    for (size_t i = 0; vit_output_at(i, &info); i++)
        for (size_t block = 0; block == 0 || info.per_block; block++) {
            vit_output_shape(model, (enum vit_output)i, block, &rows, &columns);
            if (rows * columns == 0)
                break;
            demand(out->count < MAX_REQUESTS);
            out->floats[out->count] = batch * rows * columns;
            out->requests[out->count++] = (struct vit_output_request){
                .size = sizeof(struct vit_output_request),
                .output = (enum vit_output)i,
                .block = block,
                .data = allocate(batch * rows * columns * sizeof(float)),
            };
        }
}

/* A request that the model may not have is refused. */
static void request_any(struct vit_context *context, const float *images)
{
    float nowhere;
    struct vit_error err = { .status = VIT_OK };
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = (enum vit_output)draw(9),
                                                .block = 100 + draw(9),
                                                .data = &nowhere };
    const struct vit_call call = {
        .size = sizeof call, .batch = 1, .images = images, .outputs = &request, .output_count = 1
    };

    demand_error(vit_forward_call(context, &call, &err), &err);
}

/* A batch of images: floats, or pixels if they are not NULL. */
struct images {
    const float *floats;
    const struct vit_image *pixels;
};

static void compute(const struct vit_model *model, size_t batch, size_t threads,
                    struct images images, struct outputs *out)
{
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = batch, .threads = threads, .run = run_backwards
    };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = batch,
                                   .images = images.pixels ? NULL : images.floats,
                                   .outputs = out->requests,
                                   .output_count = out->count,
                                   .pixels = images.pixels };
    struct vit_context *context = NULL;

    demand(vit_context_create(model, &options, &context, NULL) == VIT_OK);
    request_any(context, images.floats);
    demand(vit_forward_call(context, &call, NULL) == VIT_OK);
    vit_context_free(context);
}

/* Pixels, and floats[batch][channels][height][width] as a random model sees them. */
static struct images draw_pixels(const struct vit_config *c, size_t batch)
{
    const size_t plane = c->height * c->width;
    const size_t each = c->channels == 1 || draw(3) == 0 ? 1 : 3;
    float *const floats = allocate(batch * c->channels * plane * sizeof *floats);
    struct vit_image *const pixels = allocate(batch * sizeof *pixels);

    for (size_t i = 0; i < batch; i++) {
        uint8_t *const bytes = allocate(plane * each);
        take(bytes, plane * each);
        freeze();
        for (size_t j = 0; j < c->channels * plane; j++)
            floats[i * c->channels * plane + j] =
                (float)bytes[each == 1 ? j % plane : j % plane * 3 + j / plane] / 255.0f;
        pixels[i] = (struct vit_image){ bytes, c->height, c->width, c->width * each,
                                        each == 1 ? VIT_PIXEL_FORMAT_GRAY : VIT_PIXEL_FORMAT_RGB };
    }
    return (struct images){ floats, pixels };
}

static void compare(const struct vit_model *reference, const struct vit_model *model)
{
    const size_t batch = 1 + draw(3), threads = 1 + draw(3);
    struct outputs expected = { .count = 0 }, found = { .count = 0 };
    struct vit_config c = { .size = sizeof c };

    demand(vit_model_get_config(model, &c, NULL) == VIT_OK && config_check(&c, NULL) == VIT_OK);
    const bool pixels = (c.channels == 1 || c.channels == 3) && draw(2);
    const size_t floats = batch * c.channels * c.height * c.width;
    const struct images images =
        pixels ? draw_pixels(&c, batch) : (struct images){ .floats = draw_matrix(1, floats).at };
    request_all(reference, batch, &expected);
    request_all(model, batch, &found);
    compute(reference, batch, 1, (struct images){ .floats = images.floats }, &expected);
    compute(model, batch, threads, images, &found);
    demand(found.count == expected.count && found.count > 0);
    for (size_t i = 0; i < found.count; i++)
        demand(first_difference(found.floats[i], expected.requests[i].data,
                                found.requests[i].data) == found.floats[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vit_config config;
    struct vit_error err = { .status = VIT_OK };
    double flops;

    begin(data, size);
    draw_config(&config);
    const enum vit_status status = vit_config_flops(as_caller(&config), &flops, &err);
    if (status != VIT_OK)
        demand_error(status, &err);
    clamp(&config);
    if (draw(4))
        fit(&config);
    const struct vit_config *const caller = as_caller(&config);
    const enum vit_precision precision = (enum vit_precision)draw(VIT_PRECISION_INT8 + 2);
    struct vit_model *const reference = new_model(caller, "scalar", precision);
    struct vit_model *const model = new_model(caller, level->isa, precision);
    demand(!reference == !model);
    if (model)
        compare(reference, model);
    vit_model_free(model);
    vit_model_free(reference);
    release();
    return 0;
}
