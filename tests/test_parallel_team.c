/* test_parallel_team.c - the threads of a forward pass: too few, none, and none that starts */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "alloc_counter.h"
#include "cli.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "thread_facts.h"
#include "vit/parallel.h"
#include "vit/vit.h"

enum { CLASSES = DIVISIBLE_CLASSES, BATCH = 5, IMAGE = DIVISIBLE_IMAGE };

static float images[BATCH * IMAGE];

static struct vit_model *new_model(void)
{
    const struct vit_config config = divisible_config(3);
    struct vit_model *model = NULL;

    fill_pattern(BATCH * IMAGE, images, PATTERN_NORMAL, 7);
    cr_assert_eq(vit_model_create_random(&config, 42, NULL, &model, NULL), VIT_OK);
    return model;
}

static struct vit_context *new_context(const struct vit_model *model, size_t threads)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = threads };
    struct vit_context *ctx = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_context_create(model, &options, &ctx, &err), VIT_OK, "%s", err.message);
    return ctx;
}

static void one_thread(const struct vit_model *model, float *logits)
{
    struct vit_context *ctx = new_context(model, 1);

    cr_assert_eq(vit_forward(ctx, BATCH, images, logits, NULL), VIT_OK);
    vit_context_free(ctx);
}

#ifdef _OPENMP

Test(team, a_context_is_one_openmp_region_whatever_its_passes)
{
#ifdef __clang__ /* calls its own OpenMP runtime */
    count_skipped("OpenMP regions of a context: seen with gcc alone", 4);
#else
    float logits[BATCH * CLASSES];
    struct vit_model *model = new_model();
    struct vit_context *ctx = new_context(model, 2);

    cr_assert_eq(watched_regions(), 1);
    for (size_t batch = 1; batch <= 3; batch++) {
        cr_assert_eq(vit_forward(ctx, batch, images, logits, NULL), VIT_OK);
        cr_assert_eq(watched_regions(), 1, "batch %zu", batch);
    }
    vit_context_free(ctx);
    vit_model_free(model);
    count_checks(4);
#endif
}

/* As a region inside another one has a single thread, unless nesting is enabled. */
Test(team, a_pass_inside_a_region_gives_the_same_bits)
{
    enum { CALLERS = 3 };
    float expected[BATCH * CLASSES], found[CALLERS][BATCH * CLASSES];
    struct vit_model *model = new_model();
    struct vit_context *ctx[CALLERS];
    enum vit_status status[CALLERS] = { VIT_EINVAL, VIT_EINVAL, VIT_EINVAL };

    one_thread(model, expected);
    for (int levels = 1; levels <= 2; levels++) {
        omp_set_max_active_levels(levels);
        for (size_t i = 0; i < CALLERS; i++)
            ctx[i] = new_context(model, 3);
#pragma omp parallel for num_threads(CALLERS) schedule(static, 1)
        for (size_t i = 0; i < CALLERS; i++)
            status[i] = vit_forward(ctx[i], BATCH, images, found[i], NULL);
        for (size_t i = 0; i < CALLERS; i++) {
            cr_assert_eq(status[i], VIT_OK);
            expect_same_bits(BATCH * CLASSES, expected, found[i], "caller %zu, levels %d", i,
                             levels);
            vit_context_free(ctx[i]);
        }
    }
    vit_model_free(model);
}

/* OMP_THREAD_LIMIT, dynamic adjustment: a crew with one helper of nine, and with none. */
Test(team, fewer_threads_than_requested_give_the_same_bits)
{
    float expected[BATCH * CLASSES], found[BATCH * CLASSES];
    struct vit_model *model = new_model();

    one_thread(model, expected);
    omp_set_dynamic(1);
    for (size_t threads = 2; threads <= 10; threads++) {
        struct vit_context *ctx = new_context(model, threads);
        cr_assert_eq(vit_forward(ctx, BATCH, images, found, NULL), VIT_OK);
        expect_same_bits(BATCH * CLASSES, expected, found, "%zu threads", threads);
        vit_context_free(ctx);
    }
    vit_model_free(model);
}

/* 4 PB, more than an address space has: no thread with such a stack can be started. */
#define NO_THREAD_STARTS "OMP_STACKSIZE=4000000G "

TestSuite(team_command, .init = cli_begin, .fini = cli_end);

Test(team_command, threads_that_cannot_start_are_an_error_and_leave_no_file)
{
    fails(NO_THREAD_STARTS "$VIT features models/digits models/digits/test -o $T/out.npy "
                           "--threads 2",
          "expected to start 2 threads, found that thread 1 cannot be started");
    fails(NO_THREAD_STARTS "$VIT attention models/digits models/digits/test/3/0060.png "
                           "-o $T/out.png --threads 3",
          "expected to start 3 threads");
    succeeds(NO_THREAD_STARTS "$VIT features models/digits models/digits/test -o $T/out.npy "
                              "--threads 1");
    count_checks(3);
}

