/* test_safetensors.c - .safetensors files: what is accepted, what is rejected, and the messages */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/safetensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

#define PATH "some/model.safetensors"

static enum vit_status parse(const char *header, uint64_t data_bytes, struct safetensors **file,
                             struct vit_error *err)
{
    const uint64_t length = strlen(header);
    char *bytes = malloc(8 + length);

    cr_assert_not_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    const enum vit_status status =
        safetensors_parse(PATH, bytes, 8 + length, 8 + length + data_bytes, file, err);
    free(bytes);
    return status;
}

/* Expects that a header is rejected with a message that has the file's path and both words. */
static void rejects(const char *header, uint64_t data_bytes, enum vit_status status,
                    const char *word, const char *other)
{
    struct safetensors *file = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(header, data_bytes, &file, &err), status, "%s: %s", header, err.message);
    cr_assert_null(file);
    cr_assert_eq(err.status, status);
    cr_assert(strstr(err.message, PATH), "%s", err.message);
    cr_assert(strstr(err.message, word), "no %s in: %s", word, err.message);
    cr_assert(strstr(err.message, other), "no %s in: %s", other, err.message);
    count_checks(3);
}

static void rejects_start(const void *start, size_t bytes, uint64_t file_bytes,
                          enum vit_status status, const char *word)
{
    struct safetensors *file = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(safetensors_parse(PATH, start, bytes, file_bytes, &file, &err), status);
    cr_assert(strstr(err.message, word), "no %s in: %s", word, err.message);
    count_checks(2);
}

#define TENSOR(name, dtype, shape, begin, end)                                                     \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end   \
    "]}"

Test(safetensors, a_header_is_read_into_entries_sorted_by_name)
{
    struct safetensors *file;

    cr_assert_eq(parse("{\"__metadata__\":{\"format\":\"pt\"}," TENSOR(
                           "b", "F16", "[2,3]", "0",
                           "12") "," TENSOR("a", "U8", "[]", "12",
                                            "13") "," TENSOR("c", "I64", "[0]", "13", "13") "}  ",
                       13, &file, NULL),
                 VIT_OK);
    cr_assert_eq(file->count, 3);
    cr_assert_str_eq(file->entries[0].name, "a");
    const struct safetensors_entry *b = safetensors_find(file, "b");
    cr_assert_eq(b, &file->entries[1]);
    cr_assert_eq(b->dtype, DTYPE_F16);
    cr_assert(b->rank == 2 && b->shape[0] == 2 && b->shape[1] == 3 && b->elements == 6);
    cr_assert_eq(file->entries[0].rank, 0);
    cr_assert_eq(file->entries[0].elements, 1);
    cr_assert_eq(file->entries[0].offset, b->offset + 12);
    cr_assert_eq(file->entries[2].elements, 0);
    cr_assert_null(safetensors_find(file, "d"));
    safetensors_close(file);
    count_checks(10);
}

Test(safetensors, a_file_without_tensors_is_accepted)
{
    struct safetensors *file;

    cr_assert_eq(parse("{}", 0, &file, NULL), VIT_OK);
    cr_assert_eq(file->count, 0);
    safetensors_close(file);
    safetensors_close(NULL);
    count_checks(2);
}

Test(safetensors, every_dtype_has_its_name_and_size)
{
    static const char *const names[] = { "F64",         "F32",         "F16",     "BF16",
                                         "I64",         "I32",         "I16",     "I8",
                                         "U8",          "BOOL",        "U64",     "U32",
                                         "U16",         "F8_E4M3",     "F8_E5M2", "F8_E8M0",
                                         "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64" };
    static const size_t bytes[] = { 8, 4, 2, 2, 8, 4, 2, 1, 1, 1, 8, 4, 2, 1, 1, 1, 1, 1, 8 };

    for (size_t i = 0; i < DTYPES; i++) {
        char header[128];
        struct safetensors *file;
        snprintf(header, sizeof header,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}", names[i],
                 3 * bytes[i]);
        cr_assert_eq(parse(header, 3 * bytes[i], &file, NULL), VIT_OK);
        cr_assert_eq(file->entries[0].dtype, i);
        cr_assert_str_eq(safetensors_dtype_name((enum safetensors_dtype)i), names[i]);
        cr_assert_eq(safetensors_dtype_bytes((enum safetensors_dtype)i), bytes[i]);
        safetensors_close(file);
        count_checks(4);
    }
}

