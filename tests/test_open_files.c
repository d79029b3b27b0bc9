/* test_open_files.c - models from files in memory: the same as from a directory, or an error */
#include <criterion/criterion.h>
#include <string.h>

#include "counts.h"
#include "golden_models.h"
#include "make_checkpoint.h"
#include "mapped_directory.h"
#include "packed_model.h"
#include "vit/inspect.h"
#include "vit/vit.h"

/* The files' memory is gone before the model is used. */
static void is_the_model_of_its_files(const char *path)
{
    struct mapped_directory list = map_directory(path);
    struct vit_model *expected, *found;
    struct vit_tensor_info tensor = { .size = sizeof tensor };
    struct vit_error err;

    cr_assert_eq(vit_model_open(path, NULL, &expected, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_open_files(list.count, list.files, NULL, &found, &err), VIT_OK, "%s: %s",
                 path, err.message);
    unmap_directory(&list);
    for (size_t i = 0; vit_model_label(expected, i); i++)
        cr_assert_str_eq(vit_model_label(found, i), vit_model_label(expected, i));
    cr_assert_str_eq(vit_model_family(found), vit_model_family(expected));
    cr_assert(vit_model_tensor_at(found, 0, &tensor));
    cr_assert_null(strchr(tensor.file, '/'), "%s", tensor.file);
    expect_same_model(expected, found, path); /* frees both */
    count_checks(3);
}

Test(open_files, are_the_model_of_their_directory_in_every_golden_case)
{
    glob_t found = golden_models();

    for (size_t i = 0; i < found.gl_pathc; i++)
        is_the_model_of_its_files(found.gl_pathv[i]);
    globfree(&found);
    is_the_model_of_its_files("models/digits");
    count_checks(1);
}

Test(open_files, may_be_shards_with_an_index)
{
    const struct made_directory directory = make_directory();

    make_text(&directory, "model.safetensors.index.json",
              make_two_shards(&directory, "a.safetensors", "b.safetensors"));
    is_the_model_of_its_files(directory.path);
    remove_directory(&directory);
}

/* --- errors */

static void expect_failure(enum vit_status expected, size_t count, const struct vit_file *files,
                           size_t max_file_bytes, const char *words)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .max_file_bytes = max_file_bytes };
    struct vit_model *model = NULL;
    struct vit_error err;
    const enum vit_status found = vit_model_open_files(count, files, &options, &model, &err);

    cr_assert_eq(found, expected, "%s: %s", vit_status_name(found), err.message);
    cr_assert(strncmp(err.message, words, strlen(words)) == 0, "\"%s\" does not begin with \"%s\"",
              err.message, words);
    cr_assert_null(model);
    count_checks(3);
}

Test(open_files, a_list_that_contradicts_itself_is_refused)
{
    struct vit_file files[3] = {
        { .size = sizeof *files, .name = "config.json", .data = "{}", .bytes = 2 },
        { .size = sizeof *files, .name = "model.safetensors", .data = "", .bytes = 0 },
        { .size = sizeof *files, .name = "config.json", .data = "{}", .bytes = 2 },
    };

    expect_failure(VIT_EINVAL, 0, files, 0, "files in memory: expected at least 1, found none");
    expect_failure(VIT_EINVAL, 1, NULL, 0, "files in memory: expected at least 1, found none");
    expect_failure(VIT_EINVAL, 3, files, 0,
                   "struct vit_file 2: name: expected another than that of file 0, found "
                   "\"config.json\"");
    files[1].name = "a/model.safetensors";
    expect_failure(VIT_EINVAL, 2, files, 0,
                   "struct vit_file 1: name: expected one without '/', found \"a/model");
    files[1].name = NULL;
    expect_failure(VIT_EINVAL, 2, files, 0, "struct vit_file 1: name: expected one without '/'");
    files[1].name = "";
    expect_failure(VIT_EINVAL, 2, files, 0, "struct vit_file 1: name: expected one without '/'");
    files[1] = (struct vit_file){ .size = sizeof *files, .name = "model.safetensors", .bytes = 9 };
    expect_failure(VIT_EINVAL, 2, files, 0,
                   "struct vit_file 1: data: expected 9 bytes, found NULL");
    files[1].size = 16;
    expect_failure(VIT_EINVAL, 2, files, 0,
                   "struct vit_file 1: expected size 40, as file 0 has, found 16");
    files[0].size = 3;
    expect_failure(VIT_EINVAL, 2, files, 0, "struct vit_file: expected size 40, found 3");
    files[0].size = sizeof *files;
    files[0].reserved[0] = 1;
    expect_failure(VIT_EUNSUPPORTED, 1, files, 0, "struct vit_file: expected 0 after the 32 bytes");
}

Test(open_files, a_missing_or_malformed_file_is_named)
{
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    struct mapped_directory list = map_directory("tests/golden/timm-vit");
    struct vit_file files[2] = {
        { .size = sizeof *files, .name = "config.json", .data = "{", .bytes = 1 },
        { .size = sizeof *files, .name = "model.safetensors", .data = NULL, .bytes = 0 },
    };

    expect_failure(VIT_ENOTFOUND, 1, files, 0,
                   "files in memory: expected model.safetensors, model.safetensors.index.json");
    expect_failure(VIT_EFORMAT, 2, files, 0, "model.safetensors: ");
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.files[i].name, "model.safetensors") == 0)
            files[1] = list.files[i];
    expect_failure(VIT_EFORMAT, 2, files, 0, "config.json: ");
    expect_failure(VIT_EUNSUPPORTED, 2, files, 100,
                   "model.safetensors: expected at most 100 bytes");
    files[0].name = "other.json"; /* timm's model needs no other file, but this one has no names */
    files[1].bytes -= 1;
    expect_failure(VIT_EFORMAT, 2, files, 0, "model.safetensors: ");
    files[1].data = lfs;
    files[1].bytes = sizeof lfs - 1;
    expect_failure(VIT_EFORMAT, 2, files, 0,
                   "model.safetensors: expected the file itself, found a Git LFS pointer to it");
    files[1].bytes = 20; /* ends before it could be one */
    expect_failure(VIT_EFORMAT, 2, files, 0, "model.safetensors: header");
    files[1].name = "model.safetensors.index.json";
    files[1].data = "{\"weight_map\": {\"a\": \"b.safetensors\"}}";
    files[1].bytes = strlen(files[1].data);
    expect_failure(VIT_ENOTFOUND, 2, files, 0,
                   "files in memory: expected b.safetensors, found no such file");
    unmap_directory(&list);
}
