/* test_npz_archive.c - the archive around the arrays of a .npz file: places, sizes, expansion */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/npz.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "tests/make_npz.h"

static const float numbers[256] = { 1, 2, 3 };
static const struct made_member two[] = {
    { "a.npy", F4("(256,)"), numbers, sizeof numbers, true, 0 },
    { "b.npy", F4("(3,)"), numbers, 12, false, 0 },
};

/* Expects that bytes are rejected with exactly this message. */
static void rejects(const struct made_npz *made, const char *words)
{
    struct npz *npz = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(npz_parse("x.npz", made->bytes, made->size, &npz, &err), VIT_EFORMAT, "%s",
                 err.message);
    cr_assert_null(npz);
    cr_assert_eq(strncmp(err.message, "x.npz: ", 7), 0, "%s", err.message);
    cr_assert_str_eq(err.message + 7, words);
    count_checks(4);
}

Test(npz_archive, a_local_header_that_disagrees_with_the_directory_is_rejected)
{
    static const char words[] =
        "member b.npy: expected a local header that agrees with the directory, found another";
    static const struct {
        enum made_field field;
        size_t bytes;
        uint64_t value;
    } local[] = {
        { FIELD_METHOD, 2, 8 }, { FIELD_CRC, 4, 1 },    { FIELD_PACKED, 4, 7 },
        { FIELD_SIZE, 4, 7 },   { FIELD_NAME, 1, 'c' }, { 28, 2, 4 /* bytes of the name */ },
    };

    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        struct made_npz made = make_npz(2, two);
        unsigned char directory[60];
        size_t entry = made.size;
        while (memcmp(made.bytes + --entry, "PK\1\2", 4) != 0)
            ;
        memcpy(directory, made.bytes + entry, 51);
        patch_npz(&made, 1, local[i].field, local[i].bytes, local[i].value);
        memcpy(made.bytes + entry, directory, 51); /* the last entry, of b.npy */
        rejects(&made, words);
        free(made.bytes);
    }
}

/* Members that share data unpack to any multiple of the file. */
Test(npz_archive, members_that_share_bytes_are_rejected)
{
    const struct made_member same[] = { { "a.npy", F4("(3,)"), numbers, 12, false, 0 },
                                        { "a.npy", F4("(3,)"), numbers, 12, false, 0 } };
    struct made_npz made = make_npz(2, same);
    uint32_t packed;

    patch_directory(&made, 1, FIELD_PLACE, 4, 0);
    rejects(&made, "member a.npy: expected bytes of its own, found those of a.npy");
    free(made.bytes);
    made = make_npz(2, two);
    memcpy(&packed, made.bytes + 18, sizeof packed); /* of a.npy */
    patch_npz(&made, 0, FIELD_PACKED, 4, packed + 1);
    rejects(&made, "member b.npy: expected bytes of its own, found those of a.npy");
    free(made.bytes);
}

Test(npz_archive, data_end_before_the_directory)
{
    struct made_npz made = make_npz(2, two);
    char words[160];
    uint32_t start;
    const uint32_t bytes = 10 + sizeof F4("(3,)") - 1 + 12;

    memcpy(&start, made.bytes + made.size - 6, sizeof start);
    patch_npz(&made, 1, FIELD_PACKED, 4, bytes + 1);
    patch_npz(&made, 1, FIELD_SIZE, 4, bytes + 1);
    snprintf(words, sizeof words,
             "member b.npy: expected its data before the directory at byte %u, found %u bytes from "
             "byte %u on",
             start, bytes + 1, start - bytes);
    rejects(&made, words);
    free(made.bytes);
}

Test(npz_archive, members_after_the_last_that_is_counted_are_rejected)
{
    struct made_npz made = make_npz(2, two);

    made.bytes[made.size - 22 + 8] = made.bytes[made.size - 22 + 10] = 1;
    rejects(&made, "cannot be read: Zip archive inconsistent");
    made.bytes[made.size - 22 + 8] = made.bytes[made.size - 22 + 10] = 3;
    rejects(&made, "cannot be read: Zip archive inconsistent");
    free(made.bytes);
}

/* An archive of one or two arrays of zeros. */
static struct made_npz zeros(size_t members, const char *descr, size_t elements, size_t each)
{
    char dict[128];
    void *const data = calloc(elements, each);
    const struct made_member member[] = { { "w.npy", dict, data, elements * each, true, 0 },
                                          { "x.npy", dict, data, elements * each, true, 0 } };

    cr_assert_not_null(data);
    snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,)}", descr,
             elements);
    const struct made_npz made = make_npz(members, member);
    free(data);
    return made;
}

