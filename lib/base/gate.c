/* gate.c - waiting: looking for a moment, then sleeping */
#include "base/gate.h"

#ifdef __linux__
#include <sched.h>
#endif
#include <time.h>

/*
 * Nanoseconds. The longest look is a few times what it takes to wake a thread. A wait of less than
 * twice that is soon over.
 */
enum { MAX_LOOK = 100000, MIN_LOOK = 1000, SOON = 2 * MAX_LOOK };

/*
 * A wait that ended long after halves the next look, so that little is lost where looking is in
 * vain. One that ended soon after makes it the longest: otherwise a thread that looks too shortly
 * sleeps each time, and the others then wait for it to wake, too long for their own looks.
 */
unsigned gate_next_look(unsigned look, int64_t waited)
{
    if (waited < SOON)
        return MAX_LOOK;
    return look / 2 > MIN_LOOK ? look / 2 : MIN_LOOK;
}

/* The processor that this thread is on; -1: unknown. With glibc 2.35 no system call. */
static int processor_here(void)
{
#ifdef __linux__
    return sched_getcpu();
#else
    return -1;
#endif
}

void gate_promise(struct gate *gate)
{
    atomic_store_explicit(&gate->opener, processor_here(), memory_order_relaxed);
}

/* Whether whom this thread waits for is, as far as is known, on its own processor. */
static bool is_opener_here(struct gate *gate)
{
    const int opener = atomic_load_explicit(&gate->opener, memory_order_relaxed);

    return opener >= 0 && opener == processor_here();
}

/* Tells the processor that this is a loop that waits: less power, and more for its other thread. */
static void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* yield does nothing on most */
#endif
}

bool gate_init(struct gate *gate, bool looks)
{
    if (pthread_mutex_init(&gate->mutex, NULL))
        return false;
    if (pthread_cond_init(&gate->opened, NULL)) {
        pthread_mutex_destroy(&gate->mutex);
        return false;
    }
    atomic_init(&gate->value, 0);
    atomic_init(&gate->sleepers, 0);
    atomic_init(&gate->look, looks ? MAX_LOOK : 0);
    atomic_init(&gate->opener, -1);
    return true;
}

void gate_destroy(struct gate *gate)
{
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

/*
 * Sets a value other than 0, for `wanted` threads at least. A thread that goes to sleep counts
 * itself, then reads the value again; this sets the value, then reads the count. In the one order
 * that all threads see, one of the two sees the other.
 */
void gate_open(struct gate *gate, size_t value, size_t wanted)
{
    atomic_store(&gate->value, value);
    const size_t sleepers = atomic_load(&gate->sleepers);
    if (sleepers == 0)
        return;
    pthread_mutex_lock(&gate->mutex);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&gate->opened);
    else
        for (size_t i = 0; i < wanted; i++)
            pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

static bool gate_is_open(struct gate *gate)
{
    return atomic_load_explicit(&gate->value, memory_order_acquire) != 0;
}

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Looks for so many nanoseconds; whether the gate was open. */
static bool gate_look(struct gate *gate, int64_t begin, unsigned look)
{
    enum { LOOKS = 16 }; /* of 10 to 60 ns, between two of the clock */

    do
        for (int i = 0; i < LOOKS; i++) {
            pause_a_moment();
            if (gate_is_open(gate))
                return true;
        }
    while (clock_ns() - begin < look);
    return false;
}

static void gate_sleep(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    atomic_fetch_add(&gate->sleepers, 1);
    while (atomic_load(&gate->value) == 0)
        pthread_cond_wait(&gate->opened, &gate->mutex);
    atomic_fetch_sub(&gate->sleepers, 1);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_wait(struct gate *gate)
{
    const unsigned look = atomic_load_explicit(&gate->look, memory_order_relaxed);

    if (gate_is_open(gate))
        return;
    if (look == 0 || is_opener_here(gate)) {
        gate_sleep(gate);
        return;
    }
    const int64_t begin = clock_ns();
    if (gate_look(gate, begin, look))
        return;
    gate_sleep(gate);
    const unsigned next = gate_next_look(look, clock_ns() - begin);
    atomic_store_explicit(&gate->look, next, memory_order_relaxed);
}
