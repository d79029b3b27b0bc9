/* test_cli_packed.c - the libvit command with --packed, and libvit info --verify */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

TestSuite(cli_packed, .init = cli_begin, .fini = cli_end);

#define IMAGE  "models/digits/test/4/1788.png"
#define PACKED "--packed $T/digits.packed"

/* A copy: the times of its files can change. */
static void copy_model(void)
{
    succeeds("cp -r models/digits $T/digits");
}

static void says(const char *text)
{
    cr_assert(strstr(cli.err, text), "expected \"%s\" on standard error, found: %s", text, cli.err);
    count_checks(1);
}

static void says_nothing(void)
{
    cr_assert_str_eq(cli.err, "");
    count_checks(1);
}

Test(cli_packed, a_missing_file_is_written_and_then_used)
{
    char *expected;

    succeeds("$VIT classify models/digits " IMAGE);
    expected = strdup(cli.out);
    succeeds("$VIT classify models/digits " IMAGE " " PACKED);
    says("wrote the packed weights: ");
    says("digits.packed: cannot be opened: No such file or directory\n");
    cr_assert_str_eq(cli.out, expected);
    succeeds("$VIT classify models/digits " IMAGE " " PACKED);
    says_nothing();
    cr_assert_str_eq(cli.out, expected);
    free(expected);
    succeeds("ls $T");
    cr_assert_str_eq(cli.out, "digits.packed\n"); /* no temporary file */
    count_checks(3);
}

Test(cli_packed, a_file_that_does_not_fit_is_written_again_and_the_reason_printed)
{
    copy_model();
    succeeds("$VIT info $T/digits " PACKED);
    succeeds("$VIT info $T/digits " PACKED " --precision int8");
    says("digits.packed: expected \"precision int8\", found \"precision float32\"\n");
    succeeds("touch -d 2001-01-01 $T/digits/model.safetensors");
    succeeds("$VIT info $T/digits " PACKED " --precision int8");
    says("expected weights of model.safetensors of the time 978307200.000000000, found those of ");
    succeeds("truncate -s 5000 $T/digits.packed");
    succeeds("$VIT info $T/digits " PACKED " --precision int8");
    says(" bytes, found 5000\n");
    succeeds("$VIT info $T/digits " PACKED " --precision int8");
    says_nothing();
}

Test(cli_packed, every_subcommand_that_opens_a_model_takes_it)
{
    succeeds("$VIT features models/digits " IMAGE " -o $T/a.npy");
    succeeds("$VIT features models/digits " IMAGE " -o $T/b.npy " PACKED);
    says("wrote the packed weights: ");
    succeeds("cmp $T/a.npy $T/b.npy");
    succeeds("$VIT bench models/digits " PACKED " --seconds 0.01");
    says_nothing();
    fails("$VIT bench vit_tiny_patch16_224 " PACKED,
          "packed: expected NULL for a random model, found \"");
}

Test(cli_packed, a_file_of_another_format_is_neither_used_nor_overwritten)
{
    copy_model();
    succeeds("echo text >$T/digits.packed");
    fails("$VIT info $T/digits " PACKED,
          "digits.packed: expected a file of packed weights, found another format");
    succeeds("cat $T/digits.packed");
    cr_assert_str_eq(cli.out, "text\n");
    fails("$VIT info $T/digits --packed $T/digits/config.json",
          "config.json: expected a file of packed weights, found another format");
    fails("$VIT info $T/digits --packed $T", ": cannot be read: not a regular file");
    fails("$VIT info $T/digits --packed $T/none/a", "none/a: No such file or directory");
    fails("$VIT info $T/none " PACKED, "/none: cannot be opened: No such file or directory");
    fails("$VIT info $T/digits --packed ''", "--packed: expected a file of packed weights");
    count_checks(1);
}

Test(cli_packed, a_link_stays_and_its_target_is_written)
{
    succeeds("mkdir $T/cache && ln -s cache/real $T/digits.packed");
    succeeds("$VIT info models/digits " PACKED);
    says("wrote the packed weights: ");
    succeeds("test -L $T/digits.packed && ls $T/cache");
    cr_assert_str_eq(cli.out, "real\n");
    succeeds("$VIT info models/digits " PACKED);
    says_nothing();
    count_checks(1);
}

/* What others left behind may have our process's number: they ran in a container, or before. */
Test(cli_packed, files_that_were_left_behind_are_neither_in_the_way_nor_removed)
{
    succeeds("sh -c 'for i in $(seq 0 99); do for s in \"\" .tmp; do "
             "echo x >$T/digits.packed.$$-$i.tmp$s; done; done; echo x >$T/digits.packed.tmp; "
             "exec $VIT info models/digits " PACKED "'");
    says("wrote the packed weights: ");
    succeeds("ls $T/*.tmp | wc -l");
    cr_assert_eq(atoi(cli.out), 201);
    succeeds("rm $T/*.tmp; $VIT info models/digits " PACKED);
    says_nothing();
    count_checks(1);
}

