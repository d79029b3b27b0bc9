/* http.c - connections: libmicrohttpd, the limits of requests, their answers */
#include "server/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/access_log.h"
#include "server/clock.h"
#include "server/deadlines.h"
#include "server/describe.h"
#include "server/files.h"
#include "server/number.h"
#include "server/route.h"

enum {
    HEADER_MEMORY = 65536,    /* a connection's, most of it for the header of a request */
    FIRST_RESERVE = 1 << 20,  /* bytes of a body for which memory is taken before they arrive */
    EXTRA_DISCARDED = 1 << 20 /* of a body that is too long, before the connection is closed */
};

struct http {
    struct MHD_Daemon *daemon;
    struct deadlines *deadlines;
    MHD_socket quiesced; /* the socket that no longer listens; or MHD_INVALID_SOCKET */
    struct buffer certificate, key;
};

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

void request_suspend(struct request *r)
{
    MHD_suspend_connection(r->connection);
}

void request_resume(struct request *r)
{
    MHD_resume_connection(r->connection);
}

/* --- the answer */

static enum MHD_Result send_buffer(struct request *r, unsigned status)
{
    struct MHD_Response *const response = MHD_create_response_from_buffer(
        r->out.size, r->out.data, r->out.data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    char number[24];

    if (!response)
        return MHD_NO;
    r->bytes_out = r->out.size;
    r->out = (struct buffer){ 0 }; /* the response frees it */
    if (r->type)
        MHD_add_response_header(response, "Content-Type", r->type);
    if (r->json_size) {
        snprintf(number, sizeof number, "%zu", r->json_size);
        MHD_add_response_header(response, "Inference-Header-Content-Length", number);
    }
    if (r->allow)
        MHD_add_response_header(response, "Allow", r->allow);
    if (status == 405 || atomic_load(&r->server->draining))
        MHD_add_response_header(response, "Connection", "close");
    const enum MHD_Result result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static struct deadline *deadline_of(const struct request *r)
{
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static enum MHD_Result send_answer(struct request *r)
{
    if (r->finish)
        r->finish(r);
    if (r->failure.http) {
        buffer_free(&r->out);
        r->json_size = 0;
        r->type = "application/json";
        describe_error(r->failure.message, &r->out);
        if (r->out.failed)
            buffer_free(&r->out);
    }
    r->status = r->failure.http ? r->failure.http : 200;
    deadline_begin(r->server->http->deadlines, deadline_of(r)); /* to send it */
    return send_buffer(r, (unsigned)r->status);
}

/* --- the request */

static size_t body_limit(const struct request *r)
{
    return r->route->body ? r->server->options->max_body : SMALL_BODY;
}

/* Checks what the header says before the body is read. */
static void begin_request(struct request *r, const char *url)
{
    const char *const length = request_header(r, "Content-Length");
    uint64_t size;

    route_find(r, r->method, url);
    if (r->failure.http)
        return;
    if (r->route->body)
        infer_begin(r);
    if (!length)
        return;
    const size_t limit = body_limit(r);
    if (!read_whole(length, strlen(length), &size) || size > limit)
        fail(&r->failure, 413, "body: expected at most %zu bytes, found %.32s", limit, length);
    else
        buffer_reserve(&r->body,
                       r->padding + (size < FIRST_RESERVE ? (size_t)size : FIRST_RESERVE));
}

/* false: the connection is to be closed */
static bool add_body(struct request *r, const char *data, size_t size)
{
    const size_t limit = body_limit(r);

    r->bytes_in += size;
    if (!r->failure.http && size > limit - (r->body.size - r->padding))
        fail(&r->failure, 413, "body: expected at most %zu bytes, found more", limit);
    if (!r->failure.http) {
        buffer_add(&r->body, data, size);
        if (r->body.failed)
            fail(&r->failure, 503, "body: out of memory");
    }
    return r->bytes_in < limit + EXTRA_DISCARDED;
}

static struct request *new_request(struct server *server, struct MHD_Connection *connection,
                                   const char *url, const char *method)
{
    struct request *const r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->path = malloc(strlen(url) + 1);
    if (!r->path) {
        free(r);
        return NULL;
    }
    memcpy(r->path, url, strlen(url) + 1);
    clean_text(r->path);
    r->server = server;
    r->connection = connection;
    r->method = method;
    r->begin_ns = clock_ns();
    atomic_fetch_add(&server->in_flight, 1);
    return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    struct request *r = *state;

    (void)version;
    if (!r) {
        r = new_request(cls, connection, url, method);
        *state = r;
        if (!r)
            return MHD_NO;
        begin_request(r, url);
        return r->failure.http ? send_answer(r) : MHD_YES;
    }
    if (*data_size) {
        const bool go_on = add_body(r, data, *data_size);
        *data_size = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    if (!r->started) {
        r->started = true;
        deadline_end(r->server->http->deadlines, deadline_of(r));
        if (!r->failure.http && !r->route->handle(r))
            return MHD_YES; /* suspended; r may be gone */
    }
    return send_answer(r);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct server *const server = cls;
    struct request *const r = *state;

    if (!r)
        return;
    *state = NULL;
    infer_end(r); /* of what no answer has ended: the client was gone before */
    if (r->started && !r->status)
        r->status = r->failure.http ? r->failure.http : HTTP_CLIENT_CLOSED;
    deadline_begin(server->http->deadlines, deadline_of(r)); /* for the next request */
    access_log_request(r, connection, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    buffer_free(&r->out);
    buffer_free(&r->body);
    free(r->path);
    free(r);
    atomic_fetch_sub(&server->in_flight, 1);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *const server = cls;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *const info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? deadline_add(server->http->deadlines, info->connect_fd) : NULL;
    } else {
        deadline_remove(server->http->deadlines, *context);
        *context = NULL;
    }
}

/* --- the daemon */

/* The socket of ADDRESS:PORT; an address with colons is in brackets. */
static int listening_socket(const char *listen_at, unsigned *port, struct failure *f)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    const char *const colon = strrchr(listen_at, ':');
    const size_t size = colon ? (size_t)(colon - listen_at) : 0;
    const bool brackets = size > 2 && listen_at[0] == '[' && listen_at[size - 1] == ']';
    struct addrinfo *found;
    char host[64];
    uint64_t number;
    int fd = -1;
    const int on = 1;

    snprintf(host, sizeof host, "%.*s", (int)(size < sizeof host ? size : 0) - 2 * brackets,
             listen_at + brackets);
    if (!colon || !*host || !read_whole(colon + 1, strlen(colon + 1), &number) ||
        number > UINT16_MAX || getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        fail(f, 400, "--listen: expected ADDRESS:PORT, such as 127.0.0.1:8000, found '%s'",
             listen_at);
        return -1;
    }
    fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        fail(f, 500, "--listen %s: expected an address that is free, found: %s", listen_at,
             strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    struct sockaddr_storage address = { 0 };
    socklen_t length = sizeof address;
    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        *port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                    : ((struct sockaddr_in *)&address)->sin_port);
    return fd;
}

static struct MHD_Daemon *start_daemon(struct server *server, int fd)
{
    const struct server_options *const o = server->options;
    const bool tls = o->certificate != NULL;
    struct MHD_OptionItem tls_items[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, server->http->certificate.data },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, server->http->key.data },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0), 0, NULL,
        NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(o->max_connections > o->http_threads ? o->max_connections : o->http_threads),
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)o->max_connections_per_host,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->receive_seconds, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)(o->http_threads > 1 ? o->http_threads : 0),
        MHD_OPTION_ARRAY, tls ? tls_items : none, MHD_OPTION_END);
}

