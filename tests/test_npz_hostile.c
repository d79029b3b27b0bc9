/* test_npz_hostile.c - .npz files that are wrong, truncated or damaged, and the message for each */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/npz.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "tests/make_npz.h"

static const float numbers[256] = { 1, 2, 3 };

/* Expects that bytes are rejected with exactly this message. */
static void rejects(const struct made_npz *made, enum vit_status status, const char *words)
{
    struct npz *npz = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(npz_parse("x.npz", made->bytes, made->size, &npz, &err), status, "%s",
                 err.message);
    cr_assert_null(npz);
    cr_assert_eq(strncmp(err.message, "x.npz: ", 7), 0, "%s", err.message);
    cr_assert_str_eq(err.message + 7, words);
    count_checks(4);
}

/* Expects that a member is listed with exactly this reason why it cannot be read. */
static void lists_unread(const struct made_member *member, const char *words)
{
    const struct made_npz made = make_npz(1, member);
    struct npz *npz = NULL;
    struct vit_error err = { 0 };
    float out;

    cr_assert_eq(npz_parse("x.npz", made.bytes, made.size, &npz, &err), VIT_OK, "%s", err.message);
    cr_assert(npz->count == 1 && npz->members[0].unread && npz->members[0].header.elements == 0);
    cr_assert_eq(npz_read_f32(npz, &npz->members[0], 0, 0, &out, &err), VIT_EUNSUPPORTED);
    cr_assert_eq(strncmp(err.message, "x.npz: ", 7), 0, "%s", err.message);
    cr_assert_str_eq(err.message + 7, words);
    npz_close(npz);
    free(made.bytes);
    count_checks(5);
}

static void rejects_member(const struct made_member *member, enum vit_status status,
                           const char *words)
{
    const struct made_npz made = make_npz(1, member);

    rejects(&made, status, words);
    free(made.bytes);
}

Test(npz_hostile, bytes_that_are_not_an_archive_are_rejected)
{
    struct made_npz text = { (unsigned char *)"{\"w\":[1,2,3,4,5,6,7,8]}", 23 }, none = { 0 };

    rejects(&none, VIT_EFORMAT, "expected a zip archive, found 0 bytes");
    rejects(&text, VIT_EFORMAT, "cannot be read: Not a zip archive");
}

