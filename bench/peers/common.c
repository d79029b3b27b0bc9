/* common.c - what the peers share: memory, time, fatal errors */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/memory.h"
#include "peers.h"

const char *const work_names[WORK_KINDS] = { "matmul", "layernorm", "softmax",
                                             "gelu",   "attention", "forward" };

void fatal(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("bench-peers: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void *allocate(size_t bytes)
{
    void *const p = memory_allocate(bytes);

    if (!p)
        fatal("no memory for %zu bytes", bytes);
    return p;
}

float *new_floats(size_t count)
{
    float *const x = allocate(count * sizeof *x);

    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i * 7919 % 1009) / 504.0f - 1.0f;
    return x;
}

double time_calls(void (*call)(void *state), void *state, size_t repeats)
{
    const double begin = now();

    for (size_t i = 0; i < repeats; i++)
        call(state);
    return now() - begin;
}

double difference(size_t count, const float *a, const float *b)
{
    double largest = 0, apart = 0;

    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)a[i]));
        if (!(fabs((double)a[i] - (double)b[i]) <= apart)) /* true for a NaN, which then stays */
            apart = fabs((double)a[i] - (double)b[i]);
    }
    return apart / largest;
}
