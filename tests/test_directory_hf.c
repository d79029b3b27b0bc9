/* test_directory_hf.c - Hugging Face's directories: spellings, heads, missing tensors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "files/directory.h"
#include "tests/compare.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "tests/model_config.h"
#include "vit/texts.h"

/* A copy of a golden model whose tensors get other names. */
struct copy {
    struct made_directory directory;
    json_t *header;
    struct text_file file; /* model.safetensors */
    size_t data;           /* where its data begin */
};

static struct copy copy_case(const char *golden)
{
    static const char *const others[] = { "config.json", "preprocessor_config.json" };
    struct copy copy = { .directory = make_directory() };
    struct directory from;
    struct text_file text;
    char path[128];
    uint64_t length;

    snprintf(path, sizeof path, "tests/golden/%s", golden);
    cr_assert_eq(directory_open(path, &from, NULL), VIT_OK);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(directory_read_text(&from, others[i], 1 << 20, true, &text, NULL), VIT_OK);
        if (text.text)
            make_file(&copy.directory, others[i], text.text, text.bytes);
        text_file_free(&text);
    }
    cr_assert_eq(directory_read_text(&from, "model.safetensors", 1 << 20, false, &copy.file, NULL),
                 VIT_OK);
    directory_close(&from);
    memcpy(&length, copy.file.text, sizeof length);
    copy.data = sizeof length + length;
    copy.header = json_loadb(copy.file.text + sizeof length, length, 0, NULL);
    cr_assert(json_is_object(copy.header));
    return copy;
}

static void write_copy(const struct copy *copy)
{
    char *const header = json_dumps(copy->header, JSON_COMPACT);

    make_safetensors(&copy->directory, "model.safetensors", header, copy->file.text + copy->data,
                     copy->file.bytes - copy->data);
    free(header);
}

static void free_copy(struct copy *copy)
{
    remove_directory(&copy->directory);
    json_decref(copy->header);
    text_file_free(&copy->file);
}

static void rename_tensor(struct copy *copy, const char *from, const char *to)
{
    json_t *const tensor = json_incref(json_object_get(copy->header, from));

    cr_assert(tensor, "%s", from);
    json_object_del(copy->header, from);
    json_object_set(copy->header, to, tensor);
    json_decref(tensor);
}

/* Replaces each spelling in the names of all tensors, once per name. */
static void spell(struct copy *copy, const char *const spellings[][2], size_t count)
{
    json_t *const before = json_copy(copy->header);
    const char *name;
    json_t *tensor;

    json_object_foreach (before, name, tensor) {
        char now[160];
        snprintf(now, sizeof now, "%s", name);
        for (size_t i = 0; i < count; i++) {
            const char *const at = strstr(now, spellings[i][0]);
            char next[160];
            if (!at)
                continue;
            snprintf(next, sizeof next, "%.*s%s%s", (int)(at - now), now, spellings[i][1],
                     at + strlen(spellings[i][0]));
            memcpy(now, next, sizeof now);
        }
        if (strcmp(name, now) != 0)
            rename_tensor(copy, name, now);
    }
    json_decref(before);
}

static const char *const since_5[][2] = {
    { "encoder.layer.", "layers." },
    { "attention.attention.query", "attention.q_proj" },
    { "attention.attention.key", "attention.k_proj" },
    { "attention.attention.value", "attention.v_proj" },
    { "attention.output.dense", "attention.o_proj" },
    { "intermediate.dense", "mlp.fc1" },
    { "output.dense", "mlp.fc2" },
};
enum { SINCE_5 = sizeof since_5 / sizeof *since_5 };

static struct vit_model *open_directory(const char *directory)
{
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_model_open(directory, NULL, &model, &err), VIT_OK, "%s", err.message);
    count_checks(1);
    return model;
}

