/* demand.h - what must hold, in every build */
#ifndef VIT_TESTS_FUZZ_DEMAND_H
#define VIT_TESTS_FUZZ_DEMAND_H

#include <stdlib.h>

/* Aborts unless it holds: libFuzzer then keeps the input. */
static inline void demand(int holds)
{
    if (!holds)
        abort();
}

#endif
