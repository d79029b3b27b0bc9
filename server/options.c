/* options.c - the command line of libvit-serve: one table of its options */
#include "server/options.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "server/number.h"
#include "server/settings_file.h"
#include "server/stats.h"
#include "vit/inspect.h"

enum kind { FLAG, TEXT, WHOLE, WHOLE64, PRECISION, CONTROL, REPOSITORY };

#define FIELD(name)   offsetof(struct server_options, name)
#define SETTING(name) offsetof(struct server_options, settings.name)

static const struct option {
    const char *name, *value; /* value NULL: a flag */
    enum kind kind;
    size_t field;
    double min, max; /* of a number */
    const char *help;
} options[] = {
    { "listen", "ADDRESS:PORT", TEXT, FIELD(listen), 0, 0,
      "where to listen, such as [::]:8000; 127.0.0.1:8000 by default; port 0: a free one" },
    { "model-repository", "DIRECTORY", REPOSITORY, 0, 0, 0,
      "serve each directory in it under its name" },
    { "model-control-mode", "none|explicit", CONTROL, FIELD(explicit_control), 0, 0,
      "explicit: clients may load and unload models; none by default" },
    { "max-batch", "N", WHOLE, SETTING(max_batch), 1, MAX_BATCH,
      "images of a forward pass, and of a request; 16 by default" },
    { "queue-delay", "MICROSECONDS", WHOLE64, SETTING(delay_us), 0, 1e9,
      "how long a batch waits to fill; 0 by default: it takes what is there" },
    { "queue-limit", "N", WHOLE, SETTING(queue_limit), 0, 1e9,
      "requests of a model that may wait; 1024 by default, 0: any number" },
    { "queue-timeout", "MICROSECONDS", WHOLE64, SETTING(timeout_us), 0, 1e12,
      "how long a request may wait; 0 by default: until it is served" },
    { "priority-levels", "N", WHOLE, SETTING(priorities), 0, MAX_PRIORITIES,
      "levels of priority; 0 by default: the priority of a request is ignored" },
    { "default-priority", "N", WHOLE, SETTING(default_priority), 1, MAX_PRIORITIES,
      "the level of requests without one; 1 by default, which is the highest" },
    { "instances", "N", WHOLE, SETTING(instances), 1, 256,
      "contexts of each model, which compute batches at the same time; 1 by default" },
    { "threads", "N", WHOLE, SETTING(threads), 1, 1024,
      "threads of each context; by default the processors, shared by the contexts" },
    { "precision", "TYPE", PRECISION, SETTING(precision), 0, 0,
      "number types of the linear layers: float32, the default; float16; int8" },
    { "keep", "LAYERS", TEXT, SETTING(keep), 0, 0, "linear layers that stay in float32" },
    { "isa", "LEVEL", TEXT, SETTING(isa), 0, 0, "the instruction set, in place of the default" },
    { "packed", "FILE", TEXT, SETTING(packed), 0, 0,
      "packed weights in the directory of each checkpoint, which libvit info --packed writes" },
    { "max-body", "BYTES", WHOLE, FIELD(max_body), 1, 4e9,
      "of a request, also after decompression; 67108864 by default" },
    { "max-pixels", "N", WHOLE, FIELD(max_pixels), 1, 1e9, "of a picture; 33554432 by default" },
    { "max-connections", "N", WHOLE, FIELD(max_connections), 1, 60000,
      "open at a time; 1024 by default" },
    { "max-connections-per-host", "N", WHOLE, FIELD(max_connections_per_host), 0, 60000,
      "of one address; 0 by default: no limit of its own" },
    { "receive-timeout", "SECONDS", WHOLE, FIELD(receive_seconds), 1, 86400,
      "from one answer to the end of the next request; 60 by default" },
    { "exit-timeout", "SECONDS", WHOLE, FIELD(exit_seconds), 0, 86400,
      "for requests in flight after SIGTERM; 30 by default" },
    { "drain-delay", "SECONDS", WHOLE, FIELD(drain_seconds), 0, 3600,
      "new connections are accepted for so long after SIGTERM; 0 by default" },
    { "http-threads", "N", WHOLE, FIELD(http_threads), 1, 256,
      "threads for connections; 2 by default" },
    { "worker-threads", "N", WHOLE, FIELD(worker_threads), 1, 256,
      "threads that decode pictures and parse long JSON; 2 by default" },
    { "certificate", "FILE", TEXT, FIELD(certificate), 0, 0, "TLS: the certificates, PEM" },
    { "key", "FILE", TEXT, FIELD(key), 0, 0, "TLS: the private key, PEM" },
    { "access-log", "FILE", TEXT, FIELD(access_log), 0, 0,
      "one line of JSON for each request; - for standard error; none by default" },
    { "help", NULL, FLAG, FIELD(help), 0, 0, "print this text" },
    { "version", NULL, FLAG, FIELD(version), 0, 0, "print the version" },
};

