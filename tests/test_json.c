/* test_json.c - JSON: values, faults, numbers as Python's json reads them, and its memory */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/json.h"
#include "tests/alloc_counter.h"
#include "tests/counts.h"

static struct json *parsed(const char *text)
{
    struct json *root = NULL;
    struct vit_error err = { .message = "" };

    cr_assert_eq(json_parse("x.json", "", text, strlen(text), &root, &err), VIT_OK, "%s: %s", text,
                 err.message);
    count_checks(1);
    return root;
}

static void rejects(const char *text, size_t bytes, const char *words)
{
    struct json *root = NULL;
    struct vit_error err = { .message = "" };
    char *const copy = malloc(bytes ? bytes : 1); /* AddressSanitizer sees a read past it */

    cr_assert_not_null(copy);
    memcpy(copy, text, bytes);
    cr_assert_eq(json_parse("x.json", "", copy, bytes, &root, &err), VIT_EFORMAT, "%s", text);
    cr_assert_null(root);
    cr_assert(strstr(err.message, words), "%s: expected %s, found %s", text, words, err.message);
    free(copy);
    count_checks(1);
}

static void prints(const char *text, const char *expected)
{
    struct json *const root = parsed(text);
    char out[400];

    cr_assert(json_print(root, sizeof out, out));
    cr_assert_str_eq(out, expected);
    for (size_t size = 0; size <= strlen(expected); size++) {
        cr_assert_not(json_print(root, size, out));
        cr_assert(size == 0 || (strlen(out) == size - 1 && strncmp(out, expected, size - 1) == 0));
    }
    json_free(root);
}

Test(json, a_document_is_printed_as_it_was_read)
{
    prints(" null ", "null");
    prints("[]", "[]");
    prints("{ }", "{}");
    prints("[ true , false, null,\t-0, 1.50, 1E+5,\r\n\"\" ]",
           "[true,false,null,-0,1.50,1E+5,\"\"]");
    prints("{\"b\": [[], {}, [{\"c\": [1, 2]}]], \"a\": {\"a\": \"b\"}}",
           "{\"b\":[[],{},[{\"c\":[1,2]}]],\"a\":{\"a\":\"b\"}}");
    prints("[\"NaN\", \"\\\\\", \"\\\" -Infinity\", NaN]",
           "[\"NaN\",\"\\\\\",\"\\\" -Infinity\",NaN]");
    prints("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
           "\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009A\u00e9\u20ac\U0001f600\"");
}

Test(json, members_are_found_by_key_and_visited_in_order)
{
    enum { COUNT = 1000 };
    static char text[COUNT * 20] = "{";
    const struct json *value;
    const char *key;
    char name[20];
    size_t length = 1, i = 0;

    for (size_t k = 0; k < COUNT; k++)
        length +=
            (size_t)sprintf(text + length, "%s\"k%zu\":%zu", k ? "," : "", k * 7919 % COUNT, k);
    strcpy(text + length, "}");
    struct json *const root = parsed(text);
    cr_assert_eq(json_members(root), COUNT);
    json_each_member(root, key, value)
    {
        sprintf(name, "k%zu", i * 7919 % COUNT);
        cr_assert_str_eq(key, name);
        cr_assert_eq(json_int(value), (int64_t)i);
        cr_assert_eq(json_member(root, name), value);
        i++;
    }
    cr_assert_eq(i, COUNT);
    cr_assert_null(json_member(root, "k"));
    cr_assert_null(json_member(root, "k1000"));
    json_free(root);
    count_checks(COUNT);
}

Test(json, an_absent_value_has_no_type_and_nothing_inside)
{
    const char *key;

    cr_assert_null(json_text(NULL));
    cr_assert_null(json_member(NULL, "a"));
    cr_assert_null(json_element(NULL, 0));
    cr_assert_null(json_next_member(NULL, NULL, &key));
    cr_assert_null(json_next_element(NULL, NULL));
    cr_assert_eq(json_elements(NULL) + json_members(NULL), 0);
    cr_assert(json_int(NULL) == 0 && json_double(NULL) == 0);
    cr_assert(!json_is_null(NULL) && !json_is_object(NULL) && !json_is_number(NULL));
    cr_assert_str_eq(json_kind(NULL), "none");
    json_free(NULL);
    count_checks(9);
}

