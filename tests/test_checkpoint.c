/* test_checkpoint.c - checkpoint directories: all or nothing, tensor by tensor */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "files/safetensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

static const struct family {
    const char *name, *config;
    size_t (*make)(struct made_tensor tensors[MADE_MAX]);
} families[] = {
    { "timm", made_timm_config, made_timm },
    { "series", made_series_config, made_series },
};
enum { FAMILIES = sizeof families / sizeof *families };

static void opens(const struct made_directory *directory, struct checkpoint **checkpoint)
{
    struct vit_error err;

    cr_assert_eq(checkpoint_open(directory->path, 0, 0, checkpoint, &err), VIT_OK, "%s",
                 err.message);
    tally(1);
}

static void refuses(const struct made_directory *directory, enum vit_status status,
                    const char *words)
{
    struct checkpoint *checkpoint = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(checkpoint_open(directory->path, 0, 0, &checkpoint, &err), status, "%s",
                 err.message);
    cr_assert_null(checkpoint);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(3);
}

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
        opens(&directory, &checkpoint);
        const struct vit_config *c = checkpoint_config(checkpoint);
        cr_assert_str_eq(checkpoint_family(checkpoint), golden[i].family);
        cr_assert(c->channels == golden[i].channels && c->height == golden[i].height &&
                  c->width == golden[i].width && c->patch == golden[i].patch);
        cr_assert(c->dim == golden[i].dim && c->heads == golden[i].heads && c->depth == 2 &&
                  c->mlp_dim == golden[i].mlp_dim && c->classes == golden[i].classes);
        cr_assert_eq(checkpoint_preprocess_config(checkpoint)->width, c->width);
        cr_assert_null(checkpoint_label(checkpoint, 0));
        checkpoint_close(checkpoint);
        tally(5);
    }
    checkpoint_close(NULL);
}

Test(checkpoint, a_role_reads_the_tensor_of_its_name)
{
    struct safetensors *file;
    struct checkpoint *checkpoint;
    struct vit_error err;
    static float a[384 * 96], b[384 * 96];

    cr_assert_eq(checkpoint_open("tests/golden/timm-vit", 0, 0, &checkpoint, &err), VIT_OK);
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
    tally(11);
}

Test(checkpoint, any_missing_tensor_is_named)
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
            snprintf(words, sizeof words, "tensor %.63s is missing, expected [%zu", tensors[i].name,
                     tensors[i].shape[0]);
            refuses(&directory, VIT_EFORMAT, words);
        }
        remove_directory(&directory);
    }
}

Test(checkpoint, any_misshapen_tensor_is_named_with_both_shapes)
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
            snprintf(words, sizeof words, "tensor %.63s is [%zu", tensors[i].name,
                     tensors[i].shape[0]);
            refuses(&directory, VIT_EFORMAT, words);
            tensors[i].shape[0]--;
            tensors[i].shape[tensors[i].rank++] = 1;
            make_model(&directory, tensors, count);
            snprintf(words, sizeof words, ", 1], expected [%zu", tensors[i].shape[0]);
            refuses(&directory, VIT_EFORMAT, words);
            tensors[i].rank--;
        }
        remove_directory(&directory);
    }
}

Test(checkpoint, an_unexpected_tensor_is_named_and_the_others_counted)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const struct made_directory directory = make_directory();
        struct made_tensor tensors[MADE_MAX];
        const size_t count = families[f].make(tensors);
        make_text(&directory, "config.json", families[f].config);
        tensors[count] = (struct made_tensor){ "aaa", NULL, 1, { 1 } };
        tensors[count + 1] = (struct made_tensor){ "blocks.2.norm1.weight", NULL, 1, { 8 } };
        make_model(&directory, tensors, count + 1);
        refuses(&directory, VIT_EFORMAT, "tensor aaa is unexpected, and 0 more");
        make_model(&directory, tensors, count + 2);
        refuses(&directory, VIT_EFORMAT, "tensor aaa is unexpected, and 1 more");
        remove_directory(&directory);
    }
}

Test(checkpoint, half_floats_are_taken_and_other_dtypes_named)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    for (size_t i = 0; i < count; i++)
        tensors[i].dtype = i % 2 ? "F16" : "BF16";
    make_model(&directory, tensors, count);
    opens(&directory, &checkpoint);
    checkpoint_close(checkpoint);
    for (size_t i = 0; i < count; i++) {
        char words[128];
        tensors[i].dtype = i % 2 ? "F64" : "I8";
        make_model(&directory, tensors, count);
        snprintf(words, sizeof words, "tensor %.63s is %s, expected F32, F16 or BF16",
                 tensors[i].name, tensors[i].dtype);
        refuses(&directory, VIT_EUNSUPPORTED, words);
        tensors[i].dtype = NULL;
    }
    remove_directory(&directory);
}

