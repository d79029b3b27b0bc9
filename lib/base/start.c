/* start.c - starts threads, and tries whether those of OpenMP can be started */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/threads.h"

/* Everything but what an instruction raises: POSIX leaves it undefined to block those. */
static sigset_t signals_of_the_program(void)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&set, own[i]);
    return set;
}

int threads_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *arg), void *arg)
{
    const sigset_t blocked = signals_of_the_program();
    sigset_t before;
    pthread_attr_t attr;
    int error = pthread_attr_init(&attr);

    if (error)
        return error;
    if (stack_bytes)
        error = pthread_attr_setstacksize(&attr, stack_bytes);
    if (!error) {
        pthread_sigmask(SIG_BLOCK, &blocked, &before);
        error = pthread_create(thread, &attr, run, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attr);
    return error;
}

enum vit_status threads_fail(struct vit_error *err, const char *what, size_t threads, size_t i,
                             int error)
{
    return fail(err, VIT_ENOMEM,
                "%s: expected to start %zu threads, found that thread %zu cannot be started: %s",
                what, threads, i, strerror(error));
}

size_t threads_openmp_stack(void)
{
    const char *const standard = getenv("OMP_STACKSIZE");
    const size_t bytes = threads_stack_bytes(standard ? standard : getenv("GOMP_STACKSIZE"));

    return bytes < (size_t)PTHREAD_STACK_MIN ? 0 : bytes; /* libgomp ignores less, too */
}

/* Threads that are there at the same time, and do nothing. */
struct trial {
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool over;
};

static void *stay(void *arg)
{
    struct trial *const trial = arg;

    pthread_mutex_lock(&trial->mutex);
    while (!trial->over)
        pthread_cond_wait(&trial->ended, &trial->mutex);
    pthread_mutex_unlock(&trial->mutex);
    return NULL;
}

enum vit_status threads_try(size_t threads, struct vit_error *err)
{
    struct trial trial = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
    pthread_t *const started = calloc(threads, sizeof *started);
    size_t count = 0;
    const size_t stack_bytes = threads_openmp_stack();
    int error = 0;

    if (!started)
        return fail(err, VIT_ENOMEM, "no memory for %zu threads", threads);
    while (count < threads && !error)
        if (!(error = threads_start(&started[count], stack_bytes, stay, &trial)))
            count++;
    pthread_mutex_lock(&trial.mutex);
    trial.over = true;
    pthread_cond_broadcast(&trial.ended);
    pthread_mutex_unlock(&trial.mutex);
    for (size_t i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    free(started);
    return error ? threads_fail(err, "OpenMP", threads, count + 1, error) : VIT_OK;
}
