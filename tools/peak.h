/* peak.h - the multiply-adds that the CPU does when nothing holds it up */
#ifndef VIT_TOOLS_PEAK_H
#define VIT_TOOLS_PEAK_H

#include <stddef.h>

#include "vit/kernels.h"

struct peak {
    const struct vit_kernels *kernels;
    size_t threads;
    size_t rounds; /* of one burst on each thread */
};

/* Finds how many rounds make a burst of some milliseconds. */
struct peak peak_prepare(const struct vit_kernels *kernels, size_t threads);

/* Operations a second of all threads together, a multiply-add being two. */
double peak_measure(struct peak *peak);

#endif
