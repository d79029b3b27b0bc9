/*
 * main.c - libvit beside a neighbor: a program that uses other processors, or all of them
 *
 *   run NEIGHBOR [ROUNDS] [--isa LEVEL]   one of the neighbors of neighbor.c; 15 rounds
 *
 * Each round measures everything quiet and beside the neighbor in turn. Beside spin, which is on
 * every processor: the time and CPU time of every way to use threads (ways.c). Beside the others,
 * which are on another core: the speed that one thread keeps (kept.c).
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cores.h"
#include "measure/cpu_text.h"
#include "measurements.h"
#include "vit/kernels.h"

enum { ROUNDS = 15, MOST_ROUNDS = 10000 };

void fatal(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("neighbors: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    neighbors_end();
    exit(EXIT_FAILURE);
}

void enter_state(size_t state)
{
    if (state == BESIDE)
        neighbors_go();
    else
        neighbors_stop();
}

double median(struct samples *s)
{
    samples_sort(s);
    return samples_quantile(s, 0.5);
}

static const struct neighbor *choose_neighbor(const char *name)
{
    const struct neighbor *const found = neighbor_find(name);

    for (size_t i = 0; i < NEIGHBORS && !found; i++)
        fprintf(stderr, "%-8s %s\n", neighbors[i].name, neighbors[i].title);
    if (!found)
        fatal("expected one of these neighbors, found %s", name ? name : "none");
    return found;
}

static void start(const struct neighbor *neighbor, int cpu)
{
    if (!neighbor_start(neighbor, cpu))
        fatal("a neighbor cannot be started on processor %d: %s", cpu,
              errno ? strerror(errno) : "it cannot be bound, or has no memory");
}

static size_t start_everywhere(const struct neighbor *neighbor)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed))
        fatal("cannot get the processors of this process: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            start(neighbor, cpu);
    return (size_t)CPU_COUNT(&allowed);
}

static void measure_beside(const struct neighbor *neighbor, size_t rounds, const char *isa)
{
    const struct cores cores = cores_find();
    const size_t count = kept_count(isa);

    if (cores.count < 2) {
        printf("0 of %zu run: this process may use one processor, and %s needs another\n", count,
               neighbor->name);
        return;
    }
    start(neighbor, cores.cpus[1]); /* before there are threads */
    if (!cores_bind(0, cores.cpus[0]))
        fatal("processor %d: %s", cores.cpus[0], strerror(errno));
    printf("processor %d; beside: %s on processor %d%s\n", cores.cpus[0], neighbor->title,
           cores.cpus[1], cores.one_core ? ", a hardware thread of the same core" : "");
    measure_kept(rounds, isa);
    printf("%zu of %zu run\n", count, count);
}

int main(int argc, char **argv)
{
    static const struct option known[] = { { "isa", required_argument, NULL, 'i' },
                                           { NULL, 0, NULL, 0 } };
    const char *isa = NULL;
    struct vit_error err;
    const struct vit_kernels *kernels;
    char cpu[256], caches[256];
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c != 'i')
            fatal("expected NEIGHBOR [ROUNDS] [--isa LEVEL]");
        isa = optarg;
    }
    const struct neighbor *const neighbor = choose_neighbor(argv[optind]);
    const long wanted = optind + 1 < argc ? strtol(argv[optind + 1], NULL, 10) : ROUNDS;
    const size_t rounds = wanted > 0 && wanted < MOST_ROUNDS ? (size_t)wanted : ROUNDS;
    if (isa && vit_kernels_get(isa, &kernels, &err) != VIT_OK)
        fatal("--isa: %s", err.message);
    setvbuf(stdout, NULL, _IOLBF, 0); /* a measurement takes a minute */
    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    printf("%s; %s\n", cpu, caches);
    if (neighbor->everywhere)
        measure_ways(neighbor, start_everywhere(neighbor), rounds);
    else
        measure_beside(neighbor, rounds, isa);
    neighbors_end();
    return EXIT_SUCCESS;
}
