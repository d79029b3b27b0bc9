/* test_cli_npy.c - the .npy files of the libvit command, and what classify prints of its numbers */
#include <criterion/criterion.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "make_checkpoint.h"

TestSuite(cli_npy, .init = cli_begin, .fini = cli_end);

#define MODEL "tests/golden/timm-vit"
#define IMAGE "tests/golden/preprocess/photo-444.jpg"

/* 3·8·8 floats and 37·37·3 are whole numbers of 64 bytes or not; the headers always are. */
Test(cli_npy, has_the_shape_of_numpy_and_aligned_data)
{
    succeeds("$VIT preprocess " IMAGE " --size 8x8 -o $T/x.npy && "
             "test $(($(wc -c <$T/x.npy) %% 64)) = 0 && "
             "head -c 128 $T/x.npy | grep -aq \"'shape': (3, 8, 8), }\"");
    succeeds("$VIT preprocess " IMAGE " --model " MODEL " -o $T/in.npy && "
             "$VIT run " MODEL " $T/in.npy --output attention.0 -o $T/a.npy && "
             "head -c 128 $T/a.npy | grep -aq \"'shape': (1, 3, 37, 37), }\" && "
             "test $(wc -c <$T/a.npy) = $((128 + 4 * 3 * 37 * 37))");
    count_checks(5);
}

Test(cli_npy, of_another_size_or_length_is_refused)
{
    static const float zeros[3 * 96 * 48] = { 0 };

    save_npy("high.npy", 4, (size_t[]){ 1, 3, 96, 48 }, zeros);
    save_npy("wide.npy", 3, (size_t[]){ 3, 24, 96 }, zeros);
    save_npy("good.npy", 3, (size_t[]){ 3, 48, 48 }, zeros);
    fails("$VIT run " MODEL " $T/high.npy -o $T/o",
          "expected float32 [batch, 3, 48, 48], found float32 [1, 3, 96, 48]");
    fails("$VIT run " MODEL " $T/wide.npy -o $T/o", "found float32 [3, 24, 96]");
    succeeds("cp $T/good.npy $T/long.npy && printf x >>$T/long.npy");
    fails("$VIT run " MODEL " $T/long.npy -o $T/o",
          "float32 [3, 48, 48]: expected 27648 bytes of data, found 27649");
    succeeds("printf '\\223NUMPY\\1\\0\\6\\0{    }\\n' | head -c 15 >$T/cut.npy");
    fails("$VIT run " MODEL " $T/cut.npy -o $T/o",
          "expected a header up to byte 16, found a file of 15 bytes");
    count_checks(4);
}

Test(cli_npy, a_probability_does_not_depend_on_how_many_are_printed)
{
    succeeds("$VIT classify " MODEL " " IMAGE " --top 1 >$T/one && "
             "$VIT classify " MODEL " " IMAGE " --top 5 | cut -d, -f1 | cmp - $T/one");
    count_checks(1);
}

/* All weights are zeros. */
Test(cli_npy, equal_classes_are_in_their_order)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];

    make_text(&directory, "config.json", made_timm_config);
    make_model(&directory, tensors, made_timm(tensors));
    succeeds("$VIT classify %s " IMAGE " --top 3", directory.path);
    cr_assert(strstr(cli.out, ": class 0 (33.3 %), class 1 (33.3 %), class 2 (33.3 %)\n"), "%s",
              cli.out);
    remove_directory(&directory);
    count_checks(1);
}
