/* server.h - the running server: its options, models, threads and connections */
#ifndef VIT_SERVER_SERVER_H
#define VIT_SERVER_SERVER_H

#include <stdatomic.h>

#include "server/options.h"
#include "server/registry.h"
#include "server/work.h"

struct http;

struct server {
    const struct server_options *options;
    struct registry *registry;
    struct workers *workers; /* parse, decode, write long JSON */
    struct workers *loader;  /* one thread: loads and unloads models */
    struct http *http;
    atomic_bool draining;
    atomic_size_t in_flight; /* requests whose header has arrived, until they are answered */
};

#endif
