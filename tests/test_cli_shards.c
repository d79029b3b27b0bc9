/* test_cli_shards.c - features --shards: archives, lists, directories; whole files or none */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

/* Without the variables of a launcher of these tests. */
static void begin(void)
{
    static const char *const names[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS",
                                         "SLURM_ARRAY_TASK_ID" };

    cli_begin();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

TestSuite(cli_shards, .init = begin, .fini = cli_end);

#define DIGITS       "models/digits"
#define TEST         DIGITS "/test"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/*
 * $T/0.tar to $T/3.tar: the digits 0 to 3; $T/ref/N.npy: their features. 2.tar also has a text with
 * the name of an image, which ref lacks.
 */
static void make_shards(void)
{
    succeeds("mkdir $T/ref && echo text >$T/bad.png && for i in 0 1 2 3; do "
             "find " TEST "/$i -name '*.png' | LC_ALL=C sort | tar -cf $T/$i.tar -T - && "
             "$VIT features " DIGITS " " TEST "/$i -o $T/ref/$i.npy || exit; done && "
             "tar -rf $T/2.tar -C $T bad.png");
}

/* The rows of $T/out are those of one run over the files. */
static void has_all_rows(const char *out)
{
    succeeds("for i in 0 1 2 3; do cmp $T/ref/$i.npy $T/%s/$i.npy || exit; done; "
             "test $(ls $T/%s | wc -l) = 9",
             out, out);
}

Test(cli_shards, archives_have_the_rows_of_their_files)
{
    make_shards();
    succeeds("$VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out");
    cr_assert_not_null(strstr(cli.err, "0 of 4 shards were done; 4 computed, 0 failed: "));
    cr_assert_not_null(strstr(cli.err, ", 1 with an error, "));
    has_all_rows("out");
    /* what is printed is what sha256sum reads */
    succeeds("rm -r $T/out; $VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out >$T/sums "
             "&& sha256sum -c --strict $T/sums && test $(wc -l <$T/sums) = 4");
}

Test(cli_shards, lines_name_each_picture_with_its_row_and_digest)
{
    make_shards();
    succeeds("$VIT features " DIGITS " --shards $T/2.tar -o $T/out");
    succeeds("N=$(find " TEST "/2 -name '*.png' | wc -l); cd $T/out; "
             "test $(wc -l <2.jsonl) = $((N + 2)) && "
             "test $(grep -c '\"status\": \"ok\", \"row\": ' 2.jsonl) = $N && "
             "sed -n $((N + 1))p 2.jsonl | grep -q '^{\"key\": \"bad.png\", \"status\": \"error\", "
             "\"error\": \"bad.png: expected a JPEG' && "
             "tail -n 1 2.jsonl | grep -q \"\\\"status\\\": \\\"done\\\", \\\"pictures\\\": "
             "$((N + 1)), \\\"rows\\\": $N, \\\"digest\\\": "
             "\\\"$(sha256sum <2.npy | cut -c 1-64)\\\"}\"");
    /* the digest of row 5: 128 bytes of header, 48 numbers in a row */
    succeeds("cd $T/out; D=$(tail -c +$((129 + 5 * 192)) 2.npy | head -c 192 | sha256sum | "
             "cut -c 1-64); grep -q \"\\\"row\\\": 5, \\\"digest\\\": \\\"$D\\\"\" 2.jsonl");
}

Test(cli_shards, compressed_archives_lists_and_directories_have_the_same_rows)
{
    make_shards();
    succeeds("gzip -c $T/0.tar >$T/gz.tar.gz && gzip -c $T/0.tar >$T/tgz.tgz && "
             "{ find " TEST "/0 -name '*.png' | LC_ALL=C sort; echo; } | "
             "sed '3i /none.png' >$T/list.txt && "
             "sed 's/$/\\r/' $T/list.txt >$T/crlf.txt && cp -r " TEST "/0 $T/folder && "
             "$VIT features " DIGITS " --shards $T/gz.tar.gz $T/tgz.tgz $T/list.txt $T/crlf.txt "
             "$T/folder/ -o $T/out && "
             "for n in gz tgz list crlf folder; do cmp $T/out/$n.npy $T/ref/0.npy || exit; done");
    succeeds("head -n 1 $T/out/folder.jsonl | grep -q '^{\"key\": \"[0-9]*.png\"' && "
             "head -n 1 $T/out/list.jsonl | grep -q '^{\"key\": \"" TEST "/0/'");
}

Test(cli_shards, a_second_run_computes_what_is_missing_alone)
{
    make_shards();
    succeeds("$VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out >$T/first");
    succeeds("rm $T/out/1.npy; touch -d @0 $T/out/0.npy; rm $T/2.tar; "
             "$VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out >$T/second");
    cr_assert_not_null(strstr(cli.err, "3 of 4 shards were done; 1 computed, 0 failed"));
    succeeds("grep '/1.npy$' $T/first | cmp - $T/second && test $(stat -c %%Y $T/out/0.npy) = 0");
    has_all_rows("out");
}

Test(cli_shards, every_part_of_n_is_computed_once)
{
    make_shards();
    succeeds("for i in 0 1 2; do $VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out "
             "--shard $i/3 --threads 1 || exit; done >$T/sums");
    succeeds("test $(wc -l <$T/sums) = 4");
    has_all_rows("out");
    succeeds("$VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/one --shard 1/3 && "
             "ls $T/one | tr '\\n' ' '");
    cr_assert_not_null(strstr(cli.out, "\n1.jsonl 1.npy libvit.json "));
}

Test(cli_shards, auto_takes_the_part_from_the_launcher)
{
    static const struct {
        const char *environment, *shards; /* of ten */
    } cases[] = {
        { "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=4 "
          "SLURM_ARRAY_TASK_COUNT=5",
          "3 8" },
        { "SLURM_ARRAY_TASK_ID=30 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=30 "
          "SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=10",
          "2 5 8" },
        { "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4", "1 5 9" },
        /* the second task of two with three processes each, of which it is the last */
        { "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=1 "
          "SLURM_ARRAY_TASK_COUNT=2 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=3",
          "5" },
        { "OMPI_COMM_WORLD_RANK=7 OMPI_COMM_WORLD_SIZE=8", "7" },
        { "PMI_RANK=0 PMI_SIZE=5", "0 5" },
        /* mpirun in a batch script, which has these of Slurm itself */
        { "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 SLURM_PROCID=0 SLURM_NTASKS=4",
          "1 3 5 7 9" },
    };

    succeeds("mkdir $T/in && for i in 0 1 2 3 4 5 6 7 8 9; do mkdir $T/in/$i && "
             "cp " TEST "/1/0042.png $T/in/$i || exit; done");
    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("rm -rf $T/out; env %s $VIT features " DIGITS " --shards \"$T/in/{0..9}\" -o "
                 "$T/out --shard auto >/dev/null && cd $T/out && echo $(ls *.npy | tr -d .npy)",
                 cases[i].environment);
        cli.out[strcspn(cli.out, "\n")] = '\0';
        cr_assert_str_eq(cli.out, cases[i].shards, "%s: %s", cases[i].environment, cli.out);
    }
    count_checks(COUNT(cases));
}

