/* infer_reply.c - the response of an inference request, as JSON with or without binary tensors */
#include "server/infer_reply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vit/inspect.h"

/* The output of this name that the model has; SERVED_OUTPUTS: none. */
static size_t output_of(const struct served *s, const char *name)
{
    size_t i = 0;

    while (i < SERVED_OUTPUTS && (strcmp(served_outputs[i].name, name) != 0 || s->rows[i] == 0))
        i++;
    return i;
}

bool infer_choose(const struct served *s, struct parsed_request *r, struct failure *f)
{
    if (r->output_count == 0)
        for (size_t i = 0; i < SERVED_OUTPUTS; i++)
            if (s->rows[i] && i != SERVED_ATTENTION)
                snprintf(r->outputs[r->output_count++].name, PARSED_NAME, "%s",
                         served_outputs[i].name);
    for (size_t i = 0; i < r->output_count; i++) {
        struct parsed_output *const o = &r->outputs[i];
        o->output = output_of(s, o->name);
        if (o->output == SERVED_OUTPUTS)
            return fail(f, 400, "outputs[%zu].name: expected an output of %s, found '%s'", i,
                        s->name, o->name);
        if (o->classes && o->output != SERVED_LOGITS)
            return fail(f, 400, "outputs[%zu]: expected classification of logits, found of %s", i,
                        o->name);
        if (o->classes && !vit_model_is_classifier(s->model))
            return fail(f, 400,
                        "outputs[%zu]: expected classification by a head that classifies, found a "
                        "projection to %zu numbers",
                        i, s->columns[SERVED_LOGITS]);
        if (!o->has_binary)
            o->binary = r->binary_output;
    }
    return true;
}

bool infer_allocate(const struct served *s, const struct parsed_request *r, struct job *job,
                    struct failure *f)
{
    for (size_t i = 0; i < r->output_count; i++) {
        const size_t o = r->outputs[i].output;
        const size_t image_bytes = s->rows[o] * s->columns[o] * sizeof(float);
        if (!job->results[o] && (job->batch > SIZE_MAX / image_bytes ||
                                 !(job->results[o] = malloc(job->batch * image_bytes))))
            return fail(f, 503, "%s: out of memory for %zu images", r->outputs[i].name, job->batch);
    }
    return true;
}

void infer_free(struct job *job)
{
    for (size_t i = 0; i < SERVED_OUTPUTS; i++) {
        free(job->results[i]);
        job->results[i] = NULL;
    }
}

/* --- classification: the k highest values of each image, as texts */

/* "value:index:label", or without a label where the model has none. */
static void print_class(const struct served *s, size_t class_index, float value,
                        struct buffer *text)
{
    const char *const label = vit_model_label(s->model, class_index);

    text->size = 0;
    buffer_print(text, "%.9g:%zu%s%s", (double)value, class_index, label ? ":" : "",
                 label ? label : "");
}

static size_t classes_of(const struct served *s, const struct parsed_output *o)
{
    return o->classes < s->columns[SERVED_LOGITS] ? o->classes : s->columns[SERVED_LOGITS];
}

/* Calls add for each text, in order. */
static bool each_class(const struct served *s, const struct parsed_output *o, const struct job *job,
                       void (*add)(void *arg, const struct buffer *text), void *arg)
{
    const size_t k = classes_of(s, o);
    const float *logits = job->results[SERVED_LOGITS];
    size_t *const best = malloc(k * sizeof *best);
    struct buffer text = { 0 };
    bool ok = best != NULL;

    for (size_t n = 0; ok && n < job->batch; n++, logits += s->columns[SERVED_LOGITS]) {
        ok = vit_top_k(s->model, k, logits, best, NULL, NULL) == VIT_OK;
        for (size_t i = 0; ok && i < k; i++) {
            print_class(s, best[i], logits[best[i]], &text);
            ok = !text.failed;
            if (ok)
                add(arg, &text);
        }
    }
    buffer_free(&text);
    free(best);
    return ok;
}

static void add_json(void *json, const struct buffer *text)
{
    json_bytes(json, NULL, text->data, text->size);
}

