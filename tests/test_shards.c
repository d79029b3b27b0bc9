/* test_shards.c - checkpoints in several files: the index, and the files checked against it */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/safetensors.h"
#include "files/shard_index.h"
#include "files/tensors.h"
#include "tests/alloc_counter.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

#define INDEX "model.safetensors.index.json"
#define ONE   "model-00001-of-00002.safetensors"
#define TWO   "model-00002-of-00002.safetensors"

/* Copies every second tensor of a file to another file; map gets the index entries. */
static size_t copy_half(const struct made_directory *directory, const struct safetensors *from,
                        size_t half, const char *name, char *map)
{
    static char header[1 << 16], data[1 << 20];
    size_t length = 0, at = 0, mapped = 0;

    for (size_t i = half; i < from->count; i += 2) {
        const struct safetensors_entry *entry = &from->entries[i];
        const size_t bytes = entry->elements * safetensors_dtype_bytes(entry->dtype);
        length +=
            (size_t)sprintf(header + length, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                            at > 0 ? "," : "{", entry->name, safetensors_dtype_name(entry->dtype));
        for (size_t r = 0; r < entry->rank; r++)
            length += (size_t)sprintf(header + length, "%s%zu", r > 0 ? "," : "", entry->shape[r]);
        length += (size_t)sprintf(header + length, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
        cr_assert_leq(at + bytes, sizeof data);
        cr_assert_eq(safetensors_read(from, entry, 0, entry->elements, data + at, NULL), VIT_OK);
        at += bytes;
        mapped += (size_t)sprintf(map + mapped, ",\"%s\":\"%s\"", entry->name, name);
    }
    strcpy(header + length, "}");
    make_safetensors(directory, name, header, data, at);
    return mapped;
}

Test(shards, two_files_have_the_values_of_the_original_file)
{
    const struct made_directory directory = make_directory();
    static char map[1 << 16] = "{\"metadata\":{\"total_size\":7},\"weight_map\":{\"";
    static float a[1 << 18], b[1 << 18];
    size_t length = strlen(map) - 1;
    struct safetensors *file;
    struct tensors *tensors;
    struct vit_error err;

    cr_assert_eq(safetensors_open("tests/golden/timm-vit/model.safetensors", &file, &err), VIT_OK);
    const size_t comma = length;
    length += copy_half(&directory, file, 1, TWO, map + length);
    length += copy_half(&directory, file, 0, ONE, map + length);
    map[comma] = ' ';
    strcpy(map + length, "}}");
    make_text(&directory, INDEX, map);
    cr_assert_eq(open_tensors(directory.path, &tensors, &err), VIT_OK, "%s", err.message);
    cr_assert(tensors->format == TENSORS_SHARDED && tensors->files == 2);
    cr_assert_str_eq(tensors->path, made_path(&directory, INDEX));
    cr_assert_eq(tensors->count, file->count);
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        const struct tensor *t = &tensors->entries[i];
        cr_assert_str_eq(t->name, entry->name);
        cr_assert_eq(tensors_find(tensors, entry->name), t);
        cr_assert_str_eq(t->path, made_path(&directory, i % 2 ? TWO : ONE));
        cr_assert_leq(t->elements, sizeof a / sizeof *a);
        cr_assert_eq(tensors_read_f32(tensors, t, 0, t->elements, a, &err), VIT_OK);
        cr_assert_eq(safetensors_read_f32(file, entry, 0, entry->elements, b, &err), VIT_OK);
        cr_assert_eq(memcmp(a, b, t->elements * sizeof *a), 0, "%s", t->name);
        count_checks(6);
    }
    safetensors_close(file);
    tensors_close(tensors);
    remove_directory(&directory);
    count_checks(4);
}

/* Expects that an index is rejected with exactly this message. */
static void rejects(const char *text, size_t bytes, enum vit_status status, const char *words)
{
    struct index_file *index = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(index_parse("x.index.json", text, bytes, &index, &err), status, "%s", text);
    cr_assert_null(index);
    cr_assert_eq(strncmp(err.message, "x.index.json: ", 14), 0, "%s", err.message);
    cr_assert_str_eq(err.message + 14, words);
    count_checks(4);
}

