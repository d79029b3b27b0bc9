/* test_cli_outputs.c - the libvit command never harms its inputs, and writes files whole or not */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

TestSuite(cli_outputs, .init = cli_begin, .fini = cli_end);

#define MODEL        "tests/golden/timm-vit"
#define IMAGE        "tests/golden/preprocess/photo-444.jpg"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* $T/m is a copy of MODEL, $T/d a directory of images, $T/in.npy an input of the model. */
static void copy_inputs(void)
{
    succeeds(
        "cp -r " MODEL " $T/m && mkdir -p $T/d/sub && cp " IMAGE " $T/d/sub/a.jpg && "
        "cp " IMAGE " $T/b.jpg && $VIT preprocess " IMAGE " --model $T/m -o $T/in.npy && "
        "ln -s ../b.jpg $T/d/link.jpg && ln $T/b.jpg $T/hard.npy && ln -s m/config.json $T/soft && "
        "cd $T && find . -type f ! -name sums | sort | xargs cksum >sums");
}

Test(cli_outputs, no_verb_overwrites_an_input)
{
    static const char *const commands[][2] = {
        { "$VIT run $T/m $T/in.npy -o $T/in.npy", "in.npy: it is an input" },
        { "$VIT run $T/m $T/in.npy -o $T/m/model.safetensors", "it is an input" },
        { "$VIT features $T/m $T/b.jpg -o $T/m/model.safetensors", "it is an input" },
        { "$VIT features $T/m $T/b.jpg -o $T/hard.npy", "b.jpg" },
        { "$VIT features $T/m $T/d -o $T/d/sub/a.jpg", "it is an input" },
        { "$VIT features $T/m $T/d -o $T/b.jpg", "it is an input" },
        { "$VIT attention $T/m $T/b.jpg -o $T/b.jpg", "b.jpg: it is an input" },
        { "$VIT attention $T/m $T/b.jpg -o $T/soft", "soft: it is an input" },
        { "$VIT patches $T/m -o $T/m/config.json", "config.json: it is an input" },
        { "$VIT preprocess $T/b.jpg --size 8x8 -o $T/b.jpg", "b.jpg: it is an input" },
        { "$VIT preprocess $T/b.jpg --size 8x8 --rgb $T/hard.npy", "it is an input" },
        { "$VIT preprocess $T/b.jpg --model $T/m -o $T/m/config.json", "it is an input" },
        { "$VIT preprocess $T/b.jpg --model $T/m -o $T/b.jpg", "b.jpg: it is an input" },
    };

    copy_inputs();
    for (size_t i = 0; i < COUNT(commands); i++)
        fails(commands[i][0], commands[i][1]);
    succeeds("cd $T && "
             "find . -type f ! -name sums | sort | xargs cksum | diff sums -");
    count_checks(COUNT(commands));
}

Test(cli_outputs, an_open_descriptor_is_written_where_it_stands)
{
    copy_inputs();
    succeeds("(echo head; $VIT features $T/m $T/b.jpg -o /dev/stdout) >$T/out && "
             "test \"$(head -c 5 $T/out)\" = head");
    succeeds("$VIT features $T/m $T/b.jpg -o $T/one.npy && "
             "$VIT features $T/m $T/b.jpg -o /dev/fd/7 7>>$T/out && "
             "tail -c $(wc -c <$T/one.npy) $T/out | cmp - $T/one.npy && "
             "$VIT features $T/m $T/b.jpg -o /dev/stdout | cat >$T/piped && "
             "tail -c $(wc -c <$T/one.npy) $T/piped | cmp - $T/one.npy");
    fails("$VIT features $T/m $T/b.jpg -o /dev/fd/7 7>>$T/m/model.safetensors", "it is an input");
    fails("$VIT features $T/m $T/b.jpg -o /dev/fd/77", "/dev/fd/77");
}

Test(cli_outputs, a_replaced_file_keeps_its_permissions_and_any_name_that_fits)
{
    copy_inputs();
    succeeds("N=$T/$(printf %%0250d 7).npy; $VIT features $T/m $T/b.jpg -o $N && test -s $N");
    succeeds("umask 077; echo old >$T/out; chmod 664 $T/out; "
             "$VIT features $T/m $T/b.jpg -o $T/out && test \"$(stat -c %%a $T/out)\" = 664");
}

