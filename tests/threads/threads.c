/* threads.c - everything that shares work or models between threads, for ThreadSanitizer */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model_config.h"
#include "vit/inspect.h"
#include "vit/kernels.h"

/*
 * The threads are this program's own, through the `run` hook: an OpenMP runtime that is not
 * instrumented hides its synchronization, which would be reported as races. ThreadSanitizer sees
 * accesses of up to 16 bytes: all of scalar, but few of ymm and zmm registers. Which thread
 * computes which part is the same code on every level.
 */

enum {
    IMAGE = DIVISIBLE_IMAGE,
    CLASSES = DIVISIBLE_CLASSES,
    BATCH = 7,
    MAX_TASKS = 32,
    CALLERS = 3
};

static float images[BATCH * IMAGE], expected[BATCH * CLASSES];

static struct vit_config thread_config(void)
{
    struct vit_config config = divisible_config(1);

    config.value_residual = true;
    return config;
}

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "threads: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* One thread per task, so that nothing orders one task before another. */
struct thread {
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t i;
    pthread_t id;
};

static void *begin(void *arg)
{
    const struct thread *t = arg;
    t->task(t->arg, t->i);
    return NULL;
}

static void run(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct thread threads[MAX_TASKS];

    (void)user;
    must(tasks <= MAX_TASKS, "expected at most MAX_TASKS tasks");
    for (size_t i = 0; i < tasks; i++) {
        threads[i] = (struct thread){ .task = task, .arg = arg, .i = i };
        must(pthread_create(&threads[i].id, NULL, begin, &threads[i]) == 0, "no thread");
    }
    for (size_t i = 0; i < tasks; i++)
        pthread_join(threads[i].id, NULL);
}

/* On the library's own threads: what they share is theirs alone. */
static void on_pool(const struct vit_model *model, size_t threads)
{
    const struct vit_pool_options pool_options = { .size = sizeof pool_options,
                                                   .threads = threads };
    struct vit_thread_pool *pool = NULL;
    struct vit_context *ctx = NULL;
    float logits[BATCH * CLASSES];

    must(vit_pool_create(&pool_options, &pool, NULL) == VIT_OK, "no pool");
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = threads,
                                                 .run = vit_pool_run,
                                                 .user = pool };
    must(vit_context_create(model, &options, &ctx, NULL) == VIT_OK, "no context on a pool");
    for (int i = 0; i < 3; i++)
        must(vit_forward(ctx, BATCH, images, logits, NULL) == VIT_OK, "no pass on a pool");
    must(!memcmp(logits, expected, sizeof logits), "pool: other bits than one thread");
    vit_context_free(ctx);
    vit_pool_free(pool);
}

static bool never(void *user)
{
    (void)user;
    return false;
}

static void forward(const struct vit_model *model, size_t threads, size_t batch)
{
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = batch, .threads = threads, .run = run, .cancel = never
    };
    float logits[BATCH * CLASSES];
    struct vit_context *ctx = NULL;

    must(vit_context_create(model, &options, &ctx, NULL) == VIT_OK, "no context");
    must(vit_forward(ctx, batch, images, logits, NULL) == VIT_OK, "vit_forward failed");
    must(!memcmp(logits, expected, batch * CLASSES * sizeof *logits), "other bits than one thread");
    vit_context_free(ctx);
}

/* Cancels image 1, on whichever thread computes it. */
static bool cancel_second(void *user, size_t image)
{
    return image == 1 && user;
}

/* Each image has a count of its own. */
static void count_parts(void *user, const struct vit_observation *o)
{
    size_t *const parts = user;

    parts[o->image]++;
}

