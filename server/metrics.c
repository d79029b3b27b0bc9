/* metrics.c - the metrics of every model and of the process, as Prometheus reads them */
#include "server/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What is written of one model. */
struct sample {
    char name[NAME_BYTES];
    uint64_t version;
    size_t pending;
    struct counts *counts;
};

struct samples {
    struct sample *all; /* [count] */
    size_t count;
};

static uint64_t success(const struct sample *s)
{
    return s->counts->success.count;
}

static uint64_t images(const struct sample *s)
{
    return s->counts->images;
}

static uint64_t batches(const struct sample *s)
{
    return s->counts->batches;
}

static uint64_t pending(const struct sample *s)
{
    return s->pending;
}

/* Triton's names and types. Its names that end in _count would have to be histograms for promtool,
 * and its counters would have to end in _total, unless they have no type. */
static const struct {
    const char *name, *type, *help;
    uint64_t (*value)(const struct sample *s);
} numbers[] = {
    { "nv_inference_request_success", "counter", "Requests that were answered.", success },
    { "nv_inference_count", "counter", "Images that were computed.", images },
    { "nv_inference_exec_count", "counter", "Forward passes, each of a batch.", batches },
    { "nv_inference_pending_request_count", "gauge", "Requests that wait in the queue.", pending },
};

static const char *const reasons[FAILURES] = { "REJECTED", "CANCELED", "BACKEND", "OTHER" };

static const struct {
    const char *part, *help;
    size_t field; /* a struct duration in struct counts */
} durations[] = {
    { "request", "Time of requests from their last byte to their answer.",
      offsetof(struct counts, success) },
    { "queue", "Time of requests in the queue.", offsetof(struct counts, queue) },
    { "compute_input", "Time to parse, decode and preprocess.",
      offsetof(struct counts, compute_input) },
    { "compute_infer", "Time of requests in forward passes.",
      offsetof(struct counts, compute_infer) },
    { "compute_output", "Time to write answers.", offsetof(struct counts, compute_output) },
};

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void labels(struct buffer *out, const char *name, const struct sample *s)
{
    buffer_print(out, "%s{model=\"%s\",version=\"%llu\"", name, s->name,
                 (unsigned long long)s->version);
}

static void write_numbers(const struct samples *s, bool triton, struct buffer *out)
{
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        head(out, numbers[n].name, triton ? numbers[n].type : "untyped", numbers[n].help);
        for (size_t i = 0; i < s->count; i++) {
            labels(out, numbers[n].name, &s->all[i]);
            buffer_print(out, "} %llu\n", (unsigned long long)numbers[n].value(&s->all[i]));
        }
    }
    head(out, "nv_inference_request_failure", triton ? "counter" : "untyped",
         "Requests that failed, by reason.");
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < FAILURES; k++) {
            labels(out, "nv_inference_request_failure", &s->all[i]);
            buffer_print(out, ",reason=\"%s\"} %llu\n", reasons[k],
                         (unsigned long long)s->all[i].counts->failures[k]);
        }
}

static void write_durations(const struct samples *s, bool triton, struct buffer *out)
{
    char name[64];

    for (size_t n = 0; n < sizeof durations / sizeof *durations; n++) {
        snprintf(name, sizeof name, "nv_inference_%s_duration_%s", durations[n].part,
                 triton ? "us" : "seconds_total");
        head(out, name, "counter", durations[n].help);
        for (size_t i = 0; i < s->count; i++) {
            const struct duration *const d =
                (const struct duration *)((const char *)s->all[i].counts + durations[n].field);
            labels(out, name, &s->all[i]);
            if (triton)
                buffer_print(out, "} %llu\n", (unsigned long long)(d->ns / 1000));
            else
                buffer_print(out, "} %.9f\n", (double)d->ns * 1e-9);
        }
    }
}

static void write_histogram(const struct samples *s, struct buffer *out)
{
    static const char name[] = "libvit_request_duration_seconds";

    head(out, name, "histogram", "Time of requests from their last byte to their answer.");
    for (size_t i = 0; i < s->count; i++) {
        const struct counts *const c = s->all[i].counts;
        uint64_t sum = 0;
        for (size_t b = 0; b < LATENCIES; b++) {
            sum += c->latency[b];
            labels(out, "libvit_request_duration_seconds_bucket", &s->all[i]);
            if (b < LATENCIES - 1)
                buffer_print(out, ",le=\"%g\"} %llu\n", latency_bounds[b], (unsigned long long)sum);
            else
                buffer_print(out, ",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
        }
        labels(out, "libvit_request_duration_seconds_sum", &s->all[i]);
        buffer_print(out, "} %.9f\n", (double)(c->success.ns + c->fail.ns) * 1e-9);
        labels(out, "libvit_request_duration_seconds_count", &s->all[i]);
        buffer_print(out, "} %llu\n", (unsigned long long)sum);
    }
}

/* Resident bytes, on systems that have /proc. */
static void write_process(struct buffer *out)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    unsigned long long total, resident;

    head(out, "process_cpu_seconds_total", "counter", "CPU time of all threads.");
    buffer_print(out, "process_cpu_seconds_total %.6f\n", (double)clock() / CLOCKS_PER_SEC);
    if (file && fscanf(file, "%llu %llu", &total, &resident) == 2) {
        head(out, "process_resident_memory_bytes", "gauge", "Memory that is resident.");
        buffer_print(out, "process_resident_memory_bytes %llu\n",
                     resident * (unsigned long long)sysconf(_SC_PAGESIZE));
    }
    if (file)
        fclose(file);
}

/* The counts of every model that is loaded; false: no memory. */
static bool collect(struct registry *r, struct samples *s)
{
    struct registry_entry entry;
    struct failure ignored;

    for (size_t i = 0; registry_at(r, i, &entry); i++) {
        struct served *const served = registry_acquire(r, entry.name, 0, &ignored);
        if (!served)
            continue;
        struct sample *const all = realloc(s->all, (s->count + 1) * sizeof *all);
        struct counts *const counts = all ? stats_copy(served->stats) : NULL;
        if (all)
            s->all = all;
        if (counts) {
            struct sample *const one = &all[s->count++];
            *one = (struct sample){ .version = served->version,
                                    .pending = batcher_pending(served->batcher),
                                    .counts = counts };
            snprintf(one->name, sizeof one->name, "%s", entry.name);
        }
        served_release(served);
        if (!counts)
            return false;
    }
    return true;
}

void metrics_write(struct registry *r, bool triton, struct buffer *out)
{
    struct samples samples = { 0 };

    if (collect(r, &samples)) {
        write_numbers(&samples, triton, out);
        write_durations(&samples, triton, out);
        write_histogram(&samples, out);
        write_process(out);
    } else
        out->failed = true;
    for (size_t i = 0; i < samples.count; i++)
        free(samples.all[i].counts);
    free(samples.all);
}
