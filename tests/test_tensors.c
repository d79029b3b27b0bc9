/* test_tensors.c - the tensors of a checkpoint's directory, whichever files hold them */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/safetensors.h"
#include "files/tensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

Test(tensors, the_tensors_are_those_of_the_file)
{
    struct safetensors *file;
    struct tensors *tensors;
    struct vit_error err;
    static float a[1 << 20], b[1 << 20];

    cr_assert_eq(open_tensors("tests/golden/timm-vit", &tensors, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(safetensors_open("tests/golden/timm-vit/model.safetensors", &file, &err), VIT_OK);
    cr_assert_eq(tensors->format, TENSORS_SAFETENSORS);
    cr_assert_str_eq(tensors->path, "tests/golden/timm-vit/model.safetensors");
    cr_assert_eq(tensors->count, file->count);
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        const struct tensor *t = tensors_find(tensors, entry->name);
        cr_assert_eq(t, &tensors->entries[i], "%s", entry->name);
        cr_assert(t->rank == entry->rank && t->elements == entry->elements && t->readable);
        cr_assert_eq(memcmp(t->shape, entry->shape, t->rank * sizeof *t->shape), 0);
        cr_assert_str_eq(t->dtype, "F32");
        cr_assert_str_eq(t->path, tensors->path);
        cr_assert_eq(tensors_read_f32(tensors, t, 0, t->elements, a, &err), VIT_OK);
        cr_assert_eq(safetensors_read_f32(file, entry, 0, entry->elements, b, &err), VIT_OK);
        cr_assert_eq(memcmp(a, b, t->elements * sizeof *a), 0, "%s", t->name);
        count_checks(7);
    }
    cr_assert_null(tensors_find(tensors, "blocks.2.norm1.weight"));
    safetensors_close(file);
    tensors_close(tensors);
    tensors_close(NULL);
    count_checks(4);
}

Test(tensors, integers_are_listed_but_not_read)
{
    const struct made_directory directory = make_directory();
    const struct made_tensor made[] = { { "ids", "I64", 1, { 4 } }, { "w", "BF16", 0, { 0 } } };
    struct tensors *tensors;
    struct vit_error err;
    float out[4] = { 1 };

    make_model(&directory, made, 2);
    cr_assert_eq(open_tensors(directory.path, &tensors, &err), VIT_OK, "%s", err.message);
    const struct tensor *ids = tensors_find(tensors, "ids"), *w = tensors_find(tensors, "w");
    cr_assert(!ids->readable && w->readable && w->rank == 0 && w->elements == 1);
    cr_assert_eq(tensors_read_f32(tensors, ids, 0, 4, out, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "tensor ids: expected dtype F64, F32, F16 or BF16, found I64"),
              "%s", err.message);
    cr_assert_eq(tensors_read_f32(tensors, w, 0, 2, out, &err), VIT_EINVAL);
    cr_assert_eq(tensors_read_f32(tensors, w, 0, 1, out, &err), VIT_OK);
    cr_assert_eq(out[0], 0);
    tensors_close(tensors);
    remove_directory(&directory);
    count_checks(7);
}

/* Expects that a directory is rejected; the words follow the directory's path in the message. */
static void rejects(const struct made_directory *directory, enum vit_status status,
                    const char *words)
{
    struct tensors *tensors = NULL;
    struct vit_error err = { 0 };
    char whole[1024];

    snprintf(whole, sizeof whole, "%s%s", directory->path, words);
    cr_assert_eq(open_tensors(directory->path, &tensors, &err), status, "%s", err.message);
    cr_assert_null(tensors);
    cr_assert_eq(err.status, status);
    cr_assert_str_eq(err.message, whole);
    count_checks(4);
}

Test(tensors, without_weights_the_message_says_what_was_expected_and_found)
{
    const struct made_directory directory = make_directory();
    const char *const expected =
        ": expected model.safetensors, model.safetensors.index.json or a .npz file, found ";
    char words[256];

    snprintf(words, sizeof words, "%snone", expected);
    rejects(&directory, VIT_ENOTFOUND, words);
    make_text(&directory, ".hidden.npz", "");
    make_text(&directory, "npz", "");
    make_text(&directory, "config.json", "{}");
    rejects(&directory, VIT_ENOTFOUND, words);
    make_text(&directory, "pytorch_model.bin", "");
    make_text(&directory, "tf_model.pth", "");
    snprintf(words, sizeof words, "%spytorch_model.bin", expected);
    rejects(&directory, VIT_ENOTFOUND, words);
    make_text(&directory, "model-00001-of-00002.safetensors", "");
    snprintf(words, sizeof words, "%smodel-00001-of-00002.safetensors", expected);
    rejects(&directory, VIT_ENOTFOUND, words);
    remove_directory(&directory);
    rejects(&directory, VIT_ENOTFOUND, ": cannot be opened: No such file or directory");
}

Test(tensors, several_files_of_weights_are_rejected_in_any_order)
{
    static const char *const names[] = { "model.safetensors", "model.safetensors.index.json",
                                         "B.npz", "a.npz" };
    static const size_t pairs[][3] = {
        { 0, 2, 2 }, { 2, 0, 2 }, { 1, 3, 3 }, { 3, 2, 2 }, { 2, 3, 2 }
    }; /* the two that exist, the one that the message names first */

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct made_directory directory = make_directory();
        const size_t first = pairs[i][2], second = pairs[i][0] + pairs[i][1] - first;
        char words[256];
        make_text(&directory, names[pairs[i][0]], "");
        make_text(&directory, names[pairs[i][1]], "");
        snprintf(words, sizeof words, ": expected one file of weights, found %s and %s",
                 names[first], names[second]);
        rejects(&directory, VIT_EFORMAT, words);
        make_text(&directory, "z.npz", "");
        rejects(&directory, VIT_EFORMAT, words);
        remove_directory(&directory);
    }
}

