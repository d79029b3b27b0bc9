/* served.c - an open model that requests use: its sizes, its queue, its counts, its users */
#include "server/served.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 4096 };

/* The file of packed weights, which is in the checkpoint's directory unless it is absolute. */
static bool packed_path(const char *directory, const struct settings *o, char path[PATH_BYTES],
                        struct failure *f)
{
    const bool absolute = *o->packed == '/';
    const int size = snprintf(path, PATH_BYTES, "%s%s%s", absolute ? "" : directory,
                              absolute ? "" : "/", o->packed);

    return size < PATH_BYTES || fail(f, 400, "packed: expected a path below %d bytes", PATH_BYTES);
}

static bool open_model(const char *directory, struct served *s, struct failure *f)
{
    const struct settings *const o = &s->settings;
    char packed[PATH_BYTES];
    const struct vit_model_options options = { .size = sizeof options,
                                               .isa = o->isa,
                                               .height = o->height,
                                               .width = o->width,
                                               .keep = o->keep,
                                               .packed = o->packed ? packed : NULL,
                                               .precision = (enum vit_precision)o->precision };
    struct vit_error err = { .status = VIT_OK };

    if (o->packed && !packed_path(directory, o, packed, f))
        return false;
    if (vit_model_open(directory, &options, &s->model, &err) != VIT_OK ||
        vit_model_get_config(s->model, &s->config, &err) != VIT_OK ||
        vit_model_get_preprocess_config(s->model, &s->preprocess, &err) != VIT_OK)
        return fail_vit(f, s->name, &err);
    s->image_elements = s->config.channels * s->config.height * s->config.width;
    for (size_t i = 0; i < SERVED_OUTPUTS; i++)
        served_output_shape(s->model, (enum served_output)i, &s->rows[i], &s->columns[i]);
    return batcher_create(s->model, o, s->stats, &s->batcher, f);
}

bool served_open(const char *name, uint64_t version, const char *directory,
                 const struct settings *settings, struct stats *stats, struct served **served,
                 struct failure *f)
{
    struct served *const s = calloc(1, sizeof *s);

    if (!s)
        return fail(f, 503, "%s: out of memory", name);
    snprintf(s->name, sizeof s->name, "%s", name);
    s->version = version;
    s->settings = *settings;
    s->stats = stats;
    s->config.size = sizeof s->config;
    s->preprocess.size = sizeof s->preprocess;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->unused, NULL);
    if (open_model(directory, s, f)) {
        *served = s;
        return true;
    }
    served_close(s);
    return false;
}

void served_retain(struct served *s)
{
    pthread_mutex_lock(&s->lock);
    s->users++;
    pthread_mutex_unlock(&s->lock);
}

void served_release(struct served *s)
{
    pthread_mutex_lock(&s->lock);
    if (--s->users == 0)
        pthread_cond_signal(&s->unused);
    pthread_mutex_unlock(&s->lock);
}

void served_close(struct served *s)
{
    if (!s)
        return;
    if (s->batcher)
        batcher_hurry(s->batcher);
    pthread_mutex_lock(&s->lock);
    while (s->users)
        pthread_cond_wait(&s->unused, &s->lock);
    pthread_mutex_unlock(&s->lock);
    batcher_free(s->batcher);
    vit_model_free(s->model);
    pthread_cond_destroy(&s->unused);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
