/* bench_kernel.c - the speed of one kernel on the shapes of the command line */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "measure/kinds/operands.h"
#include "measure/kinds/timing.h"
#include "measure/memory.h"
#include "tools/atomic_file.h"
#include "tools/bench.h"
#include "tools/bench_measured.h"
#include "tools/error.h"
#include "tools/print.h"
#include "tools/roofline.h"

enum {
    MIN_ROUNDS = 10,         /* fewer make a meaningless median */
    MAX_DIMENSION = 1 << 28, /* a product of two, in bytes, fits in size_t */
    MIN_COLD_BYTES = 4096,   /* smaller operands would be millions of copies */
};

static bool find_kernel(const char *name, struct kernel *kernel)
{
    for (size_t i = 0; kernel_at(i, kernel); i++)
        if (strcmp(kernel->name, name) == 0)
            return true;
    return false;
}

bool bench_is_kernel(const char *name)
{
    struct kernel kernel;

    return find_kernel(name, &kernel);
}

static enum vit_status unknown_kernel(const char *name, struct vit_error *err)
{
    struct kernel kernel;
    char names[512];
    size_t length = 0;

    for (size_t i = 0; kernel_at(i, &kernel) && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   kernel.name);
    return tool_fail(err, VIT_EINVAL, "bench: expected a kernel (%s), found '%s'", names, name);
}

enum vit_status bench_list(bool json, struct vit_error *err)
{
    json_t *root = json ? json_array() : NULL;
    struct kernel k;

    for (size_t i = 0; kernel_at(i, &k); i++) {
        if (json)
            root = json_with(root, json_pack("{s:s, s:s, s:s, s:s}", "kernel", k.name, "shape",
                                             k.kind->shape, "example", k.kind->example, "measures",
                                             k.kind->measures));
        else
            printf("%-12s %-22s such as %-12s %s\n", k.name, k.kind->shape, k.kind->example,
                   k.kind->measures);
    }
    return json ? print_json(root, err) : VIT_OK;
}

/* Digits alone, with an x between two dimensions. */
static bool parse_shape(const char *text, size_t count, size_t *dimensions)
{
    for (size_t i = 0; i < count; i++) {
        size_t value = 0;
        if (i > 0 && *text++ != 'x')
            return false;
        for (; *text >= '0' && *text <= '9' && value <= MAX_DIMENSION; text++)
            value = 10 * value + (size_t)(*text - '0');
        if (value == 0 || value > MAX_DIMENSION)
            return false;
        dimensions[i] = value;
    }
    return *text == '\0';
}

/* One copy of the operands, or as many as it takes to exceed every cache. */
static size_t count_copies(const struct bench *b, bool cold)
{
    const double copies = cold ? ceil(roofs_cold_bytes(b->threads) / b->bytes) : 1;

    return copies > 1 ? (size_t)copies : 1;
}

/* What is measured, and how many copies of its operands; refuses what is wrong or too large. */
static enum vit_status plan(const struct measured *m, const char *text, struct bench *bench,
                            size_t *copies, struct vit_error *err)
{
    const struct kernel_kind *const kind = m->kernel.kind;
    const double giga = 1u << 30, most = memory_limit();
    size_t dimensions[MAX_DIMENSIONS];

    if (!parse_shape(text, kind->dimension_count, dimensions))
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected %s, such as %s, each from 1 to %d, found '%s'",
                         m->kernel.name, kind->shape, kind->example, MAX_DIMENSION, text);
    *bench = kernel_bench(&m->kernel, m->level, dimensions, m->threads);
    *copies = count_copies(bench, m->cold);
    if (m->cold && bench->bytes < MIN_COLD_BYTES)
        return tool_fail(err, VIT_EINVAL,
                         "%s %s: with --cold expected operands of at least %d bytes, found %.0f",
                         m->kernel.name, text, MIN_COLD_BYTES, bench->bytes);
    const double bytes = bench->memory * (double)*copies + bench->checked;
    if (bytes > most)
        return tool_fail(err, VIT_EINVAL,
                         "%s %s: expected operands of at most %.1f GiB, half of this machine's "
                         "memory or its control group's, found %.1f GiB",
                         m->kernel.name, text, most / giga, bytes / giga);
    return VIT_OK;
}

/* Alternates rounds and limits, so that both see the same clock rates and neighbors. */
static bool sample(struct timing *t, double seconds, struct timing_samples *s)
{
    struct segment segment = timing_segment(t);
    const double begin = now();
    bool enough_memory = true;

    while (enough_memory && (s->seconds.count < MIN_ROUNDS || now() - begin < seconds)) {
        enough_memory = timing_stretch(t, t->stretch, &segment, s);
        if (enough_memory && timing_segment_is_full(&segment))
            enough_memory = timing_end_segment(t, &segment, s);
    }
    if (enough_memory && s->peak_shares.count == 0)
        enough_memory = timing_end_segment(t, &segment, s);
    return enough_memory;
}

