/* common.c - what the peers share: memory, time, fatal errors */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/memory.h"
#include "peers.h"

const char *const work_names[WORK_KINDS] = { "matmul", "layernorm", "softmax",
                                             "gelu",   "attention", "forward" };
const char *const inputs_names[INPUTS_KINDS] = { "normal", "outliers" };

enum { WEIGHTS_FIRST = 1 << 30 }; /* far from the inputs, in the sequence of normal numbers */
enum { OUTLIER = 77, OUTLIER_PERIOD = 192 };

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

/* A permutation of 32 bits: lowbias32 of C. Wellons, "Prospecting for Hash Functions", 2018. */
static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352d;
    x = (x ^ x >> 15) * 0x846ca68b;
    return x ^ x >> 16;
}

float work_normal(size_t i)
{
    int32_t sum = 0;

    for (uint32_t j = 0; j < 3; j++)
        for (uint32_t bits = mix(3 * (uint32_t)i + j); bits; bits >>= 8)
            sum += (int32_t)(bits & 255);
    return (float)(sum - 12 * 255 / 2) / 256.0f;
}

void fill_inputs(size_t m, size_t k, enum inputs inputs, float *x)
{
    for (size_t i = 0; i < m * k; i++)
        x[i] = work_normal(i) *
               (inputs == INPUTS_OUTLIERS && i % k % OUTLIER_PERIOD == OUTLIER ? 20.0f : 1.0f);
}

void fill_weights(size_t n, size_t k, float *w)
{
    for (size_t i = 0; i < n * k; i++)
        w[i] = work_normal(i + WEIGHTS_FIRST) / 3.0f;
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

double rms_error(size_t count, const double *exact, const float *y)
{
    double apart = 0, all = 0;

    for (size_t i = 0; i < count; i++) {
        const double d = (double)y[i] - exact[i];
        apart += d * d;
        all += exact[i] * exact[i];
    }
    return sqrt(apart / all);
}
