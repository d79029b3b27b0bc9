/* test_texts_files.c - files of text vectors: .npy with names, .safetensors; hostile ones */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"
#include "counts.h"
#include "half.h"
#include "make_checkpoint.h"
#include "make_npz.h"
#include "vit/texts.h"

static const float numbers[3][2] = { { 3, 4 }, { -0.5f, 0 }, { 0.25f, 8 } };
static const char three_names[] = "a cat\r\na dog\nno cat";

/* A .npy file of version 1. */
static void make_npy(const struct made_directory *d, const char *name, const char *dict,
                     const void *data, size_t bytes)
{
    const size_t length = strlen(dict);
    char *const file = malloc(10 + length + bytes);

    memcpy(file, "\x93NUMPY\1\0", 8);
    file[8] = (char)(length & 255);
    file[9] = (char)(length >> 8);
    memcpy(file + 10, dict, length);
    memcpy(file + 10 + length, data, bytes);
    make_file(d, name, file, 10 + length + bytes);
    free(file);
}

static struct vit_texts *opens(const struct made_directory *d, const char *name)
{
    struct vit_texts *texts;
    struct vit_error err;

    cr_assert_eq(vit_texts_open(made_path(d, name), &texts, &err), VIT_OK, "%s", err.message);
    count_checks(1);
    return texts;
}

static void refuses(const struct made_directory *d, const char *name, enum vit_status status,
                    const char *words)
{
    struct vit_texts *texts = NULL;
    struct vit_error err;

    cr_assert_eq(vit_texts_open(made_path(d, name), &texts, &err), status, "%s: %s", words,
                 err.message);
    cr_assert(!texts && strstr(err.message, words), "no '%s' in %s", words, err.message);
    count_checks(2);
}

/* The cosines of (1, 0) and (0, 1) with each text, by a model of two numbers. */
static void cosines(const struct vit_texts *texts, float out[6])
{
    static const float axes[] = { 1, 0, 0, 1 };
    const struct vit_config config = { .size = sizeof config,
                                       .channels = 1,
                                       .height = 2,
                                       .width = 2,
                                       .patch = 2,
                                       .dim = 2,
                                       .heads = 1,
                                       .mlp_dim = 2,
                                       .eps = 1e-6f };
    struct vit_model *model;

    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_text_logits(model, texts, 2, axes, out, NULL), VIT_OK);
    vit_model_free(model);
}

static void expect_three(struct vit_texts *texts)
{
    static const char *const names[] = { "a cat", "a dog", "no cat" };
    float found[6];

    cr_assert(vit_texts_count(texts) == 3 && vit_texts_width(texts) == 2);
    cosines(texts, found);
    for (size_t i = 0; i < 3; i++) {
        const double length = hypot((double)numbers[i][0], (double)numbers[i][1]);
        cr_assert_str_eq(vit_texts_name(texts, i), names[i]);
        for (size_t j = 0; j < 2; j++)
            cr_assert_float_eq(found[3 * j + i], (double)numbers[i][j] / length, 1e-7);
    }
    vit_texts_free(texts);
    count_checks(10);
}

/* The numbers are exact in each type. */
Test(texts_files, have_names_in_lines_or_in_tensors_and_any_type_of_floats)
{
    const struct made_directory d = make_directory();
    const float *const x = numbers[0];
    uint16_t f16[6], bf16[6];
    double f64[6];

    for (size_t i = 0; i < 6; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        f16[i] = half_bits(x[i]);
        bf16[i] = (uint16_t)(bits >> 16);
        f64[i] = (double)x[i];
    }
    const struct {
        const char *descr, *dtype;
        const void *data;
        size_t bytes; /* of a number */
    } types[] = { { DICT("<f4", "(3, 2)"), "F32", x, 4 },
                  { DICT("<f2", "(3, 2)"), "F16", f16, 2 },
                  { DICT("<V2", "(3, 2)"), "BF16", bf16, 2 },
                  { DICT("<f8", "(3, 2)"), "F64", f64, 8 } };
    make_text(&d, "t.txt", three_names);
    for (size_t i = 0; i < 4; i++) {
        char header[512];
        const size_t row = 2 * types[i].bytes;
        make_npy(&d, "t.npy", types[i].descr, types[i].data, 3 * row);
        expect_three(opens(&d, "t.npy"));
        snprintf(header, sizeof header,
                 "{\"no cat\":{\"dtype\":\"%s\",\"shape\":[1,2],\"data_offsets\":[%zu,%zu]},"
                 "\"a cat\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%zu]},"
                 "\"a dog\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[%zu,%zu]}}",
                 types[i].dtype, 2 * row, 3 * row, types[i].dtype, row, types[i].dtype, row,
                 2 * row);
        make_safetensors(&d, "t.safetensors", header, types[i].data, 3 * row);
        expect_three(opens(&d, "t.safetensors"));
    }
    remove_directory(&d);
}