Test(npz_hostile, the_message_names_a_member_whose_header_is_rejected)
{
    static const struct {
        struct made_member member;
        enum vit_status status;
        const char *words;
    } cases[] = {
        { { "w.npy", "{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", numbers, 8, 0, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected an array in C order, found Fortran order" },
        { { "w.npy", DICT(">f4", "(2,)"), numbers, 8, 0, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected a little-endian dtype, found '>f4'" },
        { { "w.npy", DICT("|O", "(2,)"), numbers, 8, 1, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected a float or integer dtype, such as '<f4', found '|O'" },
        { { "w.npy", DICT("<c8", "()"), numbers, 8, 0, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected a float or integer dtype, such as '<f4', found '<c8'" },
        { { "w.npy", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", numbers, 4,
            0, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected a dtype of plain numbers, found a structured dtype" },
        { { "w.npy", F4("(1, 1, 1, 1, 1, 1, 1, 1, 1)"), numbers, 4, 0, 0 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected at most 8 dimensions, found more" },
        { { "w.npy", F4("()"), numbers, 4, 0, 4 },
          VIT_EUNSUPPORTED,
          "member w.npy: expected .npy version 1, 2 or 3, found 4.0" },
        { { "w.npy", F4("(2, 3)"), numbers, 23, 1, 0 },
          VIT_EFORMAT,
          "member w.npy: expected the data of float32 [2, 3], 24 bytes, found 23 bytes" },
        { { "w.npy", F4("(4611686018427387904, 4)"), numbers, 0, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: expected the data of float32 [4611686018427387904, 4], more than "
          "2^64 bytes, found 0 bytes" },
        { { "w.npy", F4("(1000000000000,)"), numbers, 1024, 1, 0 },
          VIT_EFORMAT,
          "member w.npy: expected the data of float32 [1000000000000], 4000000000000 bytes, "
          "found 1024 bytes" },
        { { "w.npy", F4("(18446744073709551618,)"), numbers, 8, 0, 0 }, /* 2^64 + 2 */
          VIT_EFORMAT,
          "member w.npy: header: expected shape to be a tuple of integers that fit in 64 bits" },
        { { "w.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
            numbers, 8, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: header: expected each of descr, fortran_order and shape once" },
        { { "w.npy", "{'descr': '<f4', 'shape': (2,)}", numbers, 8, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: header: expected each of descr, fortran_order and shape once" },
        { { "w.npy", "{", NULL, 0, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: expected a .npy file of at least 12 bytes, found 11 bytes" },
        { { "w.npy", NULL, "\x93NUMPY\1\0\xff\xff{}", 12, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: expected a header up to byte 65545, found a file of 12 bytes" },
        { { "w.npy", NULL, "\x93NUMPY\2\0\0\0\1\0{}", 14, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: expected a header of at most 65535 bytes, found 65536" },
        { { "w.npy", NULL, "", 0, 0, 0 },
          VIT_EFORMAT,
          "member w.npy: expected a .npy file of at least 12 bytes, found 0 bytes" },
        { { "w.npy", NULL, "not an array", 12, 1, 0 },
          VIT_EFORMAT,
          "member w.npy: expected a .npy file, found another format" },
        { { "README.txt", NULL, "hello", 5, 0, 0 },
          VIT_EFORMAT,
          "member README.txt: expected a name that ends in .npy" },
        { { "directory/", NULL, "", 0, 0, 0 },
          VIT_EFORMAT,
          "member directory/: expected a name that ends in .npy" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].status == VIT_EUNSUPPORTED)
            lists_unread(&cases[i].member, cases[i].words);
        else
            rejects_member(&cases[i].member, cases[i].status, cases[i].words);
    }
}

static const struct made_member two[] = {
    { "a.npy", F4("(256,)"), numbers, sizeof numbers, true, 0 },
    { "b.npy", F4("(3,)"), numbers, 12, false, 0 },
};
/* magic, version and length are 10 bytes, then the dictionary */
enum { A_SIZE = 10 + sizeof F4("(256,)") - 1 + 1024, B_SIZE = 10 + sizeof F4("(3,)") - 1 + 12 };

Test(npz_hostile, a_wrong_zip_directory_is_rejected_before_anything_is_allocated)
{
    static const struct {
        size_t place;
        enum made_field field;
        size_t bytes;
        uint64_t value;
        enum vit_status status;
        const char *words;
    } cases[] = {
        { 1, FIELD_NAME, 1, 'a', VIT_EFORMAT,
          "member a.npy: expected one member of this name, found two" },
        { 0, FIELD_FLAGS, 1, 1, VIT_EUNSUPPORTED,
          "member a.npy: expected no encryption, found method 1" },
        { 1, FIELD_METHOD, 2, 12, VIT_EUNSUPPORTED,
          "member b.npy: expected compression method 0 (stored) or 8 (deflated), found 12" },
        { 0, FIELD_PACKED, 4, 0x7fffffff, VIT_EFORMAT,
          "member a.npy: expected 2147483647 bytes of data, found a file of %zu bytes: it is "
          "truncated" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made_npz made = make_npz(2, two);
        char words[256];
        patch_npz(&made, cases[i].place, cases[i].field, cases[i].bytes, cases[i].value);
        snprintf(words, sizeof words, cases[i].words, made.size);
        rejects(&made, cases[i].status, words);
        free(made.bytes);
    }
}

Test(npz_hostile, impossible_compressed_sizes_are_rejected)
{
    struct made_npz made = make_npz(2, two);
    char words[256];

    patch_npz(&made, 1, FIELD_SIZE, 4, B_SIZE + 4);
    snprintf(words, sizeof words, "member b.npy: expected a size of %d bytes, as stored, found %d",
             B_SIZE, B_SIZE + 4);
    rejects(&made, VIT_EFORMAT, words);
    patch_npz(&made, 1, FIELD_SIZE, 4, B_SIZE);
    patch_npz(&made, 0, FIELD_PACKED, 4, 80);
    patch_npz(&made, 0, FIELD_SIZE, 4, 80 * 1032 + 1032);
    rejects(&made, VIT_EFORMAT,
            "member a.npy: expected at most 1032 bytes from each of 80 compressed bytes, found a "
            "size of 83592");
    patch_npz(&made, 0, FIELD_SIZE, 4, 80 * 1032 + 1031);
    rejects(&made, VIT_EFORMAT,
            "member a.npy: expected the data of float32 [256], 1024 bytes, found 83522 bytes");
    free(made.bytes);
}

static void rejects_file(const char *path, enum vit_status status, const char *words)
{
    struct npz *npz = NULL;
    struct vit_error err = { 0 };
    char whole[512];

    snprintf(whole, sizeof whole, "%s: %s", path, words);
    cr_assert_eq(npz_open(path, &npz, &err), status);
    cr_assert_null(npz);
    cr_assert_str_eq(err.message, whole);
    count_checks(3);
}

Test(npz_hostile, sizes_of_64_bits_and_real_encryption_are_rejected)
{
    rejects_file("tests/fuzz/seeds/npz/zip64-huge", VIT_EFORMAT,
                 "member w.npy: expected 4611686018427387904 bytes of data, found a file of 348 "
                 "bytes: it is truncated");
    rejects_file("tests/fuzz/seeds/npz/encrypted", VIT_EUNSUPPORTED,
                 "member a/kernel.npy: expected no encryption, found method 1");
    rejects_file("tests/fuzz/seeds/npz/lzma", VIT_EUNSUPPORTED,
                 "member w.npy: expected compression method 0 (stored) or 8 (deflated), found 14");
    rejects_file("tests/golden/none.npz", VIT_ENOTFOUND,
                 "cannot be opened: No such file or directory");
    rejects_file("tests/golden", VIT_EIO, "cannot be read: not a regular file");
}

/* Expects that an archive opens, but that reading a member's data fails. */
static void rejects_data(const struct made_npz *made, size_t member, const char *words)
{
    struct npz *npz;
    struct vit_error err = { 0 };
    float out[256];

    cr_assert_eq(npz_parse("x.npz", made->bytes, made->size, &npz, &err), VIT_OK, "%s",
                 err.message);
    for (int again = 0; again < 2; again++) { /* data that failed are not kept */
        cr_assert_eq(npz_read_f32(npz, &npz->members[member], 0, 1, out, &err), VIT_EFORMAT);
        cr_assert_str_eq(err.message, words);
        cr_assert_eq(npz_read_f32(npz, &npz->members[1 - member], 0, 3, out, &err), VIT_OK);
        cr_assert(out[0] == 1 && out[1] == 2 && out[2] == 3);
    }
    npz_close(npz);
    count_checks(9);
}

Test(npz_hostile, the_message_names_a_member_whose_data_are_damaged)
{
    struct made_npz made = make_npz(2, two);
    size_t b = 0;
    uint32_t crc;

    while (memcmp(made.bytes + b, numbers, 12) != 0) /* as they are stored */
        b++;
    made.bytes[b + 11] ^= 1;
    rejects_data(&made, 1, "x.npz: member b.npy: cannot be read: CRC error");
    made.bytes[b + 11] ^= 1;
    while (memcmp(made.bytes + b, "PK\1\2", 4) != 0)
        b++;
    memcpy(&crc, made.bytes + b + FIELD_CRC, sizeof crc);
    patch_npz(&made, 0, FIELD_CRC, 4, crc ^ 1);
    rejects_data(&made, 0, "x.npz: member a.npy: cannot be read: CRC error");
    free(made.bytes);
}

/* The header and the directory agree with each other: only unpacking shows the difference. */
Test(npz_hostile, deflated_data_must_have_the_length_of_the_header_and_the_directory)
{
    const struct made_member shorter[] = { { "a.npy", F4("(256,)"), numbers, 1020, true, 0 },
                                           two[1] };
    const struct made_member longer[] = { { "a.npy", F4("(255,)"), numbers, 1024, true, 0 },
                                          two[1] };
    struct made_npz made = make_npz(2, shorter);

    patch_npz(&made, 0, FIELD_SIZE, 4, A_SIZE);
    rejects_data(&made, 0, "x.npz: member a.npy: expected 4 more bytes, found the end");
    free(made.bytes);
    made = make_npz(2, longer);
    patch_npz(&made, 0, FIELD_SIZE, 4, A_SIZE - 4);
    rejects_data(&made, 0, "x.npz: member a.npy: expected the end, found more bytes");
    free(made.bytes);
}

Test(npz_hostile, an_archive_truncated_at_any_byte_is_rejected)
{
    struct made_npz made = make_npz(2, two);
    const size_t whole = made.size;

    for (made.size = 1; made.size < whole; made.size++) {
        struct npz *npz = NULL;
        struct vit_error err = { 0 };
        /* an exact copy, so that a sanitizer sees a read past its end */
        unsigned char *bytes = malloc(made.size);
        memcpy(bytes, made.bytes, made.size);
        cr_assert_eq(npz_parse("x.npz", bytes, made.size, &npz, &err), VIT_EFORMAT, "cut at %zu",
                     made.size);
        cr_assert_null(npz);
        free(bytes);
    }
    free(made.bytes);
    count_checks(2 * whole);
}

Test(npz_hostile, a_file_truncated_after_it_was_opened_is_an_error)
{
    static float many[100000];
    static const struct made_member w = { "w.npy", F4("(100000,)"), many, sizeof many, false, 0 };
    const struct made_directory directory = make_directory();
    const struct made_npz made = make_npz(1, &w);
    struct npz *npz;
    struct vit_error err;

    make_file(&directory, "x.npz", made.bytes, made.size);
    cr_assert_eq(npz_open(made_path(&directory, "x.npz"), &npz, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(truncate(made_path(&directory, "x.npz"), 100000), 0);
    cr_assert_eq(npz_read_f32(npz, npz->members, 0, 100000, many, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "/x.npz: member w.npy: cannot be read: Premature end"), "%s",
              err.message);
    npz_close(npz);
    free(made.bytes);
    remove_directory(&directory);
    count_checks(3);
}

Test(npz_hostile, more_members_than_the_limit_are_rejected)
{
    enum { MANY = NPZ_MAX_MEMBERS + 1, END = 22 };
    struct made_member *members = calloc(MANY, sizeof *members);
    char(*names)[16] = calloc(MANY, sizeof *names);
    uint32_t start;

    cr_assert(members && names);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "%zu.npy", i);
        members[i] = (struct made_member){ .name = names[i] };
    }
    struct made_npz made = make_npz(MANY, members);
    rejects(&made, VIT_EFORMAT, "cannot be read: Zip archive inconsistent"); /* it counts 65,535 */
    made.bytes = realloc(made.bytes, made.size + MADE_END_OF_64_BITS);
    cr_assert_not_null(made.bytes);
    memcpy(&start, made.bytes + made.size - 6, sizeof start);
    made.size -= END;
    made.size += put_end_of_64_bits(MANY, start, made.size - start, made.bytes + made.size);
    rejects(&made, VIT_EUNSUPPORTED, "expected at most 65535 members, found 65536");
    free(made.bytes);
    free(names);
    free(members);
}
