/* main.c - libvit-serve: reads the options, loads the models, serves until SIGTERM, drains */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/access_log.h"
#include "server/clock.h"
#include "server/http.h"
#include "vit/parallel.h"

enum { EXIT_LEFT = 1, EXIT_ERROR = 2, MILLISECOND = 1000000 };

static bool add_models(struct server *server, const char **operands, size_t count,
                       struct failure *f)
{
    const struct server_options *const o = server->options;
    bool ok = true;

    for (size_t i = 0; ok && i < count; i++) {
        const char *const equals = strchr(operands[i], '=');
        char name[NAME_BYTES + 1];
        if (equals)
            snprintf(name, sizeof name, "%.*s",
                     (int)(equals - operands[i] < NAME_BYTES ? equals - operands[i] : NAME_BYTES),
                     operands[i]);
        ok = registry_add(server->registry, equals ? name : NULL, equals ? equals + 1 : operands[i],
                          f);
    }
    for (size_t i = 0; ok && i < o->repository_count; i++)
        ok = registry_scan(server->registry, o->repositories[i], f);
    return ok;
}

/* The processors that this process may use: the threads of a pool by default. 0: a failure. */
static size_t count_processors(struct failure *f)
{
    struct vit_thread_pool *pool;
    struct vit_error err = { .status = VIT_OK };

    if (vit_pool_create(NULL, &pool, &err) != VIT_OK)
        return fail_vit(f, "threads", &err);
    const size_t processors = vit_pool_threads(pool);
    vit_pool_free(pool);
    return processors;
}

static bool start(struct server *server, const struct server_options *o, const char **operands,
                  size_t count, struct failure *f)
{
    unsigned port;

    if (count == 0 && o->repository_count == 0)
        return fail(f, 400, "expected a model's directory, found none; see libvit serve --help");
    const size_t processors = count_processors(f);
    if (!processors || !access_log_open(o->access_log, f) ||
        !registry_create(&o->settings, processors, &server->registry, f) ||
        !add_models(server, operands, count, f) || !registry_load_all(server->registry, f))
        return false;
    if (!workers_create(o->worker_threads, &server->workers) || !workers_create(1, &server->loader))
        return fail(f, 503, "server: cannot start its threads");
    if (!http_start(server, &port, f))
        return false;
    printf("libvit-serve: listening on %s://%.*s:%u\n", o->certificate ? "https" : "http",
           (int)(strrchr(o->listen, ':') - o->listen), o->listen, port);
    fflush(stdout);
    return true;
}

/* Waits up to so many seconds, or until nothing is in flight if `idle`; true: nothing is. */
static bool wait_seconds(struct server *server, size_t seconds, bool idle)
{
    const uint64_t end = clock_ns() + (uint64_t)seconds * 1000 * MILLISECOND;
    const struct timespec pause = { .tv_nsec = 5 * MILLISECOND };

    while (clock_ns() < end && !(idle && atomic_load(&server->in_flight) == 0))
        nanosleep(&pause, NULL);
    return atomic_load(&server->in_flight) == 0;
}

/*
 * In this order: readiness falls, so that a balancer turns away; batches stop waiting, also those
 * that a request in flight joins later; no more connections; what is in flight is answered.
 */
static bool drain(struct server *server)
{
    atomic_store(&server->draining, true);
    registry_hurry(server->registry);
    wait_seconds(server, server->options->drain_seconds, false);
    http_quiesce(server);
    return wait_seconds(server, server->options->exit_seconds, true);
}

static void wait_for_signal(const sigset_t *signals)
{
    int number = 0;

    while (sigwait(signals, &number) == 0 && number == SIGHUP)
        access_log_reopen();
}

static int serve(struct server *server, const struct server_options *o, const char **operands,
                 size_t count)
{
    struct failure f = { .http = 0 };
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* for every thread that is started */
    const bool started = start(server, o, operands, count, &f);
    if (started) {
        wait_for_signal(&signals);
        if (!drain(server)) {
            fprintf(stderr,
                    "libvit-serve: --exit-timeout: expected every request answered, found "
                    "%zu left\n",
                    (size_t)atomic_load(&server->in_flight));
            fflush(stderr);
            _Exit(EXIT_LEFT); /* threads still compute for them */
        }
        http_stop(server);
    } else
        fprintf(stderr, "libvit-serve: %s\n", f.message);
    workers_free(server->loader);
    workers_free(server->workers);
    registry_free(server->registry);
    access_log_close();
    return started ? EXIT_SUCCESS : EXIT_ERROR;
}

int main(int argc, char **argv)
{
    static struct server_options options;
    static struct server server;
    struct failure f;
    size_t count;
    int status = EXIT_ERROR;
    const char **const operands = calloc((size_t)argc + 1, sizeof *operands);

    server.options = &options;
    if (!operands)
        fputs("libvit-serve: out of memory\n", stderr);
    else if (!options_read(argc, argv, &options, operands, &count, &f))
        fprintf(stderr, "libvit-serve: %s\n", f.message);
    else if (options.help || options.version) {
        if (options.help)
            options_help();
        else
            printf("libvit-serve %s\n", vit_version());
        status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_ERROR;
    } else
        status = serve(&server, &options, operands, count);
    free(operands);
    return status;
}
