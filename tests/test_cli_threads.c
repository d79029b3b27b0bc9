/* test_cli_threads.c - commands that end, or lack threads or memory, leave no temporary file */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "tests/counts.h"
#include "tests/sanitized.h"

#define MODEL "tests/golden/timm-vit"
#define IMAGE "tests/golden/preprocess/photo-420.jpg"

/* Every way to write a file. */
static const char *const commands[] = {
    "features " MODEL " " IMAGE " " IMAGE " -o $T/out/x.npy",
    "run " MODEL " $T/in.npy -o $T/out/x.npy",
    "attention " MODEL " " IMAGE " -o $T/out/x.png",
    "patches " MODEL " " IMAGE " -o $T/out/x.png",
    "preprocess --model " MODEL " " IMAGE " -o $T/out/x.npy",
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void begin(void)
{
    cli_begin();
    succeeds("$VIT preprocess --model " MODEL " " IMAGE " -o $T/in.npy");
}

/* Runs a command with the preloaded library, and a variable for it. */
static void preload(const char *variable, long value, const char *command)
{
    const char *const build = getenv("VIT_BUILD");

    shell("rm -rf $T/out && mkdir $T/out && "
          "LD_PRELOAD=$(realpath %s/tests/preload/fail.so) %s=%ld $VIT %s --threads 3",
          build ? build : "build", variable, value, command);
}

/* The directory of the output has the output, if the command succeeded, and nothing else. */
static void leaves_nothing(const char *command, bool succeeded)
{
    const int status = cli.status;

    shell("ls -A $T/out | grep -v '^x\\.[np][a-z]*$'");
    cr_assert_str_eq(cli.out, "", "%s: left %s", command, cli.out);
    shell("test -e $T/out/x.???");
    cr_assert_eq(cli.status == 0, succeeded, "%s: status %d", command, status);
    count_checks(2);
}

Test(cli_threads, no_temporary_file_is_left_whichever_thread_cannot_start, .init = begin,
     .fini = cli_end)
{
    size_t failures = 0;

#ifdef SANITIZED
    count_skipped("the sanitizers do not work with a preloaded library", COMMANDS);
    return;
#endif
    for (size_t c = 0; c < COMMANDS; c++) {
        bool succeeded = false;
        for (long thread = 0; !succeeded && thread < 40; thread++) {
            preload("FAIL_THREAD", thread, commands[c]);
            succeeded = cli.status == 0;
            failures += !succeeded;
            cr_assert(succeeded || cli.status == 2 || strstr(cli.err, "libgomp"), "%s: %d: %s",
                      commands[c], cli.status, cli.err);
            leaves_nothing(commands[c], succeeded);
        }
        cr_assert(succeeded, "%s: %s", commands[c], cli.err);
    }
    cr_assert_geq(failures, 6); /* features, run and attention use threads, two and more of them */
    count_checks(COMMANDS);
}

Test(cli_threads, no_temporary_file_is_left_when_a_library_ends_the_process, .init = begin,
     .fini = cli_end)
{
#ifdef SANITIZED
    count_skipped("the sanitizers do not work with a preloaded library", COMMANDS);
    return;
#endif
    for (size_t c = 0; c < COMMANDS; c++) {
        preload("EXIT_IN_RENAME", 77, commands[c]);
        cr_assert_eq(cli.status, 77, "%s: %d %s", commands[c], cli.status, cli.err);
        leaves_nothing(commands[c], false);
    }
    count_checks(COMMANDS);
}

/* With too little memory for threads, tables or the program itself. */
Test(cli_threads, no_temporary_file_is_left_when_address_space_is_limited, .init = begin,
     .fini = cli_end)
{
#ifdef SANITIZED
    count_skipped("the sanitizers reserve more address space", COMMANDS);
    return;
#endif
    for (size_t c = 0; c < COMMANDS; c++)
        for (size_t mib = 8; mib < 400; mib += mib < 100 ? 7 : 50) {
            shell("rm -rf $T/out && mkdir $T/out && ulimit -v %zu && $VIT %s --threads 3",
                  mib << 10, commands[c]);
            leaves_nothing(commands[c], cli.status == 0);
        }
}