static void rejects(const struct copy *copy, const char *words)
{
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    write_copy(copy);
    cr_assert_eq(vit_model_open(copy->directory.path, NULL, &model, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    count_checks(2);
}

/* An output for an image of a gradient. */
static float *compute(const struct vit_model *model, enum vit_output output, size_t *count)
{
    const struct vit_config c = model_config(model);
    const size_t pixels = c.channels * c.height * c.width;
    float *const image = malloc(pixels * sizeof *image);
    struct vit_context *context;
    size_t rows;

    for (size_t i = 0; i < pixels; i++)
        image[i] = (float)(i % 97) / 97.0f - 0.5f;
    vit_output_shape(model, output, 0, &rows, count);
    float *const out = malloc(*count * sizeof *out);
    cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
    cr_assert_eq(forward_output(context, output, 0, 1, image, out, NULL), VIT_OK);
    vit_context_free(context);
    free(image);
    return out;
}

static void computes_the_same(struct copy *copy, const char *golden)
{
    char path[64];

    snprintf(path, sizeof path, "tests/golden/%s", golden);
    write_copy(copy);
    struct vit_model *const a = open_directory(path), *const b =
                                                          open_directory(copy->directory.path);
    size_t count, as_many;
    float *const x = compute(a, VIT_OUTPUT_EMBEDDING, &count);
    float *const y = compute(b, VIT_OUTPUT_EMBEDDING, &as_many);
    cr_assert_eq(count, as_many);
    expect_same_bits(count, x, y, "%s", golden);
    free(x);
    free(y);
    vit_model_free(a);
    vit_model_free(b);
}

Test(directory_hf, the_names_of_transformers_5_give_the_same_model)
{
    static const char *const golden[] = { "hf-vit", "hf-deit" };

    for (size_t i = 0; i < 2; i++) {
        struct copy copy = copy_case(golden[i]);
        spell(&copy, since_5, SINCE_5);
        computes_the_same(&copy, golden[i]);
        free_copy(&copy);
    }
}

/* Splits a tensor into its first and its last rows, under two names. */
static void halve(struct copy *copy, const char *name, const char *first, const char *second)
{
    json_t *const whole = json_object_get(copy->header, name);
    json_t *const shape = json_object_get(whole, "shape");
    json_t *const at = json_object_get(whole, "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(at, 0));
    const json_int_t end = json_integer_value(json_array_get(at, 1)), middle = (begin + end) / 2;
    const json_int_t rows = json_integer_value(json_array_get(shape, 0)) / 2;

    json_array_set_new(shape, 0, json_integer(rows));
    for (int half = 0; half < 2; half++)
        json_object_set_new(copy->header, half ? second : first,
                            json_pack("{s:s,s:O,s:[I,I]}", "dtype", "F32", "shape", shape,
                                      "data_offsets", half ? middle : begin, half ? end : middle));
    json_object_del(copy->header, name);
}

Test(directory_hf, the_halves_of_a_gated_mlp_are_one_tensor_or_two)
{
    static const char *const kinds[] = { "weight", "bias" };
    static const char *const spelt[][2] = { { "attention.attention.query", "attention.q_proj" },
                                            { "mlp.weights_out", "mlp.down_proj" } };
    struct copy copy = copy_case("hf-dinov2");

    for (int block = 0; block < 2; block++)
        for (int kind = 0; kind < 2; kind++) {
            char names[3][96];
            static const char *const parts[] = { "weights_in", "gate_proj", "up_proj" };
            for (int part = 0; part < 3; part++)
                snprintf(names[part], sizeof *names,
                         "dinov2_with_registers.encoder.layer.%d.mlp.%s.%s", block, parts[part],
                         kinds[kind]);
            halve(&copy, names[0], names[1], names[2]);
        }
    spell(&copy, spelt, 2);
    computes_the_same(&copy, "hf-dinov2");
    rename_tensor(&copy, "dinov2_with_registers.encoder.layer.1.mlp.up_proj.bias", "zzz");
    rejects(&copy, "layer.1.mlp.up_proj.bias: expected shape [64], found no such tensor");
    free_copy(&copy);
}

Test(directory_hf, a_tower_that_is_saved_alone_has_no_prefix)
{
    static const char *const golden[] = { "hf-clip", "hf-siglip" };
    static const char *const bare[][2] = { { "vision_model.", "" } };

    for (size_t i = 0; i < 2; i++) {
        struct copy copy = copy_case(golden[i]);
        spell(&copy, bare, 1);
        computes_the_same(&copy, golden[i]);
        free_copy(&copy);
    }
}

Test(directory_hf, the_message_names_a_missing_tensor_in_the_spelling_of_the_file)
{
    struct copy copy = copy_case("hf-vit");

    rename_tensor(&copy, "vit.encoder.layer.1.output.dense.bias", "zzz");
    rejects(
        &copy,
        "tensor vit.encoder.layer.1.output.dense.bias: expected shape [96], found no such tensor");
    spell(&copy, since_5, SINCE_5);
    rejects(&copy, "tensor vit.layers.1.mlp.fc2.bias: expected shape [96], found no such tensor");
    free_copy(&copy);
    copy = copy_case("hf-vit");
    rename_tensor(&copy, "classifier.bias", "zzz");
    rejects(&copy, "tensor classifier.bias: expected shape [9], found no such tensor");
    free_copy(&copy);
    copy = copy_case("hf-deit");
    rename_tensor(&copy, "distillation_classifier.weight", "zzz");
    rejects(&copy,
            "tensor distillation_classifier.weight: expected shape [6, 48], found no such tensor");
    free_copy(&copy);
    copy = copy_case("hf-clip");
    rename_tensor(&copy, "vision_model.pre_layrnorm.weight", "vision_model.pre_layernorm.weight");
    rejects(&copy,
            "tensor vision_model.pre_layrnorm.weight: expected shape [48], found no such tensor");
    free_copy(&copy);
}

Test(directory_hf, the_model_computes_at_the_size_of_its_processor)
{
    struct copy copy = copy_case("hf-vit");

    make_text(&copy.directory, "preprocessor_config.json", "{\"size\":[64,32]}");
    write_copy(&copy);
    struct vit_model *const model = open_directory(copy.directory.path);
    const struct vit_config config = model_config(model);
    cr_assert(config.height == 64 && config.width == 32, "%zu × %zu", config.height, config.width);
    vit_model_free(model);
    free_copy(&copy);
    count_checks(1);
}

/* Without both numbers nobody knows SigLIP's probabilities. */
Test(directory_hf, a_sigmoid_of_texts_needs_a_scale_and_a_bias)
{
    static const char *const numbers[] = { "logit_bias", "logit_scale" };

    for (size_t i = 0; i < 2; i++) {
        struct vit_text_scoring scoring = { .size = sizeof scoring };
        struct copy copy = copy_case("text-siglip-pair");
        rename_tensor(&copy, numbers[i], "text_model.ignored");
        write_copy(&copy);
        struct vit_model *const model = open_directory(copy.directory.path);
        cr_assert_eq(vit_model_text_scoring(model, &scoring, NULL), VIT_OK);
        cr_assert_eq(scoring.scores, VIT_SCORES_NONE);
        vit_model_free(model);
        free_copy(&copy);
    }
    count_checks(4);
}

Test(directory_hf, the_scale_of_texts_is_a_number)
{
    struct copy copy = copy_case("text-clip-pair");

    rename_tensor(&copy, "logit_scale", "text_model.ignored");
    rename_tensor(&copy, "text_model.final_layer_norm.bias", "logit_scale");
    rejects(&copy, "tensor logit_scale: expected a single number, found 32");
    free_copy(&copy);
    copy = copy_case("text-clip-pair");
    json_object_set_new(json_object_get(copy.header, "logit_scale"), "dtype", json_string("I32"));
    write_copy(&copy);
    struct vit_error err;
    struct vit_model *model;
    cr_assert_eq(vit_model_open(copy.directory.path, NULL, &model, &err), VIT_EUNSUPPORTED);
    cr_assert(
        strstr(err.message, "tensor logit_scale: expected dtype F64, F32, F16 or BF16, found I32"),
        "%s", err.message);
    free_copy(&copy);
    count_checks(2);
}

Test(directory_hf, an_unknown_tensor_is_unexpected)
{
    struct copy copy = copy_case("hf-clip");

    rename_tensor(&copy, "logit_scale", "logit_scales");
    rejects(&copy, "tensor logit_scales: unexpected tensor: expected a name like ");
    free_copy(&copy);
}

Test(directory_hf, only_a_classifier_has_labels)
{
    struct copy copy = copy_case("hf-vit");

    struct vit_model *model = open_directory("tests/golden/hf-vit");
    cr_assert_eq(model_config(model).classes, 9);
    cr_assert_str_eq(vit_model_label(model, 8), "class number 8");
    vit_model_free(model);
    rename_tensor(&copy, "classifier.weight", "decoder.0.weight");
    rename_tensor(&copy, "classifier.bias", "decoder.0.bias"); /* ignored: no head remains */
    write_copy(&copy);
    model = open_directory(copy.directory.path);
    cr_assert_eq(model_config(model).classes, 0);
    cr_assert_null(vit_model_label(model, 0));
    vit_model_free(model);
    free_copy(&copy);
    model =
        open_directory("tests/golden/hf-clip"); /* the outputs of a projection are not classes */
    cr_assert_eq(model_config(model).classes, 20);
    cr_assert_null(vit_model_label(model, 0));
    vit_model_free(model);
    count_checks(4);
}

/* With the classifier's weights as the pooler's, the embedding is tanh of the logits. */
Test(directory_hf, without_a_classifier_the_pooler_is_a_tanh_layer)
{
    struct copy copy = copy_case("hf-vit");
    size_t classes, width;

    rename_tensor(&copy, "classifier.weight", "vit.pooler.dense.weight");
    rename_tensor(&copy, "classifier.bias", "vit.pooler.dense.bias");
    write_copy(&copy);
    struct vit_model *const head = open_directory("tests/golden/hf-vit");
    struct vit_model *const pooler = open_directory(copy.directory.path);
    float *const logits = compute(head, VIT_OUTPUT_LOGITS, &classes);
    float *const pooled = compute(pooler, VIT_OUTPUT_EMBEDDING, &width);
    cr_assert(width == classes && model_config(pooler).classes == 0);
    for (size_t i = 0; i < width; i++) /* tanh is within 2 ulp of one */
        cr_assert_lt(fabs((double)pooled[i] - tanh((double)logits[i])), 2 * 0x1p-24, "%zu", i);
    count_checks(width + 1);
    free(logits);
    free(pooled);
    vit_model_free(head);
    vit_model_free(pooler);
    free_copy(&copy);
}

Test(directory_hf, tensors_outside_the_vision_tower_are_ignored)
{
    struct vit_model *const model = open_directory("tests/golden/hf-clip");
    struct vit_tensor_info tensor = { .size = sizeof tensor };
    size_t ignored = 0;

    for (size_t i = 0; vit_model_tensor_at(model, i, &tensor); i++)
        if (!tensor.use)
            ignored++;
        else if (strcmp(tensor.name, "logit_scale") == 0)
            cr_assert_str_eq(tensor.use, "texts.scale");
    cr_assert_eq(ignored, 2);
    cr_assert_str_eq(vit_model_family(model), "hf-clip");
    vit_model_free(model);
    count_checks(2);
}

/* Also at the stored size: preprocessor_config.json may have another, as DINOv2's does. */
Test(directory_hf, a_requested_size_has_the_caller_as_its_source)
{
    static const size_t sides[] = { 24, 48, 40 }; /* 48 are stored */

    for (size_t i = 0; i < 3; i++) {
        const struct vit_model_options options = { .size = sizeof options,
                                                   .height = sides[i],
                                                   .width = sides[i] };
        struct vit_model *model;
        struct vit_config_entry fact = { .size = sizeof fact };
        struct vit_error err = { 0 };
        size_t found = 0;

        cr_assert_eq(vit_model_open("tests/golden/hf-vit", &options, &model, &err), VIT_OK, "%s",
                     err.message);
        for (size_t j = 0; vit_model_config_entry(model, j, &fact); j++)
            if (strcmp(fact.name, "height") == 0 || strcmp(fact.name, "width") == 0)
                found += strcmp(fact.source, "the requested size") == 0;
        cr_assert_eq(found, 2, "at %zu", sides[i]);
        vit_model_free(model);
    }
    count_checks(6);
}

Test(directory_hf, edges_are_cropped_at_the_stored_size_but_a_requested_size_must_fit)
{
    const struct vit_model_options fits = { .size = sizeof fits, .height = 24, .width = 40 };
    const struct vit_model_options not = { .size = sizeof not, .height = 31, .width = 40 };
    struct vit_model *model = open_directory("tests/golden/hf-siglip");
    struct vit_error err = { 0 };
    size_t rows, columns;

    vit_model_grid(model, &rows, &columns);
    cr_assert(rows == 3 && columns == 3 && model_config(model).height == 30);
    vit_model_free(model);
    cr_assert_eq(vit_model_open("tests/golden/hf-siglip", &fits, &model, &err), VIT_OK);
    vit_model_grid(model, &rows, &columns);
    cr_assert(rows == 3 && columns == 5);
    vit_model_free(model);
    cr_assert_eq(vit_model_open("tests/golden/hf-siglip", &not, &model, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "height: expected a multiple of patch, 8, found 31"), "%s",
              err.message);
    count_checks(5);
}

/* Files hold masks, indices and quantized text towers, which the vision tower does not use. */
Test(directory_hf, tensors_that_are_passed_over_may_have_any_dtype)
{
    static const char *const dtypes[] = { "U16", "U32", "U64", "F8_E4M3", "F8_E5M2", "C64", "F64" };
    struct copy copy = copy_case("hf-clip");
    const json_int_t end = (json_int_t)(copy.file.bytes - copy.data);

    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        char name[64];
        snprintf(name, sizeof name, "text_model.%s", dtypes[i]);
        json_object_set_new(copy.header, name,
                            json_pack("{s:s, s:[i], s:[I, I]}", "dtype", dtypes[i], "shape", 0,
                                      "data_offsets", end, end));
    }
    json_object_set_new(copy.header, "__metadata__", json_null());
    write_copy(&copy);
    vit_model_free(open_directory(copy.directory.path));
    free_copy(&copy);
}
