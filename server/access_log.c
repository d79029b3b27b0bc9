/* access_log.c - one line of JSON for each request */
#include "server/access_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"

static struct {
    pthread_mutex_t lock;
    const char *path;
    int fd; /* -1: none */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

enum { MODE = 0640 };

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, MODE);
}

bool access_log_open(const char *path, struct failure *f)
{
    if (!path)
        return true;
    state.path = path;
    state.fd = strcmp(path, "-") == 0 ? dup(STDERR_FILENO) : open_file(path);
    return state.fd >= 0 || fail(f, 400, "--access-log %s: %s", path, strerror(errno));
}

void access_log_reopen(void)
{
    if (!state.path || strcmp(state.path, "-") == 0)
        return;
    const int fd = open_file(state.path);
    if (fd < 0)
        return; /* the old file is better than none */
    pthread_mutex_lock(&state.lock);
    close(state.fd);
    state.fd = fd;
    pthread_mutex_unlock(&state.lock);
}

void access_log_close(void)
{
    if (state.fd >= 0)
        close(state.fd);
    state.fd = -1;
}

static void client(struct MHD_Connection *connection, char text[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *const address = info ? info->client_addr : NULL;

    snprintf(text, INET6_ADDRSTRLEN, "unknown");
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
                  INET6_ADDRSTRLEN);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
                  INET6_ADDRSTRLEN);
}

/* RFC 3339, in UTC, with milliseconds. */
static void now_text(char text[32])
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    const size_t size = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + size, 32 - size, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static void write_line(const struct request *r, struct MHD_Connection *connection, bool complete,
                       struct buffer *line)
{
    const struct job_times *const t = &r->job.times;
    char address[INET6_ADDRSTRLEN], time[32];
    struct json *const j = json_begin(line);

    if (!j)
        return;
    client(connection, address);
    now_text(time);
    json_open(j, NULL, '{');
    json_text(j, "time", time);
    json_text(j, "client", address);
    json_text(j, "method", r->method);
    json_text(j, "path", r->path);
    json_whole(j, "status", (uint64_t)r->status);
    json_flag(j, "complete", complete);
    json_whole(j, "bytes_in", r->bytes_in);
    json_whole(j, "bytes_out", r->bytes_out);
    json_whole(j, "us", (clock_ns() - r->begin_ns) / 1000);
    if (r->job.batch)
        json_whole(j, "images", r->job.batch);
    if (t->computed) {
        json_whole(j, "queue_us", (t->started - t->queued) / 1000);
        json_whole(j, "compute_us", (t->computed - t->started) / 1000);
    }
    if (r->failure.http)
        json_text(j, "error", r->failure.message);
    json_close(j, '}');
    json_end(j);
    buffer_add(line, "\n", 1);
}

void access_log_request(const struct request *r, struct MHD_Connection *connection, bool complete)
{
    struct buffer line = { 0 };

    if (!state.path)
        return;
    write_line(r, connection, complete, &line);
    pthread_mutex_lock(&state.lock);
    if (!line.failed && write(state.fd, line.data, line.size) < 0)
        line.failed = true; /* a full disk does not stop the server */
    pthread_mutex_unlock(&state.lock);
    buffer_free(&line);
}
