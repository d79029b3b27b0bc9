/* options.h - the command line of libvit-serve */
#ifndef VIT_SERVER_OPTIONS_H
#define VIT_SERVER_OPTIONS_H

#include "server/failure.h"
#include "server/settings.h"

enum { MAX_REPOSITORIES = 16 };

struct server_options {
    const char *listen;       /* ADDRESS:PORT */
    struct settings settings; /* of every model, unless its serve.json has another value */
    const char *repositories[MAX_REPOSITORIES];
    size_t repository_count;
    bool explicit_control;           /* load and unload are allowed */
    size_t max_body;                 /* bytes */
    size_t max_pixels;               /* of a picture */
    size_t max_connections;          /* at a time */
    size_t max_connections_per_host; /* of one address; 0: no limit */
    size_t receive_seconds;          /* from one answer to the next complete request */
    size_t exit_seconds;             /* for the requests in flight after SIGTERM */
    size_t drain_seconds;            /* that new requests are still served after SIGTERM */
    size_t http_threads, worker_threads;
    const char *certificate, *key; /* PEM files: TLS; or NULL */
    const char *access_log;        /* a file, "-" for standard error; NULL: none */
    bool help, version;
};

/*
 * Fills *options, which holds nothing before, with the defaults and the command line. The operands,
 * in order, become operands[*count], for which there is room for argc.
 * 400: an unknown option, or a value that its line of --help does not allow.
 */
bool options_read(int argc, char **argv, struct server_options *options, const char **operands,
                  size_t *count, struct failure *f);

/* Prints --help. */
void options_help(void);

#endif
