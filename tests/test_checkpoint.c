/* test_checkpoint.c - checkpoint directories: each is accepted completely or not at all */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "files/safetensors.h"
#include "tests/counts.h"
#include "tests/expect_config.h"
#include "tests/make_checkpoint.h"

static const struct made_family {
    const char *name, *config;
    size_t (*make)(struct made_tensor tensors[MADE_MAX]);
} families[] = {
    { "timm", made_timm_config, made_timm },
    { "series", made_series_config, made_series },
};
enum { FAMILIES = sizeof families / sizeof *families };

Test(checkpoint, the_golden_models_open)
{
    static const struct {
        const char *directory, *family;
        size_t channels, height, width, patch, dim, heads, mlp_dim, classes;
    } golden[] = {
        { "timm-vit", "timm", 3, 48, 48, 8, 96, 3, 384, 11 },
        { "timm-head64", "timm", 3, 64, 64, 16, 128, 2, 512, 10 },
        { "timm-nonsquare", "timm", 3, 32, 56, 8, 60, 5, 150, 7 },
        { "timm-avg-fcnorm", "timm", 3, 48, 48, 8, 96, 3, 384, 11 },
        { "timm-deit-distilled", "timm", 3, 48, 48, 8, 96, 3, 384, 11 },
        { "timm-giant-swiglu", "timm", 3, 42, 42, 14, 96, 3, 256, 11 },
        { "timm-siglip-map", "timm", 3, 48, 48, 8, 96, 3, 384, 11 },
        { "series-batch13", "series", 1, 40, 70, 5, 64, 4, 96, 3 },
        { "series-relu", "series", 3, 24, 16, 8, 40, 5, 80, 5 },
    };

    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct made_directory directory;
        struct checkpoint *checkpoint;
        snprintf(directory.path, sizeof directory.path, "tests/golden/%s", golden[i].directory);
        checkpoint = expect_checkpoint(&directory);
        const struct vit_config *c = checkpoint_config(checkpoint);
        cr_assert_str_eq(checkpoint_family(checkpoint), golden[i].family);
        cr_assert(c->channels == golden[i].channels && c->height == golden[i].height &&
                  c->width == golden[i].width && c->patch == golden[i].patch);
        cr_assert(c->dim == golden[i].dim && c->heads == golden[i].heads && c->depth == 2 &&
                  c->mlp_dim == golden[i].mlp_dim && c->classes == golden[i].classes);
        cr_assert_eq(checkpoint_preprocess_config(checkpoint)->width, c->width);
        cr_assert_null(checkpoint_label(checkpoint, 0));
        checkpoint_close(checkpoint);
        count_checks(5);
    }
    checkpoint_close(NULL);
}

Test(checkpoint, a_slot_reads_the_tensor_of_its_name)
{
    struct safetensors *file;
    struct checkpoint *checkpoint;
    struct vit_error err;
    static float a[384 * 96], b[384 * 96];

    cr_assert_eq(checkpoint_open(&(struct checkpoint_place){ .path = "tests/golden/timm-vit" }, 0,
                                 0, &checkpoint, &err),
                 VIT_OK);
    cr_assert_eq(safetensors_open("tests/golden/timm-vit/model.safetensors", &file, &err), VIT_OK);
    cr_assert_eq(checkpoint_read(checkpoint, SLOT_FC1_WEIGHT, 1, 0, 384 * 96, a, &err), VIT_OK);
    cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "blocks.1.mlp.fc1.weight"), 0,
                                      384 * 96, b, &err),
                 VIT_OK);
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    cr_assert_eq(checkpoint_read(checkpoint, SLOT_HEAD_BIAS, 99, 2, 9, a, &err), VIT_OK);
    safetensors_read_f32(file, safetensors_find(file, "head.bias"), 2, 9, b, &err);
    cr_assert_eq(memcmp(a, b, 9 * sizeof *a), 0);
    cr_assert_eq(checkpoint_read(checkpoint, SLOT_HEAD_BIAS, 0, 3, 9, a, &err), VIT_EINVAL);
    cr_assert_eq(checkpoint_read(checkpoint, SLOT_FC1_BIAS, 2, 0, 1, a, &err), VIT_EINVAL);
    cr_assert_eq(checkpoint_read(checkpoint, SLOT_GAMMA1, 0, 0, 1, a, &err), VIT_EINVAL);
    cr_assert(!checkpoint_has(checkpoint, SLOT_GAMMA1, 0) &&
              checkpoint_has(checkpoint, SLOT_QKV_BIAS, 1));
    safetensors_close(file);
    checkpoint_close(checkpoint);
    count_checks(11);
}

