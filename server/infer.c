/* infer.c - an inference request: parse, queue, answer; which thread does which */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/clock.h"
#include "server/inflate.h"
#include "server/number.h"
#include "server/request.h"

enum {
    QUICK_JSON = 16384,   /* bytes that the connection's thread parses: some 100 µs */
    QUICK_NUMBERS = 2048, /* numbers of a JSON response that it writes */
};

void infer_begin(struct request *r)
{
    r->json_header = request_header(r, "Inference-Header-Content-Length");
    if (r->json_header && !read_whole(r->json_header, strlen(r->json_header), &r->json_bytes))
        r->json_bytes = UINT64_MAX;
    buffer_add(&r->body, "\0\0\0", (size_t)(-r->json_bytes % sizeof(float)));
    r->padding = r->body.size;
}

/* Whether the body is one picture. */
static bool is_raw(const struct request *r)
{
    return r->json_header && r->json_bytes == 0;
}

static size_t body_bytes(const struct request *r)
{
    return r->body.size - r->padding;
}

static const char *body_of(const struct request *r)
{
    return r->body.data ? r->body.data + r->padding : "";
}

void infer_end(struct request *r)
{
    if (r->job.failure.http)
        r->failure = r->job.failure;
    if (r->served) {
        stats_request(r->served->stats, &r->job);
        served_release(r->served);
    }
    r->served = NULL;
    infer_free(&r->job);
    free(r->input.owned);
    r->input.owned = NULL;
    parsed_request_free(&r->parsed);
}

/* Writes the answer, and gives the model back before it is sent. */
static void answer(struct request *r)
{
    if (!r->job.failure.http)
        infer_reply(r->served, &r->parsed, &r->job, &r->out, &r->json_size, &r->job.failure);
    r->type = r->json_size ? "application/octet-stream" : "application/json";
    infer_end(r);
    r->finish = NULL;
}

static void answer_and_resume(void *request)
{
    answer(request);
    request_resume(request);
}

/* How many numbers the answer has as JSON. */
static size_t json_numbers(const struct request *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->parsed.output_count; i++)
        if (!r->parsed.outputs[i].binary) {
            const size_t o = r->parsed.outputs[i].output;
            count += r->job.batch * r->served->rows[o] * r->served->columns[o];
        }
    return count;
}

static void computed(struct job *job)
{
    struct request *const r = (struct request *)((char *)job - offsetof(struct request, job));

    if (job->failure.http || json_numbers(r) <= QUICK_NUMBERS) {
        r->finish = answer;
        request_resume(r);
        return;
    }
    r->work = (struct work){ .run = answer_and_resume, .arg = r };
    workers_submit(r->server->workers, &r->work);
}

/*
 * Nobody reads a connection that is suspended, so the end of its stream is there to see. A client
 * that only ends its own half is not told from one that is gone.
 */
static bool abandoned(const struct job *job)
{
    const struct request *const r =
        (const struct request *)((const char *)job - offsetof(struct request, job));
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;

    if (!info)
        return false;
    const ssize_t got = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void failed(struct request *r)
{
    r->finish = answer;
    request_resume(r);
}

/* Takes the images, and puts the job into the model's queue. */
static void enqueue(void *request)
{
    struct request *const r = request;
    const char *const body = body_of(r);
    const size_t json = (size_t)r->json_bytes, tail = body_bytes(r) - json,
                 pixels = r->server->options->max_pixels;
    struct failure *const f = &r->job.failure;

    if (is_raw(r) ? !infer_input_raw(r->served, body, tail, pixels, &r->input, f)
                  : !infer_input(r->served, &r->parsed, body + json, tail, pixels, &r->input, f)) {
        failed(r);
        return;
    }
    r->job.batch = r->input.batch;
    r->job.images = r->input.images;
    r->job.priority = r->parsed.priority <= SIZE_MAX ? (size_t)r->parsed.priority : 0;
    r->job.timeout_us = r->parsed.timeout_us;
    r->job.done = computed;
    r->job.abandoned = abandoned;
    if (infer_allocate(r->served, &r->parsed, &r->job, f))
        batcher_submit(r->served->batcher, &r->job);
    else
        failed(r);
}

/* The JSON is as long as the header says; without a header it is all of the body. */
static bool check_json_bytes(struct request *r, struct failure *f)
{
    if (!r->json_header)
        r->json_bytes = body_bytes(r);
    return r->json_bytes <= body_bytes(r) ||
           fail(f, 400,
                "Inference-Header-Content-Length: expected 0 to %zu, the bytes of the body, found "
                "'%.32s'",
                body_bytes(r), r->json_header);
}

static void parse(void *request)
{
    struct request *const r = request;
    struct failure *const f = &r->job.failure;
    const bool raw = is_raw(r);

    r->parsed.binary_output = raw;
    if (!inflate_body(request_header(r, "Content-Encoding"), r->server->options->max_body,
                      r->padding, &r->body, f) ||
        !check_json_bytes(r, f) ||
        (!raw && !parse_request(body_of(r), (size_t)r->json_bytes, &r->parsed, f)) ||
        (r->served = registry_acquire(r->server->registry, r->name, r->version, f)) == NULL ||
        !infer_choose(r->served, &r->parsed, f)) {
        failed(r);
        return;
    }
    if (raw || infer_input_is_image(&r->parsed)) {
        r->work = (struct work){ .run = enqueue, .arg = r };
        workers_submit(r->server->workers, &r->work);
    } else
        enqueue(r);
}

bool handle_infer(struct request *r)
{
    const bool quick =
        !request_header(r, "Content-Encoding") &&
        (body_bytes(r) <= QUICK_JSON || (r->json_header && r->json_bytes <= QUICK_JSON));

    r->job.times.received = clock_ns();
    request_suspend(r);
    if (quick)
        parse(r);
    else {
        r->work = (struct work){ .run = parse, .arg = r };
        workers_submit(r->server->workers, &r->work);
    }
    return false;
}
