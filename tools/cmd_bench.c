/* cmd_bench.c - `vit bench`: the speed of a forward pass, as a share of the machine's peak */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "measure/build_info.h"
#include "measure/peak.h"
#include "measure/samples.h"
#include "tools/tool.h"

enum {
    WARM_UPS = 2,
    LEAST_FORWARDS = 10, /* below that a median says little */
};

/* Forward passes go on for this long before the peak is measured again. */
static const double stretch_seconds = 0.1;

struct bench {
    const struct options *options;
    const char *name; /* of the architecture, or the folder */
    struct vit_model *model;
    struct vit_context *context;
    size_t threads;
    enum vit_output output; /* logits or, of a model without a head, the embedding */
    float *images, *out;
    struct samples forwards; /* seconds of each */
    struct samples peaks;    /* operations a second */
};

struct result {
    double images_per_s, ms_min, ms_median, ms_p99, gflops, peak_gflops, peak_share;
};

/* About normal, mean 0 and deviation 1: the sum of twelve uniform numbers; the same every time. */
static void fill_normal(size_t count, float *x)
{
    uint64_t state = 1;

    for (size_t i = 0; i < count; i++) {
        double sum = -6;
        for (int j = 0; j < 12; j++) {
            /* the constants of Knuth's MMIX, TAOCP 2, 3.3.4 */
            state = state * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(state >> 32) / 4294967296.0;
        }
        x[i] = (float)sum;
    }
}

/* A folder is a checkpoint, anything else the name of an architecture. */
static enum vit_status open_model(struct bench *b, struct vit_error *err)
{
    struct vit_model_options options = model_options(b->options);
    struct vit_config config = { .size = sizeof config };
    struct stat info;

    if (strchr(b->name, '/') || (stat(b->name, &info) == 0 && S_ISDIR(info.st_mode)))
        return vit_model_open(b->name, &options, &b->model, err);
    const enum vit_status status = vit_config_from_name(b->name, &config, err);
    if (status)
        return status;
    if (options.height > 0) {
        config.height = options.height;
        config.width = options.width;
        options.height = options.width = 0; /* fresh weights have no size of their own */
    }
    return vit_model_create_random(&config, 0, &options, &b->model, err);
}

static enum vit_status prepare(struct bench *b, struct vit_error *err)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = b->options->batch,
                                                 .threads = b->options->threads };
    enum vit_status status = open_model(b, err);

    if (!status)
        status = vit_context_create(b->model, &options, &b->context, err);
    if (status)
        return status;
    b->threads = vit_context_threads(b->context);

    const struct vit_config c = model_config(b->model);
    const size_t batch = b->options->batch;
    size_t images, out, rows, columns;
    b->output = c.classes > 0 ? VIT_OUTPUT_LOGITS : VIT_OUTPUT_EMBEDDING;
    vit_output_shape(b->model, b->output, 0, &rows, &columns);
    if (!product(5, (size_t[]){ batch, c.channels, c.height, c.width, sizeof(float) }, &images) ||
        !product(4, (size_t[]){ batch, rows, columns, sizeof(float) }, &out))
        return tool_no_memory(err);
    b->images = malloc(images);
    b->out = malloc(out);
    if (!b->images || !b->out)
        return tool_no_memory(err);
    fill_normal(images / sizeof(float), b->images);
    return VIT_OK;
}

static enum vit_status forward(const struct bench *b, double *seconds, struct vit_error *err)
{
    const double begin = now();
    const enum vit_status status =
        vit_forward_output(b->context, b->output, 0, b->options->batch, b->images, b->out, err);

    *seconds = now() - begin;
    return status;
}

/* Stretches of forward passes, and after each the peak: both see the same clocks and neighbours. */
static enum vit_status measure(struct bench *b, struct vit_error *err)
{
    struct peak peak = peak_prepare(vit_model_kernels(b->model), b->threads);
    double seconds;
    enum vit_status status = VIT_OK;

    for (int i = 0; !status && i < WARM_UPS; i++)
        status = forward(b, &seconds, err);

    const double begin = now();
    while (!status && (b->forwards.count < LEAST_FORWARDS || now() - begin < b->options->seconds)) {
        const double stretch = now();
        do {
            status = forward(b, &seconds, err);
            if (!status && !samples_append(&b->forwards, seconds))
                status = tool_no_memory(err);
        } while (!status && now() - stretch < stretch_seconds);
        const double rate = peak_measure(&peak);
        if (!status && !samples_append(&b->peaks, rate))
            status = tool_no_memory(err);
    }
    return status;
}

