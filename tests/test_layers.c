/* test_layers.c - each file includes only lower layers, and includes form no cycle */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"

/* Each directory, and what its files may include by quoted name: prefixes of such names. */
static const struct layer {
    const char *directory, *may[10];
} layers[] = {
    { "include/vit", { "vit/" } },
    { "kernels", { "kernels/", "vit/kernels.h" } },
    { "kernels/*", { "kernels/", "vit/kernels.h" } },
    { "lib/base",
      { "base/", "kernels/register.h", "kernels/levels.h", "vit/kernels.h", "vit/parallel.h",
        "vit/status.h" } },
    { "lib/ops", { "ops/", "base/", "vit/kernels.h" } },
    { "lib/config", { "config/", "base/", "vit/config.h", "vit/status.h", "vit/inspect.h" } },
    { "lib/files", { "files/", "base/", "vit/status.h" } },
    { "lib/checkpoint",
      { "checkpoint/", "files/", "config/", "base/", "vit/config.h", "vit/status.h",
        "vit/inspect.h" } },
    { "lib/model", { "model/", "checkpoint/", "config/", "base/", "vit/" } },
    { "image", { "image/", "base/message.h", "vit/image.h", "vit/pixels.h", "vit/status.h" } },
    { "check", { "check/", "vit/" } },
    { "measure", { "measure/", "vit/" } },
    { "measure/kinds", { "measure/", "check/kernel_cases.h", "check/matmul_scratch.h", "vit/" } },
    { "tools", { "tools/", "check/", "measure/", "vit/" } },
    { "server", { "server/", "vit/" } },
    { "examples", { "vit/" } },
};

enum { MAX_NODES = 512, MAX_EDGES = 4096, NAME = 128 };

/* A module: x.c and x.h of one directory, by the name that others include without its .h. */
static struct {
    char nodes[MAX_NODES][NAME];
    size_t count;
    struct {
        size_t from, to;
    } edges[MAX_EDGES];
    size_t edge_count;
    unsigned char state[MAX_NODES]; /* 1: on the path, 2: done */
} graph;

static size_t node(const char *name)
{
    for (size_t i = 0; i < graph.count; i++)
        if (strcmp(graph.nodes[i], name) == 0)
            return i;
    cr_assert_lt(graph.count, MAX_NODES);
    snprintf(graph.nodes[graph.count], NAME, "%s", name);
    return graph.count++;
}

/* "lib/model/pool.c" and "model/pool.h" are "model/pool", "include/vit/vit.h" is "vit/vit". */
static void module_of(const char *path, char name[NAME])
{
    static const char *const roots[] = { "lib/", "include/" };

    for (size_t i = 0; i < 2; i++)
        if (strncmp(path, roots[i], strlen(roots[i])) == 0)
            path += strlen(roots[i]);
    snprintf(name, NAME, "%s", path);
    *strrchr(name, '.') = '\0';
}

static bool allowed(const struct layer *layer, const char *included)
{
    for (size_t i = 0; layer->may[i]; i++)
        if (strncmp(included, layer->may[i], strlen(layer->may[i])) == 0)
            return true;
    return false;
}

/* Reads the quoted includes of a file, and those of <vit/...>. */
static size_t read_file(const struct layer *layer, const char *path)
{
    char line[512], included[NAME], from[NAME], to[NAME];
    FILE *const file = fopen(path, "r");
    size_t count = 0;

    cr_assert_not_null(file, "%s", path);
    module_of(path, from);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "#include \"%127[^\"]\"", included) != 1 &&
            sscanf(line, "#include <vit/%100[^>]>", included) != 1)
            continue;
        if (strstr(line, "<vit/")) {
            snprintf(to, sizeof to, "vit/%.100s", included);
            snprintf(included, sizeof included, "%s", to);
        }
        cr_assert(allowed(layer, included), "%s: expected an include of a lower layer, found %s",
                  path, included);
        module_of(included, to);
        count++;
        if (strcmp(from, to) == 0 || strcmp(layer->directory, "check") == 0)
            continue; /* check.h is the interface of both check.c and run.c, which makes a cycle */
        cr_assert_lt(graph.edge_count, MAX_EDGES);
        graph.edges[graph.edge_count].from = node(from);
        graph.edges[graph.edge_count++].to = node(to);
    }
    fclose(file);
    return count;
}

static size_t read_layer(const struct layer *layer)
{
    size_t count = 0;

    for (int c = 0; c < 2; c++) {
        char pattern[64];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/*.%c", layer->directory, "ch"[c]);
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++)
                count += read_file(layer, found.gl_pathv[i]);
        globfree(&found);
    }
    return count;
}

static void visit(size_t n, char *path, size_t length)
{
    length += (size_t)snprintf(path + length, 2048 - length, " -> %s", graph.nodes[n]);
    cr_assert_neq(graph.state[n], 1, "expected no cycle, found%s", path);
    if (graph.state[n] == 2)
        return;
    graph.state[n] = 1;
    for (size_t i = 0; i < graph.edge_count; i++)
        if (graph.edges[i].from == n)
            visit(graph.edges[i].to, path, length);
    graph.state[n] = 2;
}

Test(layers, include_only_lower_layers_without_cycles)
{
    char path[2048];

    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const size_t count = read_layer(&layers[i]);
        cr_assert_gt(count, 0, "%s", layers[i].directory);
        count_checks(count);
    }
    for (size_t i = 0; i < graph.count; i++)
        visit(i, path, 0);
    count_checks(graph.count);
}
