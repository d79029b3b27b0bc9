/*
 * main.c - measures what bench/peers/run.py asks for: a JSON object a line in, one a line out
 *
 *   run --levels                  the levels of this machine, strongest first
 *   run --isa LEVEL [--build DIRECTORY] [--without NAME,...] [--neighbor NAME]
 *
 * The first line describes the machine and the libraries; then each request is answered.
 */
#include <errno.h>
#include <getopt.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "measure/build_info.h"
#include "measure/cpu_text.h"
#include "neighbors/neighbor.h"
#include "session.h"
#include "settings.h"
#include "vit/inspect.h"
#include "vit/kernels.h"
#include "vit/vit.h"

#ifndef VIT_FLAGS
#define VIT_FLAGS "unknown"
#endif

const struct peer *const all_peers[PEERS] = { &peer_libvit,         &peer_openblas,
                                              &peer_blis,           &peer_onednn,
                                              &peer_onnxruntime,    &peer_pytorch,
                                              &peer_libvit_float32, &peer_ort_per_channel,
                                              &peer_ort_7_bits };

struct options {
    const char *build, *isa, *without;
    const struct neighbor *neighbor;
    bool levels;
};

static const struct {
    const char *kind;
    json_t *(*answer)(const struct session *session, const json_t *request);
} kinds[] = {
    { "forward", answer_forward },
    { "scaling", answer_scaling },
    { "start", answer_start },
};

static struct options read_options(int argc, char **argv)
{
    static const struct option known[] = {
        { "levels", no_argument, NULL, 'l' },         { "isa", required_argument, NULL, 'i' },
        { "build", required_argument, NULL, 'b' },    { "without", required_argument, NULL, 'w' },
        { "neighbor", required_argument, NULL, 'n' }, { NULL, 0, NULL, 0 }
    };
    struct options options = { .build = "build", .without = "" };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'l')
            options.levels = true;
        else if (c == 'i')
            options.isa = optarg;
        else if (c == 'b')
            options.build = optarg;
        else if (c == 'w')
            options.without = optarg;
        else if (c != 'n' || !(options.neighbor = neighbor_find(optarg)))
            fatal("unknown option or neighbor");
    }
    return options;
}

/* The levels that this machine can run, strongest first; libvit's default is the first. */
static json_t *levels(void)
{
    json_t *const list = json_array();
    const char *isa;
    int usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++)
        if (usable)
            json_array_insert_new(list, 0, json_string(isa));
    return list;
}

static void print_line(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

size_t request_size(const json_t *request, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(request, name));

    if (value < 1)
        fatal("request: %s: expected a number from 1 on, found %lld", name, (long long)value);
    return (size_t)value;
}

size_t request_rounds(const json_t *request)
{
    const size_t rounds = request_size(request, "rounds");

    if (rounds > MAX_ROUNDS)
        fatal("request: rounds: expected at most %d, found %zu", MAX_ROUNDS, rounds);
    return rounds;
}

const char *request_text(const json_t *request, const char *name)
{
    const char *const text = json_string_value(json_object_get(request, name));

    if (!text)
        fatal("request: %s: expected a string, found none", name);
    return text;
}

enum vit_precision request_precision(const json_t *request)
{
    const char *const text = json_string_value(json_object_get(request, "precision"));
    const char *name;

    for (int i = 0; (name = vit_value_name("precision", i)); i++)
        if (strcmp(text ? text : "float32", name) == 0)
            return (enum vit_precision)i;
    fatal("request: precision: expected the name of a precision, found %s", text);
}

static bool is_open(const struct session *session, const struct peer *peer)
{
    for (size_t p = 0; p < PEERS; p++)
        if (session->peers[p] == peer)
            return true;
    return false;
}

static bool is_own(const struct peer *peer)
{
    return peer == &peer_libvit || peer->of == &peer_libvit;
}

