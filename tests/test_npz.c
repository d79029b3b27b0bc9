/* test_npz.c - data of .npz files, as float32 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/npz.h"
#include "files/safetensors.h"
#include "files/tensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "tests/make_npz.h"
#include "vit/vit.h"

static struct npz *parses(const struct made_npz *made)
{
    struct npz *npz;
    struct vit_error err;

    cr_assert_eq(npz_parse("x.npz", made->bytes, made->size, &npz, &err), VIT_OK, "%s",
                 err.message);
    count_checks(1);
    return npz;
}

static const struct npz_member *member_of(const struct npz *npz, const char *name)
{
    size_t i = 0;

    while (i < npz->count && strcmp(npz->members[i].name, name) != 0)
        i++;
    cr_assert_lt(i, npz->count, "no member %s", name);
    return &npz->members[i];
}

enum { MAX_ELEMENTS = 1 << 16 };

static const float *read_tensor(const struct tensors *tensors, const char *name, float *out)
{
    const struct tensor *tensor = tensors_find(tensors, name);
    struct vit_error err;

    cr_assert(tensor && tensor->elements <= MAX_ELEMENTS, "%s", name);
    cr_assert_eq(tensors_read_f32(tensors, tensor, 0, tensor->elements, out, &err), VIT_OK, "%s",
                 err.message);
    return out;
}

/* google-npz is the model timm-vit in JAX's layout. */
static void is_transposed(const struct tensors *jax, const char *kernel, const struct tensors *timm,
                          const char *weight, size_t first_row)
{
    static float a[MAX_ELEMENTS], b[MAX_ELEMENTS];
    const size_t *shape = tensors_find(timm, weight)->shape, columns = shape[1];
    const size_t rows = tensors_find(jax, kernel)->elements / columns;

    read_tensor(jax, kernel, a);
    read_tensor(timm, weight, b);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            cr_assert_eq(a[c * rows + r], b[(first_row + r) * columns + c], "%s [%zu, %zu]", weight,
                         r, c);
    count_checks(rows * columns);
}

static void equals_the_golden_model(const char *directory)
{
    struct tensors *jax, *timm;
    struct vit_error err;
    static float a[MAX_ELEMENTS], b[MAX_ELEMENTS];

    cr_assert_eq(open_tensors(directory, &jax, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(open_tensors("tests/golden/timm-vit", &timm, &err), VIT_OK);
    cr_assert(jax->format == TENSORS_NPZ && jax->count == 40);
    for (size_t i = 0; i < jax->count; i++) {
        cr_assert_eq(tensors_find(jax, jax->entries[i].name), &jax->entries[i]);
        cr_assert_str_eq(jax->entries[i].dtype, "<f4");
        cr_assert_str_eq(jax->entries[i].path, jax->path);
    }
    is_transposed(jax, "head/kernel", timm, "head.weight", 0);
    is_transposed(jax, "Transformer/encoderblock_1/MlpBlock_3/Dense_0/kernel", timm,
                  "blocks.1.mlp.fc1.weight", 0);
    is_transposed(jax, "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/kernel", timm,
                  "blocks.0.attn.qkv.weight", 96);
    read_tensor(jax, "embedding/kernel", a); /* [8, 8, 3, 96] */
    read_tensor(timm, "patch_embed.proj.weight", b);
    for (size_t d = 0; d < 96; d++)
        for (size_t c = 0; c < 3; c++)
            for (size_t yx = 0; yx < 64; yx++)
                cr_assert_eq(a[(yx * 3 + c) * 96 + d], b[(d * 3 + c) * 64 + yx]);
    read_tensor(jax, "Transformer/posembed_input/pos_embedding", a);
    read_tensor(timm, "pos_embed", b);
    cr_assert_eq(memcmp(a, b, 37 * 96 * sizeof *a), 0);
    tensors_close(jax);
    tensors_close(timm);
    count_checks(18432 + 3 * 40 + 3);
}

Test(npz, the_golden_file_equals_the_same_model_in_safetensors)
{
    equals_the_golden_model("tests/golden/google-npz");
}

Test(npz, a_deflated_file_has_the_same_values)
{
    const struct made_directory directory = make_directory();
    struct made_member members[MADE_MEMBERS];

    cr_assert_eq(read_made_members("tests/golden/google-npz", members), 40);
    const struct made_npz made = make_npz(40, members);
    cr_assert_lt(made.size, 960000); /* 1,001,754 when stored */
    make_file(&directory, "any name.npz", made.bytes, made.size);
    equals_the_golden_model(directory.path);
    free_made_members(40, members);
    free(made.bytes);
    remove_directory(&directory);
    count_checks(1);
}

/* The state of training is passed over, whatever its arrays are; a parameter must be readable. */
Test(npz, further_members_that_the_family_passes_over_may_be_of_any_kind)
{
    const struct made_directory directory = make_directory();
    struct made_member members[MADE_MEMBERS];
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(read_made_members("tests/golden/google-npz", members), 40);
    members[40] =
        (struct made_member){ "opt/state/step.npy", DICT("|O", "()"), "12345678", 8, 0, 0 };
    members[41] = (struct made_member){ "opt/state/m.npy",
                                        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}",
                                        "12345678",
                                        8,
                                        0,
                                        0 };
    struct made_npz made = make_npz(42, members);
    make_file(&directory, "x.npz", made.bytes, made.size);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_OK, "%s", err.message);
    vit_model_free(model);
    free(made.bytes);
    members[41].name = "step2.npy";
    made = make_npz(42, members);
    make_file(&directory, "x.npz", made.bytes, made.size);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "tensor step2: unexpected tensor"), "%s", err.message);
    free(made.bytes);
    const char *const dict = members[39].dict;
    members[39].dict = DICT("|O", "()");
    made = make_npz(41, members);
    members[39].dict = dict;
    make_file(&directory, "x.npz", made.bytes, made.size);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, ".npy: expected a float or integer dtype"), "%s", err.message);
    free(made.bytes);
    free_made_members(40, members);
    remove_directory(&directory);
    count_checks(5);
}

