/*
 * main.c - forward passes beside a neighbor: a program that uses every processor
 *
 *   run NEIGHBOR [ROUNDS]   one of the neighbors below; 15 rounds
 *
 * Each round measures every way to use threads, quiet and beside the neighbor in turn: the medians
 * of wall time and of CPU time, in milliseconds a pass, and both relative to one thread.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure/clock.h"
#include "measure/samples.h"
#include "vit/inspect.h"
#include "vit/kernels.h"
#include "vit/parallel.h"
#include "vit/vit.h"

static const char *const architecture = "vit_tiny_patch16_224";
enum { PASSES = 4, ROUNDS = 15, MOST_ROUNDS = 10000, CLASSES = 1000, IMAGE = 3 * 224 * 224 };

static void spin(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

/* Each runs without end, once on every processor. */
static const struct neighbor {
    const char *name, *title;
    void (*run)(void);
} neighbors[] = {
    { "spin", "a loop without memory", spin },
};
enum { NEIGHBORS = sizeof neighbors / sizeof *neighbors };

/* Ways to use threads: those of the context, or a pool. */
static const struct way {
    const char *name;
    size_t threads;
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
} ways[] = {
    { "1 thread", 1, NULL },
    { "2 threads", 2, NULL },
    { "2 of a pool", 2, vit_pool_run },
};
enum { WAYS = sizeof ways / sizeof *ways, QUIET = 0, BESIDE = 1, STATES = 2 };

static struct {
    pid_t processes[CPU_SETSIZE];
    size_t count;
} neighborhood;

static void signal_neighbors(int number)
{
    for (size_t i = 0; i < neighborhood.count; i++)
        kill(neighborhood.processes[i], number);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fatal(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("neighbors: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    signal_neighbors(SIGKILL);
    exit(EXIT_FAILURE);
}

static void become(const struct neighbor *neighbor, int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || sched_setaffinity(0, sizeof one, &one))
        _exit(EXIT_FAILURE);
    raise(SIGSTOP);
    neighbor->run();
}

/* Starts a stopped neighbor on each processor that this process may use. */
static void start_neighbors(const struct neighbor *neighbor)
{
    cpu_set_t allowed;
    int status;

    if (sched_getaffinity(0, sizeof allowed, &allowed))
        fatal("cannot get the processors of this process: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        const pid_t pid = fork();
        if (pid < 0)
            fatal("cannot start a neighbor: %s", strerror(errno));
        if (pid == 0)
            become(neighbor, cpu);
        neighborhood.processes[neighborhood.count++] = pid;
        if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
            fatal("a neighbor cannot be bound to processor %d", cpu);
    }
}

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One way, and its measurements quiet and beside the neighbor. */
struct measured {
    struct vit_thread_pool *pool;
    struct vit_context *context;
    struct samples wall[STATES], cpu[STATES];
};

static void open_way(const struct vit_model *model, const struct way *way, struct measured *m)
{
    const struct vit_pool_options pool = { .size = sizeof pool, .threads = way->threads };
    struct vit_error err;

    *m = (struct measured){ .pool = NULL };
    if (way->run == vit_pool_run && vit_pool_create(&pool, &m->pool, &err) != VIT_OK)
        fatal("%s", err.message);
    const struct vit_context_options options = {
        .size = sizeof options, .threads = way->threads, .run = way->run, .user = m->pool
    };
    if (vit_context_create(model, &options, &m->context, &err) != VIT_OK)
        fatal("%s", err.message);
}

static void close_way(struct measured *m)
{
    for (size_t state = 0; state < STATES; state++) {
        free(m->wall[state].values);
        free(m->cpu[state].values);
    }
    vit_context_free(m->context);
    vit_pool_free(m->pool);
}

static void measure(struct measured *m, size_t state, const float *images)
{
    static float logits[CLASSES];

    vit_forward(m->context, 1, images, logits, NULL); /* wakes its threads */
    const double cpu = cpu_now(), wall = now();
    for (int i = 0; i < PASSES; i++)
        vit_forward(m->context, 1, images, logits, NULL);
    if (!samples_append(&m->wall[state], 1e3 * (now() - wall) / PASSES) ||
        !samples_append(&m->cpu[state], 1e3 * (cpu_now() - cpu) / PASSES))
        fatal("no memory");
}

static double median(struct samples *s)
{
    samples_sort(s);
    return samples_quantile(s, 0.5);
}

static void print(struct measured *measured, size_t rounds, const struct neighbor *neighbor,
                  const char *isa)
{
    printf("%s, %s; beside: %s on each of %zu processors; medians of %zu rounds\n", architecture,
           isa, neighbor->title, neighborhood.count, rounds);
    printf("%-12s %32s   %32s\n%-12s", "", "quiet                  ", "beside                 ",
           "");
    for (size_t state = 0; state < STATES; state++)
        printf(" %8s %6s %9s %6s  ", "ms", "ratio", "ms of CPU", "ratio");
    printf("\n");
    for (size_t i = 0; i < WAYS; i++) {
        printf("%-12s", ways[i].name);
        for (size_t state = 0; state < STATES; state++) {
            const double wall = median(&measured[i].wall[state]);
            const double cpu = median(&measured[i].cpu[state]);
            printf(" %8.2f %6.2f %9.2f %6.2f  ", wall, wall / median(&measured[0].wall[state]), cpu,
                   cpu / median(&measured[0].cpu[state]));
        }
        printf("\n");
    }
}

static const struct neighbor *find_neighbor(const char *name)
{
    for (size_t i = 0; i < NEIGHBORS; i++)
        if (name && strcmp(neighbors[i].name, name) == 0)
            return &neighbors[i];
    for (size_t i = 0; i < NEIGHBORS; i++)
        fprintf(stderr, "%-8s %s\n", neighbors[i].name, neighbors[i].title);
    fatal("expected one of these neighbors, found %s", name ? name : "none");
}

int main(int argc, char **argv)
{
    static float images[IMAGE];
    const struct neighbor *const neighbor = find_neighbor(argc > 1 ? argv[1] : NULL);
    const long wanted = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS;
    const size_t rounds = wanted > 0 && wanted < MOST_ROUNDS ? (size_t)wanted : ROUNDS;
    struct measured measured[WAYS];
    struct vit_config c = { .size = sizeof c };
    struct vit_model *model;
    struct vit_error err;

    start_neighbors(neighbor); /* before there are threads */
    if (vit_config_from_name(architecture, &c, &err) != VIT_OK ||
        vit_model_create_random(&c, 0, NULL, &model, &err) != VIT_OK)
        fatal("%s", err.message);
    for (size_t i = 0; i < IMAGE; i++)
        images[i] = (float)(i * 37 % 101) / 50 - 1;
    for (size_t i = 0; i < WAYS; i++)
        open_way(model, &ways[i], &measured[i]);
    for (size_t round = 0; round < rounds; round++)
        for (size_t state = 0; state < STATES; state++) {
            signal_neighbors(state == BESIDE ? SIGCONT : SIGSTOP);
            for (size_t i = 0; i < WAYS; i++)
                measure(&measured[i], state, images);
        }
    signal_neighbors(SIGKILL);
    print(measured, rounds, neighbor, vit_model_kernels(model)->isa);
    for (size_t i = 0; i < WAYS; i++)
        close_way(&measured[i]);
    vit_model_free(model);
    return EXIT_SUCCESS;
}
