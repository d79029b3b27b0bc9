/* test_cli_bench.c - libvit bench KERNEL: what it measures, prints, draws and refuses */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "counts.h"
#include "tools/roofline.h"
#include "vit/image.h"
#include "vit/inspect.h"

TestSuite(cli_bench, .init = cli_begin, .fini = cli_end);

#define COUNT(table) (sizeof(table) / sizeof *(table))

static double number(const json_t *object, const char *name)
{
    const json_t *const value = json_object_get(object, name);

    cr_assert(json_is_number(value), "%s: expected a number", name);
    return json_number_value(value);
}

/* A number above 0, or null where it does not apply. */
static void expect(const json_t *object, const char *name, bool applies)
{
    if (applies)
        cr_assert_gt(number(object, name), 0, "%s", name);
    else
        cr_assert(json_is_null(json_object_get(object, name)), "%s: expected null", name);
}

/* What every shape has: ordered times, at least ten rounds. */
static void check_times(const json_t *shape)
{
    const double min = number(shape, "us_min"), median = number(shape, "us_median");

    cr_assert(0 < min && min <= median && median <= number(shape, "us_p99"));
    cr_assert_geq(number(shape, "rounds"), 10);
    cr_assert_gt(number(shape, "bytes"), 0);
    count_checks(3);
}

/* A kernel has operations and a peak, or bytes and a bandwidth, or both. */
static void check_limits(const json_t *shape)
{
    static const char *const of_peak[] = { "gflops", "peak_gflops", "peak_share", "operations" };
    static const char *const of_bytes[] = { "gb_per_s", "bandwidth_gb_per_s", "bandwidth_share" };
    const bool counted = json_is_number(json_object_get(shape, "operations"));
    const bool streams = json_is_number(json_object_get(shape, "gb_per_s"));

    cr_assert(counted || streams);
    for (size_t i = 0; i < COUNT(of_peak); i++)
        expect(shape, of_peak[i], counted);
    for (size_t i = 0; i < COUNT(of_bytes); i++)
        expect(shape, of_bytes[i], streams);
    count_checks(COUNT(of_peak) + COUNT(of_bytes));
}

/* "MxNxK" has three dimensions. */
static const char *tiny(const char *dimensions)
{
    static const char *const shapes[] = { "9", "9x20", "9x20x5" };
    size_t separators = 0;

    for (; *dimensions; dimensions++)
        separators += *dimensions == 'x';
    cr_assert_lt(separators, COUNT(shapes));
    return shapes[separators];
}

Test(cli_bench, every_kernel_of_the_list_is_measured)
{
    size_t i, threads = 1;
    json_t *listed;

    succeeds("$VIT bench --list --json");
    json_t *const list = json_output();
    cr_assert_gt(json_array_size(list), 10);
    json_array_foreach (list, i, listed) {
        const char *const name = json_string_value(json_object_get(listed, "kernel"));
        const char *const shape = tiny(json_string_value(json_object_get(listed, "shape")));
        succeeds("$VIT bench %s %s --isa scalar --seconds 0 --threads %zu --json", name, shape,
                 threads);
        json_t *const root = json_output();
        const json_t *const result = json_array_get(json_object_get(root, "shapes"), 0);
        cr_assert_str_eq(json_string_value(json_object_get(root, "kernel")), name);
        cr_assert_str_eq(json_string_value(json_object_get(root, "isa")), "scalar");
        cr_assert_str_eq(json_string_value(json_object_get(root, "operands")), "warm");
        cr_assert_eq(json_integer_value(json_object_get(root, "threads")), (json_int_t)threads);
        cr_assert_str_eq(json_string_value(json_object_get(result, "shape")), shape);
        cr_assert_eq(number(result, "copies"), 1);
        check_times(result);
        check_limits(result);
        json_decref(root);
        threads = 3 - threads;
    }
    count_checks(6 * json_array_size(list));
    json_decref(list);
    succeeds("$VIT bench --list");
    cr_assert_not_null(strstr(cli.out, "TOKENSxHEADSxHEAD_DIM"));
}

