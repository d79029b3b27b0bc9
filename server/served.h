/* served.h - an open model that requests use: its sizes, its queue, its counts, its users */
#ifndef VIT_SERVER_SERVED_H
#define VIT_SERVER_SERVED_H

#include <pthread.h>

#include "server/batcher.h"
#include "server/stats.h"
#include "vit/vit.h"

struct served {
    char name[64];
    uint64_t version; /* at least 1 */
    struct settings settings;
    struct vit_model *model;
    struct vit_config config;
    struct vit_preprocess_config preprocess;
    size_t image_elements;                                /* of one input */
    size_t rows[SERVED_OUTPUTS], columns[SERVED_OUTPUTS]; /* 0: the model has no such output */
    struct batcher *batcher;
    struct stats *stats; /* the registry's: they outlast a reload */

    pthread_mutex_t lock;
    pthread_cond_t unused;
    size_t users;
};

/* Opens a checkpoint directory and starts its contexts. */
bool served_open(const char *name, uint64_t version, const char *directory,
                 const struct settings *settings, struct stats *stats, struct served **served,
                 struct failure *f);

void served_retain(struct served *s);
void served_release(struct served *s);

/* Waits until nobody uses it, then closes it. NULL is allowed. */
void served_close(struct served *s);

#endif
