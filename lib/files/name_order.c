/* name_order.c - sorts by name, reading each byte of the names a few times only */
#include "files/name_order.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files/name_compare.h"

/*
 * Merges two sorted runs. Of the two heads, the one that shares more with the name before comes
 * first: only heads that share as much are compared. W. Ng and K. Kakehi, "Merging String Sequences
 * by Longest Common Prefixes", IPSJ Digital Courier 4, 2008.
 */
static void merge(struct named *a, const struct named *a_end, struct named *b,
                  const struct named *b_end, struct named *out)
{
    while (a < a_end && b < b_end) {
        size_t common = a->common;
        if (a->common > b->common) {
            *out++ = *a++;
        } else if (a->common < b->common) {
            *out++ = *b++;
        } else if (name_compare(a->name, b->name, &common) <= 0) {
            *out++ = *a++;
            b->common = common;
        } else {
            *out++ = *b++;
            a->common = common;
        }
    }
    if (a < a_end)
        memcpy(out, a, (size_t)(a_end - a) * sizeof *a);
    if (b < b_end)
        memcpy(out, b, (size_t)(b_end - b) * sizeof *b);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

void names_sort(size_t count, struct named *names, struct named *scratch)
{
    struct named *from = names, *to = scratch;

    for (size_t i = 0; i < count; i++)
        names[i].common = 0;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            const size_t middle = min(i + run, count), end = min(i + 2 * run, count);
            merge(from + i, from + middle, from + middle, from + end, to + i);
        }
        struct named *const swap = from;
        from = to;
        to = swap;
    }
    if (from != names)
        memcpy(names, from, count * sizeof *names);
}

/* Moves struct names[i].index to i, for all i: along each cycle of the permutation. */
static void permute(size_t count, size_t bytes, struct named *names, char *structs, char *kept)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        if (names[i].index == SIZE_MAX)
            continue;
        memcpy(kept, structs + i * bytes, bytes);
        for (size_t next; (next = names[at].index) != i; at = next) {
            memcpy(structs + at * bytes, structs + next * bytes, bytes);
            names[at].index = SIZE_MAX;
        }
        memcpy(structs + at * bytes, kept, bytes);
        names[at].index = SIZE_MAX;
    }
}

bool structs_sort_by_name(size_t count, size_t bytes, void *structs)
{
    struct named *const names = malloc((2 * count + 1) * sizeof *names + bytes);

    if (!names)
        return false;
    for (size_t i = 0; i < count; i++) {
        names[i].index = i;
        memcpy(&names[i].name, (char *)structs + i * bytes, sizeof names[i].name);
    }
    names_sort(count, names, names + count);
    permute(count, bytes, names, structs, (char *)(names + 2 * count));
    free(names);
    return true;
}