static void add_binary(void *out, const struct buffer *text)
{
    const size_t n = text->size;
    const unsigned char length[4] = { (unsigned char)n, (unsigned char)(n >> 8),
                                      (unsigned char)(n >> 16), (unsigned char)(n >> 24) };

    buffer_add(out, length, sizeof length);
    buffer_add(out, text->data, text->size);
}

/* --- the response */

static size_t elements_of(const struct served *s, size_t output, const struct job *job)
{
    return job->batch * s->rows[output] * s->columns[output];
}

/* The bytes of all binary tensors; sizes[i] of output i, 0 if it is not binary. */
static bool write_binary(const struct served *s, const struct parsed_request *r,
                         const struct job *job, struct buffer *out, size_t *sizes)
{
    bool ok = true;

    for (size_t i = 0; i < r->output_count; i++) {
        const struct parsed_output *const o = &r->outputs[i];
        const size_t output = o->output, begin = out->size;
        if (o->binary && o->classes)
            ok = each_class(s, o, job, add_binary, out) && ok;
        else if (o->binary)
            buffer_add(out, job->results[output], elements_of(s, output, job) * sizeof(float));
        sizes[i] = o->binary ? out->size - begin : 0;
    }
    return ok && !out->failed;
}

static bool write_output(const struct served *s, const struct parsed_output *o,
                         const struct job *job, size_t binary_size, struct json *j)
{
    const size_t output = o->output;
    bool ok = true;

    json_open(j, NULL, '{');
    json_text(j, "name", o->name);
    json_text(j, "datatype", o->classes ? "BYTES" : "FP32");
    json_open(j, "shape", '[');
    json_whole(j, NULL, job->batch);
    if (!o->classes && served_outputs[output].rank == 2)
        json_whole(j, NULL, s->rows[output]);
    json_whole(j, NULL, o->classes ? classes_of(s, o) : s->columns[output]);
    json_close(j, ']');
    if (o->binary) {
        json_open(j, "parameters", '{');
        json_whole(j, "binary_data_size", binary_size);
        json_close(j, '}');
    } else {
        json_open(j, "data", '[');
        if (o->classes)
            ok = each_class(s, o, job, add_json, j);
        else
            for (size_t i = 0; i < elements_of(s, output, job); i++)
                json_float(j, job->results[output][i]);
        json_close(j, ']');
    }
    json_close(j, '}');
    return ok;
}

/* JSON has no infinity and no NaN. */
static bool check_finite(const struct served *s, const struct parsed_request *r,
                         const struct job *job, struct failure *f)
{
    for (size_t i = 0; i < r->output_count; i++) {
        const struct parsed_output *const o = &r->outputs[i];
        const size_t output = o->output;
        for (size_t e = 0; !o->binary && !o->classes && e < elements_of(s, output, job); e++)
            if (!isfinite(job->results[output][e]))
                return fail(f, 400,
                            "%s: expected finite numbers for JSON, found %g; ask for "
                            "binary_data",
                            o->name, (double)job->results[output][e]);
    }
    return true;
}

bool infer_reply(const struct served *s, const struct parsed_request *r, const struct job *job,
                 struct buffer *out, size_t *json_size, struct failure *f)
{
    struct buffer binary = { 0 };
    size_t sizes[PARSED_OUTPUTS] = { 0 };

    if (!check_finite(s, r, job, f))
        return false;
    struct json *const j = json_begin(out);
    if (!j)
        return fail(f, 503, "response: out of memory");
    bool ok = write_binary(s, r, job, &binary, sizes);
    json_open(j, NULL, '{');
    json_text(j, "model_name", s->name);
    json_number_text(j, "model_version", s->version);
    if (r->id)
        json_text(j, "id", r->id);
    json_open(j, "outputs", '[');
    for (size_t i = 0; i < r->output_count; i++)
        ok = write_output(s, &r->outputs[i], job, sizes[i], j) && ok;
    json_close(j, ']');
    json_close(j, '}');
    json_end(j);
    *json_size = binary.size ? out->size : 0;
    buffer_add(out, binary.data, binary.size);
    buffer_free(&binary);
    return (ok && !out->failed) || fail(f, 503, "response: out of memory");
}
