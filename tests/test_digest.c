/* test_digest.c - vit_model_digest: the digest of sha256sum's list, however a model is opened */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counts.h"
#include "golden_models.h"
#include "make_checkpoint.h"
#include "mapped_directory.h"
#include "model_config.h"
#include "vit/inspect.h"
#include "vit/vit.h"

/* LC_ALL=C sha256sum config.json labels.txt model.safetensors | sha256sum, in models/digits */
#define DIGITS "dee0b17e800f9ad7aa5fa9a61b80165d3fa970c68986aff2e49f626d8c8fc1c8"
/* of config.json and model.safetensors alone, in tests/golden/timm-vit */
#define TIMM "4436fb0e64ab65e9931b0507814e6674258aeef3883a2641b18ab604d9d96b97"
/* of config.json, model.safetensors and preprocessor_config.json, in tests/golden/hf-vit */
#define HF_VIT "3644782a3e10cd9e16301fdf55a33487b99ba2c2eecfce92ba9028cd3f1117c3"

struct digest {
    char text[65];
};

static const struct vit_model_options asked = { .size = sizeof asked, .digest = true };

/* Takes the model. */
static struct digest digest_of(struct vit_model *model)
{
    const char *const text = vit_model_digest(model);
    struct digest digest;

    cr_assert(text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64);
    memcpy(digest.text, text, sizeof digest.text);
    vit_model_free(model);
    return digest;
}

static struct digest of_directory(const char *path, const struct vit_model_options *options)
{
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open(path, options, &model, &err), VIT_OK, "%s", err.message);
    return digest_of(model);
}

static struct digest of_memory(size_t count, const struct vit_file *files)
{
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open_files(count, files, &asked, &model, &err), VIT_OK, "%s",
                 err.message);
    return digest_of(model);
}

static void expect_digest(const char *expected, struct digest found, const char *what)
{
    cr_assert_str_eq(found.text, expected, "%s: %s", what, found.text);
    count_checks(1);
}

Test(digest, is_that_of_the_list_that_sha256sum_prints)
{
    expect_digest(DIGITS, of_directory("models/digits", &asked), "models/digits");
    expect_digest(DIGITS, of_directory("models/digits/", &asked), "models/digits/");
    expect_digest(TIMM, of_directory("tests/golden/timm-vit", &asked), "timm-vit");
    expect_digest(HF_VIT, of_directory("tests/golden/hf-vit", &asked), "hf-vit");
}

/* From a directory, from memory in both orders, and from packed weights, which are saved again. */
static struct digest expect_one_digest(const char *path, const char *packed)
{
    struct mapped_directory list = map_directory(path);
    struct vit_file reversed[MAPPED_MAX];
    struct vit_model_options from_packed = asked;
    struct vit_model *model;
    struct vit_error err;
    const struct digest expected = of_directory(path, &asked);

    for (size_t i = 0; i < list.count; i++)
        reversed[i] = list.files[list.count - 1 - i];
    expect_digest(expected.text, of_memory(list.count, list.files), path);
    expect_digest(expected.text, of_memory(list.count, reversed), path);
    unmap_directory(&list);
    from_packed.packed = packed;
    cr_assert_eq(vit_model_open(path, NULL, &model, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_save_packed(model, packed, &err), VIT_OK, "%s", err.message);
    vit_model_free(model);
    expect_digest(expected.text, of_directory(path, &from_packed), path);
    cr_assert_eq(vit_model_open(path, &from_packed, &model, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_save_packed(model, packed, &err), VIT_OK, "%s", err.message);
    expect_digest(expected.text, digest_of(model), path);
    expect_digest(expected.text, of_directory(path, &from_packed), path);
    return expected;
}

Test(digest, of_every_golden_model_is_one_however_it_is_opened_and_is_its_own)
{
    const struct made_directory scratch = make_directory();
    static struct digest all[100];
    char packed[300];
    glob_t found = golden_models();

    snprintf(packed, sizeof packed, "%s", made_path(&scratch, "packed"));
    cr_assert(found.gl_pathc <= 100);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        all[i] = expect_one_digest(found.gl_pathv[i], packed);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(all[i].text, all[j].text, "%s, %s", found.gl_pathv[i],
                              found.gl_pathv[j]);
    }
    globfree(&found);
    remove_directory(&scratch);
}

Test(digest, does_not_depend_on_the_options)
{
    struct vit_model_options options = asked;

    options.isa = "scalar";
    options.precision = VIT_PRECISION_INT8;
    options.keep = "head";
    options.height = options.width = 64;
    expect_digest(TIMM, of_directory("tests/golden/timm-vit", &options), "timm-vit");
}

static struct made_directory made_checkpoint(void)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];

    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, made_timm(tensors));
    return directory;
}