Test(checkpoint, a_sinusoid_may_be_left_out_and_learned_positions_may_not)
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
        opens(&directory, &checkpoint);
        cr_assert_eq(checkpoint_has(checkpoint, SLOT_POSITIONS, 0), stored);
        checkpoint_close(checkpoint);
        make_text(&directory, "config.json", learned);
        if (stored) {
            opens(&directory, &checkpoint);
            checkpoint_close(checkpoint);
        } else {
            refuses(&directory, VIT_EFORMAT, "backbone.pos_embed is missing, expected [1, 5, 8]");
        }
        tally(1);
    }
    remove_directory(&directory);
}

Test(checkpoint, labels_come_from_a_text_file)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    struct checkpoint *checkpoint;

    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, count);
    static const char *const texts[] = { "a cat\nein H\xc3\xbcndchen\n\n",
                                         "a cat\r\nein H\xc3\xbcndchen\r\n\r\n",
                                         "a cat\nein H\xc3\xbcndchen\n\r" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make_text(&directory, "labels.txt", texts[i]);
        opens(&directory, &checkpoint);
        cr_assert_str_eq(checkpoint_label(checkpoint, 0), "a cat");
        cr_assert_str_eq(checkpoint_label(checkpoint, 1), "ein H\xc3\xbcndchen");
        cr_assert_str_eq(checkpoint_label(checkpoint, 2), "");
        cr_assert_null(checkpoint_label(checkpoint, 3));
        checkpoint_close(checkpoint);
        tally(4);
    }
    make_text(&directory, "labels.txt", "a\nb");
    refuses(&directory, VIT_EFORMAT, "labels.txt: expected 3 labels, one per class, found 2");
    make_text(&directory, "labels.txt", "");
    refuses(&directory, VIT_EFORMAT, "labels.txt: expected 3 labels, one per class, found 0");
    make_file(&directory, "labels.txt", "a\nb\0\nc\n", 7);
    refuses(&directory, VIT_EFORMAT, "NUL");
    remove_directory(&directory);
}

Test(checkpoint, labels_in_the_configuration_come_before_a_text_file)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);
    char labelled[512];
    struct checkpoint *checkpoint;

    snprintf(labelled, sizeof labelled,
             "%.*s,\"id2label\":{\"0\":\"cat\",\"1\":\"dog\",\"2\":\"cow\"}}",
             (int)strlen(made_timm_config) - 1, made_timm_config);
    make_text(&directory, "config.json", labelled);
    make_text(&directory, "labels.txt", "x\ny\nz\n");
    make_model(&directory, tensors, count);
    opens(&directory, &checkpoint);
    cr_assert_str_eq(checkpoint_label(checkpoint, 2), "cow");
    checkpoint_close(checkpoint);
    remove_directory(&directory);
    tally(1);
}

Test(checkpoint, a_long_path_keeps_its_end_in_messages)
{
    char directory[601];
    struct checkpoint *checkpoint;
    struct vit_error err;

    for (size_t i = 0; i < 600; i += 2)
        memcpy(directory + i, "\xc3\xa9", 2);
    directory[600] = '\0';
    cr_assert_eq(checkpoint_open(directory, 0, 0, &checkpoint, &err), VIT_EIO);
    cr_assert_eq(strncmp(err.message, "...\xc3\xa9", 5), 0, "%s", err.message);
    cr_assert(strstr(err.message, "\xa9: cannot be opened: "), "%s", err.message);
    cr_assert_lt(strlen(err.message), 250);
    tally(4);
}

Test(checkpoint, a_directory_without_its_files_says_which)
{
    const struct made_directory directory = make_directory();

    refuses(&directory, VIT_EIO,
            "expected model.safetensors, model.safetensors.index.json or a .npz");
    make_text(&directory, "config.json", made_timm_config);
    refuses(&directory, VIT_EIO,
            "expected model.safetensors, model.safetensors.index.json or a .npz");
    make_text(&directory, "model.safetensors", "PK");
    refuses(&directory, VIT_EFORMAT, "/model.safetensors: expected at least 8 bytes, found 2");
    cr_assert_eq(unlink(made_path(&directory, "model.safetensors")), 0);
    make_model(&directory, NULL, 0);
    cr_assert_eq(truncate(made_path(&directory, "config.json"), (16 << 20) + 1), 0);
    refuses(&directory, VIT_EFORMAT,
            "/config.json: expected at most 16777216 bytes, found 16777217");
    cr_assert_eq(unlink(made_path(&directory, "config.json")), 0);
    refuses(&directory, VIT_EIO, "/config.json: no such file");
    remove_directory(&directory);
    refuses(&directory, VIT_EIO, "cannot be opened: No such file");
}
