/* team.c - OpenMP's threads, in one region for each context; a pool in a build without OpenMP */
#include "base/team.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/crew.h"
#include "base/status.h"
#include "base/threads.h"

#ifdef _OPENMP

/*
 * A region for each pass would leave the waiting between passes to OpenMP's runtime: its threads
 * stay in a loop for milliseconds, and where other programs use the processors, the next region
 * does not begin until the last of them is back from being interrupted there. So one region lasts
 * as long as the context. A thread of the library's own holds it, in the place of the calling one,
 * and sleeps: OpenMP then binds the others as it would beside the calling thread (OMP_PROC_BIND).
 */
struct team {
    struct crew crew;
    size_t threads; /* with the calling one, which leads */
    pid_t process;  /* that has them */
    bool alone;     /* the calling thread, during this pass */
    pthread_t host;
    struct gate started, ended;
};

static void *hold_region(void *arg)
{
    struct team *const t = arg;

#pragma omp parallel num_threads((int)t->threads)
    {
        if (omp_get_thread_num() != 0) {
            crew_serve(&t->crew);
        } else { /* the others exist by now */
            gate_open(&t->started, 1, 1);
            gate_wait(&t->ended);
        }
    }
    return NULL;
}

static enum vit_status start_host(struct team *t, struct vit_error *err)
{
    const int error = threads_start(&t->host, threads_openmp_stack(), hold_region, t);

    if (error)
        return threads_fail(err, "OpenMP", t->threads, 2, error);
    gate_wait(&t->started);
    return VIT_OK;
}

static bool init(struct team *t)
{
    if (!gate_init(&t->started, false))
        return false;
    if (!gate_init(&t->ended, false))
        goto no_ended;
    if (!crew_init(&t->crew, t->threads <= threads_at_once()))
        goto no_crew;
    return true;

no_crew:
    gate_destroy(&t->ended);
no_ended:
    gate_destroy(&t->started);
    return false;
}

static void destroy(struct team *t)
{
    crew_destroy(&t->crew);
    gate_destroy(&t->ended);
    gate_destroy(&t->started);
}

enum vit_status team_create(size_t threads, struct team **team, struct vit_error *err)
{
    enum vit_status status = threads_try(threads, err); /* those of the region, and the host */

    if (status)
        return status;
    struct team *const t = malloc(sizeof *t);
    if (t)
        *t = (struct team){ .threads = threads, .process = getpid() };
    if (!t || !init(t)) {
        free(t);
        return fail(err, VIT_ENOMEM, "no memory for a team of %zu threads", threads);
    }
    if ((status = start_host(t, err))) {
        destroy(t);
        free(t);
        return status;
    }
    *team = t;
    return VIT_OK;
}

void team_free(struct team *team)
{
    if (!team)
        return;
    if (team->process == getpid()) { /* a child cannot join its parent's threads */
        crew_dismiss(&team->crew);
        gate_open(&team->ended, 1, 1);
        pthread_join(team->host, NULL);
        destroy(team);
    }
    free(team);
}

/* As a region inside another one has a single thread, unless the program enables more levels. */
void team_run(struct team *team, void (*lead)(void *arg), void *arg)
{
    team->alone =
        team->process != getpid() || omp_get_active_level() >= omp_get_max_active_levels();
    lead(arg);
}

static void run_operation(void *user, size_t tasks, crew_task *task, void *arg)
{
    struct team *const team = user;

    if (!team->alone)
        crew_run(&team->crew, tasks, task, arg);
    else
        crew_run_alone(tasks, task, arg);
}

struct vit_parallel team_parallel(struct team *team)
{
    return (struct vit_parallel){ run_operation, team, team->threads };
}

/*
 * How many threads were tried, for each calling thread: OpenMP keeps those of its regions. A key,
 * since the C library ends the process where it has no memory for a thread-local variable.
 */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t tried; /* an address in `counts`, whose index is the number */
static const char counts[VIT_MAX_THREADS + 1];
static bool remembers;

static void create_key(void)
{
    remembers = pthread_key_create(&tried, NULL) == 0;
}

/* Whether this thread can begin a region of so many threads. */
static bool can_start(size_t threads)
{
    if (omp_get_active_level() >= omp_get_max_active_levels()) /* it would have a single thread */
        return true;
    pthread_once(&once, create_key);
    const char *const before = remembers ? pthread_getspecific(tried) : NULL;
    if (before && before - counts >= (ptrdiff_t)threads)
        return true;
    if (threads_try(threads, NULL))
        return false;
    if (remembers)
        pthread_setspecific(tried, &counts[threads]);
    return true;
}

void vit_parallel_openmp(void *user, size_t tasks, crew_task *task, void *arg)
{
    const size_t most = VIT_MAX_THREADS, threads = tasks < most ? tasks : most;

    (void)user;
    if (threads > 1 && can_start(threads)) {
#pragma omp parallel for schedule(static, 1) num_threads((int)threads)
        for (size_t i = 0; i < tasks; i++)
            task(arg, i);
    } else {
        crew_run_alone(tasks, task, arg);
    }
}

#else

struct team {
    struct vit_thread_pool *pool;
};

enum vit_status team_create(size_t threads, struct team **team, struct vit_error *err)
{
    const struct vit_pool_options options = { .size = sizeof options, .threads = threads };
    struct team *const t = calloc(1, sizeof *t);
    enum vit_status status = VIT_OK;

    if (!t)
        return fail(err, VIT_ENOMEM, "no memory for a team of %zu threads", threads);
    if ((status = vit_pool_create(&options, &t->pool, err))) {
        free(t);
        return status;
    }
    *team = t;
    return VIT_OK;
}

void team_free(struct team *team)
{
    if (team)
        vit_pool_free(team->pool);
    free(team);
}

void team_run(struct team *team, void (*lead)(void *arg), void *arg)
{
    (void)team;
    lead(arg);
}

struct vit_parallel team_parallel(struct team *team)
{
    return (struct vit_parallel){ vit_pool_run, team->pool, vit_pool_threads(team->pool) };
}

void vit_parallel_openmp(void *user, size_t tasks, crew_task *task, void *arg)
{
    const struct vit_pool_options options = {
        .size = sizeof options, .threads = tasks < VIT_MAX_THREADS ? tasks : VIT_MAX_THREADS
    };
    struct vit_thread_pool *pool = NULL;

    (void)user;
    if (tasks > 1 && vit_pool_create(&options, &pool, NULL) == VIT_OK)
        vit_pool_run(pool, tasks, task, arg);
    else
        crew_run_alone(tasks, task, arg);
    vit_pool_free(pool);
}

#endif