Test(checkpoint, the_message_names_any_missing_tensor)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const struct made_directory directory = make_directory();
        struct made_tensor tensors[MADE_MAX];
        const size_t count = families[f].make(tensors);
        make_text(&directory, "config.json", families[f].config);
        for (size_t i = 0; i < count; i++) {
            struct made_tensor less[MADE_MAX];
            char words[128];
            memcpy(less, tensors, i * sizeof *less);
            memcpy(less + i, tensors + i + 1, (count - i - 1) * sizeof *less);
            make_model(&directory, less, count - 1);
            snprintf(words, sizeof words, "tensor %.63s: expected shape [%zu", tensors[i].name,
                     tensors[i].shape[0]);
            expect_rejected_checkpoint(&directory, VIT_EFORMAT, words);
        }
        remove_directory(&directory);
    }
}

Test(checkpoint, the_message_has_both_shapes_of_any_tensor_with_a_wrong_one)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const struct made_directory directory = make_directory();
        struct made_tensor tensors[MADE_MAX];
        const size_t count = families[f].make(tensors);
        make_text(&directory, "config.json", families[f].config);
        for (size_t i = 0; i < count; i++) {
            char words[128];
            tensors[i].shape[0]++;
            make_model(&directory, tensors, count);
            snprintf(words, sizeof words, "tensor %.63s: expected shape [%zu", tensors[i].name,
                     tensors[i].shape[0] - 1);
            expect_rejected_checkpoint(&directory, VIT_EFORMAT, words);
            tensors[i].shape[0]--;
            tensors[i].shape[tensors[i].rank++] = 1;
            make_model(&directory, tensors, count);
            snprintf(words, sizeof words, "tensor %.63s: expected shape [%zu", tensors[i].name,
                     tensors[i].shape[0]);
            expect_rejected_checkpoint(&directory, VIT_EFORMAT, words);
            tensors[i].rank--;
        }
        remove_directory(&directory);
    }
}

Test(checkpoint, the_message_names_an_unexpected_tensor_and_counts_them)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const struct made_directory directory = make_directory();
        struct made_tensor tensors[MADE_MAX];
        const size_t count = families[f].make(tensors);
        make_text(&directory, "config.json", families[f].config);
        tensors[count] = (struct made_tensor){ "aaa", NULL, 1, { 1 } };
        tensors[count + 1] = (struct made_tensor){ "blocks.2.norm1.weight", NULL, 1, { 8 } };
        make_model(&directory, tensors, count + 1);
        expect_rejected_checkpoint(&directory, VIT_EFORMAT, "tensor aaa: unexpected tensor: ");
        make_model(&directory, tensors, count + 2);
        expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                                   "tensor aaa: unexpected tensor (one of 2): ");
        remove_directory(&directory);
    }
}

Test(checkpoint, f64_f16_and_bf16_are_accepted_and_other_dtypes_rejected)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    for (size_t i = 0; i < count; i++)
        tensors[i].dtype = i % 3 == 0 ? "F64" : i % 3 == 1 ? "F16" : "BF16";
    make_model(&directory, tensors, count);
    checkpoint = expect_checkpoint(&directory);
    checkpoint_close(checkpoint);
    for (size_t i = 0; i < count; i++) {
        char words[128];
        tensors[i].dtype = i % 2 ? "U16" : "F8_E4M3";
        make_model(&directory, tensors, count);
        snprintf(words, sizeof words,
                 "tensor %.63s: expected dtype F64, F32, F16 or BF16, found %s", tensors[i].name,
                 tensors[i].dtype);
        expect_rejected_checkpoint(&directory, VIT_EUNSUPPORTED, words);
        tensors[i].dtype = NULL;
    }
    remove_directory(&directory);
}

Test(checkpoint, a_sinusoid_may_be_absent_and_learned_positions_may_not)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_series(tensors);
    char learned[512];
    struct checkpoint *checkpoint;

    snprintf(learned, sizeof learned, "%.*s,\"pos_embed\":\"learned\"}",
             (int)strlen(made_series_config) - 1, made_series_config);
    tensors[count] = (struct made_tensor){ "backbone.pos_embed", NULL, 3, { 1, 5, 8 } };
    for (int stored = 0; stored < 2; stored++) {
        make_text(&directory, "config.json", made_series_config);
        make_model(&directory, tensors, count + (size_t)stored);
        checkpoint = expect_checkpoint(&directory);
        cr_assert_eq(checkpoint_has(checkpoint, SLOT_POSITIONS, 0), stored);
        checkpoint_close(checkpoint);
        make_text(&directory, "config.json", learned);
        if (stored) {
            checkpoint = expect_checkpoint(&directory);
            checkpoint_close(checkpoint);
        } else {
            expect_rejected_checkpoint(
                &directory, VIT_EFORMAT,
                "backbone.pos_embed: expected shape [1, 5, 8], found no such tensor");
        }
        count_checks(1);
    }
    remove_directory(&directory);
}