Test(npz, every_float_dtype_is_read_and_integers_are_listed_only)
{
    static const float f4[] = { 1, -2.5f, 1e-45f };
    static const double f8[] = { 1 + 0x1p-24, 0.1, -1e300 };
    static const uint16_t f2[] = { 0x3c00, 0xc100, 0x0001 }, bf[] = { 0x3f80, 0xc020, 0x7f80 };
    static const struct made_member members[] = {
        { "a/f4.npy", DICT("<f4", "(3,)"), f4, 12, false, 2 },
        { "a/f8.npy", DICT("<f8", "(3, 1)"), f8, 24, true, 3 },
        { "f2.npy", DICT("<f2", "(1, 3)"), f2, 6, false, 0 },
        { "jax.npy", DICT("<V2", "(3,)"), bf, 6, true, 0 },
        { "void.npy", DICT("|V2", "(3,)"), bf, 6, false, 0 },
        { "name.npy", DICT("bfloat16", "(3,)"), bf, 6, false, 0 },
        { "i8.npy", DICT("<i8", "(3,)"), f8, 24, false, 0 },
        { "b.npy", DICT("|b1", "()"), "\1", 1, false, 0 },
        { "none.npy", DICT("<f4", "(3, 0)"), NULL, 0, true, 0 },
    };
    static const struct {
        const char *name;
        float numbers[3];
    } floats[] = {
        { "a/f4", { 1, -2.5f, 1e-45f } },   { "a/f8", { 1, 0.1f, -INFINITY } },
        { "f2", { 1, -2.5f, 0x1p-24f } },   { "jax", { 1, -2.5f, INFINITY } },
        { "void", { 1, -2.5f, INFINITY } }, { "name", { 1, -2.5f, INFINITY } },
    };
    const struct made_npz made = make_npz(sizeof members / sizeof *members, members);
    struct npz *npz = parses(&made);
    struct vit_error err;
    float out[3];

    for (size_t pass = 0; pass < 2; pass++) /* the second in reverse order */
        for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
            for (size_t first = 0; first < 3; first++) {
                const struct npz_member *m = member_of(npz, floats[pass ? 5 - i : i].name);
                cr_assert(m->header.elements == 3 && npz_readable(m->header.dtype));
                cr_assert_eq(npz_read_f32(npz, m, first, 3 - first, out, &err), VIT_OK, "%s",
                             err.message);
                cr_assert_eq(memcmp(out, floats[pass ? 5 - i : i].numbers + first,
                                    (3 - first) * sizeof *out),
                             0, "%s", m->name);
                count_checks(3);
            }
    const struct npz_member *i8 = member_of(npz, "i8"), *none = member_of(npz, "none");
    cr_assert(i8->header.elements == 3 && member_of(npz, "b")->header.rank == 0);
    cr_assert_eq(npz_read_f32(npz, i8, 0, 3, out, &err), VIT_EUNSUPPORTED);
    cr_assert_str_eq(
        err.message,
        "x.npz: member i8.npy: expected dtype <f4, <f2, <f8 or <V2 (bfloat16), found <i8");
    cr_assert_eq(npz_read_f32(npz, none, 0, 0, out, &err), VIT_OK);
    cr_assert_eq(npz_read_f32(npz, none, 0, 1, out, &err), VIT_EINVAL);
    npz_close(npz);
    free(made.bytes);
    count_checks(5);
}

