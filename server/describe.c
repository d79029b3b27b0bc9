/* describe.c - the JSON about the server and its models: metadata, configuration, statistics */
#include "server/describe.h"

#include <stdio.h>
#include <stdlib.h>

#include "vit/inspect.h"
#include "vit/kernels.h"

/* A request may leave out the batch, so it is the dimension -1. */
static void shape(struct json *j, const char *key, bool batch, const size_t *sizes, size_t rank)
{
    json_open(j, key, '[');
    if (batch)
        json_signed(j, NULL, -1);
    for (size_t i = 0; i < rank; i++)
        json_whole(j, NULL, sizes[i]);
    json_close(j, ']');
}

/* Calls tensor(j, name, datatype, sizes, rank) for each input, then for each output. */
static void inputs(const struct served *s, struct json *j,
                   void (*tensor)(struct json *, const char *, bool, const size_t *, size_t))
{
    const size_t image[] = { s->config.channels, s->config.height, s->config.width };

    tensor(j, "pixel_values", false, image, 3);
    tensor(j, "image", true, NULL, 0);
}

static void outputs(const struct served *s, struct json *j,
                    void (*tensor)(struct json *, const char *, bool, const size_t *, size_t))
{
    for (size_t i = 0; i < SERVED_OUTPUTS; i++) {
        const size_t rank = served_outputs[i].rank, sizes[] = { s->rows[i], s->columns[i] };
        if (s->rows[i] && i != SERVED_ATTENTION)
            tensor(j, served_outputs[i].name, false, sizes + 2 - rank, rank);
    }
}

static void metadata_tensor(struct json *j, const char *name, bool bytes, const size_t *sizes,
                            size_t rank)
{
    json_open(j, NULL, '{');
    json_text(j, "name", name);
    json_text(j, "datatype", bytes ? "BYTES" : "FP32");
    shape(j, "shape", true, sizes, rank);
    json_close(j, '}');
}

/* Without the batch, which max_batch_size stands for; a scalar has the dimension 1. */
static void config_tensor(struct json *j, const char *name, bool bytes, const size_t *sizes,
                          size_t rank)
{
    static const size_t one = 1;

    json_open(j, NULL, '{');
    json_text(j, "name", name);
    json_text(j, "data_type", bytes ? "TYPE_STRING" : "TYPE_FP32");
    shape(j, "dims", false, rank ? sizes : &one, rank ? rank : 1);
    json_close(j, '}');
}

static struct json *begin(struct buffer *out)
{
    struct json *const j = json_begin(out);

    if (j)
        json_open(j, NULL, '{');
    else
        out->failed = true;
    return j;
}

static void end(struct json *j)
{
    json_close(j, '}');
    json_end(j);
}

void describe_server(bool explicit_control, struct buffer *out)
{
    static const char *const extensions[] = { "binary_tensor_data", "classification",
                                              "parameters",         "schedule_policy",
                                              "statistics",         "model_repository" };
    struct json *const j = begin(out);

    if (!j)
        return;
    json_text(j, "name", "libvit");
    json_text(j, "version", vit_version());
    json_open(j, "extensions", '[');
    /* the last one needs permission */
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions - !explicit_control; i++)
        json_text(j, NULL, extensions[i]);
    json_close(j, ']');
    end(j);
}

void describe_model(const struct served *s, struct buffer *out)
{
    struct json *const j = begin(out);

    if (!j)
        return;
    json_text(j, "name", s->name);
    json_open(j, "versions", '[');
    json_number_text(j, NULL, s->version);
    json_close(j, ']');
    json_text(j, "platform", "libvit_safetensors");
    json_open(j, "inputs", '[');
    inputs(s, j, metadata_tensor);
    json_close(j, ']');
    json_open(j, "outputs", '[');
    outputs(s, j, metadata_tensor);
    json_close(j, ']');
    end(j);
}

static void batching(const struct settings *o, struct json *j)
{
    json_open(j, "dynamic_batching", '{');
    json_whole(j, "max_queue_delay_microseconds", o->delay_us);
    json_flag(j, "preserve_ordering", false);
    json_whole(j, "priority_levels", o->priorities);
    json_whole(j, "default_priority_level", o->default_priority);
    json_open(j, "default_queue_policy", '{');
    json_text(j, "timeout_action", o->timeout_delays ? "DELAY" : "REJECT");
    json_whole(j, "default_timeout_microseconds", o->timeout_us);
    json_flag(j, "allow_timeout_override", !o->no_override);
    json_whole(j, "max_queue_size", o->queue_limit);
    json_close(j, '}');
    json_close(j, '}');
}

/* How a classifier's logits become scores; no parameter says it of another model. */
static const char *const scores[] = {
    [VIT_SCORES_SOFTMAX] = "softmax", [VIT_SCORES_SIGMOID] = "sigmoid", [VIT_SCORES_NONE] = "none"
};

static void parameter(struct json *j, const char *name, const char *value)
{
    if (!value)
        return;
    json_open(j, name, '{');
    json_text(j, "string_value", value);
    json_close(j, '}');
}

/* Three numbers, or one of a model with one channel. */
static void numbers(struct json *j, const char *name, const float *values, size_t count)
{
    struct buffer text = { 0 };

    for (size_t i = 0; i < count && i < 3; i++)
        buffer_print(&text, "%s%.9g", i ? ", " : "", (double)values[i]);
    parameter(j, name, text.failed ? NULL : text.data);
    buffer_free(&text);
}