static bool open_peer(const struct session *session, const struct peer *peer, json_t *libraries,
                      json_t *missing)
{
    char text[TEXT_SIZE];

    if (peer->of)
        return is_open(session, peer->of);
    const bool there = peer->open(&session->machine, text);
    if (there)
        json_object_set_new(libraries, peer->name, json_string(text));
    else
        json_array_append_new(missing, json_sprintf("%s: %s", peer->name, text));
    return there;
}

static void open_peers(struct session *session, const char *without, json_t *facts)
{
    json_t *const libraries = json_object(), *const missing = json_array();
    json_t *const unheld = json_array();
    const bool held = session->machine.best || settings_hold(session->machine.kernels->isa);

    for (size_t p = 0; p < PEERS; p++) {
        const struct peer *const peer = all_peers[p];
        if (p > 0 && strstr(without, peer->name))
            continue;
        const bool there = open_peer(session, peer, libraries, missing);
        session->peers[p] = there ? peer : NULL;
        if (there && !is_own(peer) && (!held || (peer->unheld && !session->machine.best)))
            json_array_append_new(unheld, json_string(peer->name));
    }
    json_object_set_new(facts, "libraries", libraries);
    json_object_set_new(facts, "missing", missing);
    json_object_set_new(facts, "unheld", unheld);
    json_object_set_new(facts, "held", json_boolean(held));
}

static json_t *describe(const struct session *session)
{
    char cpu[256], caches[256];

    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "cpu", cpu, "caches", caches,
                     "version", vit_version(), "commit", build_commit(), "compiler",
                     build_compiler(), "flags", VIT_FLAGS, "level", session->machine.kernels->isa,
                     "cpus", (json_int_t)session->machine.cpu_count, "one_core",
                     session->machine.one_core);
}

static json_t *answer(const struct session *session, const json_t *request)
{
    const char *const kind = request_text(request, "kind");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            return kinds[i].answer(session, request);
    return answer_kernel(session, request);
}

/* A neighbor must be there before there are threads. */
static void start_neighbor(struct session *session, const struct neighbor *neighbor)
{
    if (session->machine.cpu_count < 2)
        fatal("--neighbor: expected a second processor, found one");
    if (!neighbor_start(neighbor, session->machine.cpus[1]))
        fatal("a neighbor cannot be started: %s",
              errno ? strerror(errno) : "it cannot be bound, or has no memory");
    session->beside = true;
}

int main(int argc, char **argv)
{
    const struct options options = read_options(argc, argv);
    struct session session = { .machine = { .build = options.build } };
    struct vit_error err;
    char text[TEXT_SIZE], *line = NULL;
    size_t size = 0;

    if (options.levels) {
        print_line(levels());
        return 0;
    }
    if (vit_kernels_get(options.isa, &session.machine.kernels, &err) != VIT_OK)
        fatal("--isa: %s", err.message);
    json_t *const all = levels(), *const settings = settings_apply(session.machine.kernels->isa);
    session.machine.best =
        strcmp(json_string_value(json_array_get(all, 0)), session.machine.kernels->isa) == 0;
    json_decref(all);
    bind_prepare(&session.machine);
    if (options.neighbor)
        start_neighbor(&session, options.neighbor);
    omp_set_num_threads(1); /* for oneDNN; libvit and the peak set their own number */
    json_t *const facts = describe(&session);
    json_object_set_new(facts, "settings", settings);
    json_object_set_new(facts, "models",
                        models_open(&session.machine, text) ? json_true() : json_string(text));
    open_peers(&session, options.without, facts);
    bind_threads(&session.machine);
    struct peak peak = peak_prepare(session.machine.kernels, 1);
    json_object_set_new(facts, "peak", json_real(peak_measure(&peak)));
    print_line(facts);
    while (getline(&line, &size, stdin) > 0) {
        json_t *const request = json_loads(line, 0, NULL);
        if (!request)
            fatal("expected a JSON object, found %s", line);
        print_line(answer(&session, request));
        json_decref(request);
    }
    free(line);
    neighbors_end();
    return 0;
}
