/* suggest.c - the known name that is closest to an unknown one, for error messages */
#include "checkpoint/suggest.h"

#include <stdint.h>
#include <string.h>

enum { MAX_BYTES = 127 }; /* longer than any name of a family; bounds the row on the stack */

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* row[j] is the distance between the first i bytes of a and the first j bytes of b. */
static size_t distance(const char *a, const char *b)
{
    const size_t m = min(strlen(a), MAX_BYTES), n = min(strlen(b), MAX_BYTES);
    size_t row[MAX_BYTES + 1];

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = min(replaced, min(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

struct suggestion suggest_for(const char *name)
{
    return (struct suggestion){ name, SIZE_MAX };
}

bool suggest_try(struct suggestion *suggestion, const char *known)
{
    const size_t d = distance(suggestion->name, known);
    const bool closer = d < suggestion->distance;

    suggestion->distance = min(d, suggestion->distance);
    return closer;
}