Test(cli_shards, hostile_members_are_lines_and_nothing_is_written)
{
    succeeds("mkdir $T/w $T/in && cp " TEST "/1/0042.png $T/in/a.png && cd $T/in && "
             "ln -s /etc/passwd link.png && ln a.png b.png && mkfifo pipe.png && mkdir dir.png && "
             "truncate -s 1G hole.png && cp a.png .hidden.png && "
             "tar -cSf ../h.tar a.png b.png link.png pipe.png dir.png hole.png .hidden.png && "
             "tar -P --transform 's,^,../../up-,' -rf ../h.tar a.png && "
             "tar -P --transform \"s,^,$T/abs-,\" -rf ../h.tar a.png && "
             "N=$(printf '%%04200d' 0) && tar --transform \"s,^,$N,\" -rf ../h.tar a.png");
    succeeds("find $T | sort >$T.before; V=$(realpath $VIT) M=$(realpath " DIGITS "); cd $T/w && "
             "timeout 60 $V features $M --shards ../h.tar -o ../out >/dev/null; echo $?; "
             "find $T -path $T/out -prune -o -print | sort | cmp - $T.before && rm $T.before");
    cr_assert_str_eq(cli.out, "0\n");
    succeeds("sed 's/.*\"status\": \"//; s/, \"digest.*//; s/\"row\": //; s/\"error\": //; "
             "s,/[^ ]*,,' $T/out/h.jsonl");
    static const char *const lines[] = {
        "ok\", 0\n",
        "error\", \"b.png: expected a regular file, found a hard link\"}\n",
        "error\", \"link.png: expected a regular file, found a symbolic link\"}\n",
        "error\", \"pipe.png: expected a regular file, found a named pipe\"}\n",
        "error\", \"hole.png: expected a regular file, found a sparse file\"}\n",
        "ok\", 1\n",
        "ok\", 2\n",
        "error\", \"expected a name of at most 4096 bytes, found 4205\"}\n",
        "done\", \"pictures\": 8, \"rows\": 3\n",
    };
    const char *at = cli.out;
    for (size_t i = 0; i < COUNT(lines); at += strlen(lines[i]), i++)
        cr_assert_eq(strncmp(at, lines[i], strlen(lines[i])), 0, "%s in %s", lines[i], cli.out);
    cr_assert_str_empty(at);
    count_checks(COUNT(lines));
}

