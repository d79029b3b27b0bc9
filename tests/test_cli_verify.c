/* test_cli_verify.c - libvit verify finds every kind of damage, and recomputes what it says */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

#define DIGITS       "models/digits"
#define TEST         DIGITS "/test"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* $T/out: the digits 0 to 2, of archives in $T/in; 2.tar also has a text with an image's name. */
static void make_run(void)
{
    cli_begin();
    succeeds("mkdir $T/in && echo text >$T/bad.png && for i in 0 1 2; do "
             "find " TEST "/$i -name '*.png' | LC_ALL=C sort | tar -cf $T/in/$i.tar -T - || exit; "
             "done && tar -rf $T/in/2.tar -C $T bad.png && "
             "$VIT features " DIGITS " --shards \"$T/in/{0..2}.tar\" -o $T/out");
}

TestSuite(cli_verify, .init = make_run, .fini = cli_end);

/* Status 2, and this text on standard output. */
static void finds(const char *command, const char *difference)
{
    shell("%s", command);
    cr_assert_eq(cli.status, 2, "%s: status %d, %s%s", command, cli.status, cli.out, cli.err);
    cr_assert_not_null(strstr(cli.out, difference), "%s: no \"%s\" in %s", command, difference,
                       cli.out);
    cr_assert_not_null(strstr(cli.err, "expected the files of one run, found "), "%s", cli.err);
}

Test(cli_verify, every_picture_of_a_run_has_the_same_bits_again)
{
    succeeds("$VIT verify $T/out --sample 100%% --threads 1");
    cr_assert_str_eq(cli.out,
                     "3 shards, 109 pictures, 108 rows; 109 of 109 pictures computed again "
                     "(seed 0)\n");
    cr_assert_str_empty(cli.err);
}