bool http_start(struct server *server, unsigned *port, struct failure *f)
{
    const struct server_options *const o = server->options;
    struct http *const http = calloc(1, sizeof *http);
    int fd = -1;
    bool ok;

    if (!http)
        return fail(f, 503, "server: out of memory");
    http->quiesced = MHD_INVALID_SOCKET;
    server->http = http;
    ok = deadlines_create(o->receive_seconds, &http->deadlines) ||
         fail(f, 503, "server: cannot start its thread of deadlines");
    if (ok && o->certificate)
        ok = file_text(o->certificate, &http->certificate, f) && file_text(o->key, &http->key, f);
    if (ok)
        ok = (fd = listening_socket(o->listen, port, f)) >= 0;
    if (ok) {
        http->daemon = start_daemon(server, fd);
        ok = http->daemon != NULL ||
             fail(f, 500, "server: cannot start%s",
                  o->certificate ? "; expected a certificate and its key, PEM" : "");
        if (!ok)
            close(fd);
    }
    if (!ok)
        http_stop(server);
    return ok;
}

/* Shut down, not closed: libmicrohttpd's threads may use the descriptor until they have ended. */
void http_quiesce(struct server *server)
{
    struct http *const http = server->http;

    http->quiesced = MHD_quiesce_daemon(http->daemon);
    if (http->quiesced != MHD_INVALID_SOCKET)
        shutdown(http->quiesced, SHUT_RDWR);
}

void http_stop(struct server *server)
{
    struct http *const http = server->http;

    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    if (http->quiesced != MHD_INVALID_SOCKET)
        close(http->quiesced);
    deadlines_free(http->deadlines);
    buffer_free(&http->certificate);
    buffer_free(&http->key);
    free(http);
    server->http = NULL;
}