/* The share is a ratio of medians, so that neither's outliers show in it. */
static struct result summarise(struct bench *b)
{
    const double batch = (double)b->options->batch;
    const struct vit_config config = model_config(b->model);
    double flops = 0;
    struct result r = { 0 };
    double total = 0;

    vit_config_flops(&config, &flops, NULL); /* a model's configuration: it cannot fail */
    samples_sort(&b->forwards);
    samples_sort(&b->peaks);
    for (size_t i = 0; i < b->forwards.count; i++)
        total += b->forwards.values[i];
    r.images_per_s = batch * (double)b->forwards.count / total;
    r.ms_min = 1e3 * b->forwards.values[0] / batch;
    r.ms_median = 1e3 * samples_quantile(&b->forwards, 0.5) / batch;
    r.ms_p99 = 1e3 * samples_quantile(&b->forwards, 0.99) / batch;
    r.gflops = 1e-9 * batch * flops / samples_quantile(&b->forwards, 0.5);
    r.peak_gflops = 1e-9 * samples_quantile(&b->peaks, 0.5);
    r.peak_share = r.gflops / r.peak_gflops;
    return r;
}

static enum vit_status print_as_json(const struct bench *b, const struct result *r,
                                     struct vit_error *err)
{
    char cpu[256];

    return print_json(
        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:s, s:I, s:I, s:o, s:o, s:s, s:s, "
                  "s:s}",
                  "images_per_s", r->images_per_s, "ms_min", r->ms_min, "ms_median", r->ms_median,
                  "ms_p99", r->ms_p99, "gflops", r->gflops, "peak_gflops", r->peak_gflops,
                  "peak_share", r->peak_share, "forwards", (json_int_t)b->forwards.count, "isa",
                  vit_model_kernels(b->model)->isa, "threads", (json_int_t)b->threads, "batch",
                  (json_int_t)b->options->batch, "model", json_text(b->name), "cpu",
                  json_text(cpu_name(cpu, sizeof cpu)), "compiler", build_compiler(), "commit",
                  build_commit(), "version", vit_version()),
        err);
}

static void print_as_lines(const struct bench *b, const struct result *r)
{
    const struct vit_config c = model_config(b->model);
    char cpu[256];

    print_plain(stdout, b->name);
    printf(", %zu × %zu, batch %zu, %zu thread%s, %s, %zu forward passes\n", c.height, c.width,
           b->options->batch, b->threads, b->threads == 1 ? "" : "s",
           vit_model_kernels(b->model)->isa, b->forwards.count);
    printf("  %8.1f images/s\n", r->images_per_s);
    printf("  %8.2f ms per image (minimum %.2f, p99 %.2f)\n", r->ms_median, r->ms_min, r->ms_p99);
    printf("  %8.1f GFLOP/s, %.1f %% of the peak of %.1f\n", r->gflops, 100 * r->peak_share,
           r->peak_gflops);
    printf("on %s; libvit %s, %s, commit %s\n", cpu_name(cpu, sizeof cpu), vit_version(),
           build_compiler(), build_commit());
}

static enum vit_status bench(const struct options *options, size_t count, char **operands,
                             struct vit_error *err)
{
    struct bench b = { .options = options, .name = operands[0] };
    enum vit_status status;

    (void)count;
    status = prepare(&b, err);
    if (!status)
        status = measure(&b, err);
    if (!status) {
        const struct result result = summarise(&b);
        if (options->json)
            status = print_as_json(&b, &result, err);
        else
            print_as_lines(&b, &result);
    }

    free(b.peaks.values);
    free(b.forwards.values);
    free(b.out);
    free(b.images);
    vit_context_free(b.context);
    vit_model_free(b.model);
    return status;
}

const struct verb verb_bench = {
    .name = "bench",
    .bit = FOR_BENCH,
    .operands = "ARCH|MODEL",
    .least = 1,
    .most = 1,
    .summary = "measures a forward pass against the machine's peak",
    .description =
        "ARCH is the name of an architecture, such as vit_base_patch16_224, which gets random\n"
        "weights; MODEL is a checkpoint folder. Runs forward passes on random input for some\n"
        "seconds, ten at least, and between them multiply-adds in registers on as many threads:\n"
        "the peak. Prints images a second (all images over all the time of forward passes), the\n"
        "median, minimum and 99th percentile of a forward pass divided by its batch, the\n"
        "arithmetic rate of the median pass, counting 2 for each multiply-add of the matmuls\n"
        "and attention products, and its ratio to the median peak.",
    .run = bench,
};
