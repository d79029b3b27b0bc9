/* test_cli.c - the libvit command with wrong arguments, files and disks; and its help */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/dispatch.h"
#include "cli.h"
#include "counts.h"
#include "vit/inspect.h"

TestSuite(cli, .init = cli_begin, .fini = cli_end);

#define MODEL  "tests/golden/timm-vit"
#define IMAGE  "tests/golden/preprocess/photo-444.jpg"
#define DIGITS "models/digits" /* its output is larger than one buffer of standard output */

struct failure {
    const char *command, *fragment; /* a part of the message */
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void fail_all(size_t count, const struct failure *failures)
{
    for (size_t i = 0; i < count; i++)
        fails(failures[i].command, failures[i].fragment);
    count_checks(count);
}

Test(cli, wrong_arguments_are_refused_with_what_was_expected)
{
    static const struct failure failures[] = {
        { "$VIT", "expected a subcommand, found none" },
        { "$VIT classfy a b", "unknown subcommand 'classfy'" },
        { "$VIT --frob info", "unknown option '--frob'" },
        { "$VIT info -x", "unknown option '-x'" },
        { "$VIT info -hx", "unknown option '-hx'" },
        { "$VIT info --js", "unknown option '--js'" },
        { "$VIT info --js=1", "unknown option '--js=1'" },
        { "$VIT run m a --out b", "unknown option '--out'" },
        { "$VIT classify m a --to 3", "unknown option '--to'" },
        { "$VIT classify m a --to", "unknown option '--to'" },
        { "$VIT info --json=1", "--json: expected no value, found '1'" },
        { "$VIT info --json=", "--json: expected no value, found ''" },
        { "$VIT help classfy", "unknown subcommand 'classfy'" },
        { "$VIT help run bench", "help: expected [SUBCOMMAND], found 2 operands" },
        { "$VIT info ''", "info: expected [MODEL], found an empty operand" },
        { "$VIT classify '' " IMAGE, "classify: expected MODEL IMAGE..., found an empty" },
        { "$VIT classify " MODEL " " IMAGE " ''", "found an empty operand" },
        { "$VIT bench ''", "found an empty operand" },
        { "$VIT info --isa", "--isa: expected the name of an instruction set, found nothing" },
        { "$VIT info --isa ''", "--isa: expected" },
        { "$VIT info --isa foo", "foo" },
        { "VIT_ISA=foo $VIT info", "foo" },
        { "$VIT classify m p --isa foo", "foo" },
        { "$VIT run m p -o q --isa foo", "foo" },
        { "$VIT preprocess p -o q --size 8x8 --isa foo", "foo" },
        { "$VIT bench m --isa foo", "foo" },
        { "$VIT bench gelu 3x3 --isa foo", "expected scalar, avx2, avx2vnni, avx512, " },
        { "$VIT bench gelu 3x3 --isa foo", "avx512vnni, neon, neondot or neoni8mm, found \"foo\"" },
        { "$VIT info --threads 0", "--threads: expected a whole number from 1 to 1024, found '0'" },
        { "$VIT info --threads -1", "found '-1'" },
        { "$VIT --threads=x info", "found 'x'" },
        { "$VIT info --threads 2x", "found '2x'" },
        { "$VIT info --threads ' 2'", "found ' 2'" },
        { "$VIT info --threads +2", "found '+2'" },
        { "$VIT info --threads 1025", "found '1025'" },
        { "$VIT info --threads 18446744073709551617", "found '18446744073709551617'" },
        { "$VIT info a b", "expected [MODEL], found 2 operands" },
        { "$VIT info --top 3", "unknown option '--top'; see libvit info --help" },
        { "$VIT info -o x", "unknown option '-o'; see libvit info --help" },
        { "$VIT classify", "expected MODEL IMAGE..., found 0 operands" },
        { "$VIT classify " MODEL, "found 1 operand;" },
        { "$VIT classify " MODEL " " IMAGE " --top 0", "--top: expected" },
        { "$VIT classify " MODEL " " IMAGE " --top -5", "--top: expected" },
        { "$VIT classify " MODEL " " IMAGE " --top 1e3", "--top: expected" },
        { "$VIT classify " MODEL " " IMAGE " --batch 4",
          "unknown option '--batch'; see libvit classify --help" },
        { "$VIT run " MODEL " -o $T/o", "found 1 operand;" },
        { "$VIT run " MODEL " a b -o $T/o", "found 3 operands" },
        { "$VIT run " MODEL " a", "expected -o OUT.npy" },
        { "$VIT run " MODEL " a -o", "-o: expected the name of a file, found nothing" },
        { "$VIT run " MODEL " a -o ''", "-o: expected the name of a file" },
        { "$VIT run " MODEL " a -o b --output frob",
          "--output: expected logits, patch_embedding, block.N" },
        { "$VIT run " MODEL " a -o b --output block.", "--output: expected" },
        { "$VIT run " MODEL " a -o b --output block.-1", "--output: expected" },
        { "$VIT run " MODEL " a -o b --output block.03", "found 'block.03'" },
        { "$VIT run " MODEL " a -o b --output block.00", "found 'block.00'" },
        { "$VIT run " MODEL " a -o b --output logits2", "--output: expected" },
        { "$VIT run " MODEL " a -o b --json", "unknown option '--json'; see libvit run --help" },
        { "$VIT preprocess -o $T/o --size 8x8", "found 0 operands" },
        { "$VIT preprocess " IMAGE, "expected -o OUT.npy, --rgb OUT.npy or both" },
        { "$VIT preprocess " IMAGE " -o $T/o", "expected --size HxW or --model MODEL" },
        { "$VIT preprocess " IMAGE " -o $T/o --rgb $T/o --size 8x8", "two files" },
        { "$VIT preprocess " IMAGE " -o $T/o --model " MODEL " --crop-pct 1", "found both" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 0", "--size: expected HEIGHTxWIDTH" },
        { "$VIT preprocess " IMAGE " -o $T/o --size x8", "--size: expected HEIGHTxWIDTH" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 8x", "--size: expected" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 0x8", "--size: expected" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 8x8x8", "--size: expected" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 8x99999999999999999999", "--size: expected" },
        { "$VIT preprocess " IMAGE " -o $T/o --size 65536x4097", "at most 2^28 pixels, found" },
        { "$VIT preprocess a --interpolation cubic",
          "expected bicubic or bilinear, found 'cubic'" },
        { "$VIT preprocess a --interpolation bicubi", "expected bicubic or bilinear" },
        { "$VIT preprocess a --crop-mode fit", "expected center or squash, found 'fit'" },
        { "$VIT preprocess a --crop-pct 0", "--crop-pct: expected" },
        { "$VIT preprocess a --crop-pct 1.01", "--crop-pct: expected" },
        { "$VIT preprocess a --crop-pct nan", "--crop-pct: expected" },
        { "$VIT preprocess a --crop-pct 0x1p-1", "--crop-pct: expected" },
        { "$VIT preprocess a --mean 1,2", "--mean: expected three numbers" },
        { "$VIT preprocess a --mean 1,2,3,4", "--mean: expected three numbers" },
        { "$VIT preprocess a --mean 1,,3", "--mean: expected three numbers" },
        { "$VIT preprocess a --std 1,0,1", "--std: expected three numbers above 0" },
        { "$VIT new", "expected CONFIG.json -o FOLDER, found 0 operands" },
        { "$VIT new a", "new: expected -o FOLDER, found no -o" },
        { "$VIT new a b -o c", "found 2 operands" },
        { "$VIT new a -o ''", "-o: expected the name of a folder, found ''" },
        { "$VIT new a -o b --seed -1",
          "--seed: expected a whole number from 0 to 2^53 - 1, found '-1'" },
        { "$VIT new a -o b --json", "unknown option '--json'; see libvit new --help" },
        { "$VIT new a -o b --precision int8", "--precision: expected a model to compute with" },
        { "$VIT walk " MODEL, "expected MODEL IMAGE, found 1 operand" },
        { "$VIT walk a b --batch 0", "--batch: expected a whole number from 1 to 1024, found '0'" },
        { "$VIT walk a b --batch 1025", "found '1025'" },
        { "$VIT walk a b --block last", "--block: expected a block's number, found 'last'" },
        { "$VIT walk a b --patch -1", "--patch: expected a patch's number, found '-1'" },
        { "$VIT bench", "found 0 operands" },
        { "$VIT bench vit_frob_patch16_224", "vit_frob_patch16_224" },
        { "$VIT bench vit_tiny_patch16_224 --batch 0", "--batch: expected" },
        { "$VIT bench vit_tiny_patch16_224 --seconds -1", "--seconds: expected" },
        { "$VIT bench vit_tiny_patch16_224 --seconds inf", "--seconds: expected" },
    };

    fail_all(COUNT(failures), failures);
}

Test(cli, a_level_that_this_machine_lacks_is_refused_and_named)
{
    const struct cpu cpu = cpu_describe();
    const struct isa_choice choice = isa_choose(&cpu);
    char command[128];
    const char *level;
    size_t refused = 0;

    for (size_t i = 0; (level = isa_name(i)); i++) {
        if (choice.usable[i])
            continue;
        snprintf(command, sizeof command, "$VIT info --isa %s", level);
        fails(command, level);
        fails(command, "expected scalar");
        snprintf(command, sizeof command, "VIT_ISA=%s $VIT bench vit_tiny_patch16_224", level);
        fails(command, level);
        refused += 3;
    }
    cr_assert(refused > 0); /* no machine has both AVX and NEON */
    count_checks(refused);
}

Test(cli, options_may_be_anywhere)
{
    static const char *const commands[] = {
        "$VIT info --json --isa scalar",
        "$VIT --isa scalar info --json",
        "$VIT --json --isa=scalar info",
        "$VIT --threads 1 info --isa scalar --json",
        "POSIXLY_CORRECT=1 $VIT info --json --isa scalar",
        "VIT_ISA=scalar $VIT info --json",
        "$VIT --json --isa scalar -- info",
    };

    for (size_t i = 0; i < COUNT(commands); i++) {
        succeeds("%s", commands[i]);
        json_t *const root = json_output();
        cr_assert_str_eq(json_string_value(json_object_get(root, "isa")), "scalar");
        json_decref(root);
    }
    count_checks(COUNT(commands));
}

Test(cli, help_of_every_subcommand_names_its_options)
{
    static const struct {
        const char *subcommand;
        const char *mentions[10];
    } helps[] = {
        { "",
          { "classify", "features", "verify", "attention", "patches", "run", "preprocess",
            "compare", "info", "libvit SUBCOMMAND --help" } },
        { "new", { "CONFIG.json -o FOLDER", "--seed", "series_vit", "must not exist yet" } },
        { "walk",
          { "MODEL IMAGE", "-o FOLDER", "--batch", "--block", "--patch", "--size", "--json",
            "attention.png", "not kept" } },
        { "classify",
          { "MODEL IMAGE...", "--top", "--size", "--json", "--keep-going", "--isa", "--threads",
            "without hidden files and linked directories" } },
        { "features",
          { "MODEL IMAGE... -o OUT.npy or MODEL --shards SHARDS -o OUT", "--size", "--keep-going",
            "--isa", "--threads", "embedding" } },
        { "features", { "--shards", "--shard I/N", "sha256sum", "computes what is missing" } },
        { "verify", { "OUT", "--sample PERCENT", "--seed", "--model", "--shards", "same bits" } },
        { "attention",
          { "MODEL IMAGE -o OUT.png", "--block", "--head", "rollout", "mean", "--size",
            "without a class token it is the mean" } },
        { "patches", { "MODEL [IMAGE] -o OUT.png", "--size", "--isa", "cosine similarity" } },
        { "run",
          { "IN.npy", "-o OUT.npy", "--output", "block.N", "embedding", "attention.N",
            "t2t_block.N", "last_hidden_state", "--size", "--threads" } },
        { "preprocess",
          { "--size", "--interpolation", "--crop-pct", "--crop-mode", "--mean", "--std", "--model",
            "[--rgb OUT.npy]", "[-o OUT.npy", "one of -o and --rgb is required" } },
        { "compare",
          { "MODEL IMAGE... --precision float16|int8", "-o OUT.png", "--suggest", "--size",
            "--json", "--keep", "cosine", "the worst block first" } },
        { "info", { "--json", "--models", "--size", "--isa", "--help", "--version" } },
        { "bench",
          { "ARCH", "--batch", "--seconds", "--size", "--json", "KERNEL SHAPE...", "--cold",
            "--roofline", "--list", "on one thread unless --threads" } },
        { "check",
          { "MODEL", "--kernel", "--seed", "--cases", "--list", "--repro", "--digest", "--json",
            "--isa", "--threads" } },
    };
    size_t checks = 0;

    for (size_t i = 0; i < COUNT(helps); i++) {
        succeeds("$VIT %s --help", helps[i].subcommand);
        cr_assert_str_empty(cli.err);
        for (size_t j = 0; j < 10 && helps[i].mentions[j]; j++, checks++)
            cr_assert_not_null(strstr(cli.out, helps[i].mentions[j]), "%s: no %s",
                               helps[i].subcommand, helps[i].mentions[j]);
    }
    count_checks(checks);
}

Test(cli, help_of_run_names_every_output)
{
    const char *name;
    size_t i = 0;

    succeeds("$VIT run --help");
    for (; (name = vit_output_name((enum vit_output)i)); i++)
        cr_assert_not_null(strstr(cli.out, name), "no %s", name);
    shell("$VIT run " MODEL " a -o b --output frob");
    for (i = 0; (name = vit_output_name((enum vit_output)i)); i++)
        cr_assert_not_null(strstr(cli.err, name), "no %s", name);
    count_checks(2 * i);
}

Test(cli, help_is_a_subcommand_too)
{
    static const char *const names[] = { "",          "classify", "features", "verify",
                                         "attention", "patches",  "run",      "preprocess",
                                         "compare",   "info",     "bench",    "check",
                                         "new",       "walk" };

    for (size_t i = 0; i < COUNT(names); i++)
        succeeds("$VIT %s --help >$T/a && $VIT help %s >$T/b && cmp $T/a $T/b", names[i], names[i]);
    succeeds("$VIT help --help && VIT_ISA=foo $VIT help run");
    count_checks(COUNT(names) + 1);
}

Test(cli, the_last_value_of_a_repeated_option_counts)
{
    succeeds("$VIT preprocess " IMAGE " -o $T/a --size=8x8 --size 9x7 -o $T/b --crop-pct 1 "
             "--crop-pct .5 && test ! -e $T/a && "
             "$VIT preprocess " IMAGE " -o$T/c --size 9x7 --crop-pct .5 && cmp $T/b $T/c");
    count_checks(2);
}

Test(cli, version_is_one_line)
{
    succeeds("$VIT --version");
    cr_assert_eq(strncmp(cli.out, "libvit ", 7), 0);
    cr_assert_eq(strchr(cli.out, '\n'), cli.out + strlen(cli.out) - 1);
    count_checks(1);
}

Test(cli, missing_and_malformed_files_are_named)
{
    static const struct failure failures[] = {
        { "$VIT info $T/none", "none" },
        { "$VIT info $T", "model.safetensors" },
        { "$VIT classify $T/none " IMAGE, "none" },
        { "$VIT classify " MODEL " $T/none.jpg", "none.jpg: No such file" },
        { "$VIT classify " MODEL " $T/text.jpg", "text.jpg" },
        { "$VIT classify " MODEL " $T/empty.png", "empty.png" },
        { "$VIT classify " MODEL " $T/cut.jpg", "cut.jpg" },
        { "$VIT classify " MODEL " $T/cut.png", "cut.png" },
        { "$VIT classify " MODEL " $T/cut.webp", "cut.webp" },
        { "$VIT classify " MODEL " $T/directory", "found none" },
        { "$VIT classify $T/cut-model " IMAGE, "model.safetensors" },
        { "$VIT classify $T/no-weights " IMAGE, "model.safetensors" },
        { "$VIT info $T/no-config", "config.json" },
        { "$VIT info $T/cut-config", "config.json" },
        { "$VIT bench $T/cut-model", "model.safetensors" },
        { "$VIT run " MODEL " $T/none.npy -o $T/o", "none.npy: No such file" },
        { "$VIT run " MODEL " $T/directory -o $T/o",
          "expected a regular file, found another kind" },
        { "$VIT run " MODEL " $T/text.jpg -o $T/o", "expected a .npy file" },
        { "echo 'version https://git-lfs.github.com/spec/v1' >$T/lfs && "
          "$VIT run " MODEL " $T/lfs -o $T/o",
          "found a Git LFS pointer to it" },
        { "$VIT run " MODEL " $T/empty.png -o $T/o",
          "expected a .npy file of at least 12 bytes, found 0" },
        { "$VIT run " MODEL " $T/npy/truncated -o $T/o",
          "expected a header up to byte 128, found a file of 40 bytes" },
        { "$VIT run " MODEL " $T/npy/long-header -o $T/o",
          "expected a header up to byte 65545, found a file of 152 bytes" },
        { "$VIT run " MODEL " $T/npy/huge-shape -o $T/o", "expected a size that fits in 64 bits" },
        { "$VIT run " MODEL " $T/npy/overflowing-size -o $T/o", "fit in 64 bits" },
        { "$VIT run " MODEL " $T/npy/short-data -o $T/o",
          "[2, 3]: expected 24 bytes of data, found 23" },
        { "$VIT run " MODEL " $T/npy/f8 -o $T/o", "expected dtype '<f4' or '|u1', found '<f8'" },
        { "$VIT run " MODEL " $T/npy/fields -o $T/o", "found several fields" },
        { "$VIT run " MODEL " $T/npy/fortran -o $T/o", "found Fortran order" },
        { "$VIT run " MODEL " $T/npy/empty -o $T/o",
          "expected float32 [batch, 3, 48, 48], found float32 [0, 4294967296, 4294967296]" },
        { "$VIT run " MODEL " $T/npy/v3-u1 -o $T/o", "found uint8 [2, 2, 3]" },
        { "$VIT run " MODEL " $T/npy/scalar -o $T/o", "found float32 []" },
        { "$VIT run " MODEL " $T/one.npy -o $T/o --output block.2",
          "expected a block from 0 to 1, found 2" },
        { "$VIT run $T/cut-model $T/one.npy -o $T/o", "model.safetensors" },
        { "$VIT preprocess $T/cut.jpg -o $T/o --size 8x8", "cut.jpg" },
        { "$VIT preprocess $T/none -o $T/o --size 8x8", "none" },
        { "$VIT preprocess " IMAGE " -o $T/o --model $T/none", "none" },
    };
    static float zeros[3 * 48 * 48];

    save_npy("one.npy", 4, (size_t[]){ 1, 3, 48, 48 }, zeros);
    succeeds("cd $T && mkdir directory cut-model no-weights no-config cut-config && cd - && "
             "cp -r tests/fuzz/seeds/npy $T && echo text >$T/text.jpg && : >$T/empty.png && "
             "head -c 3000 " IMAGE " >$T/cut.jpg && "
             "head -c 900 tests/golden/preprocess/alpha.png >$T/cut.png && "
             "head -c 500 tests/golden/preprocess/lossy.webp >$T/cut.webp && "
             "cp " MODEL "/config.json $T/cut-model && "
             "head -c 100000 " MODEL "/model.safetensors >$T/cut-model/model.safetensors && "
             "cp " MODEL "/config.json $T/no-weights && "
             "cp " MODEL "/model.safetensors $T/no-config && "
             "cp " MODEL "/model.safetensors $T/cut-config && "
             "head -c 99 " MODEL "/config.json >$T/cut-config/config.json");
    fail_all(COUNT(failures), failures);
}

Test(cli, a_failure_leaves_an_existing_output_as_it_was)
{
    static const struct failure failures[] = {
        { "$VIT run " MODEL " $T/none.npy -o $T/kept", "none.npy" },
        { "$VIT run " MODEL " tests/fuzz/seeds/npy/scalar -o $T/kept", "found float32 []" },
        { "$VIT preprocess $T/none -o $T/kept --size 8x8", "none" },
        { "$VIT preprocess " IMAGE " -o $T/kept --rgb $T/none/x --size 8x8", "none/x" },
        { "$VIT preprocess " IMAGE " -o $T/none/x --rgb $T/kept --size 8x8", "none/x" },
        { "$VIT preprocess " IMAGE " -o $T/kept/x --size 8x8", "kept/x: Not a directory" },
        { "$VIT preprocess " IMAGE " -o $T --size 8x8", "Is a directory" },
        { "$VIT preprocess " IMAGE " -o $T/kept --rgb $T --size 8x8", "Is a directory" },
        /* a full disk, as a limit on the size of files */
        { "trap '' XFSZ; ulimit -f 8; $VIT preprocess " IMAGE " -o $T/kept --size 224x224",
          "kept: " },
        { "trap '' XFSZ; ulimit -f 8; $VIT preprocess " IMAGE " --rgb $T/kept", "kept: " },
        { "$VIT preprocess " IMAGE " -o /dev/full --size 224x224", "/dev/full: No space left" },
    };

    succeeds("echo precious >$T/kept");
    fail_all(COUNT(failures), failures);
    succeeds("cat $T/kept; ls $T");
    cr_assert_str_eq(cli.out, "precious\nkept\n");
    count_checks(1);
}

/*
 * A shell's command that cuts `libvit run` of in.npy, of 300 images. On a fast machine it may end
 * normally: in both cases only whole files remain.
 */
static void expect_whole_files_after(const char *command)
{
    enum { IMAGES = 300 };
    float *const zeros = calloc(IMAGES * 3 * 48 * 48, sizeof *zeros);

    save_npy("in.npy", 4, (size_t[]){ IMAGES, 3, 48, 48 }, zeros);
    free(zeros);
    shell("%s", command);
    shell("ls $T");
    cr_assert(strcmp(cli.out, "in.npy\n") == 0 || strcmp(cli.out, "in.npy\nout.npy\n") == 0, "%s",
              cli.out);
    count_checks(1);
}

#define LONG_RUN "$VIT run " MODEL " $T/in.npy -o $T/out.npy --isa scalar --threads 1"

Test(cli, an_interrupt_leaves_no_temporary_file)
{
    expect_whole_files_after("timeout -s INT 0.3 " LONG_RUN);
}

/* Both signals come at once: real-time signals of one number wait for a process that is stopped. */
Test(cli, a_second_signal_leaves_no_temporary_file)
{
    char command[512];

    snprintf(command, sizeof command,
             LONG_RUN " & p=$!\n"
                      "while ! ls $T/*.tmp && kill -0 $p; do :; done >$T/log 2>&1; rm $T/log\n"
                      "kill -STOP $p; kill -%d $p; kill -%d $p; kill -CONT $p; wait $p",
             SIGRTMIN, SIGRTMIN);
    expect_whole_files_after(command);
}

Test(cli, a_standard_output_that_cannot_be_written_is_an_error)
{
    static const struct failure failures[] = {
        { "$VIT info >/dev/full", "cannot write to standard output: No space left" },
        { "$VIT info --json >/dev/full", "cannot write to standard output" },
        { "$VIT info >&-", "cannot write to standard output" },
        { "$VIT --help >/dev/full", "cannot write to standard output" },
        { "$VIT classify " MODEL " " IMAGE " --json >&-", "cannot write to standard output" },
        { "$VIT classify " MODEL " " IMAGE " >/dev/full", "output: No space left" },
        { "$VIT classify " DIGITS " " DIGITS "/test >/dev/full", "output: No space left" },
        { "$VIT classify " DIGITS " " DIGITS "/test --json >/dev/full", "output: No space left" },
    };

    fail_all(COUNT(failures), failures);
}

Test(cli, an_output_does_not_become_standard_output_when_that_is_closed)
{
    succeeds("$VIT preprocess " IMAGE " --rgb $T/a.npy && "
             "$VIT preprocess " IMAGE " --rgb $T/b.npy <&- >&- 2>&- && cmp $T/a.npy $T/b.npy");
    count_checks(1);
}

Test(cli, an_output_may_be_a_device_a_pipe_or_behind_a_link)
{
    succeeds("$VIT preprocess " IMAGE " -o $T/a.npy --size 8x8 && "
             "$VIT preprocess " IMAGE " -o /dev/null --size 8x8 && test -c /dev/null && "
             "ln -s b.npy $T/link && : >$T/b.npy && "
             "$VIT preprocess " IMAGE " -o $T/link --size 8x8 && test -L $T/link && "
             "cmp $T/a.npy $T/b.npy && mkfifo $T/pipe && "
             "{ cat $T/pipe >$T/c.npy & "
             "$VIT preprocess " IMAGE " -o $T/pipe --size 8x8 && wait; } && "
             "cmp $T/a.npy $T/c.npy");
    count_checks(4);
}

Test(cli, one_unreadable_image_and_nothing_is_printed)
{
    succeeds("mkdir $T/d && cp " IMAGE " $T/d/a.jpg && cp " IMAGE " $T/d/c.jpg && "
             "echo text >$T/d/b.jpg");
    fails("$VIT classify " MODEL " $T/d", "d/b.jpg");
    fails("$VIT classify " MODEL " $T/d --json", "d/b.jpg");
    count_checks(2);
}
