/* fuzz_infer.c - libFuzzer target: any bytes as the body of an inference request of the server */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/infer_input.h"
#include "server/infer_reply.h"
#include "server/inflate.h"
#include "tests/fuzz/demand.h"

/*
 * The first byte is a letter: j, all of the body is JSON; t, it ends at the first NUL, and tensors
 * follow; r, the body is a picture; z, it is compressed, and all of it JSON. Nothing is computed:
 * the outputs of a request are numbers of this file.
 */
enum { MAX_BATCH_HERE = 4, MAX_BODY = 1 << 16, MAX_PIXELS = 1 << 16, SLACK = 1 << 16 };

static struct served model;

static void open_model(void)
{
    const struct vit_model_options options = { .size = sizeof options };

    demand(vit_model_open("models/digits", &options, &model.model, NULL) == VIT_OK);
    model.config.size = sizeof model.config;
    model.preprocess.size = sizeof model.preprocess;
    demand(vit_model_get_config(model.model, &model.config, NULL) == VIT_OK);
    demand(vit_model_get_preprocess_config(model.model, &model.preprocess, NULL) == VIT_OK);
    strcpy(model.name, "model");
    model.version = 1;
    model.settings.max_batch = MAX_BATCH_HERE;
    model.image_elements = model.config.channels * model.config.height * model.config.width;
    for (size_t i = 0; i < SERVED_OUTPUTS; i++)
        served_output_shape(model.model, (enum served_output)i, &model.rows[i], &model.columns[i]);
}

/* What fails says why, in a sentence and with a status of docs/server.md. */
static void check_failure(const struct failure *f)
{
    demand(f->http == 400 || f->http == 413 || f->http == 415 || f->http == 503);
    demand(*f->message && strlen(f->message) < sizeof f->message);
    for (const char *at = f->message; *at; at++)
        demand((unsigned char)*at >= 0x20);
}

/* The bound of server/infer_parse.h, also of a request that is refused. */
static void check_memory(const struct parsed_input *in, size_t size)
{
    size_t bytes = in->capacity * sizeof *in->numbers;

    for (size_t i = 0; i < in->image_count; i++)
        bytes += in->images[i].size + sizeof *in->images;
    demand(bytes <= 4 * size + SLACK);
}

static void check_parsed(const struct parsed_request *r, size_t size)
{
    const struct parsed_input *const in = &r->input;

    demand(r->input_count <= 1 && r->output_count <= PARSED_OUTPUTS && in->rank <= PARSED_RANK);
    demand(in->image_count <= PARSED_IMAGES && in->count <= size && in->count <= in->capacity);
    for (size_t i = 0; i < in->count; i++)
        demand(isfinite(in->numbers[i]));
    demand(memchr(in->name, 0, PARSED_NAME) && memchr(in->datatype, 0, PARSED_NAME));
    for (size_t i = 0; i < r->output_count; i++)
        demand(memchr(r->outputs[i].name, 0, PARSED_NAME) != NULL);
}

static void fill_results(struct job *job)
{
    for (size_t o = 0; o < SERVED_OUTPUTS; o++)
        for (size_t i = 0; job->results[o] && i < job->batch * model.rows[o] * model.columns[o];
             i++)
            job->results[o][i] = (float)(i % 7) - 3;
}

/* A binary answer has its JSON first. */
static void check_reply(const struct parsed_request *r, struct job *job)
{
    struct failure f = { .http = 0 };
    struct buffer out = { 0 };
    size_t json = 0;

    fill_results(job);
    if (!infer_reply(&model, r, job, &out, &json, &f)) {
        check_failure(&f);
    } else {
        demand(!out.failed && out.size > 0 && json <= out.size && out.data[0] == '{');
        demand(out.data[(json ? json : out.size) - 1] == '}');
    }
    buffer_free(&out);
}

static void request(const char *body, size_t json, size_t size)
{
    const bool raw = json == 0;
    struct parsed_request r = { .binary_output = raw };
    struct infer_input in = { 0 };
    struct job job = { 0 };
    struct failure f = { .http = 0 };
    bool ok = raw || parse_request(body, json, &r, &f);

    check_memory(&r.input, json);
    if (ok)
        check_parsed(&r, json);
    ok = ok && infer_choose(&model, &r, &f);
    ok = ok && (raw ? infer_input_raw(&model, body, size, MAX_PIXELS, &in, &f)
                    : infer_input(&model, &r, body + json, size - json, MAX_PIXELS, &in, &f));
    if (ok) {
        demand(in.batch >= 1 && in.batch <= MAX_BATCH_HERE && in.images != NULL);
        job.batch = in.batch;
        demand(infer_allocate(&model, &r, &job, &f));
        check_reply(&r, &job);
    } else
        check_failure(&f);
    infer_free(&job);
    free(in.owned);
    parsed_request_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct failure f = { .http = 0 };
    struct buffer body = { 0 };

    if (!model.model)
        open_model();
    if (size == 0 || !strchr("jtrz", data[0]))
        return -1;
    buffer_add(&body, data + 1, size - 1);
    const char *const nul = data[0] == 't' ? memchr(data + 1, 0, size - 1) : NULL;
    if (data[0] == 'z' && !inflate_body("gzip", MAX_BODY, 0, &body, &f))
        check_failure(&f);
    else if (data[0] == 'r')
        request(body.data, 0, body.size);
    else if (body.size) /* no JSON at all: the header would say 0, as for a picture */
        request(body.data, nul ? (size_t)(nul - (const char *)data - 1) : body.size, body.size);
    demand(body.size <= MAX_BODY || data[0] != 'z');
    buffer_free(&body);
    return 0;
}
