/* packed_model.c - models in files of packed weights, for tests: saved, opened, computed */
#include "packed_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "counts.h"
#include "model_config.h"

enum vit_status open_status(const struct packed_case *c, struct vit_model **model,
                            struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .isa = c->isa,
                                               .height = c->height,
                                               .width = c->width,
                                               .keep = c->keep,
                                               .precision = c->precision,
                                               .packed = c->packed };

    *model = NULL;
    return vit_model_open(c->directory, &options, model, err);
}

struct vit_model *opened(const struct packed_case *c)
{
    struct vit_error err = { .message = "" };
    struct vit_model *model;

    cr_assert_eq(open_status(c, &model, &err), VIT_OK, "%s: %s", c->directory, err.message);
    return model;
}

void refuses_packed(const struct packed_case *c, enum vit_status status, const char *fragment)
{
    struct vit_error err = { .message = "" };
    struct vit_model *model;
    const enum vit_status found = open_status(c, &model, &err);

    cr_assert_eq(found, status, "expected %s, found %s: %s", vit_status_name(status),
                 vit_status_name(found), err.message);
    cr_assert_eq(err.status, status);
    cr_assert(!model && strstr(err.message, fragment), "expected \"%s\" in: %s", fragment,
              err.message);
    count_checks(1);
}

void save_packed(const struct packed_case *c, const char *path)
{
    struct vit_error err = { .message = "" };
    struct vit_model *const model = opened(c);

    cr_assert_eq(vit_model_save_packed(model, path, &err), VIT_OK, "%s: %s", c->directory,
                 err.message);
    vit_model_free(model);
}

/* The bits of an output of one image, which the caller frees; NULL: the model does not have it. */
static float *compute(const struct vit_model *model, enum vit_output output, size_t *count)
{
    const struct vit_config c = model_config(model);
    const size_t pixels = c.channels * c.height * c.width;
    size_t rows, columns;
    struct vit_context *context;

    vit_output_shape(model, output, 0, &rows, &columns);
    *count = rows * columns;
    if (*count == 0)
        return NULL;
    float *const image = malloc(pixels * sizeof *image), *const out = malloc(*count * sizeof *out);
    fill_pattern(pixels, image, PATTERN_NORMAL, 5);
    cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
    cr_assert_eq(forward_output(context, output, 0, 1, image, out, NULL), VIT_OK);
    vit_context_free(context);
    free(image);
    return out;
}

void expect_same_model(struct vit_model *expected, struct vit_model *found, const char *what)
{
    static const enum vit_output outputs[] = { VIT_OUTPUT_LOGITS, VIT_OUTPUT_EMBEDDING,
                                               VIT_OUTPUT_LAST_HIDDEN_STATE };
    size_t count, same;

    cr_assert_eq(vit_model_parameter_count(expected), vit_model_parameter_count(found), "%s", what);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        float *const a = compute(expected, outputs[i], &count);
        float *const b = compute(found, outputs[i], &same);
        cr_assert_eq(count, same);
        if (a)
            expect_same_bits(count, a, b, "%s, %s", what, vit_output_name(outputs[i]));
        free(a);
        free(b);
    }
    vit_model_free(expected);
    vit_model_free(found);
}

unsigned char *file_bytes(const char *path, size_t *count)
{
    FILE *const f = fopen(path, "rb");

    cr_assert(f && fseek(f, 0, SEEK_END) == 0, "%s", path);
    *count = (size_t)ftell(f);
    rewind(f);
    unsigned char *const bytes = malloc(*count + 1);
    cr_assert(bytes && fread(bytes, 1, *count, f) == *count, "%s", path);
    fclose(f);
    return bytes;
}

void expect_file(const char *path, size_t count, unsigned char *bytes)
{
    size_t found;
    unsigned char *const again = file_bytes(path, &found);

    cr_assert(found == count && memcmp(again, bytes, count) == 0, "%s", path);
    free(again);
    free(bytes);
    count_checks(count);
}

void change_heads(const struct made_directory *copy)
{
    size_t count;
    unsigned char *const config = file_bytes(made_path(copy, "config.json"), &count);

    config[count] = '\0';
    char *const heads = strstr((char *)config, "\"num_heads\": ");
    cr_assert_not_null(heads);
    heads[13] = heads[13] == '2' ? '4' : '2';
    make_file(copy, "config.json", config, count);
    free(config);
}

size_t header_bytes(const unsigned char *file)
{
    uint64_t data;

    memcpy(&data, file + 24, sizeof data);
    return (size_t)data;
}

struct made_directory large_checkpoint(const char *dtype)
{
    enum { DIM = 384, MLP = 4 * DIM, DEPTH = 4 };
    static const struct made_tensor once[] = {
        { "cls_token", NULL, 3, { 1, 1, DIM } },
        { "pos_embed", NULL, 3, { 1, 5, DIM } },
        { "patch_embed.proj.weight", NULL, 4, { DIM, 3, 4, 4 } },
        { "patch_embed.proj.bias", NULL, 1, { DIM } },
        { "norm.weight", NULL, 1, { DIM } },
        { "norm.bias", NULL, 1, { DIM } },
        { "head.weight", NULL, 2, { 3, DIM } },
        { "head.bias", NULL, 1, { 3 } },
    };
    static const struct made_tensor block[] = {
        { "norm1.weight", NULL, 1, { DIM } },
        { "norm1.bias", NULL, 1, { DIM } },
        { "attn.qkv.weight", NULL, 2, { 3 * DIM, DIM } },
        { "attn.qkv.bias", NULL, 1, { 3 * DIM } },
        { "attn.proj.weight", NULL, 2, { DIM, DIM } },
        { "attn.proj.bias", NULL, 1, { DIM } },
        { "norm2.weight", NULL, 1, { DIM } },
        { "norm2.bias", NULL, 1, { DIM } },
        { "mlp.fc1.weight", NULL, 2, { MLP, DIM } },
        { "mlp.fc1.bias", NULL, 1, { MLP } },
        { "mlp.fc2.weight", NULL, 2, { DIM, MLP } },
        { "mlp.fc2.bias", NULL, 1, { DIM } },
    };
    static const char config[] =
        "{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":3,\"model_args\":"
        "{\"img_size\":8,\"patch_size\":4,\"embed_dim\":384,\"depth\":4,\"num_heads\":6}}";
    enum { ONCE = sizeof once / sizeof *once, BLOCK = sizeof block / sizeof *block };
    static struct made_tensor tensors[ONCE + DEPTH * BLOCK];
    const struct made_directory directory = make_directory();
    size_t count = 0;

    for (size_t i = 0; i < ONCE; i++)
        tensors[count++] = once[i];
    for (int b = 0; b < DEPTH; b++)
        for (size_t i = 0; i < BLOCK; i++) {
            tensors[count] = block[i];
            snprintf(tensors[count++].name, sizeof tensors->name, "blocks.%d.%.40s", b,
                     block[i].name);
        }
    for (size_t i = 0; i < count; i++)
        tensors[i].dtype = dtype;
    make_text(&directory, "config.json", config);
    make_model(&directory, tensors, count);
    return directory;
}
