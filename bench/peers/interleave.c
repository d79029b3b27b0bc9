/* interleave.c - interleaves the runs of all libraries, so that all see the same machine load */
#include <stdlib.h>
#include <time.h>

#include "measure/clock.h"
#include "session.h"

/* A turn takes at least this long, so that the clock and the cold first run do not matter. */
static const double min_seconds = 4e-3;
enum { MAX_REPEATS = 2048 };

/* Longer than the idle threads of OpenMP, OpenBLAS and ONNX Runtime spin. */
static const struct timespec until_threads_sleep = { .tv_nsec = 50000000 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_numbers(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, ascending);
}

double sorted_median(const double *sorted, size_t count)
{
    return sorted[count / 2];
}

double sorted_decile(const double *sorted, size_t count)
{
    return sorted[count / 10];
}

/* Measures three times, so that one interruption does not count as a long run. */
static bool is_enough(const struct job *job, size_t repeats)
{
    for (int i = 0; i < 3; i++)
        if (job->run(job->state, repeats) < min_seconds)
            return false;
    return true;
}

/* The number of repeats that a turn needs. This also warms the library up. */
static size_t enough_repeats(const struct job *job)
{
    size_t repeats = 1;

    while (repeats < MAX_REPEATS && !is_enough(job, repeats))
        repeats *= 2;
    return repeats;
}

void turns_prepare(struct turns *turns, const struct session *session, enum group_bit group,
                   const struct work *work)
{
    for (size_t p = 0; p < PEERS; p++) {
        struct job *const job = &turns->jobs[p];
        *job = (struct job){ 0 };
        if (!session->peers[p] || !(all_peers[p]->does & group) ||
            !all_peers[p]->prepare(work, job))
            continue;
        turns->repeats[p] = 1;
        if (group == DOES_FORWARD) /* long enough, and too long to try again */
            job->run(job->state, 1);
        else
            turns->repeats[p] = enough_repeats(job);
    }
}

void turns_take(struct turns *turns, size_t rounds, size_t threads, struct peak *peak)
{
    double had = 0, passed = 0; /* of the processor and of the clock, in libvit's turns */

    turns->rounds = rounds;
    for (size_t r = 0; r < rounds; r++) {
        turns->peak[r] = peak_measure(peak);
        for (size_t i = 0; i < PEERS; i++) {
            /* rotate the order: each library is first in some rounds */
            const size_t p = (r + (r % 2 ? i : PEERS - 1 - i)) % PEERS;
            const struct job *const job = &turns->jobs[p];
            if (!job->run)
                continue;
            if (threads > 1)
                nanosleep(&until_threads_sleep, NULL);
            if (turns->repeats[p] > 1) /* the other libraries have used the caches */
                job->run(job->state, 1);
            const double begin = thread_now(), wall = job->run(job->state, turns->repeats[p]);
            turns->seconds[p][r] = wall / (double)turns->repeats[p];
            had += p == 0 ? thread_now() - begin : 0;
            passed += p == 0 ? wall : 0;
        }
        if (threads > 1)
            nanosleep(&until_threads_sleep, NULL);
    }
    turns->processor_share = had / passed;
    sort_numbers(turns->peak, rounds);
    for (size_t p = 0; p < PEERS; p++)
        if (turns->jobs[p].run)
            sort_numbers(turns->seconds[p], rounds);
}

void turns_close(struct turns *turns)
{
    for (size_t p = 0; p < PEERS; p++)
        if (turns->jobs[p].run && turns->jobs[p].close)
            turns->jobs[p].close(turns->jobs[p].state);
}