Test(safetensors, a_wrong_header_length_is_rejected)
{
    static const unsigned char huge[8] = { 0, 0, 0, 0, 0, 0, 0, 0x80 };
    static const unsigned char above[8] = { 0x01, 0xe1, 0xf5, 0x05 }; /* 100,000,001 */
    static const unsigned char three[11] = "\3\0\0\0\0\0\0\0{ ";

    rejects_start(three, 0, 0, VIT_EFORMAT, "expected at least 8 bytes, found 0");
    rejects_start(three, 7, 7, VIT_EFORMAT, "expected at least 8 bytes, found 7");
    rejects_start(huge, 8, 8, VIT_EFORMAT,
                  "expected at most 100000000 bytes, found 9223372036854775808");
    rejects_start(above, 8, UINT64_MAX, VIT_EFORMAT,
                  "expected at most 100000000 bytes, found 100000001");
    rejects_start(three, 10, 10, VIT_EFORMAT, "it is truncated");
    rejects_start(three, 10, 9, VIT_EINVAL, "expected at most the file's 9 bytes, found 10");
    rejects_start(three, 4, 11, VIT_EINVAL, "expected the header, found 4 bytes");
    rejects_start(three, 10, 11, VIT_EINVAL, "expected the header up to byte 11, found 10 bytes");
}

Test(safetensors, a_header_that_is_not_a_json_object_is_rejected)
{
    rejects("", 0, VIT_EFORMAT, "header", "'{'");
    rejects(" {}", 0, VIT_EFORMAT, "header", "'{'");
    rejects("[]", 0, VIT_EFORMAT, "header", "'{'");
    rejects("{", 0, VIT_EFORMAT, "expected JSON", "line 1, column 2");
    rejects("{}{}", 0, VIT_EFORMAT, "expected JSON", "trailing garbage");
    rejects("{\"a\xff\":1}", 0, VIT_EFORMAT, "expected JSON", "invalid bytes in UTF8");
    rejects("{" TENSOR("a", "U8", "[1]", "0", "1") "," TENSOR("a", "U8", "[1]", "0", "1") "}", 1,
            VIT_EFORMAT, "expected JSON", "duplicate");
    rejects("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
            VIT_EFORMAT, "expected JSON", "duplicate");
}

Test(safetensors, metadata_may_be_null)
{
    struct safetensors *file;

    cr_assert_eq(parse("{\"__metadata__\":null}", 0, &file, NULL), VIT_OK);
    cr_assert_eq(file->count, 0);
    safetensors_close(file);
    count_checks(2);
}

Test(safetensors, metadata_other_than_strings_is_rejected)
{
    rejects("{\"__metadata__\":[]}", 0, VIT_EFORMAT, "__metadata__: expected an object",
            "found an array");
    rejects("{\"__metadata__\":{\"k\":1}}", 0, VIT_EFORMAT, "__metadata__.k: expected a string",
            "found a number");
}

Test(safetensors, the_message_names_a_tensor_that_lacks_a_key)
{
    rejects("{\"w\":1}", 0, VIT_EFORMAT, "tensor w: ", "dtype");
    rejects("{\"w\":{\"dtype\":7}}", 0, VIT_EFORMAT, "tensor w: ", "dtype");
    rejects("{\"w\":{\"dtype\":\"U8\"}}", 0, VIT_EFORMAT, "tensor w: ", "shape");
    rejects("{\"w\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, VIT_EFORMAT,
            "tensor w: ", "data_offsets");
    rejects("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":0}}", 1,
            VIT_EFORMAT, "tensor w: ", "found 4 keys");
}

Test(safetensors, an_unknown_dtype_is_unsupported)
{
    rejects("{" TENSOR("w", "F4", "[2]", "0", "1") "}", 1, VIT_EUNSUPPORTED,
            "tensor w: ", "found F4");
    rejects("{" TENSOR("w", "f32", "[1]", "0", "4") "}", 4, VIT_EUNSUPPORTED,
            "tensor w: ", "found f32");
}

