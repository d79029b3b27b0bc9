/* batcher.c - the queue of a model: requests become batches, which contexts compute */
#include "server/batcher.h"

#include <stdlib.h>

#include "server/clock.h"
#include "server/instance.h"
#include "server/stats.h"

/* Jobs in the order of their arrival. */
struct line {
    struct job *first, **last;
};

struct batcher {
    struct settings settings;
    struct stats *stats;
    pthread_mutex_t lock;
    pthread_cond_t work;  /* a job arrived, or hurry or closed was set */
    pthread_cond_t watch; /* the earliest deadline may have changed, or closed was set */
    /* by priority, 1 first, at 1; the last line holds what is delayed by its timeout */
    struct line lines[MAX_PRIORITIES + 2];
    size_t jobs, images; /* that wait */
    bool hurry, closed;

    pthread_t watcher;
    bool watching;
    size_t worker_count;
    struct worker {
        struct batcher *batcher;
        struct instance *instance;
        pthread_t thread;
    } workers[]; /* [worker_count] */
};

enum { DELAYED = MAX_PRIORITIES + 1 };

static void append(struct line *line, struct job *job)
{
    job->next = NULL;
    *line->last = job;
    line->last = &job->next;
}

/* Takes out the job that *link points to. */
static struct job *unlink_job(struct line *line, struct job **link)
{
    struct job *const job = *link;

    *link = job->next;
    if (!*link)
        line->last = link;
    job->next = NULL;
    return job;
}

static size_t line_of(const struct batcher *b, const struct job *job)
{
    const size_t level = job->priority && job->priority <= b->settings.priorities
                             ? job->priority
                             : b->settings.default_priority;

    return b->settings.priorities ? level : 1;
}

/* The end of a job's time in the queue: its own timeout, which may only shorten the model's. */
static uint64_t deadline_of(const struct batcher *b, const struct job *job)
{
    uint64_t timeout = b->settings.timeout_us;

    if (!b->settings.no_override && job->timeout_us && (!timeout || job->timeout_us < timeout))
        timeout = job->timeout_us;
    return timeout && timeout < (UINT64_MAX >> 1) / 1000 ? job->times.queued + 1000 * timeout
                                                         : UINT64_MAX;
}

void batcher_submit(struct batcher *b, struct job *job)
{
    bool accepted = false;

    job->times.queued = clock_ns();
    job->deadline_ns = deadline_of(b, job);
    pthread_mutex_lock(&b->lock);
    if (b->closed)
        fail(&job->failure, 503, "model: it is being unloaded");
    else if (b->settings.queue_limit && b->jobs >= b->settings.queue_limit)
        fail(&job->failure, 503, "Exceeds maximum queue size");
    else {
        append(&b->lines[line_of(b, job)], job);
        b->jobs++;
        b->images += job->batch;
        accepted = true;
        pthread_cond_signal(&b->work);
        if (job->deadline_ns != UINT64_MAX)
            pthread_cond_signal(&b->watch);
    }
    pthread_mutex_unlock(&b->lock);
    if (!accepted)
        job->done(job);
}

void batcher_hurry(struct batcher *b)
{
    pthread_mutex_lock(&b->lock);
    b->hurry = true;
    pthread_cond_broadcast(&b->work);
    pthread_mutex_unlock(&b->lock);
}

size_t batcher_pending(struct batcher *b)
{
    pthread_mutex_lock(&b->lock);
    const size_t jobs = b->jobs;
    pthread_mutex_unlock(&b->lock);
    return jobs;
}

/* When the batch that is due has waited long enough; 0: now. */
static uint64_t due(const struct batcher *b)
{
    uint64_t oldest = UINT64_MAX;

    if (b->hurry || b->settings.delay_us == 0 || b->images >= b->settings.max_batch)
        return 0;
    for (size_t i = 1; i <= DELAYED; i++)
        if (b->lines[i].first && b->lines[i].first->times.queued < oldest)
            oldest = b->lines[i].first->times.queued;
    return oldest + 1000 * b->settings.delay_us;
}

/* As many jobs as fit, in order: one that does not fit ends the batch, or it might wait forever. */
static struct job *take_batch(struct batcher *b, size_t *batch)
{
    struct job *jobs = NULL;
    struct line taken = { NULL, &jobs };

    *batch = 0;
    for (size_t i = 1; i <= DELAYED; i++)
        while (b->lines[i].first) {
            const size_t images = b->lines[i].first->batch;
            if (*batch + images > b->settings.max_batch)
                return jobs;
            append(&taken, unlink_job(&b->lines[i], &b->lines[i].first));
            b->jobs--;
            b->images -= images;
            *batch += images;
        }
    return jobs;
}

static void finish(struct job *jobs)
{
    while (jobs) {
        struct job *const next = jobs->next; /* done may free the job */
        jobs->done(jobs);
        jobs = next;
    }
}

/* Takes out the jobs of a batch that nobody waits for. */
static struct job *take_abandoned(struct job **jobs, size_t *batch)
{
    struct job *abandoned = NULL;
    struct line taken = { NULL, &abandoned };