Test(checkpoint, labels_txt_has_one_label_per_line)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, count);
    static const char *const texts[] = { "a cat\nein H\xc3\xbcndchen\n\n",
                                         "a cat\r\nein H\xc3\xbcndchen\r\n\r\n",
                                         "a cat\nein H\xc3\xbcndchen\n\r",
                                         "\xef\xbb\xbf"
                                         "a cat\nein H\xc3\xbcndchen\n\n" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make_text(&directory, "labels.txt", texts[i]);
        checkpoint = expect_checkpoint(&directory);
        cr_assert_str_eq(checkpoint_label(checkpoint, 0), "a cat");
        cr_assert_str_eq(checkpoint_label(checkpoint, 1), "ein H\xc3\xbcndchen");
        cr_assert_str_eq(checkpoint_label(checkpoint, 2), "");
        cr_assert_null(checkpoint_label(checkpoint, 3));
        checkpoint_close(checkpoint);
        count_checks(4);
    }
    make_text(&directory, "labels.txt", "a\nb");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "labels.txt: expected 3 labels, one per class, found 2");
    make_text(&directory, "labels.txt", "a\nb\nc\nd\n");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "labels.txt: expected 3 labels, one per class, found 4");
    make_text(&directory, "labels.txt", "");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "labels.txt: expected 3 labels, one per class, found 0");
    make_file(&directory, "labels.txt", "a\nb\0\nc\n", 7);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT, "NUL");
    remove_directory(&directory);
}

Test(checkpoint, id2label_takes_precedence_over_labels_txt)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    char labeled[512];
    struct checkpoint *checkpoint;

    snprintf(labeled, sizeof labeled,
             "%.*s,\"id2label\":{\"0\":\"cat\",\"1\":\"dog\",\"2\":\"cow\"}}",
             (int)strlen(made_timm_config) - 1, made_timm_config);
    make_text(&directory, "config.json", labeled);
    make_text(&directory, "labels.txt", "x\ny\nz\n");
    make_model(&directory, tensors, count);
    checkpoint = expect_checkpoint(&directory);
    cr_assert_str_eq(checkpoint_label(checkpoint, 2), "cow");
    checkpoint_close(checkpoint);
    remove_directory(&directory);
    count_checks(1);
}

Test(checkpoint, a_long_path_keeps_its_end_in_messages)
{
    char directory[601];
    struct checkpoint *checkpoint;
    struct vit_error err;

    for (size_t i = 0; i < 600; i += 2)
        memcpy(directory + i, "\xc3\xa9", 2);
    directory[600] = '\0';
    cr_assert_eq(
        checkpoint_open(&(struct checkpoint_place){ .path = directory }, 0, 0, &checkpoint, &err),
        VIT_EIO);
    cr_assert_eq(strncmp(err.message, "...\xc3\xa9", 5), 0, "%s", err.message);
    cr_assert(strstr(err.message, "\xa9: cannot be opened: "), "%s", err.message);
    cr_assert_lt(strlen(err.message), 250);
    count_checks(4);
}

Test(checkpoint, the_message_names_a_missing_file)
{
    const struct made_directory directory = make_directory();

    expect_rejected_checkpoint(
        &directory, VIT_ENOTFOUND,
        "expected model.safetensors, model.safetensors.index.json or a .npz");
    make_text(&directory, "config.json", made_timm_config);
    expect_rejected_checkpoint(
        &directory, VIT_ENOTFOUND,
        "expected model.safetensors, model.safetensors.index.json or a .npz");
    make_text(&directory, "model.safetensors", "PK");
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "/model.safetensors: expected at least 8 bytes, found 2");
    cr_assert_eq(unlink(made_path(&directory, "model.safetensors")), 0);
    make_model(&directory, NULL, 0);
    cr_assert_eq(truncate(made_path(&directory, "config.json"), (16 << 20) + 1), 0);
    expect_rejected_checkpoint(&directory, VIT_EFORMAT,
                               "/config.json: expected at most 16777216 bytes, found 16777217");
    cr_assert_eq(unlink(made_path(&directory, "config.json")), 0);
    expect_rejected_checkpoint(&directory, VIT_ENOTFOUND,
                               "/config.json: not found: expected it beside .safetensors weights");
    remove_directory(&directory);
    expect_rejected_checkpoint(&directory, VIT_ENOTFOUND, "cannot be opened: No such file");
}