/* Statuses and the hook of single images, which threads write and call at the same time. */
static void image_by_image(const struct vit_model *model, size_t threads)
{
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = BATCH, .threads = threads, .run = run
    };
    float logits[BATCH * CLASSES];
    struct vit_error errors[BATCH];
    size_t parts[BATCH] = { 0 };
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = VIT_OUTPUT_LOGITS,
                                                .data = logits };
    struct vit_call call = { .size = sizeof call,
                             .batch = BATCH,
                             .images = images,
                             .outputs = &request,
                             .output_count = 1,
                             .image_errors = errors,
                             .cancel_image = cancel_second,
                             .user = parts,
                             .observe = count_parts };
    struct vit_context *ctx = NULL;

    must(vit_context_create(model, &options, &ctx, NULL) == VIT_OK, "no context");
    must(vit_forward_call(ctx, &call, NULL) == VIT_OK, "vit_forward_call failed");
    for (size_t i = 0; i < BATCH; i++) {
        must(errors[i].status == (i == 1 ? VIT_ECANCELED : VIT_OK), "another status");
        must(parts[i] == (i == 1 ? 1 : 3), "another number of parts");
        must(i == 1 ||
                 !memcmp(logits + i * CLASSES, expected + i * CLASSES, CLASSES * sizeof *logits),
             "image by image: other bits than one thread");
    }
    vit_context_free(ctx);
}

/* What callers do concurrently, with a shared model and with their own. */
static void call(void *arg, size_t i)
{
    const struct vit_model *shared = arg;
    struct vit_preprocess_config recipe = model_preprocess_config(shared);
    struct vit_model *own = NULL;
    static float out[CALLERS][IMAGE];
    uint8_t rgb[20 * 30 * 3];

    memset(rgb, (int)i, sizeof rgb);
    const struct vit_image image = { rgb, 20, 30, 90, VIT_PIXEL_FORMAT_RGB };
    must(vit_preprocess_image(&recipe, &image, NULL, out[i], NULL) == VIT_OK,
         "vit_preprocess_image failed");
    forward(shared, 1 + i, BATCH);
    must(vit_model_open("models/digits", NULL, &own, NULL) == VIT_OK, "models/digits: no model");
    vit_model_free(own);
}

/* Rows of one image on five threads: the bits of one thread. */
static void shared_rows(void)
{
    enum { HEIGHT = 300, WIDTH = 200, SIDE = 96 };
    const struct vit_parallel five = { .run = run, .threads = 5 };
    const struct vit_preprocess_options options = { .size = sizeof options, .parallel = &five };
    const struct vit_preprocess_config config = { .size = sizeof config,
                                                  .channels = 3,
                                                  .height = SIDE,
                                                  .width = SIDE,
                                                  .crop_pct = 0.9,
                                                  .std = { 1, 1, 1 } };
    static uint8_t rgb[HEIGHT * WIDTH * 3];
    static float one[3 * SIDE * SIDE], many[3 * SIDE * SIDE];
    const struct vit_image image = { rgb, HEIGHT, WIDTH, WIDTH * 3, VIT_PIXEL_FORMAT_RGB };

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * i % 251);
    must(vit_preprocess_image(&config, &image, NULL, one, NULL) == VIT_OK, "preprocessing failed");
    must(vit_preprocess_image(&config, &image, &options, many, NULL) == VIT_OK,
         "preprocessing on threads failed");
    must(!memcmp(one, many, sizeof one), "preprocessing: other bits than one thread");
}

