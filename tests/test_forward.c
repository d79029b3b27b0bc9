/* test_forward.c - batches, threads, cancellation; no allocation, no OpenMP on one thread */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_counter.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "serial_run.h"
#include "vit/vit.h"

#define BATCH 7

enum { IMAGE = DIVISIBLE_IMAGE, CLASSES = DIVISIBLE_CLASSES };

static struct vit_model *new_model(const char *isa)
{
    struct vit_config config = divisible_config(3);
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    config.layer_scale = true;
    cr_assert(vit_model_create_random(&config, 42, &options, &model, &err) == VIT_OK, "%s",
              err.message);
    return model;
}

static struct vit_context *new_context(const struct vit_model *model, size_t max_batch,
                                       size_t threads)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = max_batch,
                                                 .threads = threads };
    struct vit_context *ctx = NULL;
    cr_assert(vit_context_create(model, &options, &ctx, NULL) == VIT_OK);
    return ctx;
}

static const float *images(void)
{
    static float pixels[BATCH * IMAGE];
    fill_pattern(BATCH * IMAGE, pixels, PATTERN_NORMAL, 7);
    return pixels;
}

/*
 * The logits of the batch on scalar, one image at a time, on one thread: the bits that every other
 * way must give.
 */
static void reference(float *logits)
{
    struct vit_model *model = new_model("scalar");
    struct vit_context *ctx = new_context(model, 1, 1);
    for (size_t i = 0; i < BATCH; i++)
        cr_assert(vit_forward(ctx, 1, images() + i * IMAGE, logits + i * CLASSES, NULL) == VIT_OK);
    vit_context_free(ctx);
    vit_model_free(model);
}

Test(forward, level_threads_and_batch_do_not_change_bits)
{
    float expected[BATCH * CLASSES], found[BATCH * CLASSES];
    const char *isa;
    int usable;

    reference(expected);
    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
        if (!usable)
            continue;
        struct vit_model *model = new_model(isa);
        for (size_t threads = 1; threads <= 5; threads += 2)
            for (size_t batch = 1; batch <= BATCH; batch++) {
                struct vit_context *ctx = new_context(model, batch, threads);
                cr_assert(vit_forward(ctx, batch, images(), found, NULL) == VIT_OK);
                expect_same_bits(batch * CLASSES, expected, found, "%s, %zu threads, batch %zu",
                                 isa, threads, batch);
                vit_context_free(ctx);
            }
        vit_model_free(model);
    }
}

struct job {
    const struct vit_model *model;
    float logits[BATCH * CLASSES];
};

static void *infer(void *arg)
{
    struct job *job = arg;
    struct vit_context *ctx = new_context(job->model, BATCH, 1);
    for (int i = 0; i < 5; i++)
        vit_forward(ctx, BATCH, images(), job->logits, NULL);
    vit_context_free(ctx);
    return NULL;
}

Test(forward, contexts_of_one_model_run_concurrently)
{
    enum { JOBS = 4 };
    struct vit_model *model = new_model(NULL);
    float expected[BATCH * CLASSES];
    static struct job jobs[JOBS];
    pthread_t threads[JOBS];

    reference(expected);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].model = model;
        cr_assert(pthread_create(&threads[i], NULL, infer, &jobs[i]) == 0);
    }
    for (size_t i = 0; i < JOBS; i++) {
        pthread_join(threads[i], NULL);
        expect_same_bits(BATCH * CLASSES, expected, jobs[i].logits, "thread %zu", i);
    }
    vit_model_free(model);
}

Test(forward, the_callers_threads_replace_openmp)
{
    struct serial_run run = { 0 };
    float expected[BATCH * CLASSES], found[BATCH * CLASSES];
    struct vit_model *model = new_model(NULL);
    struct vit_context *ctx;
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = BATCH, .threads = 3, .run = run_serially, .user = &run
    };

    reference(expected);
    cr_assert(vit_context_create(model, &options, &ctx, NULL) == VIT_OK);
    cr_assert_eq(vit_context_threads(ctx), 3);
    cr_assert(vit_forward(ctx, BATCH, images(), found, NULL) == VIT_OK);
    expect_same_bits(BATCH * CLASSES, expected, found, "own threads");
    cr_assert_gt(run.tasks, 3); /* whole images first, then the last image divided */
    vit_context_free(ctx);
    vit_model_free(model);
}

/* The calls of `run` for a batch, whose logits must be the reference's. */
static struct serial_run runs_of(const struct vit_model *model, size_t max_batch, size_t threads,
                                 size_t batch, const float *expected)
{
    struct serial_run r = { 0 };
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = max_batch,
                                                 .threads = threads,
                                                 .run = run_serially,
                                                 .user = &r };
    float found[BATCH * CLASSES];
    struct vit_context *ctx;

    cr_assert(vit_context_create(model, &options, &ctx, NULL) == VIT_OK);
    cr_assert(vit_forward(ctx, batch, images(), found, NULL) == VIT_OK);
    expect_same_bits(batch * CLASSES, expected, found, "%zu images on %zu threads", batch, threads);
    vit_context_free(ctx);
    return r;
}

