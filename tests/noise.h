/* noise.h - pixels of noise, the same in every run */
#ifndef VIT_TESTS_NOISE_H
#define VIT_TESTS_NOISE_H

#include <stdint.h>
#include <stdlib.h>

/* The upper bytes of a linear congruential generator, Knuth's and Lewis's constants. */
static inline uint8_t *noise(size_t count)
{
    uint8_t *const bytes = malloc(count);
    uint32_t state = 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    return bytes;
}

#endif