Test(safetensors, a_malformed_shape_is_rejected)
{
    rejects("{" TENSOR("w", "U8", "[-1]", "0", "1") "}", 1, VIT_EFORMAT,
            "tensor w: ", "dimension 0");
    rejects("{" TENSOR("w", "U8", "[1,1.0]", "0", "1") "}", 1, VIT_EFORMAT,
            "tensor w: ", "dimension 1");
    rejects("{" TENSOR("w", "U8", "{}", "0", "1") "}", 1, VIT_EFORMAT, "tensor w: ", "shape");
    rejects("{" TENSOR("w", "U8", "[1,1,1,1,1,1,1,1,1]", "0", "1") "}", 1, VIT_EUNSUPPORTED,
            "tensor w: ", "at most 8 dimensions, found 9");
    rejects("{" TENSOR("w", "U8", "[4294967296,4294967296]", "0", "0") "}", 0, VIT_EFORMAT,
            "tensor w: ", "elements");
    rejects("{" TENSOR("w", "F32", "[4611686018427387904]", "0", "0") "}", 0, VIT_EFORMAT,
            "tensor w: ", "the number of bytes");
    rejects("{" TENSOR("w", "U8", "[9223372036854775808]", "0", "1") "}", 1, VIT_EFORMAT,
            "shape: dimension 0", "expected a non-negative integer");
}

Test(safetensors, the_message_names_a_tensor_whose_offsets_are_past_the_end)
{
    rejects("{" TENSOR("w", "U8", "[2]", "0", "2") "}", 1, VIT_EFORMAT,
            "tensor w: ", "found [0, 2]");
    rejects("{" TENSOR("w", "U8", "[1]", "9223372036854775806", "9223372036854775807") "}", 1,
            VIT_EFORMAT, "tensor w: ", "the 1 bytes of data, found [");
}

Test(safetensors, offsets_that_are_not_a_range_are_rejected)
{
    rejects("{" TENSOR("w", "U8", "[1]", "1", "0") "}", 1, VIT_EFORMAT, "tensor w: ", "[1, 0]");
    rejects("{" TENSOR("w", "U8", "[1]", "-1", "0") "}", 1, VIT_EFORMAT, "tensor w: ", "[-1, 0]");
    rejects("{" TENSOR("w", "U8", "[1]", "0", "1.0") "}", 1, VIT_EFORMAT,
            "tensor w: ", "two integers");
    rejects("{" TENSOR("w", "U8", "[1]", "0", "1,1") "}", 1, VIT_EFORMAT,
            "tensor w: ", "two integers");
}

Test(safetensors, a_size_other_than_dtype_times_shape_is_rejected)
{
    rejects("{" TENSOR("w", "F32", "[2]", "0", "4") "}", 4, VIT_EFORMAT,
            "tensor w: ", "expected 8 bytes for this dtype and shape, found 4");
    rejects("{" TENSOR("w", "U8", "[0]", "0", "1") "}", 1, VIT_EFORMAT,
            "tensor w: ", "expected 0 bytes for this dtype and shape, found 1");
}

Test(safetensors, overlaps_gaps_and_leftover_bytes_are_rejected)
{
    rejects("{" TENSOR("v", "U8", "[2]", "0", "2") "," TENSOR("w", "U8", "[2]", "1", "3") "}", 3,
            VIT_EFORMAT, "tensor w: data_offsets: expected a start at byte 2, found 1",
            "overlap with v");
    rejects("{" TENSOR("v", "U8", "[2]", "0", "2") "," TENSOR("w", "U8", "[2]", "0", "2") "}", 2,
            VIT_EFORMAT, "expected a start at byte 2", "an overlap with");
    rejects("{" TENSOR("w", "U8", "[1]", "1", "2") "," TENSOR("v", "U8", "[1]", "3", "4") "}", 4,
            VIT_EFORMAT, "tensor w: ", "a gap after the header");
    rejects("{" TENSOR("w", "U8", "[1]", "0", "1") "," TENSOR("v", "U8", "[1]", "2", "3") "}", 3,
            VIT_EFORMAT, "expected a start at byte 1, found 2", "a gap after w");
    rejects("{" TENSOR("w", "U8", "[1]", "0", "1") "}", 2, VIT_EFORMAT, "end of the data at byte 2",
            "byte 1");
    rejects("{}", 1, VIT_EFORMAT, "end of the data at byte 1", "byte 0");
}

