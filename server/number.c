/* number.c - a whole number in text: of an option, a header, a path, a name or JSON */
#include "server/number.h"

bool read_whole(const char *text, size_t size, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || *value > (INT64_MAX - 9) / 10)
            return false;
        *value = 10 * *value + (uint64_t)(text[i] - '0');
    }
    return size > 0;
}