Test(cli_shards, a_shard_that_cannot_be_read_has_no_files_and_the_others_do)
{
    make_shards();
    succeeds(
        "head -c 9000 $T/1.tar >$T/cut.tar && head -c 2000 /dev/zero | tr '\\0' x >$T/x.tar && "
        "gzip -c $T/1.tar | head -c 3000 >$T/half.tgz && mkdir $T/empty && mkfifo $T/p.tar "
        "$T/pipe.txt && "
        "cp " TEST "/1/0042.png $T/one.png");
    shell("timeout 60 $VIT features " DIGITS " --shards $T/0.tar $T/cut.tar $T/none.tar $T/x.tar "
          "$T/half.tgz $T/empty $T/p.tar $T/pipe.txt $T/one.png $T/gone.txt $T/3.tar -o $T/out | "
          "wc -l");
    cr_assert_str_eq(cli.out, "2\n");
    static const char *const messages[] = {
        "/cut.tar: expected a whole tar archive, found: Truncated",
        "cannot open /",
        "/none.tar: No such file",
        "/x.tar: expected a whole tar archive",
        "/half.tgz: expected a whole tar archive",
        "/empty: expected .jpg",
        "/p.tar: expected a regular file",
        "/pipe.txt: expected a regular file",
        "/one.png: expected a directory, .tar",
        "/gone.txt: No such file",
        "0 of 11 shards were done; 2 computed, 9 failed",
    };
    for (size_t i = 0; i < COUNT(messages); i++)
        cr_assert_not_null(strstr(cli.err, messages[i]), "%s in %s", messages[i], cli.err);
    succeeds("ls $T/out | tr '\\n' ' '");
    cr_assert_str_eq(cli.out, "0.jsonl 0.npy 3.jsonl 3.npy libvit.json ");
    shell("$VIT features " DIGITS " --shards $T/cut.tar -o $T/out");
    cr_assert_eq(cli.status, 1);
    count_checks(COUNT(messages));
}

Test(cli_shards, a_directory_of_another_model_or_precision_is_refused)
{
    make_shards();
    succeeds("$VIT features " DIGITS " --shards $T/0.tar -o $T/out --precision int8 && "
             "cp -r " DIGITS " $T/copy");
    succeeds("$VIT features $T/copy --shards $T/1.tar -o $T/out --precision int8"); /* moved */
    fails("$VIT features " DIGITS " --shards $T/1.tar -o $T/out",
          "precision: expected \"int8\", found \"float32\"");
    fails("$VIT features " DIGITS " --shards $T/1.tar -o $T/out --precision int8 --keep head",
          "keep: expected null, found \"head\"");
    fails("$VIT features tests/golden/timm-vit --shards $T/1.tar -o $T/out --precision int8",
          "out: the files there are of another model or other options");
    fails("echo '{}' >$T/out/libvit.json; "
          "$VIT features " DIGITS " --shards $T/1.tar -o $T/out --precision int8",
          "libvit.json: expected the record of a run");
}