Test(json, malformed_texts_are_rejected_where_they_are_wrong)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "line 1, column 1: parse error: premature EOF" },
        { "[1,\n 2", "line 2, column 3: parse error: premature EOF" },
        { "[1 2]", "column 4: parse error: after array element, I expect ',' or ']'" },
        { "[1,]", "column 4: parse error: unallowed token" },
        { "[,1]", "column 2: parse error: unallowed token" },
        { "{\"a\"}", "column 5: parse error: object key and value must be separated by a colon" },
        { "{\"a\":1,}", "column 8: parse error: invalid object key" },
        { "{a:1}", "column 2: lexical error: invalid char" },
        { "[1}", "column 3: parse error: after array element" },
        { "{\"a\":1]", "column 6: parse error: after key and value, inside map" },
        { "1 1", "column 3: parse error: trailing garbage" },
        { "01", "trailing garbage" },
        { "+1", "invalid char" },
        { "-", "a digit is required after the minus sign" },
        { "-NaN", "a digit is required after the minus sign" },
        { "1NaN", "trailing garbage" },
        { "NaN1", "invalid char" },
        { "1.", "a digit is required after the decimal point" },
        { ".5", "invalid char" },
        { "1e", "a digit is required after the exponent" },
        { "1e+", "a digit is required after the exponent" },
        { "tru", "invalid string" },
        { "nan", "invalid string" },
        { "'a'", "invalid char" },
        { "/* a */ 1", "comments are not enabled" },
        { "\"a", "invalid character inside string" },
        { "\"a\nb\"", "invalid character inside string" },
        { "\"\\x\"", "occurs before a character which it may not" },
        { "\"\\", "occurs before a character which it may not" },
        { "\"\\u12\"", "invalid (non-hex) character" },
        { "\"\\u0000\"", "column 8: expected no NUL character" },
        { "\"\\udc00\"", "expected UTF-8" },
        { "\"\xff\"", "invalid bytes in UTF8 string" },
        { "\"\xc0\xaf\"", "expected UTF-8" },
        { "\"\xe0\x9f\xbf\"", "expected UTF-8" },
        { "\"\xed\xa0\x80\"", "expected UTF-8" },
        { "\"\xf4\x90\x80\x80\"", "expected UTF-8" },
        { "\"\xe2\x82", "invalid bytes in UTF8 string" },
        { "\xef\xbb\xbf{}", "invalid char" },
        { "{\"a\":1,\"b\":{\"a\":1,\"a\":2}}", "column 24: duplicate key \"a\"" },
        { "{\"a\":1,\"\\u0061\":1}", "duplicate key \"a\"" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        rejects(cases[i].text, strlen(cases[i].text), cases[i].words);
    rejects("{}\0", 3, "trailing garbage");
    rejects("\"a\0\"", 4, "invalid character inside string");
}

