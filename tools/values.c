/* values.c - the parsers of option values */
#include "tools/values.h"

#include <stdlib.h>
#include <string.h>

#include "vit/inspect.h"

bool parse_flag(const struct option *option, const char *text, void *field)
{
    (void)option;
    (void)text;
    *(bool *)field = true;
    return true;
}

bool parse_text(const struct option *option, const char *text, void *field)
{
    (void)option;
    *(const char **)field = text;
    return *text != '\0';
}

/* strtoul accepts signs, spaces and trailing text. */
bool scan_digits(const char **text, double max, size_t *value)
{
    const char *p = *text;

    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        *value = 10 * *value + (size_t)(*p - '0');
        if ((double)*value > max)
            return false;
    }
    const bool any = p != *text;
    *text = p;
    return any;
}

bool parse_count(const struct option *option, const char *text, void *field)
{
    size_t *const value = field;
    return scan_digits(&text, option->max, value) && *text == '\0' && (double)*value >= option->min;
}

/* A decimal number: strtod accepts spaces, hex, inf and nan. Moves *text after it. */
static bool scan_decimal(const struct option *option, const char **text, double *value)
{
    const size_t length = strspn(*text, "0123456789.+-eE");
    char *end;

    if (length == 0)
        return false;
    *value = strtod(*text, &end);
    const bool whole = end == *text + length;
    *text = end;
    return whole && *value >= option->min && *value <= option->max;
}

bool parse_number(const struct option *option, const char *text, void *field)
{
    return scan_decimal(option, &text, field) && *text == '\0';
}

bool parse_numbers(const struct option *option, const char *text, void *field)
{
    double *const values = field;

    for (int i = 0; i < 3; i++)
        if ((i > 0 && *text++ != ',') || !scan_decimal(option, &text, &values[i]))
            return false;
    return *text == '\0';
}

bool parse_size(const struct option *option, const char *text, void *field)
{
    enum { MAX_PIXELS = 1 << 28 }; /* a result of 3 channels then takes at most 3 GiB */
    struct size *const size = field;

    if (!scan_digits(&text, option->max, &size->height))
        return false;
    size->width = size->height;
    if (*text == 'x' && (text++, !scan_digits(&text, option->max, &size->width)))
        return false;
    return *text == '\0' && size->height > 0 && size->width > 0 &&
           size->height <= MAX_PIXELS / size->width;
}

bool parse_enum(const struct option *option, const char *text, void *field)
{
    const char *word;

    for (int i = 0; (word = option_word(option, (size_t)i)); i++)
        if (strcmp(text, word) == 0) {
            *(int *)field = i;
            return true;
        }
    return false;
}

bool parse_index(const struct option *option, const char *text, void *field)
{
    if (text[0] == '0' && text[1] != '\0') /* "03" */
        return false;
    return scan_digits(&text, option->max, field) && *text == '\0';
}

bool parse_index_or_word(const struct option *option, const char *text, void *field)
{
    if (strcmp(text, option->words[0]) != 0)
        return parse_index(option, text, field);
    *(size_t *)field = INDEX_WORD;
    return true;
}