/* Nothing is unpacked: the directory says what it would come to. */
Test(npz_archive, a_file_may_unpack_to_4_times_its_size_and_16_MiB)
{
    static const char words[] = "expected at most %zu bytes %s, 4 for each of the file's %zu and "
                                "16777216 more, found more";
    struct made_npz made = zeros(1, "<f4", (4 << 20) + 1000, 4);
    struct npz *npz;
    char whole[200];

    cr_assert_lt(made.size, 20000);
    snprintf(whole, sizeof whole, words, 4 * made.size + (16 << 20), "in all unpacked members",
             made.size);
    rejects(&made, whole); /* its header is unpacked twice */
    free(made.bytes);
    made = zeros(1, "<f4", (4 << 20) - 20000, 4);
    cr_assert_eq(npz_parse("x.npz", made.bytes, made.size, &npz, NULL), VIT_OK);
    npz_close(npz);
    free(made.bytes);
    made = zeros(1, "<f2", 5 << 20, 2); /* 10 MiB, 20 as float32 */
    snprintf(whole, sizeof whole, words, 4 * made.size + (16 << 20), "of float32 in all members",
             made.size);
    rejects(&made, whole);
    free(made.bytes);
    made = zeros(1, "<f8", (2 << 20) - 20000, 8);
    cr_assert_eq(npz_parse("x.npz", made.bytes, made.size, &npz, NULL), VIT_OK);
    npz_close(npz);
    free(made.bytes);
    made = zeros(2, "<f4", 3 << 20, 4); /* each has less than the limit */
    snprintf(whole, sizeof whole, words, 4 * made.size + (16 << 20), "in all unpacked members",
             made.size);
    rejects(&made, whole);
    free(made.bytes);
    made = zeros(2, "<f2", 3 << 20, 2);
    snprintf(whole, sizeof whole, words, 4 * made.size + (16 << 20), "of float32 in all members",
             made.size);
    rejects(&made, whole);
    free(made.bytes);
    count_checks(5);
}

/* Writes at a place of a file that has holes elsewhere. */
static void write_at(int fd, uint64_t place, const void *bytes, size_t count)
{
    cr_assert_eq(pwrite(fd, bytes, count, (off_t)place), (ssize_t)count);
}

/*
 * Python's zipfile writes 64-bit sizes and places above 2 GiB: a first member of 5 GiB, of which
 * the file holds only the header, and a second one after it.
 */
Test(npz_archive, members_may_be_beyond_4_GiB)
{
    const uint64_t elements = 5ull << 28, far = 30 + 5 + 80 + 4 * elements;
    const struct made_directory directory = make_directory();
    const struct made_member members[] = { { "a.npy", NULL, numbers, 80, false, 0 },
                                           { "b.npy", F4("(3,)"), numbers, 12, false, 0 } };
    struct made_npz made = make_npz(2, members);
    const size_t b = 30 + 5 + 80;
    char dict[100];
    unsigned char entries[200], end[MADE_END_OF_64_BITS];
    uint32_t start;
    struct npz *npz;
    struct vit_error err;
    float out[3];

    snprintf(dict, sizeof dict, "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu,)}%20s",
             (unsigned long long)elements, "");
    memcpy(made.bytes + 35, "\x93NUMPY\1\0\x46\0", 10);
    memcpy(made.bytes + 45, dict, 70);
    memcpy(&start, made.bytes + made.size - 6, sizeof start);
    memset(made.bytes + 18, 0xff, 8); /* the sizes of a.npy: see the extra field */

    unsigned char *const a_entry = entries, *const b_entry = entries + 51 + 20;
    memcpy(a_entry, made.bytes + start, 51);
    memset(a_entry + FIELD_PACKED, 0xff, 8);
    a_entry[30] = 20;
    memcpy(a_entry + 51, "\1\0\20\0", 4);
    memcpy(a_entry + 55, &(uint64_t){ 80 + 4 * elements }, 8);
    memcpy(a_entry + 63, &(uint64_t){ 80 + 4 * elements }, 8);
    memcpy(b_entry, made.bytes + start + 51, 51);
    memset(b_entry + FIELD_PLACE, 0xff, 4);
    b_entry[30] = 12;
    memcpy(b_entry + 51, "\1\0\10\0", 4);
    memcpy(b_entry + 55, &far, 8);
    const size_t bytes = 51 + 20 + 51 + 12;
    const uint64_t place = far + (start - b);

    const int fd = open(made_path(&directory, "x.npz"), O_WRONLY | O_CREAT, 0600);
    cr_assert_geq(fd, 0);
    write_at(fd, 0, made.bytes, b);
    write_at(fd, far, made.bytes + b, start - b);
    write_at(fd, place, entries, bytes);
    write_at(fd, place + bytes, end, put_end_of_64_bits(2, place, bytes, end));
    close(fd);
    cr_assert_eq(npz_open(made_path(&directory, "x.npz"), &npz, &err), VIT_OK, "%s", err.message);
    cr_assert(npz->count == 2 && npz->members[0].header.elements == elements);
    cr_assert_eq(npz->members[1].place, far);
    cr_assert_eq(npz_read_f32(npz, &npz->members[1], 0, 3, out, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(memcmp(out, numbers, sizeof out), 0);
    npz_close(npz);
    free(made.bytes);
    remove_directory(&directory);
    count_checks(5);
}
