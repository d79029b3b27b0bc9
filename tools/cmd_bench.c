/* cmd_bench.c - `libvit bench`: the speed of a model or a kernel, and its share of the limit */
#include <string.h>
#include <sys/stat.h>

#include "tools/bench.h"
#include "tools/error.h"

static const struct bench_options defaults = { .seconds = 5 };

#define FIELD(name) offsetof(struct bench_options, name)

static const struct option options[] = {
    { .name = "batch",
      .value = "N",
      .parse = parse_count,
      .field = FIELD(batch),
      .min = 1,
      .max = 65536,
      .expected = "a whole number from 1 to 65536",
      .help = "images of one forward pass; 1" },
    { .name = "seconds",
      .value = "S",
      .parse = parse_number,
      .field = FIELD(seconds),
      .min = 0,
      .max = 86400,
      .expected = "a number from 0 to 86400",
      .help = "the time to measure for, of each SHAPE; 5" },
    { .name = "cold",
      .parse = parse_flag,
      .field = FIELD(cold),
      .help = "a kernel's operands come from memory: copies of them, which together have four\n"
              "times the bytes of the largest cache, are used in turn" },
    { .name = "roofline",
      .value = "OUT.png",
      .parse = parse_text,
      .field = FIELD(roofline),
      .expected = "the name of a file",
      .help = "draw each SHAPE's FLOP/s over its FLOP per byte, below the peak and the\n"
              "bandwidths of the caches and of memory" },
    { .name = "list",
      .parse = parse_flag,
      .field = FIELD(list),
      .help = "list the kernels and their dimensions" },
    OPTION_SIZE(struct bench_options),
    OPTION_JSON(struct bench_options),
};

static bool is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* One operand is a model, unless it is the name of a kernel, whose shapes are then missing. */
static bool has_kernel(const struct invocation *in)
{
    return in->count > 1 ||
           (in->count == 1 && bench_is_kernel(in->operands[0]) && !is_directory(in->operands[0]));
}

static bool has_model(const struct invocation *in)
{
    const struct bench_options *const o = in->options;

    return !o->list && !has_kernel(in);
}

static enum vit_status bench(const struct invocation *in, struct vit_error *err)
{
    const struct bench_options *const o = in->options;

    if (o->list)
        return bench_list(o->json, err);
    if (in->count == 0)
        return tool_fail(err, VIT_EINVAL,
                         "bench: expected ARCH|MODEL or KERNEL SHAPE..., found 0 operands; see "
                         "libvit bench --help");
    const char *const name = in->operands[0];
    const bool kernel = has_kernel(in);
    if (kernel && (o->batch || o->size.height))
        return tool_fail(err, VIT_EINVAL, "--%s: expected a model, found the kernel '%s'",
                         o->batch ? "batch" : "size", name);
    if (!kernel && (o->cold || o->roofline))
        return tool_fail(err, VIT_EINVAL, "--%s: expected a kernel and its shapes, found '%s'",
                         o->cold ? "cold" : "roofline", name);
    return kernel ? bench_kernel(in, err) : bench_model(in, err);
}

const struct subcommand subcommand_bench = {
    .name = "bench",
    .operands = "ARCH|MODEL or KERNEL SHAPE...",
    .min_operands = 0,
    .max_operands = SIZE_MAX,
    .summary = "measures the speed of a model or a kernel and its share of the peak",
    .description =
        "ARCH is the name of an architecture, such as vit_base_patch16_224; the model gets\n"
        "random weights. MODEL is a checkpoint directory. Runs forward passes on random input\n"
        "for some seconds, at least ten passes. Between them it measures the peak: float32\n"
        "multiply-adds in registers on the same threads. Prints images per second (all images\n"
        "over the time of all passes); the median, minimum and 99th percentile of a pass,\n"
        "divided by its batch; the FLOP/s of the median pass, where a multiply-add of the\n"
        "matmuls and the attention products counts as two; and their ratio to the median peak.\n"
        "With --precision int8 the multiply-adds of 8-bit numbers have a peak of their own. The\n"
        "ratio is then the time of all operations at their peaks, to that of the median pass.\n"
        "\n"
        "KERNEL is one of --list, and each SHAPE has its dimensions: matmul 197x768x768 (M, N,\n"
        "K), layernorm 197x768 (rows, N), attention 577x16x64 (tokens, heads, numbers of a\n"
        "head). Runs it once on random operands and compares the result with scalar's, bit for\n"
        "bit: all rows up to 48, or the first, middle and last 16; of attention the first and\n"
        "the last head. A difference is an error. Only then it is timed, in rounds of at least\n"
        "a millisecond or one run, at least ten, on one thread unless --threads says\n"
        "otherwise. Every 30 ms the limit is measured: the peak, or the bandwidth of reading\n"
        "or copying the same memory. The share of a limit is the median over these 30 ms. One\n"
        "thread is timed by its CPU time, several by real time. Operands may take half of the\n"
        "machine's memory, or of its control group's.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_model,
    .run = bench,
};
