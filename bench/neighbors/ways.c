/* ways.c - forward passes of a small model with every way to use threads */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "measure/clock.h"
#include "measurements.h"
#include "vit/inspect.h"
#include "vit/kernels.h"
#include "vit/parallel.h"
#include "vit/vit.h"

static const char *const architecture = "vit_tiny_patch16_224";
enum { PASSES = 4, CLASSES = 1000, IMAGE = 3 * 224 * 224 };

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
enum { WAYS = sizeof ways / sizeof *ways };

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

static void print(struct measured *measured, size_t rounds, const struct neighbor *neighbor,
                  size_t count, const char *isa)
{
    printf("%s, %s; beside: %s on each of %zu processors; medians of %zu rounds\n", architecture,
           isa, neighbor->title, count, rounds);
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

void measure_ways(const struct neighbor *neighbor, size_t count, size_t rounds)
{
    static float images[IMAGE];
    struct measured measured[WAYS];
    struct vit_config c = { .size = sizeof c };
    struct vit_model *model;
    struct vit_error err;

    if (vit_config_from_name(architecture, &c, &err) != VIT_OK ||
        vit_model_create_random(&c, 0, NULL, &model, &err) != VIT_OK)
        fatal("%s", err.message);
    for (size_t i = 0; i < IMAGE; i++)
        images[i] = (float)(i * 37 % 101) / 50 - 1;
    for (size_t i = 0; i < WAYS; i++)
        open_way(model, &ways[i], &measured[i]);
    for (size_t round = 0; round < rounds; round++)
        for (size_t state = 0; state < STATES; state++) {
            enter_state(state);
            for (size_t i = 0; i < WAYS; i++)
                measure(&measured[i], state, images);
        }
    print(measured, rounds, neighbor, count, vit_model_kernels(model)->isa);
    for (size_t i = 0; i < WAYS; i++)
        close_way(&measured[i]);
    vit_model_free(model);
}
