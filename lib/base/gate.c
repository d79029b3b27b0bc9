/* gate.c - waiting: looking for a moment, then sleeping */
#include "base/gate.h"

/*
 * Looks of 10 to 60 ns each: at most some 0.1 ms, a few times what it takes to wake a thread. A
 * wait that ended asleep halves the next one's, so that little is lost where looking is in vain.
 */
enum { MOST_LOOKS = 2048, LEAST_LOOKS = 32 };

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
    atomic_init(&gate->looks, looks ? MOST_LOOKS : 0);
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

/* Looks; whether the gate was open. */
static bool gate_look(struct gate *gate)
{
    const unsigned looks = atomic_load_explicit(&gate->looks, memory_order_relaxed);
    unsigned next = looks / 2 > LEAST_LOOKS ? looks / 2 : LEAST_LOOKS;
    bool open = gate_is_open(gate);

    if (open || looks == 0)
        return open;
    for (unsigned i = 0; i < looks && !open; i++) {
        pause_a_moment();
        open = gate_is_open(gate);
    }
    if (open)
        next = 2 * looks < MOST_LOOKS ? 2 * looks : MOST_LOOKS;
    atomic_store_explicit(&gate->looks, next, memory_order_relaxed);
    return open;
}

void gate_wait(struct gate *gate)
{
    if (gate_look(gate))
        return;
    pthread_mutex_lock(&gate->mutex);
    atomic_fetch_add(&gate->sleepers, 1);
    while (atomic_load(&gate->value) == 0)
        pthread_cond_wait(&gate->opened, &gate->mutex);
    atomic_fetch_sub(&gate->sleepers, 1);
    pthread_mutex_unlock(&gate->mutex);
}
