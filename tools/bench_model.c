/* bench_model.c - the speed of a forward pass, as a share of the machine's peak */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "measure/build_info.h"
#include "measure/clock.h"
#include "measure/cpu_text.h"
#include "measure/peak.h"
#include "measure/samples.h"
#include "tools/bench.h"
#include "tools/error.h"
#include "tools/machine.h"
#include "tools/packed.h"
#include "tools/print.h"
#include "tools/product.h"
#include "tools/session.h"

enum {
    WARM_UPS = 2,
    MIN_FORWARDS = 10, /* fewer make a meaningless median */
};

/* Forward passes run for this long between two measurements of the peak. */
static const double stretch_seconds = 0.1;

struct bench {
    const struct bench_options *options;
    size_t batch;
    const char *name; /* of the architecture, or the directory */
    struct vit_model *model;
    struct vit_context *context;
    struct vit_config config;
    size_t threads;
    double operations; /* of one image; a multiply-add is two */
    double int8;       /* those of them on 8-bit numbers */
    float *images, *out;
    struct vit_output_request request;           /* logits or, without a head, the embedding */
    struct samples forwards;                     /* seconds of each */
    struct samples peaks;                        /* FLOP/s */
    const struct vit_matmul_kernel *int8_kernel; /* NULL: none, or its peak is not known */
    struct samples int8_peaks;                   /* operations a second */
};

struct result {
    double images_per_s, ms_min, ms_median, ms_p99, gflops, peak_gflops;
    double int8_share; /* of the operations */
    double int8_peak_gops;
    /* the time of all operations at their peaks, over the median time; NaN: a peak is not known */
    double peak_share;
};

/* The sum of twelve uniform numbers: about normal, mean 0, deviation 1; the same every time. */
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

/* A directory is a checkpoint, anything else the name of an architecture. */
static enum vit_status open_model(const struct invocation *in, struct bench *b,
                                  struct vit_error *err)
{
    struct vit_model_options model = model_options(in->common, b->options->size);
    struct stat info;

    if (strchr(b->name, '/') || (stat(b->name, &info) == 0 && S_ISDIR(info.st_mode)))
        return packed_open(b->name, &model, &b->model, err);
    const enum vit_status status = vit_config_from_name(b->name, &b->config, err);
    if (status)
        return status;
    if (model.height > 0) {
        b->config.height = model.height;
        b->config.width = model.width;
        model.height = model.width = 0; /* random weights belong to no size that could change */
    }
    return vit_model_create_random(&b->config, 0, &model, &b->model, err);
}

static enum vit_status allocate(struct bench *b, struct vit_error *err)
{
    const struct vit_config *const c = &b->config;
    const size_t batch = b->batch;
    size_t images, out, rows, columns;

    b->request.size = sizeof b->request;
    b->request.output = c->classes > 0             ? VIT_OUTPUT_LOGITS
                        : c->pool != VIT_POOL_NONE ? VIT_OUTPUT_EMBEDDING
                                                   : VIT_OUTPUT_LAST_HIDDEN_STATE;
    vit_output_shape(b->model, b->request.output, 0, &rows, &columns);
    if (!product(5, (size_t[]){ batch, c->channels, c->height, c->width, sizeof(float) },
                 &images) ||
        !product(4, (size_t[]){ batch, rows, columns, sizeof(float) }, &out))
        return tool_no_memory(err);
    b->images = malloc(images);
    b->out = malloc(out);
    if (!b->images || !b->out)
        return tool_no_memory(err);
    b->request.data = b->out;
    fill_normal(images / sizeof(float), b->images);
    return VIT_OK;
}

/* The operations of layers on 8-bit numbers, all of which are in blocks and compute each token. */
static double count_int8(const struct vit_model *model)
{
    struct vit_layer_info layer = { .size = sizeof layer };
    double sum = 0;
    size_t tokens;

    vit_output_shape(model, VIT_OUTPUT_BLOCK, 0, &tokens, NULL);
    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
        if (layer.precision == VIT_PRECISION_INT8)
            sum += 2 * (double)tokens * (double)layer.inputs * (double)layer.outputs;
    return sum;
}

