/* main.c - compares libvit with other libraries: options, levels, the JSON file */
#include <errno.h>
#include <getopt.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bind.h"
#include "measure/build_info.h"
#include "session.h"
#include "settings.h"
#include "vit/kernels.h"

#ifndef VIT_FLAGS
#define VIT_FLAGS "unknown"
#endif

const struct peer *const all_peers[PEERS] = { &peer_libvit, &peer_openblas,    &peer_blis,
                                              &peer_onednn, &peer_onnxruntime, &peer_pytorch };

static const struct group {
    const char *name;
    void (*measure)(struct session *session);
    bool models;      /* needs whole models, which make_model.py writes */
    bool every_level; /* also measured on lower levels, unless --isa names one */
} groups[] = {
    { "matmul", measure_matmul, false, true },
    { "rows", measure_rows, false, true },
    { "forward", measure_forward, true, false },
    { "start", measure_start, true, false },
};
enum { GROUPS = sizeof groups / sizeof *groups };

struct options {
    const char *build, *json, *isa;
    size_t rounds;
    bool group[GROUPS];
    const char *models[MAX_MODELS];
    size_t model_count;
};

static const char usage[] =
    "usage: run [--only GROUP,...] [--isa LEVEL] [--rounds N] [--models NAME,...]\n"
    "           [--json FILE] [--build DIRECTORY]\n"
    "Groups are matmul, rows, forward and start. Without --isa, matmul and rows are measured on\n"
    "every level but scalar, and the others on the best.\n";

static void choose_groups(struct options *options, char *list)
{
    memset(options->group, 0, sizeof options->group);
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        size_t g = 0;
        while (g < GROUPS && strcmp(groups[g].name, name) != 0)
            g++;
        if (g == GROUPS)
            fatal("--only: expected matmul, rows, forward or start, found \"%s\"", name);
        options->group[g] = true;
    }
}

static void choose_models(struct options *options, char *list)
{
    options->model_count = 0;
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        if (options->model_count == MAX_MODELS)
            fatal("--models: expected at most %d", MAX_MODELS);
        options->models[options->model_count++] = name;
    }
}