/* A matmul whose k takes three calls of a micro-kernel, with accumulators in between. */
static void long_product(const char *isa)
{
    enum { M = 8, N = 24 };
    const struct vit_parallel five = { .run = run, .threads = 5 };
    static float one[M * N], many[M * N];
    const struct vit_kernels *kernels = NULL;

    must(vit_kernels_get(isa, &kernels, NULL) == VIT_OK, "no kernels");
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[VIT_MATMUL_F32_F32];
    const size_t k = 2 * kernel->kc + 1;
    float *a = malloc(M * k * sizeof *a), *b = malloc(k * N * sizeof *b);
    const struct vit_packed packed = { kernel, N, k, malloc(vit_packed_bytes(kernel, N, k)) };
    struct vit_matmul_args args = { .m = M, .a = a, .lda = k, .b = &packed, .c = one, .ldc = N };
    args.scratch = malloc(vit_matmul_scratch_bytes(&packed, M, five.threads));
    must(a && b && packed.panels && args.scratch, "no memory");
    for (size_t i = 0; i < k * N; i++) {
        a[i % (M * k)] = images[i % (BATCH * IMAGE)];
        b[i] = images[(i + 1) % (BATCH * IMAGE)];
    }
    vit_pack(&packed, 0, N, b, 1, N);
    vit_matmul(NULL, &args);
    args.c = many;
    vit_matmul(&five, &args);
    must(!memcmp(one, many, sizeof one), "vit_matmul: other bits than one thread");
    free(args.scratch);
    free(packed.panels);
    free(b);
    free(a);
}

/* The first caller builds the tables of kernels. */
static void get_kernels(void *arg, size_t i)
{
    const struct vit_kernels **tables = arg;
    must(vit_kernels_get(NULL, &tables[i], NULL) == VIT_OK, "no kernels");
}

static size_t all_of_a_level(const char *isa)
{
    const struct vit_config config = thread_config();
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    struct vit_model *model = NULL;
    size_t passes = 0;

    must(vit_model_create_random(&config, 42, &options, &model, NULL) == VIT_OK, "no model");
    for (size_t threads = 1; threads <= 5; threads += threads < 3 ? 1 : 2)
        for (size_t batch = 1; batch <= BATCH; batch += 6, passes++)
            forward(model, threads, batch);
    for (size_t threads = 2; threads <= 4; threads++, passes += 3)
        on_pool(model, threads);
    for (size_t threads = 2; threads <= 4; threads++, passes++)
        image_by_image(model, threads);
    run(NULL, CALLERS, call, model);
    long_product(isa);
    vit_model_free(model);
    return passes + CALLERS;
}

static void reference(void)
{
    const struct vit_model_options options = { .size = sizeof options, .isa = "scalar" };
    const struct vit_context_options one = { .size = sizeof one, .max_batch = BATCH, .threads = 1 };
    const struct vit_config config = thread_config();
    struct vit_model *model = NULL;
    struct vit_context *ctx = NULL;
    uint32_t bits = 1;

    for (size_t i = 0; i < BATCH * IMAGE; i++, bits = bits * 1664525u + 1013904223u)
        images[i] = (float)(bits >> 8) * 0x1p-23f - 1.0f;
    must(vit_model_create_random(&config, 42, &options, &model, NULL) == VIT_OK, "no model");
    must(vit_context_create(model, &one, &ctx, NULL) == VIT_OK, "no context");
    must(vit_forward(ctx, BATCH, images, expected, NULL) == VIT_OK, "vit_forward failed");
    vit_context_free(ctx);
    vit_model_free(model);
}

/* A race, which the sanitizer must report. */
static void add_without_care(void *arg, size_t i)
{
    *(volatile size_t *)arg += i;
}

int main(int argc, char **argv)
{
    const struct vit_kernels *tables[CALLERS];
    const char *isa;
    size_t levels = 0, of = 0, passes = 0, sum = 0;
    int usable;

    if (argc > 1 && !strcmp(argv[1], "--race")) {
        run(NULL, 2, add_without_care, &sum);
        return EXIT_SUCCESS;
    }
    run(NULL, CALLERS, get_kernels, tables);
    for (size_t i = 1; i < CALLERS; i++)
        must(tables[i] == tables[0], "two tables for one machine");
    reference();
    shared_rows();
    for (; (isa = vit_isa_level(of, &usable)); of++)
        if (usable) {
            passes += all_of_a_level(isa);
            levels++;
        }
    printf("%zu forward passes on %zu of %zu levels: the bits of one thread\n", passes, levels, of);
    return EXIT_SUCCESS;
}