static const struct server_options defaults = {
    .listen = "127.0.0.1:8000",
    .settings = { .max_batch = 16, .queue_limit = 1024, .default_priority = 1, .instances = 1 },
    .max_body = 64 << 20,
    .max_pixels = 32 << 20,
    .max_connections = 1024,
    .receive_seconds = 60,
    .exit_seconds = 30,
    .http_threads = 2,
    .worker_threads = 2,
};

static bool read_number(const struct option *o, const char *text, uint64_t *value)
{
    return read_whole(text, strlen(text), value) && (double)*value >= o->min &&
           (double)*value <= o->max;
}

static bool set(const struct option *o, const char *text, struct server_options *target)
{
    void *const field = (char *)target + o->field;
    uint64_t value;

    switch (o->kind) {
    case FLAG:
        *(bool *)field = true;
        return true;
    case TEXT:
        *(const char **)field = text;
        return *text != '\0';
    case WHOLE:
        return read_number(o, text, &value) && (*(size_t *)field = (size_t)value, true);
    case WHOLE64:
        return read_number(o, text, field);
    case PRECISION:
        return settings_precision(text, field);
    case CONTROL:
        *(bool *)field = strcmp(text, "explicit") == 0;
        return *(bool *)field || strcmp(text, "none") == 0;
    default:
        if (!*text || target->repository_count == MAX_REPOSITORIES)
            return false;
        target->repositories[target->repository_count++] = text;
        return true;
    }
}

/* The option of an argument "--name" or "--name=value"; *value is NULL without "=". */
static const struct option *find(const char *argument, const char **value)
{
    const char *const name = argument + 2;
    const size_t size = strcspn(name, "=");

    *value = name[size] ? name + size + 1 : NULL;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0)
            return &options[i];
    return NULL;
}

bool options_read(int argc, char **argv, struct server_options *target, const char **operands,
                  size_t *count, struct failure *f)
{
    bool only_operands = false;

    *target = defaults;
    *count = 0;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (only_operands || strncmp(argv[i], "-", 1) != 0) {
            operands[(*count)++] = argv[i];
            continue;
        }
        only_operands = strcmp(argv[i], "--") == 0;
        if (only_operands)
            continue;
        const struct option *const o =
            strcmp(argv[i], "-h") == 0
                ? find("--help", &value)
                : (strncmp(argv[i], "--", 2) == 0 ? find(argv[i], &value) : NULL);
        if (!o)
            return fail(f, 400, "expected an option of libvit serve --help, found '%s'", argv[i]);
        if (o->value && !value && i + 1 < argc)
            value = argv[++i];
        if (!o->value != !value || !set(o, value ? value : "", target))
            return fail(f, 400, "--%s: expected %s, found '%s'; see libvit serve --help", o->name,
                        o->value ? o->value : "no value", value ? value : "none");
    }
    if (!target->certificate != !target->key)
        return fail(f, 400, "--certificate and --key: expected both or none, found one");
    return settings_check("options", &target->settings, f);
}

void options_help(void)
{
    puts("Usage: libvit serve [NAME=]DIRECTORY... [options]\n\n"
         "Serves models over HTTP/1.1 by the Open Inference Protocol v2, as Triton speaks it.\n"
         "DIRECTORY is a checkpoint, or has checkpoints in directories 1, 2, ...: its versions,\n"
         "of which the highest is served. NAME is its last component by default. A file\n"
         "serve.json in it has settings of that model. docs/server.md describes the rest.\n\n"
         "Options:");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        printf("  --%s%s%s\n      %s\n", options[i].name, options[i].value ? " " : "",
               options[i].value ? options[i].value : "", options[i].help);
    puts("\nSIGTERM: not ready any more, answers what it has, exits with 0. Errors go to standard\n"
         "error; the exit status is then 2, or 1 if requests were left at the exit timeout.");
}