static struct options read_options(int argc, char **argv)
{
    static const struct option known[] = {
        { "only", required_argument, NULL, 'o' },   { "isa", required_argument, NULL, 'i' },
        { "rounds", required_argument, NULL, 'r' }, { "models", required_argument, NULL, 'm' },
        { "json", required_argument, NULL, 'j' },   { "build", required_argument, NULL, 'b' },
        { "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 }
    };
    struct options options = { .build = "build",
                               .rounds = 15,
                               .group = { true, true, true, true },
                               .models = { "vit_small_patch16_224", "vit_base_patch16_224",
                                           "vit_large_patch16_224" },
                               .model_count = 3 };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'o')
            choose_groups(&options, optarg);
        else if (c == 'i')
            options.isa = optarg;
        else if (c == 'r')
            options.rounds = strtoul(optarg, NULL, 10);
        else if (c == 'm')
            choose_models(&options, optarg);
        else if (c == 'j')
            options.json = optarg;
        else if (c == 'b')
            options.build = optarg;
        else {
            fputs(usage, c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    if (options.rounds < 1 || options.rounds > MAX_ROUNDS)
        fatal("--rounds: expected 1 to %d", MAX_ROUNDS);
    if (optind < argc)
        fatal("expected options alone, found \"%s\"", argv[optind]);
    return options;
}

static void open_peers(struct session *session)
{
    json_t *const libraries = json_object(), *const missing = json_array();
    char text[TEXT_SIZE];

    for (size_t p = 0; p < PEERS; p++) {
        const bool there = all_peers[p]->open(&session->machine, text);
        session->peers[p] = there ? all_peers[p] : NULL;
        printf("%-13s %s%s\n", all_peers[p]->name, there ? "" : "missing: ", text);
        if (there)
            json_object_set_new(libraries, all_peers[p]->name, json_string(text));
        else
            json_array_append_new(missing, json_sprintf("%s: %s", all_peers[p]->name, text));
    }
    session->facts = json_pack("{s:o, s:o}", "libraries", libraries, "missing", missing);
}

static bool is_measured(const struct options *options, size_t group, bool best)
{
    return options->group[group] && (best || options->isa || groups[group].every_level);
}

/* Scalar is written for readability: it is measured only on request. */
static bool is_wanted(const struct options *options, const char *isa, bool best)
{
    bool any = false;

    for (size_t g = 0; g < GROUPS; g++)
        any = any || is_measured(options, g, best);
    return any && strcmp(isa, options->isa ? options->isa : isa) == 0 &&
           (options->isa || strcmp(isa, "scalar") != 0);
}

/* Everything of one level, as {"facts": ..., "results": [...]}. */
static json_t *measure_level(const struct options *options, const struct vit_kernels *kernels,
                             bool best)
{
    struct session session = { .machine = { options->build, kernels, best, { 0 }, 0 },
                               .rounds = options->rounds,
                               .model_count = options->model_count,
                               .results = json_array() };
    char text[TEXT_SIZE];

    memcpy(session.models, options->models, sizeof session.models);
    printf("\n%s, medians of %zu rounds\n", kernels->isa, options->rounds);
    settings_apply(kernels->isa);
    omp_set_num_threads(1); /* for oneDNN; libvit and the peak set their own number */
    bind_prepare(&session.machine);
    const bool models = models_open(&session.machine, text);
    open_peers(&session);
    if (!models)
        json_array_append_new(
            json_object_get(session.facts, "missing"),
            json_sprintf("forward and start: their models need Python: %s", text));
    bind_threads(&session.machine);
    for (size_t g = 0; g < GROUPS; g++) {
        if (!is_measured(options, g, best))
            continue;
        if (groups[g].models && !models)
            printf("\n%s: missing: its models need Python: %s\n", groups[g].name, text);
        else
            groups[g].measure(&session);
    }
    return json_pack("{s:o, s:o}", "facts", session.facts, "results", session.results);
}

/*
 * Runs each level in a separate process: the libraries read their settings when they are loaded,
 * and the threads of one level would disturb the next.
 */
static json_t *run_level(const struct options *options, const struct vit_kernels *kernels,
                         bool best)
{
    int ends[2], status;

    fflush(stdout);
    if (pipe(ends) < 0)
        fatal("no pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid < 0)
        fatal("no process: %s", strerror(errno));
    if (pid == 0) {
        close(ends[0]);
        json_t *const level = measure_level(options, kernels, best);
        exit(json_dumpfd(level, ends[1], 0) == 0 ? 0 : 1);
    }
    close(ends[1]);
    json_t *const level = json_loadfd(ends[0], 0, NULL);
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (status != 0 || !level)
        fatal("%s was not measured to its end", kernels->isa);
    return level;
}

static json_t *context_of(const struct options *options)
{
    const time_t seconds = time(NULL);
    char date[32], cpu[256];

    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
    vit_cpu_name(cpu, sizeof cpu);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "date", date, "cpu", cpu, "commit",
                     build_commit(), "compiler", build_compiler(), "flags", VIT_FLAGS, "rounds",
                     (json_int_t)options->rounds);
}

static void write_json(const struct options *options, json_t *root)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/bench-peers.json", options->build);
    const char *const file = options->json ? options->json : path;
    if (json_dump_file(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0)
        fatal("%s: cannot be written", file);
    printf("\n%s has every figure\n", file);
}

/* The plots read a flat file: the libraries of the best level, the results of every level. */
static void add_level(json_t *root, json_t *level, const char *isa, bool first)
{
    json_t *const context = json_object_get(root, "context");
    json_t *const facts = json_object_get(level, "facts");
    char name[64];

    json_array_extend(json_object_get(root, "results"), json_object_get(level, "results"));
    if (first) {
        json_object_update(context, facts);
    } else {
        snprintf(name, sizeof name, "libraries_%s", isa);
        json_object_set(context, name, json_object_get(facts, "libraries"));
    }
    json_decref(level);
}

int main(int argc, char **argv)
{
    const struct options options = read_options(argc, argv);
    const struct vit_kernels *kernels;
    struct vit_error err;
    size_t levels = 0;
    bool best = true, first = true;
    int usable;

    if (options.isa && vit_kernels_get(options.isa, &kernels, &err) != VIT_OK)
        fatal("--isa: %s", err.message);
    json_t *const root =
        json_pack("{s:o, s:o}", "context", context_of(&options), "results", json_array());
    while (vit_isa_level(levels, &usable))
        levels++;
    while (levels-- > 0) {
        const char *const isa = vit_isa_level(levels, &usable);
        if (!usable || vit_kernels_get(isa, &kernels, NULL) != VIT_OK)
            continue;
        if (is_wanted(&options, isa, best)) {
            add_level(root, run_level(&options, kernels, best), isa, first);
            first = false;
        }
        best = false;
    }
    write_json(&options, root);
    json_decref(root);
    return 0;
}
