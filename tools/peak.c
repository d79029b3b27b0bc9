/* peak.c - the multiply-adds that the CPU does when nothing holds it up */
#include "tools/peak.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tools/tool.h"

/*
 * Long against the microseconds by which threads start apart, short against the forward passes
 * between which it is measured.
 */
static const double burst_seconds = 3e-3;

/*
 * The best of a few bursts counts: in the first, threads of the forward pass may still be spinning
 * on the CPUs (libgomp's do for about a millisecond), and a peak taken too low flatters a share.
 */
enum { BURSTS = 4 };

/* The threads of one measurement, and when they began and ended each burst. */
struct team {
    const struct peak *peak;
    pthread_mutex_t gate; /* held until all threads are there, or are known not to be */
    bool whole;           /* they are */
    pthread_barrier_t barrier;
    struct worker {
        struct team *team;
        pthread_t thread;
        double begin[BURSTS], end[BURSTS];
        float sink; /* what the multiply-adds gave: without a use they would be removed */
    } * workers;
};

static void *work(void *arg)
{
    struct worker *const w = arg;
    const struct peak *const peak = w->team->peak;

    pthread_mutex_lock(&w->team->gate);
    const bool whole = w->team->whole;
    pthread_mutex_unlock(&w->team->gate);
    if (!whole)
        return NULL;
    for (int i = 0; i < BURSTS; i++) {
        pthread_barrier_wait(&w->team->barrier);
        w->begin[i] = now();
        w->sink += peak->kernels->fma_peak(peak->rounds);
        w->end[i] = now();
    }
    return NULL;
}

struct peak peak_prepare(const struct vit_kernels *kernels, size_t threads)
{
    struct peak peak = { .kernels = kernels, .threads = threads, .rounds = 64 };
    volatile float sink = kernels->fma_peak(peak.rounds); /* wakes the vector units */
    double elapsed = 0;

    while (elapsed < burst_seconds) {
        peak.rounds *= 2;
        const double begin = now();
        sink = kernels->fma_peak(peak.rounds);
        elapsed = now() - begin;
    }
    (void)sink;
    return peak;
}

/* From when the first thread began to when the last one ended. */
static double burst_rate(const struct team *team, int burst)
{
    const struct peak *const peak = team->peak;
    double begin = team->workers[0].begin[burst], end = team->workers[0].end[burst];

    for (size_t i = 1; i < peak->threads; i++) {
        const struct worker *const w = &team->workers[i];
        begin = w->begin[burst] < begin ? w->begin[burst] : begin;
        end = w->end[burst] > end ? w->end[burst] : end;
    }
    return (double)peak->threads * (double)peak->rounds * (double)peak->kernels->fma_peak_flops /
           (end - begin);
}

double peak_measure(const struct peak *peak)
{
    struct team team = { .peak = peak, .gate = PTHREAD_MUTEX_INITIALIZER };
    double best = 0;
    size_t started = 1;

    team.workers = calloc(peak->threads, sizeof *team.workers);
    if (!team.workers || pthread_barrier_init(&team.barrier, NULL, (unsigned)peak->threads) != 0)
        goto free_workers;
    for (size_t i = 0; i < peak->threads; i++)
        team.workers[i].team = &team;

    pthread_mutex_lock(&team.gate);
    while (started < peak->threads &&
           pthread_create(&team.workers[started].thread, NULL, work, &team.workers[started]) == 0)
        started++;
    team.whole = started == peak->threads;
    pthread_mutex_unlock(&team.gate);

    work(&team.workers[0]); /* this thread is one of them */
    for (size_t i = 1; i < started; i++)
        pthread_join(team.workers[i].thread, NULL);
    for (int i = 0; team.whole && i < BURSTS; i++) {
        const double rate = burst_rate(&team, i);
        best = rate > best ? rate : best;
    }
    pthread_barrier_destroy(&team.barrier);

free_workers:
    free(team.workers);
    return best;
}
