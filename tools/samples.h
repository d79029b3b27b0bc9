/* samples.h - measurements of one thing, and what they say together */
#ifndef VIT_TOOLS_SAMPLES_H
#define VIT_TOOLS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, it is empty; free its values. */
struct series {
    double *values;
    size_t count, capacity;
};

/* False: no memory, the series is as it was. */
bool series_append(struct series *series, double value);

void series_sort(struct series *series);

/* The smallest value that at least this share of the sorted values does not exceed. */
double series_quantile(const struct series *sorted, double share);

#endif