static double median(struct samples *s)
{
    samples_sort(s);
    return samples_quantile(s, 0.5);
}

static double or_nan(double x, bool applies)
{
    return applies ? x : (double)NAN;
}

static struct measured_shape summarize(const struct timing *t, const char *text,
                                       struct timing_samples *s)
{
    const struct bench *const b = &t->bench;
    const bool counts = b->operations > 0, streams = b->stream != NULL;
    const double seconds = median(&s->seconds);

    return (struct measured_shape){
        .text = text,
        .copies = t->copies,
        .rounds = s->seconds.count,
        .seconds_min = s->seconds.values[0],
        .seconds_median = seconds,
        .seconds_p99 = samples_quantile(&s->seconds, 0.99),
        .operations = or_nan(b->operations, counts),
        .bytes = b->bytes,
        .ns_per_element = or_nan(1e9 * seconds / b->elements, b->elements > 0),
        .flops = or_nan(b->operations / seconds, counts),
        .peak = or_nan(median(&s->peaks), counts),
        .peak_share = median(&s->peak_shares),
        .bytes_per_s = or_nan(b->bytes / seconds, streams),
        .bandwidth = or_nan(median(&s->bandwidths), streams),
        .bandwidth_share = median(&s->bandwidth_shares),
    };
}

static enum vit_status measure_shape(const struct measured *m, const char *text, double seconds,
                                     struct measured_shape *shape, struct vit_error *err)
{
    struct timing_samples samples = { .seconds = { 0 } };
    struct timing timing = { .copies = 0 };
    struct bench bench = { .kind = NULL };
    size_t copies = 1;
    enum vit_status status = plan(m, text, &bench, &copies, err);

    if (status)
        return status;
    const char *failure = timing_begin(&timing, &bench, copies, true);
    if (!failure && !sample(&timing, seconds, &samples))
        failure = no_memory;
    if (failure == no_memory)
        status = tool_no_memory(err);
    else if (failure)
        status = tool_fail(err, VIT_EINVAL, "%s %s, %s: %s", m->kernel.name, text, m->level->isa,
                           failure);
    else
        *shape = summarize(&timing, text, &samples);
    timing_samples_free(&samples);
    timing_end(&timing);
    return status;
}

/* Every shape is checked before the first is measured. */
static enum vit_status prepare(const struct invocation *in, struct measured *m,
                               struct vit_error *err)
{
    const struct bench_options *const o = in->options;
    const char *const name = in->operands[0];
    enum vit_status status = vit_kernels_get(in->common->isa, &m->level, err);

    if (status)
        return status;
    if (!find_kernel(name, &m->kernel))
        return unknown_kernel(name, err);
    if (m->count == 0)
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, such as %s, found nothing", name,
                         m->kernel.kind->shape, m->kernel.kind->example);
    for (size_t i = 0; !status && i < m->count; i++) {
        struct bench bench = { .kind = NULL };
        size_t copies = 1;
        status = plan(m, in->operands[1 + i], &bench, &copies, err);
        if (!status && o->roofline && !(bench.operations > 0))
            status = tool_fail(err, VIT_EINVAL,
                               "--roofline: expected matmul or attention, whose operations are "
                               "counted, found '%s'",
                               name);
    }
    if (!status && !(m->shapes = calloc(m->count, sizeof *m->shapes)))
        status = tool_no_memory(err);
    return status;
}

enum vit_status bench_kernel(const struct invocation *in, struct vit_error *err)
{
    const struct bench_options *const o = in->options;
    struct measured m = { .threads = in->common->threads ? in->common->threads : 1,
                          .cold = o->cold,
                          .count = in->count - 1 };
    struct atomic_file out = { 0 };
    enum vit_status status = prepare(in, &m, err);

    if (!status && o->roofline)
        status = atomic_file_open(o->roofline, &out, err);
    for (size_t i = 0; !status && i < m.count; i++)
        status = measure_shape(&m, in->operands[1 + i], o->seconds, &m.shapes[i], err);
    if (!status && o->roofline && !(m.roof_count = roofs_measure(m.threads, m.roofs)))
        status = tool_no_memory(err);
    if (!status && o->roofline)
        status = roofline_draw(&m, out.file, err);
    if (!status && o->roofline)
        status = atomic_file_commit(&out, err);
    if (!status && o->json)
        status = measured_print_json(&m, err);
    else if (!status)
        measured_print(&m);

    atomic_file_discard(&out);
    free(m.shapes);
    return status;
}
