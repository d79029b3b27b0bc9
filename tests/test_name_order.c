/* test_name_order.c - sorting by name: the order of strcmp, stable, with few bytes read */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/name_order.h"
#include "tests/counts.h"
#include "tests/noise.h"

enum { NAMES = 1000, BYTES = 64 };

/* Names of two characters, shorter than max: many prefixes, and some names twice. */
static void make_names(size_t max, char names[NAMES][BYTES])
{
    uint8_t *const bytes = noise((size_t)NAMES * BYTES);

    for (size_t i = 0; i < NAMES; i++) {
        const uint8_t *const from = bytes + i * BYTES;
        const size_t length = from[0] % max;
        for (size_t k = 0; k < length; k++)
            names[i][k] = (char)(from[k + 1] & 16 ? 'a' : '\xe9'); /* compared as unsigned */
        names[i][length] = '\0';
    }
    free(bytes);
}

Test(name_order, names_are_in_the_order_of_strcmp_and_equal_ones_keep_theirs)
{
    static char text[NAMES][BYTES];
    static struct named names[NAMES], scratch[NAMES];

    for (size_t max = 1; max < 40; max += 3) {
        make_names(max, text);
        for (size_t count = 0; count < NAMES; count += 1 + count / 2) {
            for (size_t i = 0; i < count; i++)
                names[i] = (struct named){ text[i], i, 77 };
            names_sort(count, names, scratch);
            for (size_t i = 1; i < count; i++) {
                const int order = strcmp(names[i - 1].name, names[i].name);
                cr_assert(order < 0 || (order == 0 && names[i - 1].index < names[i].index));
                size_t common = 0;
                while (names[i].name[common] && names[i].name[common] == names[i - 1].name[common])
                    common++;
                cr_assert_eq(names[i].common, common);
            }
            count_checks(2 * count);
        }
    }
}

Test(name_order, structs_move_as_a_whole)
{
    struct item {
        const char *name;
        size_t bytes;
        char copy[BYTES];
    };
    static char text[NAMES][BYTES];
    struct item *const items = calloc(NAMES, sizeof *items);

    cr_assert_not_null(items);
    make_names(30, text);
    for (size_t i = 0; i < NAMES; i++) {
        items[i] = (struct item){ .name = text[i], .bytes = strlen(text[i]) };
        strcpy(items[i].copy, text[i]);
    }
    cr_assert(structs_sort_by_name(NAMES, sizeof *items, items));
    for (size_t i = 0; i < NAMES; i++) {
        cr_assert(i == 0 || strcmp(items[i - 1].name, items[i].name) <= 0);
        cr_assert_str_eq(items[i].name, items[i].copy);
        cr_assert_eq(items[i].bytes, strlen(items[i].name));
    }
    cr_assert(structs_sort_by_name(0, sizeof *items, NULL));
    free(items);
    count_checks(3 * NAMES);
}