Test(shards, a_malformed_index_is_rejected)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "expected JSON, found an error at line 1, column 1: parse error: premature EOF" },
        { "{", "expected JSON, found an error at line 1, column 2: parse error: premature EOF" },
        { "[]", "expected a JSON object, found an array" },
        { "{}", "weight_map: expected an object, found none" },
        { "{\"weight_map\":[]}", "weight_map: expected an object, found an array" },
        { "{\"metadata\":null,\"weight_map\":[]}",
          "weight_map: expected an object, found an array" },
        { "{\"metadata\":7,\"weight_map\":{}}", "metadata: expected an object, found a number" },
        { "{\"weight_map\":{\"w\":7}}", "weight_map: tensor w: expected a string, found a number" },
        { "{\"weight_map\":{\"w\":\"a.safetensors\",\"w\":\"a.safetensors\"}}",
          "expected JSON, found an error at line 1, column 55: duplicate key \"w\" in the object "
          "that ends here" },
        { "{\"weight_map\":{},\"weight_map\":{}}",
          "expected JSON, found an error at line 1, column 33: duplicate key \"weight_map\" in the "
          "object that ends here" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        rejects(cases[i].text, strlen(cases[i].text), VIT_EFORMAT, cases[i].words);
    rejects("{}\0", 3, VIT_EFORMAT,
            "expected JSON, found an error at line 1, column 3: parse error: trailing garbage");
}

Test(shards, a_shard_is_a_safetensors_file_in_the_directory_of_the_index)
{
    static const char *const names[] = {
        "",  "/etc/a.safetensors", "../a.safetensors", "b/a.safetensors", "a..safetensors",
        "a", ".safetensors",       "a.safetensors/",   "a.SAFETENSORS",   "a.safetensors.bin",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[128], words[256];
        snprintf(text, sizeof text, "{\"weight_map\":{\"w\":\"%s\"}}", names[i]);
        snprintf(words, sizeof words,
                 "weight_map: tensor w: expected NAME.safetensors without '/' or '..', found "
                 "\"%s\"",
                 names[i]);
        rejects(text, strlen(text), VIT_EFORMAT, words);
    }
}

Test(shards, the_limits_on_the_index_hold)
{
    char *text = calloc(1, INDEX_MAX_BYTES + 1);
    size_t length = (size_t)sprintf(text, "{\"weight_map\":{");
    struct index_file *index;

    rejects(text, INDEX_MAX_BYTES + 1, VIT_EFORMAT,
            "expected at most 16777216 bytes, found 16777217");
    for (int i = 0; i < INDEX_MAX_SHARDS; i++)
        length +=
            (size_t)sprintf(text + length, "%s\"%d\":\"%d.safetensors\"", i > 0 ? "," : "", i, i);
    strcpy(text + length, "}}");
    cr_assert_eq(index_parse("x", text, length + 2, &index, NULL), VIT_OK);
    cr_assert(index->count == INDEX_MAX_SHARDS && index->shards == INDEX_MAX_SHARDS);
    index_free(index);
    length += (size_t)sprintf(text + length, ",\"w\":\"w.safetensors\"}}");
    rejects(text, length, VIT_EUNSUPPORTED, "weight_map: expected at most 512 files, found 513");
    free(text);
    index_free(NULL);
    count_checks(2);
}

/* Expects that a directory is rejected with exactly this message about a file in it. */
static void rejects_directory(const struct made_directory *directory, enum vit_status status,
                              const char *name, const char *words)
{
    struct tensors *tensors = NULL;
    struct vit_error err = { 0 };
    char whole[1024];

    snprintf(whole, sizeof whole, "%s/%s: %s", directory->path, name, words);
    cr_assert_eq(open_tensors(directory->path, &tensors, &err), status, "%s", err.message);
    cr_assert_null(tensors);
    cr_assert_str_eq(err.message, whole);
    count_checks(3);
}