static enum vit_status prepare(const struct invocation *in, struct bench *b, struct vit_error *err)
{
    const struct vit_context_options context = { .size = sizeof context,
                                                 .max_batch = b->batch,
                                                 .threads = in->common->threads };
    enum vit_status status = open_model(in, b, err);

    if (!status)
        status = vit_model_get_config(b->model, &b->config, err);
    if (!status)
        status = vit_config_flops(&b->config, &b->operations, err);
    if (!status)
        status = vit_context_create(b->model, &context, &b->context, err);
    if (status)
        return status;
    b->threads = vit_context_threads(b->context);
    b->int8 = count_int8(b->model);
    const struct vit_matmul_kernel *const kernel =
        &vit_model_kernels(b->model)->matmul[VIT_MATMUL_U8_S8];
    if (b->int8 > 0 && kernel->peak) /* scalar has none: its plain loops exceed its float32 peak */
        b->int8_kernel = kernel;
    return allocate(b, err);
}

static enum vit_status forward(const struct bench *b, double *seconds, struct vit_error *err)
{
    const struct vit_call call = { .size = sizeof call,
                                   .batch = b->batch,
                                   .images = b->images,
                                   .outputs = &b->request,
                                   .output_count = 1 };
    const double begin = now();
    const enum vit_status status = vit_forward_call(b->context, &call, err);

    *seconds = now() - begin;
    return status;
}

/* Alternates forward passes and the peaks, so that all see the same clock rates and neighbors. */
static enum vit_status measure_speed(struct bench *b, struct vit_error *err)
{
    const struct vit_kernels *const kernels = vit_model_kernels(b->model);
    struct peak peak = peak_prepare(kernels, b->threads), int8_peak = { 0 };
    double seconds;
    enum vit_status status = VIT_OK;

    for (int i = 0; !status && i < WARM_UPS; i++)
        status = forward(b, &seconds, err);

    if (b->int8_kernel)
        int8_peak = peak_prepare_matmul(kernels, b->int8_kernel, b->threads);
    const double begin = now();
    while (!status && (b->forwards.count < MIN_FORWARDS || now() - begin < b->options->seconds)) {
        const double stretch = now();
        do {
            status = forward(b, &seconds, err);
            if (!status && !samples_append(&b->forwards, seconds))
                status = tool_no_memory(err);
        } while (!status && now() - stretch < stretch_seconds);
        if (!status &&
            (!samples_append(&b->peaks, peak_measure(&peak)) ||
             (b->int8_kernel && !samples_append(&b->int8_peaks, peak_measure(&int8_peak)))))
            status = tool_no_memory(err);
    }
    return status;
}

/* The share is a ratio of medians: the outliers of none count. */
static struct result summarize(struct bench *b)
{
    const double batch = (double)b->batch;
    struct result r = { .int8_share = b->int8 / b->operations,
                        .int8_peak_gops = NAN,
                        .peak_share = NAN };
    double total = 0;

    samples_sort(&b->forwards);
    samples_sort(&b->peaks);
    for (size_t i = 0; i < b->forwards.count; i++)
        total += b->forwards.values[i];
    r.images_per_s = batch * (double)b->forwards.count / total;
    r.ms_min = 1e3 * b->forwards.values[0] / batch;
    r.ms_median = 1e3 * samples_quantile(&b->forwards, 0.5) / batch;
    r.ms_p99 = 1e3 * samples_quantile(&b->forwards, 0.99) / batch;
    r.gflops = 1e-9 * batch * b->operations / samples_quantile(&b->forwards, 0.5);
    r.peak_gflops = 1e-9 * samples_quantile(&b->peaks, 0.5);
    if (b->int8 == 0)
        r.peak_share = r.gflops / r.peak_gflops;
    if (b->int8_kernel) {
        samples_sort(&b->int8_peaks);
        r.int8_peak_gops = 1e-9 * samples_quantile(&b->int8_peaks, 0.5);
        r.peak_share =
            r.gflops * ((1 - r.int8_share) / r.peak_gflops + r.int8_share / r.int8_peak_gops);
    }
    return r;
}

