/* gate.h - what threads wait for: they look at it for a moment, then sleep */
#ifndef VIT_BASE_GATE_H
#define VIT_BASE_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A number that threads wait for, until it is not 0. They look at it for a moment, then sleep: on a
 * processor that other programs use too, waiting in a loop takes the time that the thread with the
 * work needs.
 */
struct gate {
    atomic_size_t value;
    atomic_size_t sleepers;
    atomic_uint look;  /* nanoseconds, before the next sleep; 0: never */
    atomic_int opener; /* the processor of who will open it; -1: unknown */
    pthread_mutex_t mutex;
    pthread_cond_t opened;
};

/*
 * Closed. looks: whether a waiting thread looks before it sleeps; not if there are more threads
 * than processors. False: no memory, and nothing to destroy.
 */
bool gate_init(struct gate *gate, bool looks);
void gate_destroy(struct gate *gate);

/* Sets a value other than 0, and wakes `wanted` of the threads that sleep, if there are as many. */
void gate_open(struct gate *gate, size_t value, size_t wanted);

/* Returns when the value is not 0. */
void gate_wait(struct gate *gate);

/*
 * The calling thread will open the gate. Who waits on the same processor sleeps without a look,
 * which would only take the time that the opener needs.
 */
void gate_promise(struct gate *gate);

/* Nanoseconds of the next look, after a wait that looked and slept for `waited` together. */
unsigned gate_next_look(unsigned look, int64_t waited);

#endif