Test(texts_files, arrays_need_two_dimensions_floats_and_a_name_for_each_row)
{
    const struct made_directory d = make_directory();
    const float zeros[6] = { 0 };
    const int32_t integers[6] = { 1, 2, 3, 4, 5, 6 };

    refuses(&d, "t.npy", VIT_ENOTFOUND, "t.npy: cannot be opened: No such file");
    make_npy(&d, "t.npy", F4("(3, 2)"), numbers, sizeof numbers);
    refuses(&d, "t.npy", VIT_ENOTFOUND, "t.txt: cannot be opened: No such file");
    make_text(&d, "t.txt", "a cat\na dog\n");
    refuses(&d, "t.npy", VIT_EFORMAT, "t.txt: expected 3 names, one per row of t.npy, found 2");
    make_text(&d, "t.txt", "a cat\na dog\na cat\n");
    refuses(&d, "t.npy", VIT_EFORMAT,
            "t.txt: name 2: expected one that no other text has, found a cat, as name 0");
    make_text(&d, "t.txt", "a cat\n\r\na dog\n");
    refuses(&d, "t.npy", VIT_EFORMAT, "t.txt: name 1: expected text, found none");
    make_file(&d, "t.txt", "a\0\nb\nc\n", 7);
    refuses(&d, "t.npy", VIT_EFORMAT, "t.txt: expected text, found a NUL byte");
    make_text(&d, "t.txt", three_names);
    make_npy(&d, "t.npy", F4("(3, 2)"), zeros, sizeof zeros);
    refuses(&d, "t.npy", VIT_EFORMAT,
            "t.npy: text 0, a cat: expected a direction, found zeros alone");
    make_npy(&d, "t.npy", F4("(6,)"), numbers, sizeof numbers);
    refuses(&d, "t.npy", VIT_EFORMAT,
            "expected an array [texts, numbers] with a number at least, found float32 [6]");
    make_npy(&d, "t.npy", F4("(3, 0)"), numbers, 0);
    refuses(&d, "t.npy", VIT_EFORMAT, "found float32 [3, 0]");
    make_npy(&d, "t.npy", DICT("<i4", "(3, 2)"), integers, sizeof integers);
    refuses(&d, "t.npy", VIT_EUNSUPPORTED, "expected dtype <f4, <f2, <f8 or <V2 (bfloat16), found");
    make_npy(&d, "t.npy", F4("(3, 2)"), numbers, sizeof numbers - 1);
    refuses(&d, "t.npy", VIT_EFORMAT, "expected the data of float32 [3, 2], 24 bytes, found 23");
    make_text(&d, "t.npy", "\x93NUMPY");
    refuses(&d, "t.npy", VIT_EFORMAT, "t.npy: expected a .npy file of at least 12 bytes, found 6");
    make_text(&d, "t.npz", "");
    refuses(&d, "t.npz", VIT_EINVAL, "expected vectors of texts in a file .npy or .safetensors");
    refuses(&d, ".npy", VIT_ENOTFOUND, ".npy: cannot be opened");
    remove_directory(&d);
}

Test(texts_files, tensors_are_vectors_of_one_width)
{
#define ONE(name, dtype, shape, offsets)                                                           \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    static const struct {
        const char *header, *words;
        enum vit_status status;
    } cases[] = {
        { "{" ONE("a", "F32", "[2]", "[0,8]") "," ONE("b", "F32", "[4]", "[8,24]") "}",
          "tensor b: expected 2 numbers, as a has, found 4", VIT_EFORMAT },
        { "{" ONE("a", "F32", "[2,3]", "[0,24]") "}",
          "tensor a: expected the vector of a text, [numbers] or [1, numbers], found 6 numbers in "
          "2 dimensions",
          VIT_EFORMAT },
        { "{" ONE("a", "F32", "[]", "[0,4]") "," ONE("b", "F32", "[5]", "[4,24]") "}",
          "tensor a: expected the vector of a text, [numbers] or [1, numbers], found 1 numbers in "
          "0 dimensions",
          VIT_EFORMAT },
        { "{" ONE("a", "F32", "[0]", "[0,0]") "," ONE("b", "F32", "[6]", "[0,24]") "}",
          "tensor a: expected the vector of a text, [numbers] or [1, numbers], found 0 numbers",
          VIT_EFORMAT },
        { "{" ONE("a", "I32", "[6]", "[0,24]") "}",
          "tensor a: expected dtype F64, F32, F16 or BF16, found I32", VIT_EUNSUPPORTED },
        { "{" ONE("", "F32", "[6]", "[0,24]") "}", "name 0: expected text, found none",
          VIT_EFORMAT },
        { "{" ONE("a", "F32", "[2]", "[0,8]") "," ONE("a", "F32", "[4]", "[8,24]") "}",
          "duplicate key \"a\"", VIT_EFORMAT },
    };
    const struct made_directory d = make_directory();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_safetensors(&d, "t.safetensors", cases[i].header, numbers, sizeof numbers);
        refuses(&d, "t.safetensors", cases[i].status, cases[i].words);
    }
    make_safetensors(&d, "t.safetensors", "{}", numbers, 0);
    refuses(&d, "t.safetensors", VIT_EFORMAT, "expected a tensor, found none");
    remove_directory(&d);
}

/* Two megabytes of text must not make a gigabyte of names: their number is checked first. */
Test(texts_files, are_at_most_a_million)
{
    const struct made_directory d = make_directory();
    static const char dict[] = DICT("<f2", "(1048577, 1)");

    make_npy(&d, "t.npy", dict, "", 0);
    cr_assert_eq(truncate(made_path(&d, "t.npy"), (off_t)(10 + strlen(dict) + 2 * 1048577)), 0);
    refuses(&d, "t.npy", VIT_EUNSUPPORTED, "expected at most 1048576 texts, found 1048577");
    remove_directory(&d);
}