Test(cli_bench, counts_operations_and_the_bytes_that_must_move)
{
    succeeds("$VIT bench matmul 7x32x40 1x64x16 --seconds 0 --isa scalar --json");
    json_t *const root = json_output();
    const json_t *const shapes = json_object_get(root, "shapes");
    const json_t *const many = json_array_get(shapes, 0), *const one = json_array_get(shapes, 1);

    cr_assert_eq(json_array_size(shapes), 2);
    cr_assert_eq(number(many, "operations"), 2 * 7 * 32 * 40);
    cr_assert_geq(number(many, "bytes"), 4 * (7 * 32 + 7 * 40 + 32 * 40));
    cr_assert(json_is_null(json_object_get(many, "gb_per_s")));
    cr_assert_gt(number(one, "gb_per_s"), 0); /* one row reads its weights */
    cr_assert_not_null(json_object_get(root, "caches"));
    json_decref(root);
    succeeds("$VIT bench attention 5x2x4 --seconds 0 --json");
    json_t *const attention = json_output();
    const json_t *const shape = json_array_get(json_object_get(attention, "shapes"), 0);
    cr_assert_eq(number(shape, "operations"), 4 * 5 * 5 * 2 * 4);
    cr_assert_eq(number(shape, "bytes"), 4 * 4 * 5 * 2 * 4);
    cr_assert_eq(json_integer_value(json_object_get(attention, "threads")), 1);
    json_decref(attention);
    count_checks(9);
}

/* The operations of the blocks' layers are 8-bit: 2·tokens·inputs·outputs. */
static double int8_operations(const char *options)
{
    double sum = 0;
    json_t *layer;
    size_t i;

    succeeds("$VIT info tests/golden/timm-vit --json %s", options);
    json_t *const root = json_output();
    const json_t *const layers = json_object_get(json_object_get(root, "model"), "layers");
    json_array_foreach (layers, i, layer)
        if (strcmp(json_string_value(json_object_get(layer, "precision")), "int8") == 0)
            sum += 2 * 37 * number(layer, "inputs") * number(layer, "outputs");
    json_decref(root);
    return sum;
}