Test(json, numbers_are_those_of_python_in_every_locale)
{
    static const struct {
        const char *text;
        double value;
        bool integer;
    } cases[] = {
        { "0", 0, true },
        { "-0.0", -0.0, false },
        { "2.5e-06", 2.5e-06, false },
        { "0.1", 0.1, false },
        { "100.0e-2", 1, false },
        { "9007199254740993", 9007199254740992.0, true },
        { "123456789012345678901234567890", 123456789012345678901234567890.0, true },
        { "5e-324", 5e-324, false },
        { "2.4703282292062327e-324", 0, false },
        { "1.7976931348623157e308", 1.7976931348623157e308, false },
        { "1e400", INFINITY, false },
        { "-1e400", -INFINITY, false },
        { "1e-400", 0, false },
        { "1e99999999999999999999", INFINITY, false },
        { "0e99999999999999999999", 0, false },
        { "0.000000000000000000000000000000001e33", 1, false },
        { "Infinity", INFINITY, false },
        { "-Infinity", -INFINITY, false },
    };
    static const char *const locales[] = { "C", "de_DE.UTF-8", "de_DE.utf8" };
    size_t ran = 0;

    for (size_t l = 0; l < sizeof locales / sizeof *locales; l++) {
        if (!setlocale(LC_NUMERIC, locales[l]))
            continue;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++, ran++) {
            struct json *const root = parsed(cases[i].text);
            const double value = json_double(root);
            cr_assert_eq(json_is_integer(root), cases[i].integer, "%s", cases[i].text);
            cr_assert_eq(memcmp(&value, &cases[i].value, sizeof value), 0, "%s: %a", cases[i].text,
                         value);
            json_free(root);
        }
        struct json *const nan_root = parsed("NaN");
        cr_assert(isnan(json_double(nan_root)));
        json_free(nan_root);
    }
    setlocale(LC_NUMERIC, "C");
    count_checks(ran);
}

Test(json, more_digits_than_a_double_has_are_rounded_to_nearest)
{
    /* 1 + 2⁻⁵³ lies halfway between 1 and the next double; further digits decide */
    static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
    char text[2000];

    for (int last = 0; last < 2; last++) {
        strcpy(text, half);
        memset(text + sizeof half - 1, '0', 1500);
        strcpy(text + sizeof half - 1 + 1500, last ? "1" : "0");
        struct json *const root = parsed(text);
        cr_assert_eq(json_double(root), last ? 1 + 0x1p-52 : 1);
        json_free(root);
    }
    text[0] = '7';
    memset(text + 1, '0', 1000);
    strcpy(text + 1001, "e-1000");
    struct json *const root = parsed(text);
    cr_assert_eq(json_double(root), 7);
    json_free(root);
    count_checks(3);
}

Test(json, integers_that_do_not_fit_are_the_nearest_that_does)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "9223372036854775808", INT64_MAX },
        { "-99999999999999999999", INT64_MIN },
        { "-17", -17 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *const root = parsed(cases[i].text);
        cr_assert(json_is_integer(root) && json_int(root) == cases[i].value, "%s", cases[i].text);
        json_free(root);
    }
    count_checks(sizeof cases / sizeof *cases);
}

Test(json, nesting_is_limited)
{
    char text[2 * (JSON_MAX_DEPTH + 1) + 1] = "", printed[sizeof text];

    for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        if (depth > JSON_MAX_DEPTH) {
            rejects(text, 2 * depth, "column 129: expected at most 128 levels of nesting");
            break;
        }
        struct json *const root = parsed(text);
        cr_assert(json_print(root, sizeof printed, printed));
        cr_assert_str_eq(printed, text);
        json_free(root);
    }
}

/* Texts that take the most values, keys and characters per byte. */
Test(json, parsing_takes_at_most_14_bytes_per_byte)
{
    enum { BYTES = 1 << 20 };
    static const char *const units[] = { "1,",       "[],",       "{},",        "\"\",",
                                         "[[],[]],", "\"::::\",", ",",          ":",
                                         "[",        "\"a\":1,",  "{\"a\":1},", "\"\\u0041\",",
                                         "\\n" };
    char *const text = malloc(BYTES);

    cr_assert_not_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t length = strlen(units[i]), times = (BYTES - 4) / length;
        struct json *root = NULL;
        size_t bytes = 0;
        text[bytes++] = '[';
        for (size_t k = 0; k < times; k++, bytes += length)
            memcpy(text + bytes, units[i], length);
        text[bytes++] = '1';
        text[bytes++] = ']';
        const size_t before = watched_bytes();
        const bool valid = json_parse("x", "", text, bytes, &root, NULL) == VIT_OK;
        cr_assert_leq(watched_bytes() - before, 14 * bytes + 8192, "%s: %zu", units[i],
                      watched_bytes() - before);
        cr_assert(valid || !root);
        json_free(root);
        count_checks(1);
    }
    free(text);
}