static void preprocessing(const struct served *s, struct json *j)
{
    const struct vit_preprocess_config *const p = &s->preprocess;
    char crop[32];

    snprintf(crop, sizeof crop, "%g", p->crop_pct);
    parameter(j, "instruction_set", vit_model_kernels(s->model)->isa);
    parameter(j, "interpolation", vit_value_name("interpolation", (int)p->interpolation));
    parameter(j, "crop_mode", vit_value_name("crop_mode", (int)p->crop_mode));
    parameter(j, "crop_pct", crop);
    numbers(j, "mean", p->mean, p->channels);
    numbers(j, "std", p->std, p->channels);
}

void describe_config(const struct served *s, struct buffer *out)
{
    const struct settings *const o = &s->settings;
    struct json *const j = begin(out);
    char threads[24];

    if (!j)
        return;
    snprintf(threads, sizeof threads, "%zu", o->threads);
    json_text(j, "name", s->name);
    json_text(j, "platform", "libvit_safetensors");
    json_text(j, "backend", "libvit");
    json_whole(j, "max_batch_size", o->max_batch);
    json_open(j, "input", '[');
    inputs(s, j, config_tensor);
    json_close(j, ']');
    json_open(j, "output", '[');
    outputs(s, j, config_tensor);
    json_close(j, ']');
    batching(o, j);
    json_open(j, "instance_group", '[');
    json_open(j, NULL, '{');
    json_text(j, "kind", "KIND_CPU");
    json_whole(j, "count", o->instances);
    json_close(j, '}');
    json_close(j, ']');
    json_open(j, "parameters", '{');
    parameter(j, "precision", vit_value_name("precision", o->precision));
    parameter(j, "keep", o->keep);
    parameter(j, "packed", o->packed);
    parameter(j, "threads", threads);
    parameter(j, "family", vit_model_family(s->model));
    if (vit_model_is_classifier(s->model))
        parameter(j, "scores", scores[vit_model_scores(s->model)]);
    preprocessing(s, j);
    json_close(j, '}');
    end(j);
}

void describe_index(struct registry *r, bool ready, struct buffer *out)
{
    struct registry_entry entry;
    struct json *const j = json_begin(out);

    if (!j) {
        out->failed = true;
        return;
    }
    json_open(j, NULL, '[');
    for (size_t i = 0; registry_at(r, i, &entry); i++) {
        if (ready && !entry.version)
            continue;
        json_open(j, NULL, '{');
        json_text(j, "name", entry.name);
        if (entry.version)
            json_number_text(j, "version", entry.version);
        json_text(j, "state", entry.version ? "READY" : "UNAVAILABLE");
        if (entry.reason[0])
            json_text(j, "reason", entry.reason);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_end(j);
}

static void duration(struct json *j, const char *name, const struct duration *d)
{
    json_open(j, name, '{');
    json_whole(j, "count", d->count);
    json_whole(j, "ns", d->ns);
    json_close(j, '}');
}

static void model_stats(const struct served *s, const struct counts *c, struct json *j)
{
    json_open(j, NULL, '{');
    json_text(j, "name", s->name);
    json_number_text(j, "version", s->version);
    json_whole(j, "last_inference", c->last_ms);
    json_whole(j, "inference_count", c->images);
    json_whole(j, "execution_count", c->batches);
    json_open(j, "inference_stats", '{');
    duration(j, "success", &c->success);
    duration(j, "fail", &c->fail);
    duration(j, "queue", &c->queue);
    duration(j, "compute_input", &c->compute_input);
    duration(j, "compute_infer", &c->compute_infer);
    duration(j, "compute_output", &c->compute_output);
    json_close(j, '}');
    json_open(j, "batch_stats", '[');
    for (size_t n = 1; n <= MAX_BATCH; n++) {
        /* images and results are used where the requests have them, so nothing is copied */
        const struct duration copies = { .count = c->batch[n].count };
        if (copies.count == 0)
            continue;
        json_open(j, NULL, '{');
        json_whole(j, "batch_size", n);
        duration(j, "compute_input", &copies);
        duration(j, "compute_infer", &c->batch[n]);
        duration(j, "compute_output", &copies);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void copied_stats(const struct served *s, struct json *j, struct buffer *out)
{
    struct counts *const counts = stats_copy(s->stats);

    if (counts)
        model_stats(s, counts, j);
    else
        out->failed = true;
    free(counts);
}

void describe_model_stats(const struct served *s, struct buffer *out)
{
    struct json *const j = begin(out);

    if (!j)
        return;
    json_open(j, "model_stats", '[');
    copied_stats(s, j, out);
    json_close(j, ']');
    end(j);
}

void describe_stats(struct registry *r, struct buffer *out)
{
    struct registry_entry entry;
    struct failure ignored;
    struct json *const j = begin(out);

    if (!j)
        return;
    json_open(j, "model_stats", '[');
    for (size_t i = 0; registry_at(r, i, &entry); i++) {
        struct served *const one = registry_acquire(r, entry.name, 0, &ignored);
        if (!one)
            continue;
        copied_stats(one, j, out);
        served_release(one);
    }
    json_close(j, ']');
    end(j);
}

void describe_error(const char *message, struct buffer *out)
{
    struct json *const j = begin(out);

    if (!j)
        return;
    json_text(j, "error", message);
    end(j);
}