static void expect_change(const struct made_directory *d, const char *before, const char *what)
{
    const struct digest after = of_directory(d->path, &asked);

    cr_assert_str_neq(before, after.text, "%s", what);
    count_checks(1);
}

Test(digest, changes_with_every_byte_of_a_file_that_is_read_and_with_no_other_file)
{
    const struct made_directory d = made_checkpoint();
    const struct digest before = of_directory(d.path, &asked);
    struct made_tensor tensors[MADE_MAX];
    char config[4096];

    make_text(&d, "README.md", "a file that is not read");
    make_text(&d, "other.json", "{}");
    expect_digest(before.text, of_directory(d.path, &asked), "a file that is not read");

    make_text(&d, "labels.txt", "a\nb\nc\n");
    expect_change(&d, before.text, "labels");
    cr_assert_eq(unlink(made_path(&d, "labels.txt")), 0);
    make_text(&d, "preprocessor_config.json", "{}");
    expect_change(&d, before.text, "an empty preprocess config");
    cr_assert_eq(unlink(made_path(&d, "preprocessor_config.json")), 0);
    make_text(&d, "processor_config.json", "{}");
    expect_change(&d, before.text, "an empty processor config");
    cr_assert_eq(unlink(made_path(&d, "processor_config.json")), 0);
    snprintf(config, sizeof config, "%s ", made_timm_config);
    make_text(&d, "config.json", config);
    expect_change(&d, before.text, "a space at the end of config.json");
    make_text(&d, "config.json", made_timm_config);

    FILE *const file = fopen(made_path(&d, "model.safetensors"), "r+b");
    cr_assert(file && fseek(file, -1, SEEK_END) == 0 && fputc(1, file) == 1 && fclose(file) == 0);
    expect_change(&d, before.text, "the last byte of the weights");
    make_model(&d, tensors, made_timm(tensors));
    expect_digest(before.text, of_directory(d.path, &asked), "as before");
    remove_directory(&d);
}

/* Shards a and b, in memory. */
static enum vit_status open_shards(const char *a, const char *b, const char *index,
                                   const struct made_directory *d, struct vit_model **model,
                                   struct vit_error *err)
{
    struct mapped_directory list = map_directory(d->path);
    enum vit_status status;

    for (size_t i = 0; i < list.count; i++) {
        const char *const name = list.files[i].name;
        if (strcmp(name, "a.safetensors") == 0 || strcmp(name, "b.safetensors") == 0) {
            char *const renamed = strdup(name[0] == 'a' ? a : b);
            free((void *)name);
            list.files[i].name = renamed;
        }
    }
    list.files[list.count] = (struct vit_file){ .size = sizeof *list.files,
                                                .name = strdup("model.safetensors.index.json"),
                                                .data = index,
                                                .bytes = strlen(index) };
    list.count++;
    status = vit_model_open_files(list.count, list.files, &asked, model, err);
    list.count--; /* the index is not mapped */
    free((void *)list.files[list.count].name);
    unmap_directory(&list);
    return status;
}

Test(digest, of_shards_has_a_line_for_each_and_none_for_their_index)
{
    const struct made_directory d = make_directory();
    struct vit_model *model;
    struct vit_error err;

    const char *const index = make_two_shards(&d, "a.safetensors", "b.safetensors");
    cr_assert_eq(open_shards("a.safetensors", "b.safetensors", index, &d, &model, &err), VIT_OK,
                 "%s", err.message);
    const struct digest expected = digest_of(model);
    make_text(&d, "model.safetensors.index.json", index);
    expect_digest(expected.text, of_directory(d.path, &asked), "a directory");
    cr_assert_eq(unlink(made_path(&d, "model.safetensors.index.json")), 0);
    cr_assert_eq(open_shards("a.safetensors", "c.safetensors",
                             make_two_shards(&d, "a.safetensors", "c.safetensors"), &d, &model,
                             &err),
                 VIT_OK, "%s", err.message);
    cr_assert_str_neq(digest_of(model).text, expected.text);
    remove_directory(&d);
    count_checks(1);
}

