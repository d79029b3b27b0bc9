/* samples.c - repeated measurements of one quantity: a growing list and its quantiles */
#include "measure/samples.h"

#include <stdlib.h>

bool samples_append(struct samples *s, double value)
{
    if (s->count == s->capacity) {
        const size_t capacity = s->capacity ? 2 * s->capacity : 256;
        double *const grown = realloc(s->values, capacity * sizeof *grown);
        if (!grown)
            return false;
        s->values = grown;
        s->capacity = capacity;
    }
    s->values[s->count++] = value;
    return true;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void samples_sort(struct samples *s)
{
    qsort(s->values, s->count, sizeof(double), ascending);
}

double samples_quantile(const struct samples *sorted, double share)
{
    size_t i = (size_t)(share * (double)sorted->count);

    if ((double)i == share * (double)sorted->count && i > 0)
        i--;
    return sorted->values[i < sorted->count ? i : sorted->count - 1];
}