/* Whatever its place in the header. */
Test(safetensors, an_empty_tensor_may_begin_where_another_does)
{
    static const char *const headers[] = {
        "{" TENSOR("v", "U8", "[2]", "0", "2") "," TENSOR("w", "U8", "[0]", "0", "0") "}",
        "{" TENSOR("v", "U8", "[0]", "0", "0") "," TENSOR("w", "U8", "[2]", "0", "2") "}",
        "{" TENSOR("v", "U8", "[0]", "2", "2") "," TENSOR("w", "U8", "[2]", "0", "2") "}",
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct safetensors *file;
        struct vit_error err;
        cr_assert_eq(parse(headers[i], 2, &file, &err), VIT_OK, "%s", err.message);
        safetensors_close(file);
        count_checks(1);
    }
}

Test(safetensors, names_in_messages_are_shortened_and_sanitized)
{
    char header[512], name[301];
    struct safetensors *file;
    struct vit_error err;

    memset(name, 'n', 300);
    name[300] = '\0';
    snprintf(header, sizeof header, "{\"a\\u001b[2J\\u009b%s\":1}", name);
    cr_assert_eq(parse(header, 0, &file, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "tensor a?[2J??nnn"), "%s", err.message);
    cr_assert(strstr(err.message, "n...: "), "%s", err.message);
    cr_assert_lt(strlen(err.message), 250);
    snprintf(header, sizeof header, "{\"%.95s\u00e9n\":1}", name); /* cut after 96 bytes */
    cr_assert_eq(parse(header, 0, &file, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "nnn...: ") && !strchr(err.message, '?'), "%s", err.message);
    count_checks(6);
}

Test(safetensors, a_file_truncated_at_any_byte_is_rejected)
{
    const char header[] =
        "{" TENSOR("a", "F32", "[2]", "0", "8") "," TENSOR("b", "U8", "[3]", "8", "11") "}";
    const struct made_directory directory = make_directory();
    char bytes[256];

    make_safetensors(&directory, "whole", header, "01234567abc", 11);
    FILE *f = fopen(made_path(&directory, "whole"), "rb");
    const size_t whole = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    cr_assert_eq(whole, 8 + strlen(header) + 11);
    for (size_t cut = 0; cut < whole; cut++) {
        struct safetensors *file;
        struct vit_error err = { 0 };
        make_file(&directory, "cut", bytes, cut);
        cr_assert_eq(safetensors_open(made_path(&directory, "cut"), &file, &err), VIT_EFORMAT,
                     "cut at %zu", cut);
        cr_assert(strstr(err.message, "/cut: "), "%s", err.message);
    }
    remove_directory(&directory);
    count_checks(2 * whole);
}

Test(safetensors, only_regular_files_are_opened)
{
    const struct made_directory directory = make_directory();
    struct safetensors *file;
    struct vit_error err;

    cr_assert_eq(safetensors_open(made_path(&directory, "none"), &file, &err), VIT_ENOTFOUND);
    cr_assert(strstr(err.message, "/none: cannot be opened: No such file"), "%s", err.message);
    cr_assert_eq(safetensors_open(directory.path, &file, &err), VIT_EIO);
    cr_assert(strstr(err.message, "not a regular file"), "%s", err.message);
    cr_assert_eq(mkfifo(made_path(&directory, "pipe"), 0600), 0);
    cr_assert_eq(safetensors_open(made_path(&directory, "pipe"), &file, &err), VIT_EIO);
    cr_assert(strstr(err.message, "not a regular file"), "%s", err.message);
    remove_directory(&directory);
    count_checks(6);
}

Test(safetensors, hostile_files_are_rejected_with_a_message_that_names_them)
{
    DIR *dir = opendir("tests/hostile");
    size_t files = 0;

    cr_assert_not_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[512];
        struct safetensors *file;
        struct vit_error err = { 0 };
        if (!strstr(entry->d_name, ".safetensors"))
            continue;
        snprintf(path, sizeof path, "tests/hostile/%s", entry->d_name);
        const enum vit_status status = safetensors_open(path, &file, &err);
        cr_assert(status == VIT_EFORMAT || status == VIT_EUNSUPPORTED, "%s: %s", path,
                  vit_status_name(status));
        cr_assert(strstr(err.message, entry->d_name), "%s", err.message);
        files++;
    }
    closedir(dir);
    cr_assert_geq(files, 12);
    count_checks(2 * files);
}