Test(shards, the_message_names_a_tensor_on_which_a_file_and_the_index_disagree)
{
    const struct made_directory directory = make_directory();
    const struct made_tensor made[] = { { "a", NULL, 1, { 2 } },
                                        { "b", NULL, 1, { 3 } },
                                        { "c", NULL, 1, { 4 } } };
    struct tensors *tensors;

    make_text(&directory, INDEX,
              "{\"weight_map\":{\"c\":\"" TWO "\",\"a\":\"" ONE "\",\"b\":\"" ONE "\"}}");
    make_tensors(&directory, ONE, made, 2);
    rejects_directory(&directory, VIT_ENOTFOUND, TWO,
                      "cannot be opened: No such file or directory");
    make_text(&directory, TWO, "PK");
    rejects_directory(&directory, VIT_EFORMAT, TWO, "expected at least 8 bytes, found 2");
    make_tensors(&directory, TWO, made + 2, 1);
    cr_assert_eq(open_tensors(directory.path, &tensors, NULL), VIT_OK);
    cr_assert_eq(tensors->count, 3);
    tensors_close(tensors);

    make_tensors(&directory, ONE, made, 1);
    rejects_directory(&directory, VIT_EFORMAT, INDEX,
                      "tensor b: expected in " ONE ", found no such tensor there");
    make_tensors(&directory, ONE, made, 3);
    rejects_directory(&directory, VIT_EFORMAT, ONE,
                      "tensor c: unexpected: the index names " TWO " for it");
    make_tensors(&directory, ONE, made, 2);
    make_tensors(&directory, TWO, made + 1, 2);
    rejects_directory(&directory, VIT_EFORMAT, TWO,
                      "tensor b: unexpected: the index names " ONE " for it");
    make_text(&directory, INDEX, "{\"weight_map\":{\"a\":\"" ONE "\"}}");
    rejects_directory(&directory, VIT_EFORMAT, ONE,
                      "tensor b: unexpected: the index does not name it");
    cr_assert_eq(truncate(made_path(&directory, INDEX), INDEX_MAX_BYTES + 1), 0);
    rejects_directory(&directory, VIT_EFORMAT, INDEX,
                      "expected at most 16777216 bytes, found 16777217");
    remove_directory(&directory);
    count_checks(2);
}

/* 64 names of one file with a long header: it is read twice at most, and its memory is freed. */
Test(shards, links_to_one_large_file_do_not_multiply_its_cost)
{
    enum { LINKS = 64, METADATA = 1 << 20 };
    const struct made_directory directory = make_directory();
    char *const file = calloc(1, METADATA + 200), *const index = calloc(1, LINKS * 64 + 100);
    size_t length = (size_t)sprintf(index, "{\"weight_map\":{");

    cr_assert(file && index);
    size_t header = (size_t)sprintf(file + 8, "{\"t0\":{\"dtype\":\"F32\",\"shape\":[0],"
                                              "\"data_offsets\":[0,0]},\"__metadata__\":{\"a\":\"");
    memset(file + 8 + header, 'x', METADATA);
    header += METADATA;
    header += (size_t)sprintf(file + 8 + header, "\"}}");
    for (int i = 0; i < 8; i++)
        file[i] = (char)(header >> 8 * i);
    for (int i = 0; i < LINKS; i++) {
        char name[32];
        sprintf(name, "%02d.safetensors", i);
        length += (size_t)sprintf(index + length, "%s\"t%d\":\"%s\"", i > 0 ? "," : "", i, name);
        if (i == 0)
            make_file(&directory, name, file, header + 8);
        else
            cr_assert_eq(symlink("00.safetensors", made_path(&directory, name)), 0);
    }
    sprintf(index + length, "}}");
    make_text(&directory, INDEX, index);
    const size_t before = watched_bytes();
    rejects_directory(&directory, VIT_EFORMAT, "01.safetensors",
                      "tensor t0: unexpected: the index names 00.safetensors for it");
    cr_assert_leq(watched_bytes() - before, 16 * (size_t)METADATA, "%zu bytes",
                  watched_bytes() - before);
    remove_directory(&directory);
    free(index);
    free(file);
    count_checks(1);
}
