/* start.c - starts threads, and tries whether those of OpenMP can be started */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

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

/* Threads that are there at the same time. */
struct trial {
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool over, no_memory;
};

/*
 * Allocates, as OpenMP's runtime does in each of its threads: glibc reserves 64 MiB of addresses
 * for the first allocation of a thread, and gives them to the next thread when that one has ended.
 */
static void *stay(void *arg)
{
    struct trial *const trial = arg;
    void *const memory = malloc(1024);

    pthread_mutex_lock(&trial->mutex);
    trial->no_memory |= !memory;
    while (!trial->over)
        pthread_cond_wait(&trial->ended, &trial->mutex);
    pthread_mutex_unlock(&trial->mutex);
    free(memory);
    return NULL;
}

/*
 * Whether there is memory for what OpenMP's runtime allocates for a region (192 bytes a thread and
 * a few tables), and glibc has what it needs to end a thread with pthread_exit: it loads libgcc_s
 * then, and ends the process if it cannot. backtrace loads it too, and only says so.
 */
static bool has_memory_of_a_region(size_t threads)
{
    void *const memory = malloc(((size_t)64 << 10) + 1024 * threads);
    bool ends = true;

    free(memory);
#ifdef __GLIBC__
    void *frame;
    ends = backtrace(&frame, 1) > 0;
#endif
    return memory && ends;
}

/*
 * While the threads of the trial are there: whether one of those that follow may still reserve
 * twice 64 MiB for its first allocation, as glibc does before it returns half of them, without
 * taking the addresses of the next thread's stack.
 */
static bool has_addresses_to_spare(void)
{
#ifdef MAP_ANONYMOUS
    const size_t bytes = (size_t)128 << 20;
    void *const room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED)
        return false;
    munmap(room, bytes);
#endif
    return true;
}

enum vit_status threads_try(size_t threads, struct vit_error *err)
{
    struct trial trial = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false };
    pthread_t *const started = calloc(threads, sizeof *started);
    size_t count = 0;
    const size_t stack_bytes = threads_openmp_stack();
    int error = 0;

    if (!started || !has_memory_of_a_region(threads)) {
        free(started);
        return fail(err, VIT_ENOMEM, "no memory for %zu threads", threads);
    }
    while (count < threads && !error)
        if (!(error = threads_start(&started[count], stack_bytes, stay, &trial)))
            count++;
    if (!error && !has_addresses_to_spare())
        error = ENOMEM;
    pthread_mutex_lock(&trial.mutex);
    trial.over = true;
    pthread_cond_broadcast(&trial.ended);
    pthread_mutex_unlock(&trial.mutex);
    for (size_t i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    free(started);
    if (!error && trial.no_memory)
        error = ENOMEM;
    return error
               ? threads_fail(err, "OpenMP", threads, count < threads ? count + 1 : threads, error)
               : VIT_OK;
}
