/* samples.h - repeated measurements of one quantity: a growing list and its quantiles */
#ifndef VIT_MEASURE_SAMPLES_H
#define VIT_MEASURE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, it is empty. The owner frees `values`. */
struct samples {
    double *values;
    size_t count, capacity;
};

/* False: out of memory; the samples are as they were. */
bool samples_append(struct samples *samples, double value);

void samples_sort(struct samples *samples);

/* The smallest of the sorted values such that at least this share of them are not larger. */
double samples_quantile(const struct samples *sorted, double share);

#endif
