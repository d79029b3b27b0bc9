/* peak.h - the multiply-add rate of the CPU with all operands in registers */
#ifndef VIT_MEASURE_PEAK_H
#define VIT_MEASURE_PEAK_H

#include <stddef.h>

#include "vit/kernels.h"

struct peak {
    const struct vit_kernels *kernels;
    size_t threads;
    size_t rounds; /* of one burst, per thread */
};

/* Finds the number of rounds that makes a burst last some milliseconds. */
struct peak peak_prepare(const struct vit_kernels *kernels, size_t threads);

/* FLOP/s of all threads together; a multiply-add counts as two. */
double peak_measure(struct peak *peak);

#endif
