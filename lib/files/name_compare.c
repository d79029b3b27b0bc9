/* name_compare.c - compares two names behind what they are known to share */
#include "files/name_compare.h"

int name_compare(const char *a, const char *b, size_t *common)
{
    size_t i = *common;

    while (a[i] != '\0' && a[i] == b[i])
        i++;
    *common = i;
    return (unsigned char)a[i] - (unsigned char)b[i];
}