Test(cli_verify, a_sample_is_the_share_that_was_asked_for_and_depends_on_the_seed)
{
    static const struct {
        const char *option, *counts;
    } cases[] = {
        { "", "2 of 109 pictures" }, /* 1.09, rounded up */
        { "--sample 0.001%", "1 of 109 pictures" },
        { "--sample 50%", "55 of 109 pictures" },
        { "--sample 50% --seed 7", "55 of 109 pictures computed again (seed 7)" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("$VIT verify $T/out %s", cases[i].option);
        cr_assert_not_null(strstr(cli.out, cases[i].counts), "%s", cli.out);
    }
    /* another picture stands in the place of each: a sample finds its share of them */
    succeeds("A=$(echo " TEST "/0/*.png | cut -d ' ' -f 1); for i in 0 1 2; do "
             "tar -tf $T/in/$i.tar >$T/names; while read -r n; do d=$T/x/$(dirname $n) && "
             "mkdir -p $d && cp $A $T/x/$n; done <$T/names; tar -cf $T/in/$i.tar -C $T/x -T "
             "$T/names || exit; done");
    for (int seed = 0; seed < 2; seed++) {
        shell("$VIT verify $T/out --sample 10%% --seed %d | grep -c 'png: expected'", seed);
        cr_assert_geq(atoi(cli.out), 10, "%s", cli.out); /* 11, but one may be that picture */
    }
    shell("for s in 0 1; do $VIT verify $T/out --sample 10%% --seed $s 2>&1 | sed '/shards/d' | "
          "sort >$T/s$s; done; cmp -s $T/s0 $T/s1");
    cr_assert_neq(cli.status, 0);
    count_checks(COUNT(cases) + 3);
}

Test(cli_verify, damage_to_files_is_found_in_each)
{
    static const struct {
        const char *damage, *difference;
    } cases[] = {
        { "printf x | dd of=1.npy bs=1 seek=999 conv=notrunc", "out/1.npy: expected SHA-256 " },
        { "truncate -s -4 1.npy", "out/1.npy: expected SHA-256 " },
        { "rm 1.jsonl", "1.jsonl: No such file" },
        { "sed -i '$d' 1.jsonl", "1.jsonl: expected a last line of the shard, found none" },
        { "truncate -s -9 1.jsonl", "1.jsonl: line 38: expected what a run writes" },
        { "sed -i 5d 1.jsonl", "1.jsonl: line 5: expected what a run writes" },
        { "sed -i '36{p;s/\"row\": 35/\"row\": 36/}' 1.jsonl", "1.jsonl: line 3" },
        { "tail -n 1 1.jsonl >x && cat x >>1.jsonl", "1.jsonl: line 39: expected what a run" },
        { "echo '{}' >>1.jsonl", "1.jsonl: line 39: expected what a run writes" },
        { "sed -i '1s/digest\": \"[0-9a-f]*/digest\": \""
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/' 1.jsonl",
          "0042.png: expected a row with SHA-256 e3b0c442" },
        { "cp 0.npy 1.npy", "out/1.npy: expected SHA-256 " },
        { "cp 0.npy 1.npy; D=$(sha256sum <1.npy | cut -c 1-64); "
          "sed -i \"\\$s/digest\\\": \\\"[0-9a-f]*/digest\\\": \\\"$D/\" 1.jsonl",
          "out/1.npy: expected float32 [37, 48], found float32 [36, 48]" },
        { "rm 1.npy && mkfifo 1.npy", "out/1.npy: expected a regular file, found another kind" },
        { "rm 1.jsonl && mkfifo 1.jsonl", "out/1.jsonl: expected a regular file, found another" },
    };

    succeeds("cp -r $T/out $T/whole");
    for (size_t i = 0; i < COUNT(cases); i++) {
        succeeds("rm -rf $T/out && cp -r $T/whole $T/out && cd $T/out && { %s; } 2>/dev/null",
                 cases[i].damage);
        finds("timeout 60 $VIT verify $T/out", cases[i].difference);
    }
    count_checks(COUNT(cases));
}

Test(cli_verify, a_shard_that_is_not_the_one_of_the_run_is_found)
{
    succeeds("cp -r $T/in $T/whole");
    finds("cp $T/in/0.tar $T/in/1.tar; $VIT verify $T/out --sample 100%", "expected this picture");
    finds("tar -cf $T/in/1.tar -C $T bad.png; $VIT verify $T/out --sample 100%",
          "found the end of the shard");
    succeeds("rm -r $T/in; mv $T/whole $T/in; mkdir $T/x; tar -xf $T/in/2.tar -C $T/x; "
             "tar -tf $T/in/2.tar >$T/names; cp " TEST "/1/0042.png $T/x/bad.png; "
             "tar -cf $T/in/2.tar -C $T/x -T $T/names");
    finds("$VIT verify $T/out --sample 100%", "2: bad.png: expected an error, found ");
    succeeds("for n in $T/x/models/digits/test/2/*.png; do cp $T/bad.png $n; done; "
             "tar -cf $T/in/2.tar -C $T/x -T $T/names");
    finds("$VIT verify $T/out --sample 100%",
          "found models/digits/test/2/0002.png: expected a JPEG");
    fails("rm $T/in/2.tar; $VIT verify $T/out --sample 100%", "2.tar: No such file");
}

Test(cli_verify, shards_that_are_missing_are_found_and_moved_ones_are_read)
{
    finds("rm $T/out/1.npy; $VIT verify $T/out --shards \"$T/in/{0..3}.tar\"",
          "in/1.tar: expected its vectors, found none");
    cr_assert_not_null(strstr(cli.out, "in/3.tar: expected its vectors, found none"));
    succeeds("rm $T/out/*.npy && $VIT features " DIGITS
             " --shards \"$T/in/{0..2}.tar\" -o $T/out && "
             "mv $T/in $T/moved && $VIT verify $T/out --shards \"$T/moved/{0..2}.tar\"");
}

Test(cli_verify, another_model_is_refused_and_a_moved_one_is_named)
{
    fails("$VIT verify $T/out --model tests/golden/timm-vit", "another model or other options: ");
    succeeds("cp -r " DIGITS " $T/copy && $VIT verify $T/out --model $T/copy");
    succeeds("rm -r $T/out && $VIT features $T/copy --shards $T/in/0.tar -o $T/out --precision "
             "float16 --keep head --size 16 && $VIT verify $T/out --sample 100%%");
    fails("rm -r $T/copy; $VIT verify $T/out", "/copy");
}

Test(cli_verify, options_of_the_run_cannot_be_changed)
{
    fails("$VIT verify $T/out --precision float16", "--precision: expected a model to compute");
    fails("$VIT verify $T/out --keep head", "--keep: expected a model to compute with");
    fails("$VIT verify $T/out --packed $T/packed", "--packed: expected a model to compute with");
    fails("$VIT verify $T/out --orientation none", "--orientation: expected images as in the run");
    fails("$VIT verify $T/out --max-pixels 100", "--max-pixels: expected images as in the run");
}

Test(cli_verify, what_is_no_run_is_an_error)
{
    fails("$VIT verify $T/none", "none/libvit.json: No such file");
    fails("$VIT verify $T/out --sample 1", "--sample: expected a percentage above 0");
    fails("$VIT verify $T/out --sample 0%", "--sample: expected a percentage above 0");
    fails("$VIT verify $T/out --sample 101%", "--sample: expected a percentage above 0");
    fails(
        "mv $T/out/libvit.json $T/j && mkfifo $T/out/libvit.json && timeout 60 $VIT verify $T/out",
        "out/libvit.json: expected a regular file, found another kind");
    succeeds("mv $T/j $T/out/libvit.json");
    fails("rm $T/out/*.npy; $VIT verify $T/out", "expected the files of a shard, found none");
}
