/* test_messages.c - messages and texts in any locale, of any bytes and any length */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "counts.h"
#include "vit/image.h"
#include "vit/inspect.h"
#include "vit/kernels.h"
#include "vit/vit.h"

/* Whether a message has a byte that a terminal obeys, or that is not part of UTF-8. */
static bool is_clean(const char *message)
{
    for (const unsigned char *s = (const unsigned char *)message; *s;) {
        const size_t length = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
        if (*s < 0x20 || *s == 0x7f || (*s >= 0x80 && *s < 0xc2) || *s > 0xf4)
            return false;
        if (*s == 0xc2 && s[1] < 0xa0)
            return false;
        for (size_t i = 1; i < length; i++)
            if ((s[i] & 0xc0) != 0x80)
                return false;
        s += length;
    }
    return true;
}

Test(messages, hold_no_control_character_whatever_the_argument)
{
    static const char *const names[] = { "\x1b[31mred",
                                         "a\nb\r\tc\x7f",
                                         "\xc2\x9b"
                                         "31m",
                                         "\x9b"
                                         "31m",
                                         "\xe2\x28\xa1",
                                         "\xc0\xaf",
                                         "\xed\xa0\x80",
                                         "\xf5\x80\x80\x80" };
    struct vit_error err;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct vit_kernels *kernels;
        struct vit_model *model;
        struct vit_image image;
        cr_assert(vit_kernels_get(names[i], &kernels, &err) == VIT_EINVAL);
        cr_assert(is_clean(err.message), "%s", err.message);
        cr_assert(strchr(err.message, '?'), "%s", err.message);
        cr_assert(vit_model_open(names[i], NULL, &model, &err) == VIT_ENOTFOUND);
        cr_assert(is_clean(err.message), "%s", err.message);
        cr_assert(vit_image_decode_file(names[i], NULL, &image, &err) == VIT_ENOTFOUND);
        cr_assert(is_clean(err.message), "%s", err.message);
    }
    const struct vit_kernels *kernels;
    vit_kernels_get("größer \xf0\x9f\x98\x80", &kernels, &err);
    cr_assert(strstr(err.message, "größer \xf0\x9f\x98\x80"), "%s", err.message);
    count_checks(3 * sizeof names / sizeof *names + 1);
}

Test(messages, of_any_length_keep_whole_characters_and_end_in_a_mark_where_cut)
{
    enum { ROOM = sizeof(((struct vit_error *)NULL)->message) };
    struct vit_error err;
    char text[4 * ROOM];

    for (size_t width = 1; width <= 3; width++) {
        static const char *const characters[] = { "", "a", "ä", "€" };
        for (size_t bytes = ROOM - 20; bytes < ROOM + 20; bytes++) {
            memset(text, 'x', bytes % width);
            text[bytes % width] = '\0';
            for (size_t i = 0; i < bytes / width; i++)
                strcat(text, characters[width]);
            fail(&err, VIT_EINVAL, "%s", text);
            const size_t length = strlen(err.message);
            const bool cut = bytes >= ROOM;
            cr_assert(is_clean(err.message), "%zu bytes: %s", bytes, err.message);
            cr_assert_eq(cut, strcmp(err.message, text) != 0, "%zu", bytes);
            cr_assert_eq(cut, length >= 3 && !strcmp(err.message + length - 3, "…"), "%zu", bytes);
            cr_assert(!cut || length >= ROOM - 1 - width, "%zu: %zu", bytes, length);
        }
    }
    count_checks((size_t)3 * 40);
}

/* A locale with a decimal comma: the system's, or one that localedef makes; false: neither. */
static bool set_comma_locale(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8",
                                         "./de_DE.UTF-8" };
    char directory[] = "/tmp/vit-locale-XXXXXX", command[256];
    bool found = false;

    for (size_t i = 0; i < sizeof names / sizeof *names - 1; i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    if (!mkdtemp(directory))
        return false;
    snprintf(command, sizeof command,
             "localedef -c -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", directory);
    if (system(command) >= 0 && setenv("LOCPATH", directory, 1) == 0)
        found = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    (void)!system(command);
    return found;
}