/* As in transformers and timm: an index that is left from a conversion has no effect. */
Test(tensors, the_single_file_counts_beside_an_index)
{
    static const struct made_tensor made[] = { { "w", NULL, 1, { 4 } } };

    for (size_t i = 0; i < 2; i++) {
        const struct made_directory directory = make_directory();
        struct tensors *tensors = NULL;
        struct vit_error err = { 0 };
        if (i == 0)
            make_text(&directory, "model.safetensors.index.json", "not JSON");
        make_model(&directory, made, 1);
        make_text(&directory, "model.safetensors.index.json", "not JSON");
        cr_assert_eq(open_tensors(directory.path, &tensors, &err), VIT_OK, "%s", err.message);
        cr_assert(tensors->format == TENSORS_SAFETENSORS && tensors->count == 1);
        tensors_close(tensors);
        make_text(&directory, "a.npz", "");
        rejects(&directory, VIT_EFORMAT,
                ": expected one file of weights, found a.npz and model.safetensors");
        remove_directory(&directory);
        count_checks(2);
    }
}

Test(tensors, only_regular_files_are_opened)
{
    static const char *const names[] = { "model.safetensors", "model.safetensors.index.json",
                                         "x.npz" };
    const struct made_directory directory = make_directory();
    char words[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(mkfifo(made_path(&directory, names[i]), 0600), 0);
        snprintf(words, sizeof words, "/%s: cannot be read: not a regular file", names[i]);
        rejects(&directory, VIT_EIO, words);
        unlink(made_path(&directory, names[i]));
        cr_assert_eq(mkdir(made_path(&directory, names[i]), 0700), 0);
        rejects(&directory, VIT_EIO, words);
        rmdir(made_path(&directory, names[i]));
        cr_assert_eq(symlink("nowhere", made_path(&directory, names[i])), 0);
        snprintf(words, sizeof words, "/%s: cannot be opened: No such file or directory", names[i]);
        rejects(&directory, VIT_ENOTFOUND, words);
        unlink(made_path(&directory, names[i]));
    }
    remove_directory(&directory);
}

/* What a clone without Git LFS has in place of a large file; test_cli_messages has the others. */
Test(tensors, a_git_lfs_pointer_is_called_what_it_is)
{
    static const char *const names[] = { "model.safetensors", "model.safetensors.index.json",
                                         "x.npz" };
    const struct made_directory directory = make_directory();
    char words[256];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_text(&directory, names[i],
                  "version https://git-lfs.github.com/spec/v1\n"
                  "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
                  "size 346284714\n");
        snprintf(words, sizeof words,
                 "/%s: expected the file itself, found a Git LFS pointer to it; "
                 "git lfs pull fetches the file",
                 names[i]);
        rejects(&directory, VIT_EFORMAT, words);
        unlink(made_path(&directory, names[i]));
    }
    remove_directory(&directory);
}
