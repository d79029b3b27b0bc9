/* test_directory.c - the directory handle: files by name, listing, and products of sizes */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "files/directory.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

Test(directory, files_are_read_by_name)
{
    const struct made_directory made = make_directory();
    struct directory directory;
    struct input_file file;
    struct text_file text;
    char bytes[3] = "";

    make_text(&made, "a", "hello");
    cr_assert_eq(directory_open(made.path, &directory, NULL), VIT_OK);
    cr_assert_eq(directory_open_file(&directory, "a", &file, NULL), VIT_OK);
    cr_assert(file.bytes == 5 && strcmp(file.path, made_path(&made, "a")) == 0);
    cr_assert_eq(file_read(&file, 2, 2, bytes, NULL), VIT_OK);
    cr_assert_str_eq(bytes, "ll");
    file_close(&file);
    cr_assert_eq(directory_read_text(&directory, "a", 5, false, &text, NULL), VIT_OK);
    cr_assert(text.bytes == 5 && strcmp(text.text, "hello") == 0);
    text_file_free(&text);
    directory_close(&directory);
    remove_directory(&made);
    count_checks(7);
}

Test(directory, an_optional_file_may_be_missing_and_a_required_one_may_not)
{
    const struct made_directory made = make_directory();
    struct directory directory;
    struct text_file text;
    struct vit_error err;

    cr_assert_eq(directory_open(made.path, &directory, NULL), VIT_OK);
    cr_assert_eq(directory_read_text(&directory, "a", 5, true, &text, NULL), VIT_OK);
    cr_assert(!text.text && strcmp(text.path, made_path(&made, "a")) == 0);
    text_file_free(&text);
    cr_assert_eq(directory_read_text(&directory, "a", 5, false, &text, &err), VIT_ENOTFOUND);
    cr_assert(strstr(err.message, "/a: cannot be opened: No such file"), "%s", err.message);
    make_text(&made, "a", "longer");
    cr_assert_eq(directory_read_text(&directory, "a", 5, true, &text, &err), VIT_EFORMAT);
    cr_assert(strstr(err.message, "/a: expected at most 5 bytes, found 6"), "%s", err.message);
    /* a copy of links whose targets stayed behind is no checkpoint without these files */
    cr_assert_eq(symlinkat("../nowhere", directory.fd, "link"), 0);
    cr_assert_eq(directory_read_text(&directory, "link", 5, true, &text, &err), VIT_ENOTFOUND);
    cr_assert(strstr(err.message, "/link: cannot be opened: No such file"), "%s", err.message);
    cr_assert_eq(unlinkat(directory.fd, "link", 0), 0);
    directory_close(&directory);
    remove_directory(&made);
    count_checks(9);
}

/* Fails at a name that begins with z. */
static bool count_name(void *user, const char *name)
{
    size_t *const counts = user; /* by first letter */

    counts[name[0] - 'a']++;
    return name[0] != 'z';
}

Test(directory, a_listing_has_each_visible_name_once)
{
    const struct made_directory made = make_directory();
    struct directory directory;
    size_t counts[26] = { 0 };

    make_text(&made, "a", "");
    make_text(&made, "b", "");
    make_text(&made, ".hidden", "");
    cr_assert_eq(directory_open(made.path, &directory, NULL), VIT_OK);
    for (size_t i = 1; i <= 2; i++) { /* a second listing begins at the start */
        cr_assert_eq(directory_visit(&directory, count_name, counts, NULL), VIT_OK);
        cr_assert(counts[0] == i && counts[1] == i);
    }
    make_text(&made, "z", "");
    cr_assert_eq(directory_visit(&directory, count_name, counts, NULL), VIT_ENOMEM);
    directory_close(&directory);
    remove_directory(&made);
    count_checks(6);
}

/* A handle keeps its directory, even if the directory gets another name. */
Test(directory, a_renamed_directory_keeps_its_files)
{
    const struct made_directory made = make_directory();
    struct directory directory;
    struct text_file text;
    char other[300];

    make_text(&made, "a", "x");
    snprintf(other, sizeof other, "%s-renamed", made.path);
    cr_assert_eq(directory_open(made.path, &directory, NULL), VIT_OK);
    cr_assert_eq(rename(made.path, other), 0);
    cr_assert_eq(directory_read_text(&directory, "a", 5, false, &text, NULL), VIT_OK);
    cr_assert_str_eq(text.text, "x");
    text_file_free(&text);
    directory_close(&directory);
    cr_assert_eq(rename(other, made.path), 0);
    remove_directory(&made);
    count_checks(5);
}

Test(directory, only_a_directory_is_opened)
{
    const struct made_directory made = make_directory();
    struct directory directory;
    struct vit_error err;

    make_text(&made, "file", "");
    cr_assert_eq(directory_open(made_path(&made, "file"), &directory, &err), VIT_EIO);
    cr_assert(strstr(err.message, "/file: cannot be opened: Not a directory"), "%s", err.message);
    cr_assert_eq(directory_open(made_path(&made, "none"), &directory, &err), VIT_ENOTFOUND);
    remove_directory(&made);
    count_checks(3);
}

Test(checked, a_product_that_does_not_fit_is_reported)
{
    size_t product = 0;

    cr_assert(checked_mul(0, SIZE_MAX, &product) && product == 0);
    cr_assert(checked_mul(SIZE_MAX, 1, &product) && product == SIZE_MAX);
    cr_assert(checked_mul(SIZE_MAX / 2, 2, &product) && product == SIZE_MAX - 1);
    cr_assert_not(checked_mul(SIZE_MAX / 2 + 1, 2, &product));
    cr_assert_not(checked_mul(SIZE_MAX, SIZE_MAX, &product));
    count_checks(5);
}
