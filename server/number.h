/* number.h - a whole number in text: of an option, a header, a path, a name or JSON */
#ifndef VIT_SERVER_NUMBER_H
#define VIT_SERVER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads text[size]. false: it is not decimal digits alone, at least one, of a number below 2^63. */
bool read_whole(const char *text, size_t size, uint64_t *value);

#endif
