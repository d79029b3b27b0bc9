/* interleave.c - interleaves the runs of all libraries, so that all see the same machine load */
#include <string.h>
#include <time.h>

#include "measure/clock.h"
#include "neighbors/neighbor.h"
#include "session.h"
#include "vit/kernels.h"

/* A turn takes at least this long, so that the clock and the cold first run do not matter. */
static const double min_seconds = 4e-3;
enum { MAX_REPEATS = 2048 };

void let_threads_sleep(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
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

static bool is_listed(const json_t *libraries, const char *name)
{
    for (size_t i = 0; i < json_array_size(libraries); i++)
        if (strcmp(json_string_value(json_array_get(libraries, i)), name) == 0)
            return true;
    return !libraries;
}

void turns_prepare(struct turns *turns, const struct session *session, enum group_bit group,
                   const struct work *work, const json_t *libraries)
{
    turns->kernel = work->precision == VIT_PRECISION_INT8
                        ? &session->machine.kernels->matmul[VIT_MATMUL_U8_S8]
                        : NULL;
    for (size_t p = 0; p < PEERS; p++) {
        struct job *const job = &turns->jobs[p];
        *job = (struct job){ 0 };
        if (!session->peers[p] || !(all_peers[p]->does & group) ||
            !is_listed(libraries, all_peers[p]->name) || !all_peers[p]->prepare(work, job))
            continue;
        turns->repeats[p] = 1;
        if (work->kind == WORK_FORWARD) /* long enough, and too long to try again */
            job->run(job->state, 1);
        else
            turns->repeats[p] = enough_repeats(job);
    }
}

/* What passed in libvit's turns, of the processor and of the clock. */
struct passed {
    double had, wall;
};

static void take_turn(struct turns *t, size_t p, size_t state, size_t round, struct passed *passed)
{
    const struct job *const job = &t->jobs[p];

    if (t->repeats[p] > 1) /* the other libraries have used the caches */
        job->run(job->state, 1);
    const double begin = thread_now(), wall = job->run(job->state, t->repeats[p]);
    t->seconds[state][p][round] = wall / (double)t->repeats[p];
    passed->had += p == 0 ? thread_now() - begin : 0;
    passed->wall += p == 0 ? wall : 0;
}

void turns_take(struct turns *turns, const struct session *session, size_t rounds, size_t threads)
{
    struct peak peak = peak_prepare_matmul(session->machine.kernels, turns->kernel, threads);
    struct passed passed = { 0, 0 };

    turns->rounds = rounds;
    for (size_t i = 0; i < rounds * STATES; i++) {
        const size_t r = i / STATES, state = i % STATES;
        if (state == BESIDE && !session->beside)
            continue;
        if (state == BESIDE)
            neighbors_go();
        else
            neighbors_stop();
        if (threads > 1)
            let_threads_sleep();
        turns->peak[state][r] = peak_measure(&peak);
        for (size_t j = 0; j < PEERS; j++) {
            /* rotate the order: each library is first in some rounds */
            const size_t p = (r + (r % 2 ? j : PEERS - 1 - j)) % PEERS;
            if (turns->jobs[p].run && threads > 1)
                let_threads_sleep();
            if (turns->jobs[p].run)
                take_turn(turns, p, state, r, &passed);
        }
    }
    neighbors_stop();
    turns->processor_share = passed.had / passed.wall;
}

void turns_close(struct turns *turns)
{
    for (size_t p = 0; p < PEERS; p++)
        if (turns->jobs[p].run && turns->jobs[p].close)
            turns->jobs[p].close(turns->jobs[p].state);
}

json_t *numbers(const double *values, size_t count)
{
    json_t *const array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_real(values[i]));
    return array;
}

json_t *turns_answer(const struct turns *turns, const struct session *session)
{
    static const char *const names[STATES][2] = { { "seconds", "peak" },
                                                  { "seconds_beside", "peak_beside" } };
    json_t *const answer = json_object();

    for (size_t state = 0; state < (session->beside ? STATES : 1); state++) {
        json_t *const seconds = json_object();
        for (size_t p = 0; p < PEERS; p++)
            if (turns->jobs[p].run)
                json_object_set_new(seconds, all_peers[p]->name,
                                    numbers(turns->seconds[state][p], turns->rounds));
        json_object_set_new(answer, names[state][0], seconds);
        json_object_set_new(answer, names[state][1], numbers(turns->peak[state], turns->rounds));
    }
    json_object_set_new(answer, "processor_share", json_real(turns->processor_share));
    return answer;
}
