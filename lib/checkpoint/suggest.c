/* suggest.c - the known name that is nearest to one that is not, for messages */
#include "checkpoint/suggest.h"

#include <stdint.h>
#include <string.h>

enum { LONGEST = 127 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* row[j] is the distance of a's first i bytes and b's first j. */
static size_t distance(const char *a, const char *b)
{
    const size_t m = least(strlen(a), LONGEST), n = least(strlen(b), LONGEST);
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

struct nearest nearest_to(const char *name)
{
    return (struct nearest){ name, SIZE_MAX };
}

bool nearest_try(struct nearest *nearest, const char *known)
{
    const size_t d = distance(nearest->name, known);
    const bool nearer = d < nearest->distance;

    nearest->distance = least(d, nearest->distance);
    return nearer;
}
