/* test_gate.c - how threads wait: how long they look, and that an open gate wakes those asleep */
#include <criterion/criterion.h>
#include <pthread.h>
#include <time.h>

#include "base/gate.h"
#include "counts.h"
#include "one_processor.h"

static const unsigned most = 100000, least = 1000; /* nanoseconds */

Test(gate, a_wait_that_ends_soon_after_the_look_makes_the_next_look_the_longest)
{
    for (unsigned look = least; look <= most; look *= 10) {
        cr_expect_eq(gate_next_look(look, look), most);
        cr_expect_eq(gate_next_look(look, 150000), most);
    }
    count_checks(6);
}

Test(gate, looks_in_vain_become_short)
{
    unsigned look = most;

    for (int i = 0; i < 10; i++) {
        const unsigned next = gate_next_look(look, 10000000);
        cr_expect(next == look / 2 || (next == least && look < 2 * least), "%u", next);
        look = next;
    }
    cr_expect_eq(look, least);
    cr_expect_eq(gate_next_look(look, (int64_t)3600 * 1000000000), least);
    count_checks(12);
}

static void *wait_for(void *gate)
{
    gate_wait(gate);
    return NULL;
}

Test(gate, one_that_opens_wakes_those_asleep_and_sleeping_waits_never_look)
{
    for (int looks = 0; looks < 2; looks++) {
        enum { WAITERS = 3 };
        pthread_t threads[WAITERS];
        struct gate gate;
        cr_assert(gate_init(&gate, looks));
        for (int i = 0; i < WAITERS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, wait_for, &gate), 0);
        while (atomic_load(&gate.sleepers) < WAITERS)
            sched_yield();
        gate_open(&gate, 1, WAITERS);
        for (int i = 0; i < WAITERS; i++)
            cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(atomic_load(&gate.sleepers), 0);
        cr_expect_eq(atomic_load(&gate.look) > 0, looks > 0);
        gate_destroy(&gate);
    }
    count_checks(2 * 9);
}

/* All on one processor: a look in vain would have shortened the next one. */
Test(gate, who_waits_for_a_thread_on_its_own_processor_does_not_look)
{
    use_one_processor();
    for (int promised = 0; promised < 2; promised++) {
        pthread_t thread;
        struct gate gate;
        cr_assert(gate_init(&gate, true));
        if (promised)
            gate_promise(&gate);
        cr_assert_eq(pthread_create(&thread, NULL, wait_for, &gate), 0);
        while (atomic_load(&gate.sleepers) == 0)
            sched_yield();
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL); /* not soon */
        gate_open(&gate, 1, 1);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        cr_expect_eq(atomic_load(&gate.look), promised ? most : most / 2);
        gate_destroy(&gate);
    }
    count_checks(2 + 2 * 4);
}