/* One call of `run`, a task per image or per thread, wherever images occupy 3/4 of the threads. */
Test(forward, a_batch_is_computed_in_rounds_where_they_occupy_the_threads)
{
    struct vit_model *model = new_model(NULL);
    float expected[BATCH * CLASSES];

    reference(expected);
    for (size_t threads = 2; threads <= 9; threads++) {
        const size_t single = runs_of(model, 1, threads, 1, expected).calls;
        cr_assert_gt(single, 1);
        for (size_t batch = 1; batch <= BATCH; batch++) {
            const size_t rest = batch % threads, whole = batch - rest;
            const struct serial_run r = runs_of(model, BATCH, threads, batch, expected);
            if (4 * rest >= 3 * threads) {
                cr_assert_eq(r.calls, 1, "%zu images, %zu threads: %zu", batch, threads, r.calls);
                cr_assert_eq(r.max_tasks, batch < threads ? batch : threads);
            } else {
                cr_assert_eq(r.calls, (whole > 0) + rest * single, "%zu images, %zu threads: %zu",
                             batch, threads, r.calls);
            }
            /* a context has the memory for the batches that it allows */
            cr_assert_eq(runs_of(model, batch, threads, batch, expected).calls, r.calls);
        }
    }
    vit_model_free(model);
    count_checks(8 * BATCH * 2);
}

static bool cancel_at_third(void *user)
{
    return ++*(int *)user >= 3;
}

Test(forward, a_canceled_pass_returns_canceled_and_the_context_still_works)
{
    int asked = 0;
    float logits[CLASSES];
    struct vit_error err = { 0 };
    struct vit_model *model = new_model(NULL);
    struct vit_context *ctx;
    const struct vit_context_options options = {
        .size = sizeof options, .threads = 1, .cancel = cancel_at_third, .user = &asked
    };

    cr_assert(vit_context_create(model, &options, &ctx, NULL) == VIT_OK);
    cr_assert_eq(vit_forward(ctx, 1, images(), logits, &err), VIT_ECANCELED);
    cr_assert_eq(err.status, VIT_ECANCELED);
    cr_assert_eq(asked, 3);
    asked = -100;
    cr_assert_eq(vit_forward(ctx, 1, images(), logits, &err), VIT_OK);
    vit_context_free(ctx);
    vit_model_free(model);
    count_checks(5);
}

/* A hook that begins a second call on its own context. */
struct reentry {
    struct vit_context *context;
    enum vit_status status;
};

static bool enter_again(void *user)
{
    struct reentry *const r = user;
    float logits[CLASSES];

    r->status = vit_forward(r->context, 1, images(), logits, NULL);
    return false;
}

Test(forward, a_second_call_at_once_is_refused_and_the_first_one_completes)
{
    struct reentry r = { .status = VIT_OK };
    const struct vit_context_options options = {
        .size = sizeof options, .threads = 1, .cancel = enter_again, .user = &r
    };
    float expected[BATCH * CLASSES], found[CLASSES];
    struct vit_model *model = new_model("scalar");

    reference(expected);
    cr_assert(vit_context_create(model, &options, &r.context, NULL) == VIT_OK);
    cr_assert_eq(vit_forward(r.context, 1, images(), found, NULL), VIT_OK);
    cr_assert_eq(r.status, VIT_EINVAL);
    expect_same_bits(CLASSES, expected, found, "the first call");
    cr_assert_eq(vit_forward(r.context, 1, images(), found, NULL), VIT_OK);
    vit_context_free(r.context);
    vit_model_free(model);
    count_checks(3);
}

Test(forward, allocates_nothing)
{
    float logits[BATCH * CLASSES];
    struct vit_model *model = new_model(NULL);
    cr_assert_gt(watched_allocations(), 0, "the wrappers are not linked in");

    for (size_t threads = 1; threads <= 3; threads++) {
        struct vit_context *ctx = new_context(model, BATCH, threads);
        const size_t before = watched_allocations();
        for (size_t batch = 1; batch <= BATCH; batch++)
            cr_assert(vit_forward(ctx, batch, images(), logits, NULL) == VIT_OK);
        cr_assert_eq(watched_allocations(), before, "%zu threads", threads);
        vit_context_free(ctx);
    }
    vit_model_free(model);
    count_checks(3);
}

Test(forward, one_thread_enters_no_openmp_region)
{
    float logits[BATCH * CLASSES];
    struct vit_model *model = new_model(NULL);
    struct vit_context *one = new_context(model, BATCH, 1);

    cr_assert(vit_forward(one, BATCH, images(), logits, NULL) == VIT_OK);
    cr_assert_eq(watched_regions(), 0);
    struct vit_context *two = new_context(model, BATCH, 2);
#if !defined(_OPENMP) || defined(__clang__) /* clang calls its own runtime */
    count_skipped("OpenMP regions of two threads: seen with gcc alone", 1);
#else
    cr_assert_gt(watched_regions(), 0);
    count_checks(1);
#endif
    vit_context_free(one);
    vit_context_free(two);
    vit_model_free(model);
    count_checks(1);
}