    for (struct job **link = jobs; *link;) {
        struct job *const job = *link;
        if (!job->abandoned(job)) {
            link = &job->next;
            continue;
        }
        *link = job->next;
        *batch -= job->batch;
        fail(&job->failure, HTTP_CLIENT_CLOSED, "the client closed its connection");
        append(&taken, job);
    }
    return abandoned;
}

static void *work(void *arg)
{
    const struct worker *const worker = arg;
    struct batcher *const b = worker->batcher;
    size_t batch;

    pthread_mutex_lock(&b->lock);
    for (;;) {
        if (b->jobs == 0) {
            if (b->closed)
                break;
            pthread_cond_wait(&b->work, &b->lock);
            continue;
        }
        const uint64_t until = due(b);
        if (until > clock_ns()) {
            clock_wait(&b->work, &b->lock, until);
            continue;
        }
        struct job *jobs = take_batch(b, &batch);
        if (b->jobs)
            pthread_cond_signal(&b->work); /* another context may begin with the rest */
        pthread_mutex_unlock(&b->lock);
        finish(take_abandoned(&jobs, &batch));
        if (jobs) {
            instance_compute(worker->instance, jobs);
            if (!jobs->failure.http)
                stats_batch(b->stats, batch, &jobs->times);
            finish(jobs);
        }
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* Takes out every job whose time is over; *earliest is the next deadline. */
static struct job *take_expired(struct batcher *b, uint64_t *earliest)
{
    const uint64_t now = clock_ns();
    struct job *expired = NULL;
    struct line taken = { NULL, &expired };

    *earliest = UINT64_MAX;
    for (size_t i = 1; i <= DELAYED; i++)
        for (struct job **link = &b->lines[i].first; *link;) {
            if ((*link)->deadline_ns > now) {
                *earliest = (*link)->deadline_ns < *earliest ? (*link)->deadline_ns : *earliest;
                link = &(*link)->next;
                continue;
            }
            struct job *const job = unlink_job(&b->lines[i], link);
            if (b->settings.timeout_delays) {
                job->deadline_ns = UINT64_MAX;
                append(&b->lines[DELAYED], job);
                continue;
            }
            b->jobs--;
            b->images -= job->batch;
            fail(&job->failure, 503, "Request timeout expired");
            append(&taken, job);
        }
    return expired;
}

static void *watch(void *arg)
{
    struct batcher *const b = arg;
    uint64_t earliest;

    pthread_mutex_lock(&b->lock);
    while (!b->closed) {
        struct job *const expired = take_expired(b, &earliest);
        if (!expired) {
            clock_wait(&b->watch, &b->lock, earliest);
            continue;
        }
        pthread_mutex_unlock(&b->lock);
        finish(expired);
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static bool start_worker(const struct vit_model *model, struct batcher *b, struct failure *f)
{
    struct worker *const w = &b->workers[b->worker_count];

    w->batcher = b;
    if (!instance_create(model, &b->settings, &w->instance, f))
        return false;
    if (pthread_create(&w->thread, NULL, work, w) != 0) {
        instance_free(w->instance);
        return fail(f, 503, "context: cannot start its thread");
    }
    b->worker_count++;
    return true;
}

/* An empty queue, without threads; NULL: no memory. */
static struct batcher *new_queue(const struct settings *settings, struct stats *stats)
{
    struct batcher *const b = calloc(1, sizeof *b + settings->instances * sizeof *b->workers);

    if (!b)
        return NULL;
    b->settings = *settings;
    b->stats = stats;
    for (size_t i = 0; i <= DELAYED; i++)
        b->lines[i].last = &b->lines[i].first;
    if (!clock_condition(&b->work))
        goto free_queue;
    if (!clock_condition(&b->watch))
        goto end_work;
    pthread_mutex_init(&b->lock, NULL); /* never fails with default attributes on Linux */
    return b;
end_work:
    pthread_cond_destroy(&b->work);
free_queue:
    free(b);
    return NULL;
}

bool batcher_create(const struct vit_model *model, const struct settings *settings,
                    struct stats *stats, struct batcher **batcher, struct failure *f)
{
    struct batcher *const b = new_queue(settings, stats);
    bool started = true;

    if (!b)
        return fail(f, 503, "queue: out of memory");
    for (size_t i = 0; started && i < settings->instances; i++)
        started = start_worker(model, b, f);
    if (started && pthread_create(&b->watcher, NULL, watch, b) != 0)
        started = fail(f, 503, "queue: cannot start its thread");
    else
        b->watching = started;
    if (started)
        *batcher = b;
    else
        batcher_free(b);
    return started;
}

void batcher_free(struct batcher *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->closed = b->hurry = true;
    pthread_cond_broadcast(&b->work);
    pthread_cond_broadcast(&b->watch);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < b->worker_count; i++)
        pthread_join(b->workers[i].thread, NULL);
    if (b->watching)
        pthread_join(b->watcher, NULL);
    for (size_t i = 0; i < b->worker_count; i++)
        instance_free(b->workers[i].instance);
    pthread_cond_destroy(&b->watch);
    pthread_cond_destroy(&b->work);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
