/* kept.c - the speed that one thread keeps beside a neighbor: linear layers and a forward pass */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "measure/memory.h"
#include "measurements.h"
#include "vit/inspect.h"
#include "vit/kernels.h"
#include "vit/vit.h"

static const char *const architecture = "vit_small_patch16_224";
enum { CLASSES = 1000, IMAGE = 3 * 224 * 224 };
static const double min_seconds = 4e-3; /* of one measurement: the clock does not matter */

static const struct {
    const char *name;
    size_t width;
} models[] = { { "vit_s", 384 }, { "vit_b", 768 } };
static const struct {
    const char *name;
    size_t n, k; /* in widths */
} layers[] = { { "qkv", 3, 1 }, { "proj", 1, 1 }, { "fc1", 4, 1 }, { "fc2", 1, 4 } };
static const size_t rows[] = { 197, 1576 };
enum {
    MODELS = sizeof models / sizeof *models,
    LAYERS = sizeof layers / sizeof *layers,
    ROWS = sizeof rows / sizeof *rows,
    LINEAR = MODELS * LAYERS * ROWS,
    WORKS = LINEAR + 1
};

/* A matmul, or, with a context, a forward pass. */
struct measured {
    char name[64];
    struct vit_packed packed;
    size_t m;
    float *x, *y;
    void *panels, *scratch;
    struct vit_model *model;
    struct vit_context *context;
    double operations;
    size_t repeats;
    struct samples seconds[STATES], kept;
};

static void *allocate(size_t bytes)
{
    void *const p = memory_allocate(bytes);

    if (!p)
        fatal("no memory for %zu bytes", bytes);
    return p;
}

static float *new_floats(size_t count)
{
    float *const x = allocate(count * sizeof *x);

    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i * 7919 % 1009) / 504.0f - 1.0f;
    return x;
}

static double run(const struct measured *w, size_t repeats)
{
    const double begin = now();

    for (size_t i = 0; i < repeats; i++)
        if (w->context)
            vit_forward(w->context, 1, w->x, w->y, NULL);
        else
            vit_matmul(NULL, &(struct vit_matmul_args){ .m = w->m,
                                                        .a = w->x,
                                                        .lda = w->packed.k,
                                                        .b = &w->packed,
                                                        .c = w->y,
                                                        .ldc = w->packed.n,
                                                        .scratch = w->scratch });
    return now() - begin;
}

static void open_linear(struct measured *w, const struct vit_kernels *kernels, size_t i)
{
    const size_t layer = i % LAYERS, model = i / LAYERS % MODELS;
    const size_t n = layers[layer].n * models[model].width;
    const size_t k = layers[layer].k * models[model].width;
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[VIT_MATMUL_F32_F32];

    *w = (struct measured){ .m = rows[i / LAYERS / MODELS] };
    w->panels = allocate(vit_packed_bytes(kernel, n, k));
    w->packed = (struct vit_packed){ kernel, n, k, w->panels };
    float *const weights = new_floats(n * k);
    vit_pack(&w->packed, 0, n, weights, k, 1);
    free(weights);
    w->scratch = allocate(vit_matmul_scratch_bytes(&w->packed, w->m, 1));
    w->x = new_floats(w->m * k);
    w->y = new_floats(w->m * n);
    w->operations = 2.0 * (double)w->m * (double)n * (double)k;
    snprintf(w->name, sizeof w->name, "%s/%s %zux%zux%zu", models[model].name, layers[layer].name,
             w->m, n, k);
}

static void open_forward(struct measured *w, const struct vit_kernels *kernels)
{
    const struct vit_model_options options = { .size = sizeof options, .isa = kernels->isa };
    const struct vit_context_options one = { .size = sizeof one, .threads = 1 };
    struct vit_config c = { .size = sizeof c };
    struct vit_error err;

    *w = (struct measured){ .x = new_floats(IMAGE), .y = new_floats(CLASSES) };
    if (vit_config_from_name(architecture, &c, &err) != VIT_OK ||
        vit_config_flops(&c, &w->operations, &err) != VIT_OK ||
        vit_model_create_random(&c, 0, &options, &w->model, &err) != VIT_OK ||
        vit_context_create(w->model, &one, &w->context, &err) != VIT_OK)
        fatal("%s", err.message);
    snprintf(w->name, sizeof w->name, "%s", architecture);
}

static void close_work(struct measured *w)
{
    for (size_t state = 0; state < STATES; state++)
        free(w->seconds[state].values);
    free(w->kept.values);
    free(w->x);
    free(w->y);
    free(w->panels);
    free(w->scratch);
    vit_context_free(w->context);
    vit_model_free(w->model);
}

/* Medians of all rounds: the speed quiet, the speed beside, and their ratio within a round. */
static void print(struct measured *works)
{
    printf("%-30s %10s %10s %8s\n", "", "quiet", "beside", "kept");
    for (size_t i = 0; i < WORKS; i++) {
        struct measured *const w = &works[i];
        printf("%-30s %10.1f %10.1f %7.1f%%\n", w->name,
               1e-9 * w->operations / median(&w->seconds[QUIET]),
               1e-9 * w->operations / median(&w->seconds[BESIDE]), 100 * median(&w->kept));
    }
}

static void take_rounds(struct measured *works, size_t rounds)
{
    for (size_t round = 0; round < rounds; round++) {
        double quiet[WORKS];
        for (size_t state = 0; state < STATES; state++) {
            enter_state(state);
            for (size_t i = 0; i < WORKS; i++) {
                struct measured *const w = &works[i];
                run(w, 1); /* the others have used the caches */
                const double seconds = run(w, w->repeats) / (double)w->repeats;
                if (!samples_append(&w->seconds[state], seconds) ||
                    (state == BESIDE && !samples_append(&w->kept, quiet[i] / seconds)))
                    fatal("no memory");
                quiet[i] = seconds;
            }
        }
    }
    enter_state(QUIET);
}

static void measure_level(const struct vit_kernels *kernels, size_t rounds)
{
    static struct measured works[WORKS];

    for (size_t i = 0; i < LINEAR; i++)
        open_linear(&works[i], kernels, i);
    open_forward(&works[LINEAR], kernels);
    for (size_t i = 0; i < WORKS; i++) {
        works[i].repeats = 1;
        while (run(&works[i], works[i].repeats) < min_seconds)
            works[i].repeats *= 2;
    }
    take_rounds(works, rounds);
    printf("\n%s, one thread, GFLOP/s, medians of %zu rounds\n", kernels->isa, rounds);
    print(works);
    for (size_t i = 0; i < WORKS; i++)
        close_work(&works[i]);
}

/* Scalar is written for readability: it is measured only on request. */
static bool is_wanted(const char *level, const char *isa, int usable)
{
    return usable && (isa ? strcmp(level, isa) == 0 : strcmp(level, "scalar") != 0);
}

size_t kept_count(const char *isa)
{
    const char *level;
    size_t count = 0;
    int usable;

    for (size_t i = 0; (level = vit_isa_level(i, &usable)); i++)
        count += is_wanted(level, isa, usable) ? WORKS : 0;
    return count;
}

void measure_kept(size_t rounds, const char *isa)
{
    const struct vit_kernels *kernels;
    const char *level;
    int usable;

    for (size_t i = 0; (level = vit_isa_level(i, &usable)); i++)
        if (is_wanted(level, isa, usable) && vit_kernels_get(level, &kernels, NULL) == VIT_OK)
            measure_level(kernels, rounds);
}