Test(npz, a_range_outside_the_member_is_rejected)
{
    static const size_t ranges[][2] = { { 0, 7 }, { 6, 1 },        { 7, 0 },
                                        { 1, 6 }, { 1, SIZE_MAX }, { SIZE_MAX, 2 } };
    static const float data[6] = { 0 };
    static const struct made_member w = { "w.npy", F4("(2, 3)"), data, 24, false, 0 };
    const struct made_npz made = make_npz(1, &w);
    struct npz *npz = parses(&made);
    float out[6];

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct vit_error err;
        char words[160];
        cr_assert_eq(npz_read_f32(npz, npz->members, ranges[i][0], ranges[i][1], out, &err),
                     VIT_EINVAL);
        snprintf(words, sizeof words,
                 "x.npz: member w.npy: expected at least %zu elements from element %zu on, found "
                 "6 in all",
                 ranges[i][1], ranges[i][0]);
        cr_assert_str_eq(err.message, words);
        count_checks(2);
    }
    npz_close(npz);
    free(made.bytes);
}

/* numpy's savez writes sizes after the data if it cannot seek; Python's zipfile uses 64 bits above
 * 4 GiB. */
Test(npz, sizes_may_follow_the_data_or_take_64_bits)
{
    static const struct {
        const char *path;
        size_t elements;
    } files[] = { { "tests/fuzz/seeds/npz/streamed", 2 }, { "tests/fuzz/seeds/npz/zip64", 4 } };
    float out[4];

    for (size_t i = 0; i < 2; i++) {
        struct npz *npz;
        struct vit_error err;
        cr_assert_eq(npz_open(files[i].path, &npz, &err), VIT_OK, "%s", err.message);
        cr_assert(npz->count == 1 && npz->members->header.elements == files[i].elements);
        cr_assert_eq(npz_read_f32(npz, npz->members, 1, 1, out, &err), VIT_OK, "%s", err.message);
        cr_assert_eq(out[0], 1);
        npz_close(npz);
        count_checks(4);
    }
}

Test(npz, an_archive_without_members_is_accepted)
{
    struct npz *npz;

    cr_assert_eq(npz_open("tests/fuzz/seeds/npz/empty", &npz, NULL), VIT_OK);
    cr_assert_eq(npz->count, 0);
    npz_close(npz);
    npz_close(NULL);
    count_checks(2);
}

/* Other names and another order of norms: the message of a missing tensor would not say why. */
Test(npz, a_checkpoint_of_big_vision_is_called_what_it_is)
{
    static const float data[4] = { 0 };
    const struct made_directory directory = make_directory();
    const struct made_member members[] = {
        { "params/img/Transformer/encoderblock_0/LayerNorm_0/scale.npy", .dict = F4("(4,)"),
          .data = data, .bytes = 16 },
        { "params/img/Transformer/encoderblock_0/MultiHeadDotProductAttention_0/query/kernel.npy",
          .dict = F4("(2, 1, 2)"), .data = data, .bytes = 16 },
    };
    struct made_npz npz = make_npz(2, members);
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    make_file(&directory, "siglip.npz", npz.bytes, npz.size);
    cr_assert_eq(vit_model_open(directory.path, NULL, &model, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "siglip.npz: tensor params/img/") &&
                  strstr(err.message, "found one of big_vision"),
              "%s", err.message);
    free(npz.bytes);
    remove_directory(&directory);
    count_checks(2);
}
