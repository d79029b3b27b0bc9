/* work.c - threads for what takes longer than a connection's thread may be held up */
#include "server/work.h"

#include <pthread.h>
#include <stdlib.h>

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct work *first, **last;
    bool closed;
    size_t count;
    pthread_t threads[]; /* [count] */
};

static void *serve(void *arg)
{
    struct workers *const w = arg;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct work *const work = w->first;
        if (!work && w->closed)
            break;
        if (!work) {
            pthread_cond_wait(&w->arrived, &w->lock);
            continue;
        }
        w->first = work->next;
        if (!w->first)
            w->last = &w->first;
        pthread_mutex_unlock(&w->lock);
        work->run(work->arg);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

bool workers_create(size_t threads, struct workers **workers)
{
    struct workers *const w = calloc(1, sizeof *w + threads * sizeof *w->threads);

    if (!w)
        return false;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->arrived, NULL);
    while (w->count < threads && pthread_create(&w->threads[w->count], NULL, serve, w) == 0)
        w->count++;
    if (w->count == threads) {
        *workers = w;
        return true;
    }
    workers_free(w);
    return false;
}

void workers_submit(struct workers *w, struct work *work)
{
    work->next = NULL;
    pthread_mutex_lock(&w->lock);
    *w->last = work;
    w->last = &work->next;
    pthread_cond_signal(&w->arrived);
    pthread_mutex_unlock(&w->lock);
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    pthread_cond_broadcast(&w->arrived);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->count; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->arrived);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
