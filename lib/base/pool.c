/* pool.c - threads of the library's own, which sleep until they have work */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/sized.h"
#include "base/status.h"
#include "base/threads.h"
#include "vit/parallel.h"

/* Beside what the system needs, which is more with large processors' registers in signal frames. */
static const size_t default_stack_bytes = (size_t)256 << 10;

struct vit_thread_pool {
    struct crew crew;
    atomic_bool busy;
    pid_t process;      /* that has the threads */
    size_t threads;     /* with the caller's */
    pthread_t *helpers; /* [threads - 1] */
};

static void *help(void *arg)
{
    struct vit_thread_pool *const pool = arg;

    crew_serve(&pool->crew);
    return NULL;
}

static size_t least_stack_bytes(void)
{
#ifdef _SC_THREAD_STACK_MIN
    const long least = sysconf(_SC_THREAD_STACK_MIN);
    if (least > 0)
        return (size_t)least;
#endif
    return (size_t)PTHREAD_STACK_MIN;
}

static void end_helpers(struct vit_thread_pool *pool, size_t helpers)
{
    crew_dismiss(&pool->crew);
    for (size_t i = 0; i < helpers; i++)
        pthread_join(pool->helpers[i], NULL);
}

static enum vit_status start_helpers(struct vit_thread_pool *pool, size_t stack_bytes,
                                     struct vit_error *err)
{
    for (size_t i = 0; i + 1 < pool->threads; i++) {
        const int error = threads_start(&pool->helpers[i], stack_bytes, help, pool);
        if (error) {
            end_helpers(pool, i);
            return threads_fail(err, "pool", pool->threads, i + 2, error);
        }
    }
    return VIT_OK;
}

static enum vit_status check_options(const struct vit_pool_options *o, struct vit_error *err)
{
    const size_t least = least_stack_bytes();

    if (o->threads > VIT_MAX_THREADS)
        return fail(err, VIT_EINVAL, "pool: threads: expected at most %d, found %zu",
                    VIT_MAX_THREADS, o->threads);
    if (o->stack_bytes && o->stack_bytes < least)
        return fail(err, VIT_EINVAL, "pool: stack_bytes: expected at least %zu, found %zu", least,
                    o->stack_bytes);
    return VIT_OK;
}

enum vit_status vit_pool_create(const struct vit_pool_options *options,
                                struct vit_thread_pool **pool, struct vit_error *err)
{
    struct vit_pool_options o = { .size = sizeof o };
    enum vit_status status = VIT_OK;

    if (options && (status = sized_read(&o, options, SIZED(vit_pool_options), err)))
        return status;
    if ((status = check_options(&o, err)))
        return status;
    o.threads = o.threads ? o.threads : threads_default();
    o.stack_bytes = o.stack_bytes ? o.stack_bytes : default_stack_bytes + least_stack_bytes();

    struct vit_thread_pool *const p = calloc(1, sizeof *p);
    pthread_t *const helpers = calloc(o.threads, sizeof *helpers);
    if (!p || !helpers || !crew_init(&p->crew, o.threads <= threads_at_once())) {
        status = fail(err, VIT_ENOMEM, "no memory for a pool of %zu threads", o.threads);
        goto no_crew;
    }
    p->process = getpid();
    p->threads = o.threads;
    p->helpers = helpers;
    if ((status = start_helpers(p, o.stack_bytes, err)))
        goto no_helpers;
    *pool = p;
    return VIT_OK;

no_helpers:
    crew_destroy(&p->crew);
no_crew:
    free(helpers);
    free(p);
    return status;
}

void vit_pool_run(void *pool, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct vit_thread_pool *const p = pool;

    if (tasks <= 1 || p->process != getpid() || atomic_exchange(&p->busy, true)) {
        crew_run_alone(tasks, task, arg);
        return;
    }
    crew_run(&p->crew, tasks, task, arg);
    atomic_store(&p->busy, false);
}

size_t vit_pool_threads(const struct vit_thread_pool *pool)
{
    return pool->threads;
}

void vit_pool_free(struct vit_thread_pool *pool)
{
    if (!pool)
        return;
    if (pool->process == getpid()) { /* a child cannot join its parent's threads */
        end_helpers(pool, pool->threads - 1);
        crew_destroy(&pool->crew);
    }
    free(pool->helpers);
    free(pool);
}
