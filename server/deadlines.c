/* deadlines.c - closes connections that take too long to send a request or to take its answer */
#include "server/deadlines.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server/clock.h"

enum { CHECKS_A_SECOND = 4, SECOND = 1000000000 };

struct deadline {
    struct deadline *next, *previous;
    uint64_t end_ns; /* UINT64_MAX: none */
    int fd;
};

struct deadlines {
    pthread_mutex_t lock;
    pthread_cond_t closing;
    struct deadline *all;
    uint64_t limit_ns;
    bool closed;
    pthread_t thread;
};

/* Shut down, not closed: libmicrohttpd owns the descriptor, and sees the end of the stream. */
static void *watch(void *arg)
{
    struct deadlines *const d = arg;

    pthread_mutex_lock(&d->lock);
    while (!d->closed) {
        const uint64_t now = clock_ns();
        for (struct deadline *one = d->all; one; one = one->next)
            if (one->end_ns <= now) {
                shutdown(one->fd, SHUT_RDWR);
                one->end_ns = UINT64_MAX;
            }
        clock_wait(&d->closing, &d->lock, now + SECOND / CHECKS_A_SECOND);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

bool deadlines_create(size_t seconds, struct deadlines **deadlines)
{
    struct deadlines *const d = calloc(1, sizeof *d);

    if (!d)
        return false;
    d->limit_ns = (uint64_t)seconds * SECOND;
    pthread_mutex_init(&d->lock, NULL);
    if (!clock_condition(&d->closing))
        goto free_deadlines;
    if (pthread_create(&d->thread, NULL, watch, d) != 0)
        goto end_condition;
    *deadlines = d;
    return true;
end_condition:
    pthread_cond_destroy(&d->closing);
free_deadlines:
    pthread_mutex_destroy(&d->lock);
    free(d);
    return false;
}

void deadlines_free(struct deadlines *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_cond_signal(&d->closing);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->closing);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct deadline *deadline_add(struct deadlines *d, int fd)
{
    struct deadline *const one = calloc(1, sizeof *one);

    if (!one)
        return NULL;
    one->fd = fd;
    one->end_ns = clock_ns() + d->limit_ns;
    pthread_mutex_lock(&d->lock);
    one->next = d->all;
    if (one->next)
        one->next->previous = one;
    d->all = one;
    pthread_mutex_unlock(&d->lock);
    return one;
}

void deadline_remove(struct deadlines *d, struct deadline *one)
{
    if (!one)
        return;
    pthread_mutex_lock(&d->lock);
    if (one->next)
        one->next->previous = one->previous;
    if (one->previous)
        one->previous->next = one->next;
    else
        d->all = one->next;
    pthread_mutex_unlock(&d->lock);
    free(one);
}

static void set(struct deadlines *d, struct deadline *one, uint64_t end_ns)
{
    if (!one)
        return;
    pthread_mutex_lock(&d->lock);
    one->end_ns = end_ns;
    pthread_mutex_unlock(&d->lock);
}

void deadline_begin(struct deadlines *d, struct deadline *one)
{
    set(d, one, clock_ns() + d->limit_ns);
}

void deadline_end(struct deadlines *d, struct deadline *one)
{
    set(d, one, UINT64_MAX);
}