/* Else one file whose name has a line's end could stand for two. */
Test(digest, names_that_sha256sum_would_escape_are_refused)
{
    static const char *const names[][2] = {
        { "a\nb.safetensors", "a\\nb.safetensors" },
        { "a\\b.safetensors", "a\\\\b.safetensors" },
        { "a\x7f.safetensors", "a\\u007f.safetensors" },
        { "a\rb.safetensors", "a\\rb.safetensors" },
    };
    const struct made_directory d = make_directory();
    struct vit_model *model = NULL;
    struct vit_error err;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const index = make_two_shards(&d, names[i][1], "b.safetensors");
        const enum vit_status status =
            open_shards(names[i][0], "b.safetensors", index, &d, &model, &err);
        cr_assert_eq(status, VIT_EUNSUPPORTED, "%zu: %s", i, err.message);
        cr_assert(strstr(err.message, "digest: expected names of files without backslash"), "%s",
                  err.message);
        cr_assert_null(model);
        count_checks(3);
    }
    remove_directory(&d);
}

/* --- who does not ask, and who cannot */

Test(digest, is_NULL_for_those_who_do_not_ask)
{
    const struct made_directory d = made_checkpoint();
    const struct vit_model_options none = { .size = sizeof none };
    struct mapped_directory list = map_directory(d.path);
    struct vit_model *model;

    cr_assert_eq(vit_model_open(d.path, NULL, &model, NULL), VIT_OK);
    cr_assert_null(vit_model_digest(model));
    vit_model_free(model);
    cr_assert_eq(vit_model_open(d.path, &none, &model, NULL), VIT_OK);
    cr_assert_null(vit_model_digest(model));
    vit_model_free(model);
    cr_assert_eq(vit_model_open_files(list.count, list.files, NULL, &model, NULL), VIT_OK);
    cr_assert_null(vit_model_digest(model));
    vit_model_free(model);
    unmap_directory(&list);
    remove_directory(&d);
    count_checks(3);
}

Test(digest, of_a_random_model_is_refused)
{
    const struct vit_config config = divisible_config(1);
    struct vit_model *model = NULL;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&config, 1, &asked, &model, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "digest: expected false for a random model"), "%s", err.message);
    cr_assert_null(model);
    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, &err), VIT_OK);
    cr_assert_null(vit_model_digest(model));
    vit_model_free(model);
    count_checks(5);
}

/* --- a file that changes */

/* The progress hook gives the weights another time. */
static bool touch(void *user, size_t done, size_t total)
{
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

    (void)done;
    (void)total;
    return utimensat(AT_FDCWD, user, times, 0) != 0;
}

Test(digest, of_weights_that_change_while_they_are_read_is_refused)
{
    const struct made_directory d = made_checkpoint();
    char weights[300];
    struct vit_model_options options = asked;
    struct vit_model *model = NULL;
    struct vit_error err;

    snprintf(weights, sizeof weights, "%s", made_path(&d, "model.safetensors"));
    options.progress = touch;
    options.user = weights;
    cr_assert_eq(vit_model_open(d.path, &options, &model, &err), VIT_ESTALE, "%s", err.message);
    cr_assert(strstr(err.message, "model.safetensors: expected the file to stay as it was"), "%s",
              err.message);
    cr_assert_null(model);
    remove_directory(&d);
    count_checks(3);
}

struct touched {
    const char *weights;
    size_t ends;
};

static bool touch_and_count(void *user, size_t done, size_t total)
{
    struct touched *const t = user;

    t->ends += done == total;
    return touch((void *)t->weights, done, total);
}

Test(digest, precedes_the_end_of_the_progress)
{
    const struct made_directory d = made_checkpoint();
    char weights[300];
    struct touched touched = { weights, 0 };
    struct vit_model_options options = asked;
    struct vit_model *model = NULL;

    snprintf(weights, sizeof weights, "%s", made_path(&d, "model.safetensors"));
    options.progress = touch_and_count;
    options.user = &touched;
    cr_assert_eq(vit_model_open(d.path, &options, &model, NULL), VIT_ESTALE);
    cr_assert(!model && touched.ends == 0);
    remove_directory(&d);
    count_checks(2);
}
