/* own_threads.c - a forward pass on a thread pool of the program's own, without OpenMP */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vit/vit.h>

enum { WORKERS = 3, BATCH = 8 };

/* Workers sleep until there are tasks, then run one after another. */
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t next, tasks, finished;
    bool stop;
    pthread_t workers[WORKERS];
};

/* Runs tasks until none is left. Called, and returns, with the mutex locked. */
static void take_tasks(struct pool *p)
{
    while (p->next < p->tasks) {
        const size_t i = p->next++;
        pthread_mutex_unlock(&p->mutex);
        p->task(p->arg, i);
        pthread_mutex_lock(&p->mutex);
        if (++p->finished == p->tasks)
            pthread_cond_signal(&p->done);
    }
}

static void *work(void *arg)
{
    struct pool *p = arg;

    pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        take_tasks(p);
        if (!p->stop)
            pthread_cond_wait(&p->work, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* libvit calls this: every task once, on any threads; return when all have returned. */
static void run(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct pool *p = user;

    pthread_mutex_lock(&p->mutex);
    p->task = task;
    p->arg = arg;
    p->next = p->finished = 0;
    p->tasks = tasks;
    pthread_cond_broadcast(&p->work);
    take_tasks(p); /* the calling thread works too */
    while (p->finished < tasks)
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

static void must(int failed, const char *message)
{
    if (failed) {
        fprintf(stderr, "own_threads: %s\n", message);
        exit(EXIT_FAILURE);
    }
}

/* Logits of a batch in a context with these options. */
static void forward(const struct vit_model *model, const struct vit_context_options *options,
                    const float *images, float *logits)
{
    struct vit_context *context;
    struct vit_error err;

    must(vit_context_create(model, options, &context, &err), err.message);
    must(vit_forward(context, BATCH, images, logits, &err), err.message);
    vit_context_free(context);
}

int main(void)
{
    struct pool pool = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                         .work = PTHREAD_COND_INITIALIZER,
                         .done = PTHREAD_COND_INITIALIZER };
    const struct vit_context_options one = { .size = sizeof one, .max_batch = BATCH, .threads = 1 };
    const struct vit_context_options own = {
        .size = sizeof own, .max_batch = BATCH, .threads = WORKERS + 1, .run = run, .user = &pool
    };
    static float images[BATCH][64], expected[BATCH][10], found[BATCH][10];
    struct vit_model *model;
    struct vit_error err;

    for (int i = 0; i < BATCH * 64; i++)
        images[i / 64][i % 64] = (float)(i * 37 % 101) / 50 - 1;
    must(vit_model_open("models/digits", NULL, &model, &err), err.message);
    for (int i = 0; i < WORKERS; i++)
        must(pthread_create(&pool.workers[i], NULL, work, &pool), "cannot create a thread");

    forward(model, &one, images[0], expected[0]);
    forward(model, &own, images[0], found[0]);
    printf("%d own threads: %s bits as one thread\n", WORKERS + 1,
           memcmp(expected, found, sizeof found) == 0 ? "the same" : "other");

    pthread_mutex_lock(&pool.mutex);
    pool.stop = true;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.mutex);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(pool.workers[i], NULL);
    vit_model_free(model);
    return EXIT_SUCCESS;
}