Test(cli_bench, a_model_in_int8_is_judged_by_the_peaks_of_both_number_types)
{
    static const char *const options[] = { "--precision int8",
                                           "--precision int8 --keep blocks.0.qkv",
                                           "--precision float16", "" };
    struct vit_config config = { .size = sizeof config };
    struct vit_model *model;
    double operations;

    cr_assert_eq(vit_model_open("tests/golden/timm-vit", NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_model_get_config(model, &config, NULL), VIT_OK);
    cr_assert_eq(vit_config_flops(&config, &operations, NULL), VIT_OK);
    vit_model_free(model);
    for (size_t i = 0; i < COUNT(options); i++) {
        const double int8 = int8_operations(options[i]) / operations;
        succeeds("$VIT bench tests/golden/timm-vit --seconds 0 --json %s", options[i]);
        json_t *const root = json_output();
        const double rate = number(root, "gflops"), peak = number(root, "peak_gflops");
        const json_t *const int8_peak = json_object_get(root, "int8_peak_gops");
        const json_t *const share = json_object_get(root, "peak_share");
        cr_assert_float_eq(number(root, "int8_share"), int8, 1e-8);
        cr_assert(i < 2 ? int8 > 0.5 && int8 < 1 : int8 == 0);
        if (i < 2 && json_is_real(int8_peak))
            cr_assert_float_eq(number(root, "peak_share") * 1e3,
                               1e3 * rate * ((1 - int8) / peak + int8 / json_real_value(int8_peak)),
                               1e-4);
        else if (i < 2) /* this machine has only scalar */
            cr_assert(json_is_null(share));
        else
            cr_assert_float_eq(json_real_value(share) * 1e3, 1e3 * rate / peak, 1e-4);
        cr_assert(i < 2 || json_is_null(int8_peak));
        json_decref(root);
        count_checks(4);
    }
}

Test(cli_bench, scalar_has_no_peak_of_8_bit_numbers_and_no_share)
{
    succeeds("$VIT bench tests/golden/timm-vit --seconds 0 --precision int8 --isa scalar --json");
    json_t *const root = json_output();
    cr_assert(json_is_null(json_object_get(root, "int8_peak_gops")));
    cr_assert(json_is_null(json_object_get(root, "peak_share")));
    json_decref(root);
    succeeds("$VIT bench tests/golden/timm-vit --seconds 0 --precision int8 --isa scalar");
    cr_assert_not_null(strstr(cli.out, " GOP/s: "));
    cr_assert_not_null(
        strstr(cli.out, " % of the operations on 8-bit numbers, the others float32"));
    cr_assert_null(strstr(cli.out, "peak"));
    cr_assert_null(strstr(cli.out, "GFLOP"));
    count_checks(6);
}

Test(cli_bench, cold_operands_are_four_times_the_largest_cache)
{
    succeeds("$VIT bench relu 256x1024 --cold --seconds 0 --json");
    json_t *const root = json_output();
    const json_t *const caches = json_object_get(root, "caches");
    const json_t *const shape = json_array_get(json_object_get(root, "shapes"), 0);
    const double bytes = number(shape, "copies") * number(shape, "bytes");
    size_t checks = 0;
    const char *name;
    json_t *value;

    cr_assert_str_eq(json_string_value(json_object_get(root, "operands")), "cold");
    cr_assert_eq(number(shape, "bytes"), 2 << 20);
    json_object_foreach ((json_t *)caches, name, value) {
        cr_assert_geq(bytes, 4 * json_number_value(value), "%s", name);
        checks++;
    }
    json_decref(root);
    count_checks(checks + 2);
}

Test(cli_bench, lines_have_the_rate_the_share_and_the_machine)
{
    static const char *const parts[] = { "matmul, scalar, 1 thread, warm",
                                         "7x9x5: ",
                                         "minimum",
                                         "p99",
                                         "rounds",
                                         "GFLOP/s, ",
                                         "% of the peak of ",
                                         "GB/s",
                                         "% of the bandwidth of ",
                                         "iB L1d, ",
                                         "commit" };

    succeeds("$VIT bench matmul 7x9x5 1x9x5 --isa scalar --seconds 0.01");
    for (size_t i = 0; i < COUNT(parts); i++)
        cr_assert_not_null(strstr(cli.out, parts[i]), "no %s", parts[i]);
    succeeds("$VIT bench gelu 7x9 --isa scalar --seconds 0");
    cr_assert_not_null(strstr(cli.out, "ns per element"));
    cr_assert_null(strstr(cli.out, "GFLOP"));
    count_checks(COUNT(parts) + 2);
}

Test(cli_bench, the_roofline_is_a_picture_with_the_points)
{
    struct vit_error err = { .status = VIT_OK };
    struct vit_image image = { 0 };
    size_t colored = 0;

    succeeds("$VIT bench matmul 7x9x5 40x50x60 1x9x5 --seconds 0 --roofline $T/r.png --json");
    json_t *const root = json_output();
    const json_t *const roofs = json_object_get(root, "roofs");
    cr_assert_gt(json_array_size(roofs), 0);
    for (size_t i = 0; i < json_array_size(roofs); i++)
        cr_assert_gt(number(json_array_get(roofs, i), "gb_per_s"), 0);
    for (size_t i = 1; i < json_array_size(roofs); i++) /* from L1 outwards */
        cr_assert_geq(number(json_array_get(roofs, i - 1), "gb_per_s"),
                      number(json_array_get(roofs, i), "gb_per_s"));
    json_decref(root);
    cr_assert_eq(vit_image_decode_file(in_directory("r.png"), NULL, &image, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(image.width, ROOFLINE_WIDTH);
    cr_assert_eq(image.height, ROOFLINE_HEIGHT);
    /* the later points are red and yellow; on the right is the legend */
    for (size_t y = 0; y < image.height; y++)
        for (size_t x = 0; x < ROOFLINE_PLOT; x++) {
            const uint8_t *const p = (const uint8_t *)image.pixels + y * image.stride + 3 * x;
            colored += p[0] > p[2];
        }
    cr_assert_geq(colored, 2 * 81);
    vit_image_free(&image);
    /* many shapes, and one whose speed rounds to nothing */
    succeeds("$VIT bench attention $(for i in $(seq 1 40); do echo ${i}x1x1; done) --seconds 0 "
             "--roofline $T/many.png");
    count_checks(6);
}

Test(cli_bench, wrong_operands_are_refused_with_what_was_expected)
{
    static const struct {
        const char *command, *fragment;
    } failures[] = {
        { "$VIT bench matmul", "matmul: expected MxNxK, such as 197x768x768, found nothing" },
        { "$VIT bench frob 3x3", "expected a kernel (matmul, matmul.f32_f16, " },
        { "$VIT bench frob 3x3", "attention), found 'frob'" },
        { "$VIT bench matmul 197x768", "expected MxNxK, such as 197x768x768, each from 1 to" },
        { "$VIT bench matmul 1x2x3x4", "found '1x2x3x4'" },
        { "$VIT bench matmul 1x2x3x", "found '1x2x3x'" },
        { "$VIT bench matmul x2x3", "found 'x2x3'" },
        { "$VIT bench matmul 1x2x0", "found '1x2x0'" },
        { "$VIT bench matmul 1x2x+3", "found '1x2x+3'" },
        { "$VIT bench matmul 1x2x-3", "found '1x2x-3'" },
        { "$VIT bench matmul '1 x2x3'", "found '1 x2x3'" },
        { "$VIT bench matmul 1x2x268435457", "each from 1 to 268435456, found '1x2x268435457'" },
        { "$VIT bench matmul 1x2x99999999999999999999", "found '1x2x99999999999999999999'" },
        { "$VIT bench matmul 268435456x268435456x268435456", "half of this machine's memory" },
        { "$VIT bench pack 268435456x268435456", "half of this machine's memory" },
        { "$VIT bench gelu 268435456x268435456", "half of this machine's memory" },
        { "$VIT bench attention 268435456x268435456x268435456", "half of this machine's memory" },
        { "$VIT bench gelu 3x4 3x", "gelu: expected ROWSxN, such as 197x768, each from 1" },
        { "$VIT bench gelu 3x4 --cold", "with --cold expected operands of at least 4096 bytes" },
        { "$VIT bench gelu 3x4 --batch 2", "--batch: expected a model, found the kernel 'gelu'" },
        { "$VIT bench gelu 3x4 --size 8", "--size: expected a model, found the kernel 'gelu'" },
        { "$VIT bench gelu 3x4 --roofline $T/a.png", "expected matmul or attention, whose" },
        { "$VIT bench matmul 3x4x5 --roofline $T/none/a.png", "none" },
        { "$VIT bench vit_tiny_patch16_224 --cold", "--cold: expected a kernel and its shapes" },
        { "$VIT bench vit_tiny_patch16_224 --roofline a", "--roofline: expected a kernel and its" },
    };

    for (size_t i = 0; i < COUNT(failures); i++)
        fails(failures[i].command, failures[i].fragment);
    count_checks(COUNT(failures));
}

/* Names of kernels are new: a checkpoint may already be called so. */
Test(cli_bench, a_directory_with_the_name_of_a_kernel_is_a_model)
{
    succeeds("cp -r tests/golden/timm-vit $T/gelu && vit=$(realpath $VIT) && cd $T && "
             "$vit bench gelu --seconds 0 | head -n 1");
    cr_assert_not_null(strstr(cli.out, "forward passes"));
    succeeds("vit=$(realpath $VIT) && cd $T && $vit bench gelu 2x3 --seconds 0 | head -n 1");
    cr_assert_not_null(strstr(cli.out, "warm operands"));
    count_checks(2);
}