Test(cli_outputs, a_file_beside_the_inputs_is_replaced)
{
    copy_inputs();
    /* beside the images, where a second run finds it */
    succeeds("for i in 1 2; do $VIT features $T/m $T/d -o $T/d/x.npy || exit; done; rm $T/d/x.npy");
    succeeds(
        "echo old >$T/out && $VIT features $T/m $T/d -o $T/out && test $(wc -c <$T/out) -gt 9");
}

Test(cli_outputs, the_target_of_a_link_is_written_even_if_it_does_not_exist)
{
    succeeds("mkdir $T/there && ln -s there/new.npy $T/link && ln -s link $T/second && "
             "$VIT preprocess " IMAGE " --size 8x8 -o $T/second && test -L $T/second && "
             "test -L $T/link && test -f $T/there/new.npy && ! test -L $T/there/new.npy && "
             "test $(ls $T/there | wc -l) = 1");
    succeeds("ln -s $T/there/other.npy $T/absolute && "
             "$VIT preprocess " IMAGE " --size 8x8 -o $T/absolute && test -L $T/absolute && "
             "cmp $T/there/new.npy $T/there/other.npy");
    succeeds("ln -s loop $T/loop");
    fails("$VIT preprocess " IMAGE " --size 8x8 -o $T/loop", "loop: Too many levels");
    succeeds("ln -s none/x $T/nowhere");
    fails("$VIT preprocess " IMAGE " --size 8x8 -o $T/nowhere", "No such file");
    count_checks(4);
}

Test(cli_outputs, a_limit_of_file_sizes_gives_a_message_and_leaves_no_file)
{
    fails("(ulimit -f 8; $VIT preprocess " IMAGE " --size 224x224 -o $T/x.npy)",
          "x.npy: File too large");
    succeeds("! ls $T/x.npy* 2>/dev/null");
    shell("(ulimit -f 1; $VIT --help >$T/help; $VIT bench --help >>$T/help; "
          "$VIT preprocess --help >>$T/help)");
    cr_assert_eq(cli.status, 2, "%d", cli.status);
    cr_assert_not_null(strstr(cli.err, "standard output: File too large"), "%s", cli.err);
    count_checks(3);
}

Test(cli_outputs, a_pipe_a_device_or_a_socket_is_no_input)
{
    static const char *const commands[] = {
        "timeout 20 $VIT classify " MODEL " $T/p.jpg",
        "timeout 20 $VIT features " MODEL " $T/dir -o $T/out",
        "timeout 20 $VIT attention " MODEL " $T/p.jpg -o $T/out",
        "timeout 20 $VIT run " MODEL " $T/p.jpg -o $T/out",
        "timeout 20 $VIT preprocess $T/p.jpg --size 8x8 -o $T/out",
        "timeout 20 $VIT classify " MODEL " /dev/zero",
        "timeout 20 $VIT run " MODEL " /dev/zero -o $T/out",
    };

    succeeds("mkfifo $T/p.jpg && mkdir $T/dir && mkfifo $T/dir/q.jpg");
    for (size_t i = 0; i < COUNT(commands); i++)
        fails(commands[i], "expected a regular file");
    count_checks(COUNT(commands));
}

/* SIGINT and SIGQUIT are ignored in a shell's background, and stay so. */
Test(cli_outputs, a_signal_leaves_no_temporary_file)
{
    static const char *const signals[] = { "TERM", "HUP",  "ALRM",   "USR1", "XCPU",
                                           "ABRT", "PROF", "VTALRM", "SYS",  "RTMIN" };

    signal(SIGHUP, SIG_DFL); /* a shell under nohup cannot reset what it found ignored */
    /* more images than it computes before the signal */
    succeeds("cp " IMAGE " $T/a.jpg");
    for (size_t i = 0; i < COUNT(signals); i++) {
        shell("ulimit -c 0; echo old >$T/out; $VIT features " MODEL
              " $(yes $T/a.jpg | head -n 15000) -o $T/out & "
              "while ! ls $T/out.*.tmp >/dev/null 2>&1 && kill -0 $! 2>/dev/null; do sleep 0.01; "
              "done; "
              "kill -%s $!; wait $!; status=$?; ls $T/out* >$T/left; exit $status",
              signals[i]);
        cr_assert_gt(cli.status, 128, "%s: %d", signals[i], cli.status);
        succeeds("test \"$(cat $T/left)\" = $T/out && test \"$(cat $T/out)\" = old");
    }
    count_checks(COUNT(signals));
}
