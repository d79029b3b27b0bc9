/* test_cli_messages.c - what the libvit command prints about models and files, and what it hides */
#include <criterion/criterion.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

TestSuite(cli_messages, .init = cli_begin, .fini = cli_end);

#define MODEL        "tests/golden/timm-vit"
#define IMAGE        "tests/golden/preprocess/photo-444.jpg"
#define DIGITS       "models/digits"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { CLASSES = 11 }; /* of MODEL */

/* A copy of MODEL as $T/name, its config.json edited by sed. */
static void copy_model(const char *name, const char *script)
{
    succeeds("mkdir $T/%s && cp " MODEL "/model.safetensors $T/%s && "
             "sed '%s' " MODEL "/config.json >$T/%s/config.json",
             name, name, script, name);
}

static void write_bytes(const char *name, long from_end, const void *bytes, size_t count)
{
    FILE *const file = fopen(in_directory(name), "r+b");

    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, -from_end, SEEK_END), 0);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static void expect_channels(const char *directory, size_t channels, const char *color)
{
    succeeds("$VIT info %s --json", directory);
    json_t *const root = json_output();
    const json_t *const model = json_object_get(root, "model");
    cr_assert_eq(json_array_size(entry_value(model, "preprocess", "mean")), channels);
    cr_assert_eq(json_array_size(entry_value(model, "preprocess", "std")), channels);
    cr_assert_str_eq(json_string_value(entry_value(model, "preprocess", "color")), color);
    json_decref(root);
    count_checks(3);
}

Test(cli_messages, info_gives_a_mean_and_a_deviation_for_each_channel_and_no_more)
{
    expect_channels(DIGITS, 1, "luma");
    expect_channels(MODEL, 3, "rgb");
    succeeds("$VIT info " DIGITS);
    cr_assert_not_null(strstr(cli.out, "one channel: images become gray"));
    cr_assert_not_null(strstr(cli.out, "  mean                   0.5   "));
    cr_assert_not_null(strstr(cli.out, "  std                    0.5   "));
    succeeds("$VIT info " MODEL);
    cr_assert_null(strstr(cli.out, "gray"));
    cr_assert_not_null(strstr(cli.out, "  mean                   0.5, 0.5, 0.5  "));
    count_checks(5);
}

Test(cli_messages, an_image_that_cannot_be_preprocessed_is_named)
{
    enum { WIDTH = 50000 }; /* of 1 row: enlarged to 48000 rows it has 2.4e9 columns */
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = WIDTH, .height = 1, .format = PNG_FORMAT_GRAY
    };
    static const png_byte row[WIDTH];

    cr_assert(png_image_write_to_file(&image, in_directory("long.png"), 0, row, 0, NULL));
    copy_model("m", "s/0\\.9/0.001/");
    fails("$VIT classify $T/m $T/long.png",
          "/long.png: image: expected sides of at most 2147483647 after the resize");
    fails("$VIT preprocess $T/long.png -o $T/o --model $T/m", "/long.png: image: expected sides");
    fails("$VIT preprocess $T/long.png -o $T/o --size 48x48 --crop-pct .001", "/long.png: image: ");
    count_checks(3);
}

Test(cli_messages, crop_pct_has_the_same_bounds_in_a_configuration_as_in_an_option)
{
    static const char *const values[] = { "1e-9", "0.0009", "1.01", "0", "\"x\"" };

    for (size_t i = 0; i < COUNT(values); i++) {
        char name[8], script[64], command[64], message[128];
        snprintf(name, sizeof name, "m%zu", i);
        snprintf(script, sizeof script, "s/0\\.9/%s/", values[i]);
        copy_model(name, script);
        snprintf(command, sizeof command, "$VIT info $T/%s", name);
        snprintf(message, sizeof message,
                 "%s/config.json: pretrained_cfg.crop_pct: expected a number from 0.001 to 1, "
                 "found %.1s",
                 name, values[i]);
        fails(command, message);
    }
    copy_model("min", "s/0\\.9/0.001/");
    succeeds("$VIT info $T/min");
    count_checks(COUNT(values) + 1);
}

Test(cli_messages, logits_that_are_not_numbers_name_the_image_and_the_model)
{
    copy_model("sick", "");
    write_bytes("sick/model.safetensors", 4, "\0\0\xc0\x7f", 4); /* NaN, the last class's bias */
    fails("$VIT classify $T/sick " IMAGE, IMAGE ": expected finite logits, found nan for class "
                                                "10; check the image and the weights of /");
    fails("$VIT classify $T/sick " IMAGE, "/sick");
    count_checks(2);
}

