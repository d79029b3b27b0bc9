/* work.h - threads for what takes longer than a connection's thread may be held up */
#ifndef VIT_SERVER_WORK_H
#define VIT_SERVER_WORK_H

#include <stdbool.h>
#include <stddef.h>

/* One task; the caller's memory until it has run. */
struct work {
    struct work *next;
    void (*run)(void *arg);
    void *arg;
};

struct workers;

bool workers_create(size_t threads, struct workers **workers); /* false: no memory, no thread */
void workers_submit(struct workers *w, struct work *work);     /* runs in order of submission */
void workers_free(struct workers *w); /* after all submitted work; NULL is allowed */

#endif
