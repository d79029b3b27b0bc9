/* peak.h - the multiply-add rate of the CPU with all operands in registers */
#ifndef VIT_MEASURE_PEAK_H
#define VIT_MEASURE_PEAK_H

#include <stddef.h>

#include "vit/kernels.h"

struct peak {
    float (*run)(size_t rounds); /* its loop, and the operations of a round */
    size_t operations;
    size_t threads;
    size_t rounds; /* of one burst, per thread */
};

/* Finds the number of rounds that makes a burst last some milliseconds. */
struct peak peak_prepare(const struct vit_kernels *kernels, size_t threads);

/* The same for the multiply-adds of a matmul kernel of this level; NULL: float32's. */
struct peak peak_prepare_matmul(const struct vit_kernels *kernels,
                                const struct vit_matmul_kernel *kernel, size_t threads);

/* Operations a second of all threads together; a multiply-add counts as two. */
double peak_measure(struct peak *peak);

#endif