/* Calls that print and parse numbers; the locale may be any. */
static void expect_points(void)
{
    struct vit_model *model;
    struct vit_config config = { .size = sizeof config };
    struct vit_preprocess_config preprocess = { .size = sizeof preprocess };
    struct vit_config_entry entry = { .size = sizeof entry };
    struct vit_error err;
    size_t points = 0;

    cr_assert(!vit_model_open("tests/golden/timm-vit", NULL, &model, &err), "%s", err.message);
    cr_assert(!vit_model_get_config(model, &config, NULL));
    cr_assert(config.eps > 0.0f && config.eps < 1e-3f, "%g", (double)config.eps);
    for (size_t i = 0; vit_model_config_entry(model, i, &entry); i++) {
        cr_assert(strcmp(entry.name, "eps") != 0 || strtod(entry.value, NULL) < 1e-3);
        points += strchr(entry.value, '.') != NULL;
    }
    cr_assert(!vit_model_get_preprocess_config(model, &preprocess, NULL));
    preprocess.crop_pct = 1.5;
    const struct vit_image image = {
        .pixels = (unsigned char[3]){ 0 }, .height = 1, .width = 1, .stride = 3
    };
    cr_assert(vit_preprocess_image(&preprocess, &image, NULL, NULL, &err) == VIT_EINVAL);
    cr_assert(strstr(err.message, "1.5"), "%s", err.message);
    vit_model_free(model);
}

Test(messages, numbers_have_a_decimal_point_in_every_locale)
{
    char text[16];

    expect_points();
    count_checks(1);
    if (!set_comma_locale()) {
        count_skipped("no locale with a decimal comma, and no localedef", 1);
        return;
    }
    snprintf(text, sizeof text, "%.1f", 2.5);
    cr_assert_str_eq(text, "2,5");
    expect_points();
    snprintf(text, sizeof text, "%.1f", 2.5);
    cr_assert_str_eq(text, "2,5"); /* the program's locale is as it was */
    count_checks(1);
}

Test(messages, tell_the_clients_image_from_the_servers_settings_and_a_missing_file_from_a_bad_one)
{
    struct vit_preprocess_config good = { .size = sizeof good,
                                          .channels = 3,
                                          .height = 2,
                                          .width = 2,
                                          .crop_pct = 1.0,
                                          .std = { 1.0f, 1.0f, 1.0f } };
    struct vit_preprocess_config bad = good;
    unsigned char pixels[12] = { 0 };
    const struct vit_image image = { pixels, 2, 2, 6, VIT_PIXEL_FORMAT_RGB };
    const struct vit_image images[] = { { pixels, 0, 2, 6, VIT_PIXEL_FORMAT_RGB },
                                        { pixels, 2, ((size_t)1 << 20) + 1, (size_t)1 << 23, 0 },
                                        { pixels, 2, 2, 5, VIT_PIXEL_FORMAT_RGB },
                                        { pixels, 2, 2, 6, (enum vit_pixel_format)9 } };
    struct vit_image decoded;
    struct vit_model *model;
    float out[12];

    bad.crop_pct = 0.0;
    cr_assert_eq(vit_preprocess_image(&good, &image, NULL, out, NULL), VIT_OK);
    cr_assert_eq(vit_preprocess_image(&bad, &image, NULL, out, NULL), VIT_EINVAL);
    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        cr_assert_eq(vit_preprocess_image(&good, &images[i], NULL, out, NULL), VIT_EIMAGE);
    cr_assert_eq(vit_image_decode("no image", 8, NULL, &decoded, NULL), VIT_EIMAGE);
    cr_assert_eq(vit_image_decode_file("/nowhere", NULL, &decoded, NULL), VIT_ENOTFOUND);
    cr_assert_eq(vit_image_decode_file("/", NULL, &decoded, NULL), VIT_EIO);
    cr_assert_eq(vit_model_open("/nowhere", NULL, &model, NULL), VIT_ENOTFOUND);
    cr_assert_eq(vit_model_open("README.md", NULL, &model, NULL), VIT_EIO);
    cr_assert_eq(vit_model_open("tests", NULL, &model, NULL), VIT_ENOTFOUND);
    cr_assert_str_eq(vit_status_name(VIT_EIMAGE), "VIT_EIMAGE");
    cr_assert_str_eq(vit_status_name(VIT_ENOTFOUND), "VIT_ENOTFOUND");
    count_checks(14);
}
