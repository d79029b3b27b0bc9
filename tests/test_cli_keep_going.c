/* test_cli_keep_going.c - --keep-going of classify and features: what cannot be read is left out */
#include <criterion/criterion.h>
#include <string.h>

#include "cli.h"

TestSuite(cli_keep_going, .init = cli_begin, .fini = cli_end);

#define MODEL  "tests/golden/timm-vit"
#define PHOTOS "tests/golden/preprocess"

/* $T/d: two images, a text file with the name of one between them, and a directory without any. */
static void make_directory(void)
{
    succeeds("mkdir -p $T/d/m.d && cp " PHOTOS "/photo-444.jpg $T/d/a.jpg && "
             "echo text >$T/d/b.png && cp " PHOTOS "/gray.png $T/d/c.png");
}

Test(cli_keep_going, classify_prints_the_lines_of_the_others_and_exits_with_1)
{
    make_directory();
    succeeds("$VIT classify " MODEL " $T/d/a.jpg $T/d/c.png >$T/expected 2>/dev/null");
    shell("$VIT classify " MODEL " $T/d --keep-going | cmp - $T/expected");
    cr_assert_eq(cli.status, 0, "%s", cli.out);
    shell("$VIT classify " MODEL " $T/d --keep-going >/dev/null");
    cr_assert_eq(cli.status, 1);
    cr_assert_not_null(strstr(cli.err, "/d/b.png: expected a JPEG, PNG or WebP file"));
    cr_assert_not_null(strstr(cli.err, "2 images in "));
    cr_assert_not_null(strstr(cli.err, "; 1 left out\n"));
    shell("$VIT classify " MODEL " $T/d/a.jpg --keep-going");
    cr_assert_eq(cli.status, 0); /* nothing is left out */
}

Test(cli_keep_going, errors_stand_between_the_lines_in_the_order_of_the_images)
{
    make_directory();
    /* one thread computes eight at a time */
    shell("C=$T/d/c.png; $VIT classify " MODEL " $T/d/a.jpg $T/none $C $C $C $C $C $C $T/d/b.png "
          "$T/d/m.d $C --keep-going --threads 1 2>&1 | "
          "sed -n 's,^\\(libvit: \\)*[^ ]*/\\([^/:]*\\):.*,\\2,p' | tr '\\n' ' '");
    cr_assert_str_eq(cli.out, "a.jpg none c.png c.png c.png c.png c.png c.png b.png m.d c.png ");
}

Test(cli_keep_going, json_has_an_error_in_place_of_predictions)
{
    make_directory();
    shell("$VIT classify " MODEL " $T/d --keep-going --json");
    cr_assert_eq(cli.status, 1);
    json_t *const root = json_output();
    const json_t *const images = json_object_get(root, "images");
    cr_assert_eq(json_array_size(images), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *const image = json_array_get(images, i);
        const char *const error = json_string_value(json_object_get(image, "error"));
        cr_assert_eq(json_object_get(image, "predictions") != NULL, i != 1);
        cr_assert(i == 1 ? error && strstr(error, "b.png: expected a JPEG") : !error);
    }
    const json_t *const summary = json_object_get(root, "summary");
    cr_assert_eq(json_integer_value(json_object_get(summary, "images")), 3);
    cr_assert_eq(json_integer_value(json_object_get(summary, "left_out")), 1);
    json_decref(root);
}

Test(cli_keep_going, features_have_the_rows_of_the_others_in_order)
{
    make_directory();
    succeeds("$VIT features " MODEL " $T/d/a.jpg $T/d/c.png -o $T/expected.npy");
    shell("$VIT features " MODEL " $T/d $T/none.png -o $T/out.npy --keep-going");
    cr_assert_eq(cli.status, 1);
    cr_assert_not_null(strstr(cli.err, "b.png: "));
    cr_assert_not_null(strstr(cli.err, "none.png: No such file"));
    succeeds("cmp $T/out.npy $T/expected.npy");
}

Test(cli_keep_going, features_without_any_image_have_no_rows)
{
    make_directory();
    shell("$VIT features " MODEL " $T/d/b.png -o $T/out.npy --keep-going");
    cr_assert_eq(cli.status, 1);
    succeeds("grep -q \"'shape': (0, 96)\" $T/out.npy && test $(wc -c <$T/out.npy) = 128");
}

Test(cli_keep_going, without_it_the_first_error_ends_the_command)
{
    make_directory();
    fails("$VIT classify " MODEL " $T/d", "b.png: expected a JPEG");
    fails("$VIT features " MODEL " $T/d -o $T/o.npy", "b.png: expected a JPEG");
    fails("$VIT classify " MODEL " $T/none --keep-going --size 0x0", "--size");
}
