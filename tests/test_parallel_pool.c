/* test_parallel_pool.c - the library's own threads: every task once, asleep when idle, and forks */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "thread_facts.h"
#include "vit/parallel.h"
#include "vit/vit.h"

static struct vit_thread_pool *new_pool(size_t threads)
{
    const struct vit_pool_options options = { .size = sizeof options, .threads = threads };
    struct vit_thread_pool *pool = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_pool_create(&options, &pool, &err), VIT_OK, "%s", err.message);
    return pool;
}

enum { MOST = 300 };

static void count_task(void *arg, size_t i)
{
    ((atomic_int *)arg)[i]++;
}

/* Runs so many tasks; whether each was run once. */
static bool runs_each_once(struct vit_thread_pool *pool, size_t tasks)
{
    atomic_int counts[MOST + 1];

    for (size_t i = 0; i <= MOST; i++)
        atomic_init(&counts[i], 0);
    vit_pool_run(pool, tasks, count_task, counts);
    for (size_t i = 0; i <= MOST; i++)
        if (counts[i] != (i < tasks))
            return false;
    return true;
}

Test(pool, every_task_is_run_once)
{
    for (size_t threads = 1; threads <= 5; threads++) {
        struct vit_thread_pool *pool = new_pool(threads);
        cr_assert_eq(vit_pool_threads(pool), threads);
        for (size_t tasks = 0; tasks <= MOST; tasks++)
            cr_assert(runs_each_once(pool, tasks), "%zu tasks, %zu threads", tasks, threads);
        vit_pool_free(pool);
    }
    count_checks(5 * (MOST + 2));
}

Test(pool, threads_end_with_it)
{
    const size_t before = other_threads().threads; /* the framework's */
    struct vit_thread_pool *pool = NULL;

    cr_assert_eq(vit_pool_create(NULL, &pool, NULL), VIT_OK);
    cr_assert_geq(vit_pool_threads(pool), 1);
    cr_assert_eq(other_threads().threads, before + vit_pool_threads(pool) - 1);
    vit_pool_free(pool);
    vit_pool_free(NULL);
    cr_assert_eq(other_threads().threads, before);
    count_checks(4);
}

Test(pool, idle_threads_sleep_and_use_no_cpu)
{
    const size_t framework = other_threads().threads;
    struct vit_thread_pool *pool = new_pool(4);

    for (int i = 0; i < 100; i++)
        cr_assert(runs_each_once(pool, 8));
    cr_assert(others_fall_asleep());
    const struct thread_facts before = other_threads();
    use_cpu(0.2);
    const struct thread_facts idle = other_threads();
    cr_assert_eq(idle.threads, framework + 3);
    cr_assert_eq(idle.ticks, before.ticks);
    cr_assert_eq(idle.voluntary, before.voluntary);
    cr_assert(runs_each_once(pool, 8));
    vit_pool_free(pool);
    count_checks(5);
}

Test(pool, options_out_of_range_are_refused)
{
    struct vit_thread_pool *pool = NULL;
    struct vit_error err;
    struct vit_pool_options options = { .size = sizeof options, .threads = 1025 };

    cr_assert_eq(vit_pool_create(&options, &pool, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "threads: expected at most 1024, found 1025"), "%s", err.message);
    options = (struct vit_pool_options){ .size = sizeof options, .threads = 2, .stack_bytes = 1 };
    cr_assert_eq(vit_pool_create(&options, &pool, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "stack_bytes: expected at least"), "%s", err.message);
    options = (struct vit_pool_options){ .size = 3 };
    cr_assert_eq(vit_pool_create(&options, &pool, &err), VIT_EINVAL);
    options = (struct vit_pool_options){ .size = sizeof options, .reserved = { 1 } };
    cr_assert_eq(vit_pool_create(&options, &pool, &err), VIT_EUNSUPPORTED);
    cr_assert_null(pool);
    count_checks(7);
}

/* A task that runs tasks on its own pool, as an operation inside an operation would. */
struct nested {
    struct vit_thread_pool *pool;
    atomic_int failures;
};

static void run_again(void *arg, size_t i)
{
    struct nested *const nested = arg;

    (void)i;
    if (!runs_each_once(nested->pool, 20))
        nested->failures++;
}

Test(pool, a_task_may_use_its_own_pool)
{
    struct nested nested = { .pool = new_pool(3) };

    for (int i = 0; i < 50; i++)
        vit_pool_run(nested.pool, 5, run_again, &nested);
    cr_assert_eq(nested.failures, 0);
    vit_pool_free(nested.pool);
    count_checks(50);
}

static void *call(void *arg)
{
    for (size_t i = 0; i < 200; i++)
        run_again(arg, i);
    return NULL;
}

Test(pool, several_callers_at_once_are_served)
{
    enum { CALLERS = 4 };
    struct nested shared = { .pool = new_pool(3) };
    pthread_t callers[CALLERS];

    for (size_t i = 0; i < CALLERS; i++)
        cr_assert_eq(pthread_create(&callers[i], NULL, call, &shared), 0);
    for (size_t i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    cr_assert_eq(shared.failures, 0);
    vit_pool_free(shared.pool);
    count_checks(CALLERS * 200);
}

/* Waits for the child; a child that hangs is ended by its alarm. */
static int status_of(pid_t child)
{
    int status = -1;

    cr_assert_geq(child, 0);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

Test(pool, a_child_runs_its_parents_pool_alone_and_one_of_its_own)
{
    struct vit_thread_pool *pool = new_pool(3);

    cr_assert(runs_each_once(pool, 50));
    const pid_t child = fork_while_others_sleep();
    if (child == 0) {
        alarm(60);
        bool good = runs_each_once(pool, 50);
        struct vit_thread_pool *own = new_pool(3);
        good = good && runs_each_once(own, 50) && other_threads().threads == 2;
        vit_pool_free(own);
        vit_pool_free(pool);
        _exit(!good);
    }
    cr_assert_eq(status_of(child), 0);
    cr_assert(runs_each_once(pool, 50));
    vit_pool_free(pool);
    count_checks(2);
}

enum { IMAGE = DIVISIBLE_IMAGE, CLASSES = DIVISIBLE_CLASSES, BATCH = 4 };

static void forward(const struct vit_model *model, struct vit_thread_pool *pool, float *logits)
{
    static float images[BATCH * IMAGE];
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = pool ? vit_pool_threads(pool) : 1,
                                                 .run = pool ? vit_pool_run : NULL,
                                                 .user = pool };
    struct vit_context *ctx = NULL;

    fill_pattern(BATCH * IMAGE, images, PATTERN_NORMAL, 7);
    cr_assert_eq(vit_context_create(model, &options, &ctx, NULL), VIT_OK);
    cr_assert_eq(vit_forward(ctx, BATCH, images, logits, NULL), VIT_OK);
    vit_context_free(ctx);
}

Test(pool, a_forward_pass_has_the_bits_of_one_thread)
{
    float expected[BATCH * CLASSES], found[BATCH * CLASSES];
    const struct vit_config config = divisible_config(2);
    struct vit_model *model = NULL;

    cr_assert_eq(vit_model_create_random(&config, 42, NULL, &model, NULL), VIT_OK);
    forward(model, NULL, expected);
    for (size_t threads = 1; threads <= 5; threads++) {
        struct vit_thread_pool *pool = new_pool(threads);
        forward(model, pool, found);
        expect_same_bits(BATCH * CLASSES, expected, found, "%zu threads", threads);
        vit_pool_free(pool);
    }
    vit_model_free(model);
}