Test(cli_shards, a_full_disk_ends_the_run_and_leaves_no_part_of_a_file)
{
    make_shards();
    /* blocks of 512 bytes: the files are longer than the limit */
    fails("ulimit -f 4; $VIT features " DIGITS " --shards $T/0.tar -o $T/out", "cannot write ");
    succeeds("ls $T/out");
    cr_assert_str_eq(cli.out, "libvit.json\n");
    succeeds("$VIT features " DIGITS " --shards \"$T/{0..3}.tar\" -o $T/out");
    has_all_rows("out");
}

Test(cli_shards, what_the_options_say_is_checked)
{
    static const char *const commands[][2] = {
        { "--shards $T/0.tar", "features: expected -o OUT, a directory, found no -o" },
        { "--shards $T/0.tar -o $T/0.tar", "0.tar: expected a directory" },
        { "--shards $T/0.tar -o $T/none/out", "cannot create " },
        { "--shards $T/0.tar x/0.tgz -o $T/o", "a name for each shard, found '0' twice: " },
        { "--shards '{3..1}.tar' -o $T/o",
          "from a smaller to a larger number, found '{3..1}.tar'" },
        { "--shards '{0..999999}/{0..999}.tar' -o $T/o", "at most 1048576 shards" },
        { "--shards . -o $T/o", "last part does not begin with '.', found '.'" },
        { "--shards '' -o $T/o", "found ''" },
        { "--shards $T/0.tar -o $T/o --shard 3/3", "--shard: expected I/N" },
        { "--shards $T/0.tar -o $T/o --shard 0/0", "--shard: expected I/N" },
        { "--shards $T/0.tar -o $T/o --shard 1", "--shard: expected I/N" },
        { "--shards $T/0.tar -o $T/o --shard auto", "found none; give --shard I/N" },
        { TEST "/1 -o $T/o.npy --shard 0/2", "expected --shards beside --shard" },
    };

    make_shards();
    for (size_t i = 0; i < COUNT(commands); i++) {
        char command[512];
        snprintf(command, sizeof command, "$VIT features " DIGITS " %s", commands[i][0]);
        fails(command, commands[i][1]);
    }
    fails("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=7 "
          "SLURM_ARRAY_TASK_COUNT=3 $VIT features " DIGITS
          " --shards $T/0.tar -o $T/o --shard auto",
          "expected an array of tasks in equal steps, found task 7 of 3 from 3 to 7");
    count_checks(COUNT(commands) + 1);
}

Test(cli_shards, ranges_have_the_digits_of_their_ends)
{
    succeeds("mkdir $T/in; for i in 008 009 010 9 10 a{b a1; do mkdir $T/in/x$i && "
             "cp " TEST "/1/0042.png $T/in/x$i || exit; done; cd $T/in; mkdir 0 1; "
             "mv x008 x009 0; mv x010 1; mkdir 1/x008 1/x009 0/x010");
    succeeds("$VIT features " DIGITS " --shards \"$T/in/x{9..10}\" -o $T/out && ls $T/out/*.npy");
    cr_assert_not_null(strstr(cli.out, "/x10.npy"));
    cr_assert_not_null(strstr(cli.out, "/x9.npy"));
    succeeds("$VIT features " DIGITS " --shards \"$T/in/0/x{008..009}\" \"$T/in/1/x0{10..10}\" "
             "\"$T/in/xa{b\" \"$T/in/x{a}{1..1}\" -o $T/out || ls $T/out/*.npy");
    cr_assert_not_null(strstr(cli.out, "/x008.npy"));
    cr_assert_not_null(strstr(cli.out, "/x010.npy"));
    cr_assert_not_null(strstr(cli.out, "/xa{b.npy"));
    cr_assert_not_null(strstr(cli.err, "/x{a}1: No such file"));
}