Test(cli_packed, a_long_name_is_written_and_a_file_keeps_its_permissions)
{
    for (int length = 225; length <= 255; length += 10) {
        succeeds("$VIT info models/digits --packed $T/$(printf %%0%dd 0)", length);
        says("wrote the packed weights: ");
        succeeds("$VIT info models/digits --packed $T/$(printf %%0%dd 0)", length);
        says_nothing();
    }
    succeeds("$VIT info models/digits " PACKED);
    succeeds(
        "chmod 664 $T/digits.packed; umask 077; $VIT info models/digits --precision int8 " PACKED);
    says("wrote the packed weights: ");
    succeeds("stat -c %%a $T/digits.packed; ls $T | grep -c tmp || true");
    cr_assert_str_eq(cli.out, "664\n0\n");
    count_checks(1);
}

/* The directory of the model is an input; so is the file itself. */
Test(cli_packed, no_output_replaces_the_file_that_is_used)
{
    succeeds("$VIT info models/digits " PACKED);
    fails("$VIT features models/digits " IMAGE " " PACKED " -o $T/digits.packed",
          "digits.packed: it is an input");
}

Test(cli_packed, info_verifies_digests_and_shows_that_it_did)
{
    static const char verified[] = "SHA-256 of its data and of the files of weights verified";

    copy_model();
    succeeds("$VIT info $T/digits " PACKED);
    cr_assert(strstr(cli.out, "\n  packed ") && strstr(cli.out, "not verified: --verify"));
    succeeds("$VIT info $T/digits " PACKED " --verify");
    cr_assert(strstr(cli.out, verified));
    says_nothing();
    succeeds("$VIT info $T/digits");
    cr_assert(!strstr(cli.out, "\n  packed "));
    succeeds("printf 'x' | dd of=$T/digits.packed bs=1 seek=300000 conv=notrunc 2>&1");
    fails("$VIT info $T/digits " PACKED " --verify", "digits.packed: data: expected SHA-256 ");
    succeeds("cp $T/digits.packed $T/damaged");
    fails("$VIT info $T/digits " PACKED " --verify --precision int8",
          "expected \"precision int8\", found \"precision float32\"");
    succeeds("cmp $T/digits.packed $T/damaged"); /* what is verified is not written */
    count_checks(4);
}

Test(cli_packed, info_prints_the_digest_that_sha256sum_computes_with_and_without_a_file)
{
    char expected[200];

    copy_model();
    succeeds("cd $T/digits && LC_ALL=C sha256sum config.json labels.txt model.safetensors | "
             "sha256sum | cut -c 1-64 | tr -d '\\n'");
    snprintf(expected, sizeof expected, "\n  digest                 %.64s of its files", cli.out);
    succeeds("$VIT info $T/digits --digest");
    cr_assert(strstr(cli.out, expected), "%s", expected);
    succeeds("$VIT info $T/digits --digest " PACKED); /* which is written */
    cr_assert(strstr(cli.out, expected));
    succeeds("$VIT info $T/digits --digest " PACKED);
    cr_assert(strstr(cli.out, expected));
    says_nothing();
    succeeds("$VIT info $T/digits " PACKED);
    cr_assert(!strstr(cli.out, "digest"));
    fails("$VIT info --digest", "info: expected MODEL with --digest, found none");
    count_checks(4);
}

Test(cli_packed, verify_without_a_file_or_a_model_is_an_error)
{
    fails("$VIT info models/digits --verify", "expected MODEL and --packed with --verify");
    fails("$VIT info --verify", "expected MODEL and --packed with --verify, found no MODEL");
    fails("$VIT info --verify " PACKED, "--packed: expected a model to compute with");
}

/* What a signal interrupts leaves neither the file nor its temporary one. */
Test(cli_packed, a_signal_removes_the_temporary_file)
{
    enum { SIGNALS = 8 };

    copy_model();
    for (int i = 0; i < SIGNALS; i++) {
        shell("timeout -s TERM 0.0%d $VIT info $T/digits " PACKED " --precision int8; "
              "timeout -s INT 0.0%d $VIT info $T/digits " PACKED,
              1 + i % 4, 1 + i % 3);
        succeeds("ls $T");
        cr_assert(!strstr(cli.out, ".tmp"), "%s", cli.out);
    }
    count_checks(SIGNALS);
}