Test(cli_messages, features_that_are_not_numbers_are_not_written)
{
    copy_model("sick", "");
    write_bytes("sick/model.safetensors", 4652, "\0\0\xc0\x7f",
                4); /* NaN, the last norm's first bias */
    fails("$VIT features $T/sick " IMAGE " -o $T/sick.npy",
          IMAGE ": expected finite features, found nan at 0; check the image and the weights of /");
    succeeds("test ! -e $T/sick.npy");
    count_checks(1);
}

Test(cli_messages, each_part_of_the_preprocessing_is_printed_with_its_source)
{
    static const char *const lines[][2] = {
        { "timm-vit",
          "mean                   0.5, 0.5, 0.5          config.json: pretrained_cfg.m" },
        { "google-npz", "crop_pct               1                      the default" },
        { "hf-dinov2",
          "crop_pct               0.827586               preprocessor_config.json: c" },
        { "series-relu", "interpolation          bilinear               the default" },
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        succeeds("$VIT info tests/golden/%s", lines[i][0]);
        cr_assert(strstr(cli.out, lines[i][1]), "no '%s' in: %s", lines[i][1], cli.out);
    }
    succeeds("$VIT info --json tests/golden/hf-dinov2");
    cr_assert(strstr(cli.out, "preprocessor_config.json: image_std"));
    copy_model("null", "s/\"bicubic\"/null/");
    succeeds("$VIT info $T/null");
    cr_assert(strstr(cli.out, "interpolation          bicubic                the default"));
    count_checks(sizeof lines / sizeof *lines + 2);
}

Test(cli_messages, a_head_that_projects_does_not_classify)
{
    fails("$VIT classify tests/golden/hf-clip " IMAGE,
          "expected a head that classifies, found a projection to 20 numbers");
    succeeds("$VIT info tests/golden/hf-clip");
    cr_assert(strstr(cli.out, "classes: the head projects"));
    count_checks(1);
}

Test(cli_messages, two_outputs_to_one_file_are_refused_however_they_are_named)
{
    static const char *const pairs[][2] = {
        { "$T/new", "$T/./new" },     { "$T/new", "$T/a/../new" },  { "$T/a/new", "$T/to-a/new" },
        { "$T/kept", "$T/to-kept" },  { "$T/to-kept", "$T//kept" }, { "$T/kept", "$T/hard" },
        { "/dev/null", "/dev/null" },
    };

    succeeds("cd $T && mkdir a && ln -s a to-a && echo precious >kept && ln -s kept to-kept && "
             "ln kept hard");
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char command[256];
        snprintf(command, sizeof command, "$VIT preprocess " IMAGE " -o %s --rgb %s --size 8x8",
                 pairs[i][0], pairs[i][1]);
        fails(command, "expected two files for -o and --rgb, found the same file twice");
    }
    succeeds("cat $T/kept; ls $T/a");
    cr_assert_str_eq(cli.out, "precious\n");
    succeeds("$VIT preprocess " IMAGE " -o $T/new --rgb $T/a/new --size 8x8 && "
             "test -s $T/new && test -s $T/a/new");
    count_checks(COUNT(pairs) + 2);
}

Test(cli_messages, a_result_that_does_not_fit_in_memory_is_refused_with_its_bytes)
{
    shell("ulimit -v 1000000 && $VIT --version");
    if (cli.status) {
        count_skipped("out of memory: a sanitizer's shadow exceeds any useful limit", 1);
        return;
    }
    fails("ulimit -v 1000000 && $VIT preprocess " IMAGE " -o $T/o --size 16384x16384",
          "out of memory for 3x16384x16384 float32, 3221225472 bytes");
    count_checks(1);
}

Test(cli_messages, a_git_lfs_pointer_is_called_what_it_is_wherever_a_file_is_read)
{
    static const struct {
        const char *model, *file;
    } cases[] = {
        { "hf-vit-classifier", "m/config.json" },
        { "hf-vit-classifier", "m/preprocessor_config.json" },
        { "hf-vit-classifier", "m/processor_config.json" },
        { "timm-vit", "m/labels.txt" },
        { "timm-vit", "photo.jpg" },
    };
    char command[160];

    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("rm -rf $T/m && cp -r tests/golden/%s $T/m && cp " IMAGE " $T/photo.jpg",
                 cases[i].model);
        snprintf(command, sizeof command,
                 "echo 'version https://git-lfs.github.com/spec/v1' >$T/%s; "
                 "$VIT classify $T/m $T/photo.jpg",
                 cases[i].file);
        fails(command, "found a Git LFS pointer to it; git lfs pull fetches the file");
    }
    count_checks(COUNT(cases));
}

