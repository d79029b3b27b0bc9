/* picture_reader.c - a thread that reads and decodes the next pictures while others are computed */
#include "tools/picture_reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/load.h"

/* The reader fills one batch while the caller has the other. */
enum { BATCHES = 2, GROUP_BYTES = 1 << 26 };

struct picture_reader {
    const struct session *session;
    size_t count;
    const struct shard *const *shards; /* [count] */
    const struct picture_filter *filter;
    struct picture_batch batches[BATCHES];
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    size_t filled, taken, given_back; /* batches so far */
    bool ended, stop;
};

/* --- decoding */

struct group {
    const struct session *session;
    struct picture *pictures; /* [tasks] */
    struct vit_image *pixels; /* [tasks] */
};

static void decode(void *arg, size_t i)
{
    const struct group *const g = arg;
    struct picture *const p = &g->pictures[i];

    if (p->error.status)
        return;
    if (p->path)
        load_pixels(g->session, p->path, &g->pixels[i], &p->error);
    else
        decode_pixels(g->session, p->key, p->bytes, p->size, &g->pixels[i], &p->error);
}

/* Decodes pictures from `first` on, on every thread; the pixels of a batch have no gaps. */
static void decode_group(const struct picture_reader *r, struct picture_batch *b, size_t first)
{
    struct group group = { r->session, b->pictures + first, b->pixels + b->filled };
    const size_t base = b->filled;

    vit_pool_run(r->session->pool, b->count - first, decode, &group);
    for (size_t i = first; i < b->count; i++) {
        struct picture *const p = &b->pictures[i];
        struct vit_image *const to = &b->pixels[b->filled], *const from =
                                                                &b->pixels[base + i - first];
        free(p->bytes);
        p->bytes = NULL;
        if (p->error.status == VIT_ENOMEM && !b->error.status)
            b->error = p->error; /* the machine's, not the picture's */
        if (p->error.status)
            continue;
        const struct vit_image pixels = *to;
        *to = *from;
        *from = pixels;
        b->filled++;
    }
}

/* --- reading */

static bool is_wanted(const struct picture_reader *r, size_t shard, size_t picture)
{
    return !r->filter || r->filter->wanted(r->filter->arg, shard, picture);
}

/* Reads pictures into a batch until it is full, the shard ends, or GROUP_BYTES are in memory. */
static void read_group(const struct picture_reader *r, struct picture_source *source,
                       size_t *number, struct picture_batch *b)
{
    size_t bytes = 0;

    while (!b->last && b->count < r->session->batch && bytes < GROUP_BYTES) {
        struct picture picture;
        const bool wanted = is_wanted(r, b->shard, *number);
        bool found = false;
        picture_source_next(source, wanted, &picture, &found, &b->error);
        b->last = b->error.status || !found;
        if (b->last)
            return;
        ++*number;
        bytes += picture.size;
        if (wanted)
            b->pictures[b->count++] = picture;
        else
            picture_free(&picture);
    }
}

static void clear(struct picture_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        picture_free(&b->pictures[i]);
    b->count = b->filled = 0;
    b->error.status = VIT_OK;
    b->last = false;
}

/* Waits for a batch that the caller has given back; NULL: the reader is to stop. */
static struct picture_batch *wait_for_room(struct picture_reader *r)
{
    pthread_mutex_lock(&r->mutex);
    while (!r->stop && r->filled - r->given_back == BATCHES)
        pthread_cond_wait(&r->changed, &r->mutex);
    struct picture_batch *const b = r->stop ? NULL : &r->batches[r->filled % BATCHES];
    pthread_mutex_unlock(&r->mutex);
    return b;
}

static void hand_over(struct picture_reader *r, bool ended)
{
    pthread_mutex_lock(&r->mutex);
    r->filled += !ended;
    r->ended = ended;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

/* False: the reader is to stop. */
static bool read_shard(struct picture_reader *r, size_t shard)
{
    struct picture_source *source = NULL;
    struct vit_error error = { .status = VIT_OK };
    size_t number = 0;
    bool first = true, last = false;

    picture_source_open(r->shards[shard], &source, &error);
    while (!last) {
        struct picture_batch *const b = wait_for_room(r);
        if (!b)
            break;
        clear(b);
        b->shard = shard;
        b->first = first;
        b->error = error;
        b->last = error.status;
        while (!b->last && b->count < r->session->batch) {
            const size_t begin = b->count;
            read_group(r, source, &number, b);
            decode_group(r, b, begin);
            b->last |= b->error.status != VIT_OK;
        }
        b->position = source ? picture_source_position(source) : 1;
        first = false;
        last = b->last;
        hand_over(r, false);
    }
    picture_source_close(source);
    return last;
}

static void *read_shards(void *arg)
{
    struct picture_reader *const r = arg;
    size_t shard = 0;

    while (shard < r->count && read_shard(r, shard))
        shard++;
    hand_over(r, true);
    return NULL;
}

/* --- the caller's side */

static enum vit_status create_batch(const struct session *session, struct picture_batch *b,
                                    struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    b->pictures = calloc(session->batch, sizeof *b->pictures);
    b->pixels = calloc(session->batch, sizeof *b->pixels);
    if (!b->pictures || !b->pixels)
        return tool_no_memory(err);
    for (size_t i = 0; !status && i < session->batch; i++)
        status = create_pixels(session, &b->pixels[i], err);
    return status;
}

/* The thread takes no signal: the thread that makes files removes them. */
static enum vit_status start_thread(struct picture_reader *r, struct vit_error *err)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failed = pthread_create(&r->thread, NULL, read_shards, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->started = !failed;
    return failed ? tool_fail(err, VIT_ENOMEM, "cannot start a thread: %s", strerror(failed))
                  : VIT_OK;
}

enum vit_status picture_reader_start(const struct session *session, size_t count,
                                     const struct shard *const *shards,
                                     const struct picture_filter *filter,
                                     struct picture_reader **reader, struct vit_error *err)
{
    struct picture_reader *const r = calloc(1, sizeof *r);
    enum vit_status status = VIT_OK;

    *reader = r;
    if (!r)
        return tool_no_memory(err);
    r->session = session;
    r->count = count;
    r->shards = shards;
    r->filter = filter;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    for (size_t i = 0; !status && i < BATCHES; i++)
        status = create_batch(session, &r->batches[i], err);
    if (!status)
        status = start_thread(r, err);
    if (status) {
        picture_reader_stop(r);
        *reader = NULL;
    }
    return status;
}

const struct picture_batch *picture_reader_next(struct picture_reader *r)
{
    pthread_mutex_lock(&r->mutex);
    r->given_back = r->taken;
    pthread_cond_broadcast(&r->changed);
    while (r->filled == r->taken && !r->ended)
        pthread_cond_wait(&r->changed, &r->mutex);
    const struct picture_batch *const b =
        r->filled == r->taken ? NULL : &r->batches[r->taken++ % BATCHES];
    pthread_mutex_unlock(&r->mutex);
    return b;
}

void picture_reader_stop(struct picture_reader *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->mutex);
    r->stop = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    if (r->started)
        pthread_join(r->thread, NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        struct picture_batch *const b = &r->batches[i];
        clear(b);
        for (size_t j = 0; b->pixels && j < r->session->batch; j++)
            vit_image_free(&b->pixels[j]);
        free(b->pixels);
        free(b->pictures);
    }
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}