Test(team_command, the_default_number_of_threads_is_within_cpuset_and_environment)
{
    static const struct {
        const char *environment;
        const char *expected;
    } rows[] = { { "OMP_NUM_THREADS=8 taskset -c $CPU", ", 1 thread)" },
                 { "OMP_NUM_THREADS=1", ", 1 thread)" },
                 { "OMP_NUM_THREADS=100000 taskset -c $CPU", ", 1 thread)" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        succeeds("CPU=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//'); "
                 "%s $VIT classify models/digits models/digits/test",
                 rows[i].environment);
        cr_assert(strstr(cli.err, rows[i].expected) || strstr(cli.out, rows[i].expected), "%s: %s",
                  rows[i].environment, cli.err);
    }
    succeeds("OMP_NUM_THREADS=100000 $VIT classify models/digits models/digits/test");
    count_checks(4);
}

#endif

/* A child ends by its alarm if it waits for threads that it does not have. */
Test(team, a_child_computes_alone_with_its_parents_context_and_on_threads_with_its_own)
{
    float expected[BATCH * CLASSES], found[BATCH * CLASSES];
    struct vit_model *model = new_model();
    struct vit_context *ctx = new_context(model, 3);
    int status = -1;

    one_thread(model, expected);
    cr_assert_eq(vit_forward(ctx, BATCH, images, found, NULL), VIT_OK);
    const pid_t child = fork_while_others_sleep();
    cr_assert_geq(child, 0);
    if (child == 0) {
        alarm(60);
        bool good = vit_forward(ctx, BATCH, images, found, NULL) == VIT_OK &&
                    memcmp(found, expected, sizeof found) == 0;
        vit_context_free(ctx);
        ctx = new_context(model, 3);
        good = good && other_threads().threads >= 2 &&
               vit_forward(ctx, BATCH, images, found, NULL) == VIT_OK &&
               memcmp(found, expected, sizeof found) == 0;
        vit_context_free(ctx);
        _exit(!good);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    cr_assert_eq(status, 0);
    vit_context_free(ctx);
    vit_model_free(model);
    count_checks(4);
}

static void *nothing(void *arg)
{
    return arg;
}

static enum vit_status create_pool(struct vit_error *err)
{
    const struct vit_pool_options options = { .size = sizeof options, .threads = 8 };
    struct vit_thread_pool *pool = NULL;
    const enum vit_status status = vit_pool_create(&options, &pool, err);

    vit_pool_free(pool);
    return status;
}

enum { GOOD, BAD, CANNOT_TELL };

static void count_one(void *arg, size_t i)
{
    (void)i;
    ++*(size_t *)arg;
}

/* In a process of its own: no thread can be started any more. */
static int without_threads(const struct vit_model *model, const float *expected)
{
    const struct vit_context_options eight = { .size = sizeof eight, .threads = 8 };
    const struct rlimit none = { 0, 0 };
    const struct thread_facts before = other_threads();
    struct vit_context *ctx = NULL;
    struct vit_error err = { 0 };
    float logits[BATCH * CLASSES];
    pthread_t thread;

    if ((geteuid() == 0 && (setgid(65534) || setuid(65534))) || setrlimit(RLIMIT_NPROC, &none))
        return CANNOT_TELL;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0) /* a system without this limit */
        return CANNOT_TELL;
    if (vit_context_create(model, &eight, &ctx, &err) != VIT_ENOMEM || ctx ||
        !strstr(err.message, "cannot be started: "))
        return BAD;
    if (create_pool(&err) != VIT_ENOMEM || !strstr(err.message, "pool: expected to start 8"))
        return BAD;
    if (other_threads().threads != before.threads)
        return BAD;
    size_t ran = 0; /* the calling thread runs all */
    vit_parallel_openmp(NULL, 8, count_one, &ran);
    if (ran != 8)
        return BAD;
    one_thread(model, logits);
    return memcmp(logits, expected, sizeof logits) == 0 ? GOOD : BAD;
}

Test(team, a_thread_that_cannot_start_is_an_error_of_context_and_pool)
{
    struct vit_model *model = new_model();
    float expected[BATCH * CLASSES];
    int status = -1;

    one_thread(model, expected);
    const pid_t child = fork_while_others_sleep();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(without_threads(model, expected));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    cr_assert(WIFEXITED(status), "the child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == CANNOT_TELL) {
        count_skipped("RLIMIT_NPROC: this system does not enforce it", 5);
    } else {
        cr_assert_eq(WEXITSTATUS(status), GOOD);
        count_checks(5);
    }
    vit_model_free(model);
}

/* tests/threads/waiting.c, where OpenMP's own waiting is a loop without end. */
Test(team, waiting_threads_sleep_whatever_openmps_policy_is)
{
    const char *const build = getenv("VIT_BUILD");
    char command[256];

    for (int active = 0; active < 2; active++) {
        snprintf(command, sizeof command, "%s %s/tests/threads/waiting >/dev/null",
                 active ? "OMP_WAIT_POLICY=active" : "", build ? build : "build");
        const int status = system(command);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
            count_skipped("waiting threads: /proc does not tell of them", 1);
        else
            cr_assert_eq(status, 0, "%s", command);
        count_checks(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}