/* OpenMP's runtime would end the process, with status 1 or by abort. */
Test(cli_messages, threads_without_addresses_are_an_error_at_any_limit)
{
    static const size_t threads[] = { 3, 8, 64 };
    size_t checks = 0, refused = 0;

    shell("ulimit -v 1000000 && $VIT --version");
    if (cli.status) {
        count_skipped("limits of addresses: a sanitizer's shadow exceeds any useful limit", 210);
        return;
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        /* stacks of 8 MiB, and 64 MiB of glibc for the allocations of each thread */
        for (size_t step = 0; step < 70; step++, checks++) {
            shell("(ulimit -s 8192; ulimit -v %zu; $VIT features " DIGITS " " DIGITS
                  "/test/3/0060.png --threads %zu -o $T/x.npy)",
                  60000 + step * 200 * (threads[i] + 2), threads[i]);
            cr_assert(cli.status == 0 || cli.status == 2, "%zu threads, step %zu: status %d, %s",
                      threads[i], step, cli.status, cli.err);
            cr_assert(cli.status == 0 || strncmp(cli.err, "libvit: ", 8) == 0, "%s", cli.err);
            refused += cli.status != 0;
        }
    cr_assert_gt(refused, 0);
    count_checks(checks);
}

Test(cli_messages, a_count_of_one_has_a_singular_noun)
{
    copy_model("m", "");
    succeeds("echo cat >$T/m/labels.txt");
    fails("$VIT info $T/m", "labels.txt: expected 11 labels, one per class, found 1");
    succeeds("cp -r " DIGITS " $T/digits && sed '/mean/s/$/ 1,/' " DIGITS "/config.json "
             ">$T/digits/config.json");
    fails("$VIT info $T/digits", "mean: expected 1 number, one per channel, found 2");
    count_checks(2);
}

Test(cli_messages, labels_neither_steer_the_terminal_nor_are_empty)
{
    static const struct {
        const char *label, *printed;
    } lines[CLASSES] = {
        { "a\xc2\x9b\x62", " a?b (" },                   /* C1: CSI */
        { "c\xe2\x80\xaetxt", " c?txt (" },              /* right-to-left override */
        { "d\xe2\x81\xa6\xe2\x81\xa9", " d?? (" },       /* an isolate and its end */
        { "e\xe2\x80\xa8g", " e?g (" },                  /* line separator */
        { "f\x9b\x62", " f?b (" },                       /* CSI of Latin-1 */
        { "g\xe0\x82\x9b", " g\xe0?? (" },               /* CSI, longer than UTF-8 allows */
        { "", " class 6 (" },                            /* empty */
        { "\r", " class 7 (" },                          /* empty, with a carriage return */
        { "h\xc4\x9b", " h\xc4\x9b (" },                 /* ě ends in the byte of CSI */
        { "i\xf0\x9f\x90\x88", " i\xf0\x9f\x90\x88 (" }, /* a cat */
        { "j\xe2\x80\x99s \xff\x1b[m", " j\xe2\x80\x99s \xff?[m (" }, /* ’ is not a control */
    };

    copy_model("m", "");
    FILE *const file = fopen(in_directory("m/labels.txt"), "w");
    for (size_t i = 0; i < CLASSES; i++)
        fprintf(file, "%s\n", lines[i].label);
    cr_assert_eq(fclose(file), 0);
    succeeds("$VIT classify $T/m " IMAGE " --top 11");
    for (size_t i = 0; i < CLASSES; i++)
        cr_assert_not_null(strstr(cli.out, lines[i].printed), "label %zu: %s", i, cli.out);
    count_checks(CLASSES);
}

Test(cli_messages, file_names_do_not_steer_the_terminal)
{
    static const char *const names[][2] = {
        { "x\\302\\2331m.jpg", "x?1m.jpg" },
        { "x\\342\\200\\256gpj.png", "x?gpj.png" },
        { "x\\342\\201\\247.png", "x?.png" },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        char command[256];
        snprintf(command, sizeof command, "$VIT classify " MODEL " \"$(printf \"$T/none-%s\")\"",
                 names[i][0]);
        fails(command, names[i][1]);
        succeeds("mkdir $T/%zu && cp " IMAGE " \"$(printf \"$T/%zu/%s\")\" && "
                 "$VIT classify " MODEL " $T/%zu",
                 i, i, names[i][0], i);
        cr_assert_not_null(strstr(cli.out, names[i][1]), "%s", cli.out);
    }
    succeeds("mkdir $T/json && cp " IMAGE " \"$(printf '%%s' $T/json/x)$(printf "
             "'\\302\\233\\177\\342\\200\\256\\303\\251.jpg')\" && "
             "$VIT classify " MODEL " $T/json --json");
    cr_assert_not_null(strstr(cli.out, "x\\u009b\\u007f\\u202e\u00e9.jpg"), "%s", cli.out);
    json_decref(json_output());
    count_checks(2 * COUNT(names) + 1);
}