static const char *precision_name(const struct bench *b)
{
    return vit_value_name("precision", (int)vit_model_precision(b->model));
}

static enum vit_status print_as_json(const struct bench *b, const struct result *r,
                                     struct vit_error *err)
{
    json_t *root = machine_json();
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "images_per_s", json_real(r->images_per_s) },
        { "ms_min", json_real(r->ms_min) },
        { "ms_median", json_real(r->ms_median) },
        { "ms_p99", json_real(r->ms_p99) },
        { "gflops", json_real(r->gflops) },
        { "peak_gflops", json_real(r->peak_gflops) },
        { "int8_share", json_real(r->int8_share) },
        { "int8_peak_gops", json_number(r->int8_peak_gops) },
        { "peak_share", json_number(r->peak_share) },
        { "forwards", json_integer((json_int_t)b->forwards.count) },
        { "isa", json_text(vit_model_kernels(b->model)->isa) },
        { "precision", json_text(precision_name(b)) },
        { "threads", json_integer((json_int_t)b->threads) },
        { "batch", json_integer((json_int_t)b->batch) },
        { "model", json_text(b->name) },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        root = json_set(root, fields[i].name, fields[i].value);
    return print_json(root, err);
}

/* The rate of all operations, and its share of what the peaks allow. */
static void print_rate(const struct bench *b, const struct result *r)
{
    if (b->int8 == 0) {
        printf("  %8.1f GFLOP/s, %.1f %% of the peak of %.1f\n", r->gflops, 100 * r->peak_share,
               r->peak_gflops);
        return;
    }
    printf("  %8.1f GOP/s: %.1f %% of the operations on 8-bit numbers, the others float32\n",
           r->gflops, 100 * r->int8_share);
    if (b->int8_kernel)
        printf("  %8.1f %% of what the peaks of both allow: %.1f GOP/s and %.1f GFLOP/s\n",
               100 * r->peak_share, r->int8_peak_gops, r->peak_gflops);
}

static void print_as_lines(const struct bench *b, const struct result *r)
{
    char cpu[256], caches[256];

    print_text(stdout, b->name);
    printf(", %zu × %zu, batch %zu, %zu thread%s, %s, %s, %zu forward passes\n", b->config.height,
           b->config.width, b->batch, b->threads, b->threads == 1 ? "" : "s",
           vit_model_kernels(b->model)->isa, precision_name(b), b->forwards.count);
    printf("  %8.1f images/s\n", r->images_per_s);
    printf("  %8.2f ms per image (minimum %.2f, p99 %.2f)\n", r->ms_median, r->ms_min, r->ms_p99);
    print_rate(b, r);
    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    printf("on %s, %s; libvit %s, %s, commit %s\n", cpu, caches, vit_version(), build_compiler(),
           build_commit());
}

enum vit_status bench_model(const struct invocation *in, struct vit_error *err)
{
    const struct bench_options *const o = in->options;
    struct bench b = { .options = o,
                       .batch = o->batch ? o->batch : 1,
                       .name = in->operands[0],
                       .config = { .size = sizeof b.config } };
    enum vit_status status = prepare(in, &b, err);

    if (!status)
        status = measure_speed(&b, err);
    if (!status) {
        const struct result result = summarize(&b);
        if (b.options->json)
            status = print_as_json(&b, &result, err);
        else
            print_as_lines(&b, &result);
    }

    free(b.int8_peaks.values);
    free(b.peaks.values);
    free(b.forwards.values);
    free(b.out);
    free(b.images);
    vit_context_free(b.context);
    vit_model_free(b.model);
    return status;
}
