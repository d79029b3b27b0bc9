/* json.c - reading the values of a JSON document */
#include "files/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "files/json_keys.h"

const char *json_kind(const struct json *value)
{
    static const char *const kinds[] = {
        [JSON_VALUE_NULL] = "null",      [JSON_VALUE_FALSE] = "false",
        [JSON_VALUE_TRUE] = "true",      [JSON_VALUE_INTEGER] = "a number",
        [JSON_VALUE_REAL] = "a number",  [JSON_VALUE_STRING] = "a string",
        [JSON_VALUE_ARRAY] = "an array", [JSON_VALUE_OBJECT] = "an object",
    };

    return value ? kinds[value->type] : "none";
}

const char *json_text(const struct json *value)
{
    return json_is_string(value) ? value->at.text : NULL;
}

int64_t json_int(const struct json *value)
{
    return json_is_integer(value) ? strtoll(value->at.text, NULL, 10) : 0;
}

/*
 * strtod reads the locale's decimal point: this rewrites a number as an integer and an exponent.
 * What lies halfway between two doubles has at most 767 digits: of what follows the 770th, only
 * whether it is 0 matters.
 */
static double read_real(const char *text)
{
    enum { DIGITS = 770 };
    char rewritten[DIGITS + 32];
    size_t length = 0, digits = 0;
    long long exponent = 0;
    bool point = false;

    if (*text == '-')
        rewritten[length++] = *text++;
    for (; *text == '.' || (*text >= '0' && *text <= '9'); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (digits == 0 && *text == '0') {
            exponent -= point;
        } else if (digits < DIGITS) {
            rewritten[length++] = *text;
            digits++;
            exponent -= point;
        } else {
            if (*text != '0')
                rewritten[length - 1] |= 1; /* no longer 0, if it was: above a half */
            exponent += !point;
        }
    }
    if (digits == 0)
        rewritten[length++] = '0';
    if (*text == 'e' || *text == 'E') {
        const long long written = strtoll(text + 1, NULL, 10);
        const long long limit = 1LL << 40; /* more than any text has digits */
        exponent += written > limit ? limit : written < -limit ? -limit : written;
    }
    snprintf(rewritten + length, sizeof rewritten - length, "e%lld", exponent);
    return strtod(rewritten, NULL);
}

double json_double(const struct json *value)
{
    if (!json_is_number(value))
        return 0;
    const char *const text = value->at.text;
    const char first = text[*text == '-'];
    /* NaN and Infinity, which strtod reads without a locale */
    return first >= '0' && first <= '9' ? read_real(text) : strtod(text, NULL);
}

size_t json_elements(const struct json *value)
{
    return json_is_array(value) ? value->count : 0;
}

size_t json_members(const struct json *value)
{
    return json_is_object(value) ? value->count : 0;
}

const struct json *json_next_element(const struct json *array, const struct json *previous)
{
    if (!json_is_array(array))
        return NULL;
    const struct json *const next = previous ? previous + previous->span : array + 1;
    return next < array + array->span ? next : NULL;
}

const struct json *json_next_member(const struct json *object, const struct json *previous,
                                    const char **key)
{
    if (!json_is_object(object))
        return NULL;
    const struct json *const next = previous ? previous + previous->span : object + 1;
    if (next == object + object->span)
        return NULL;
    *key = next->at.text;
    return next + 1;
}

const struct json *json_element(const struct json *array, size_t i)
{
    const struct json *value;

    json_each_element(array, value) if (i-- == 0) return value;
    return NULL;
}

const struct json *json_member(const struct json *object, const char *key)
{
    const struct json_key wanted = json_key(key, strlen(key));
    size_t first = 0, end = json_members(object);

    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const struct json_place *const place = &object->at.order[middle];
        const struct json_key other = { place->hash, place->key->at.text, place->key->count };
        const int order = json_key_compare(&wanted, &other);
        if (order == 0)
            return place->key + 1;
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return NULL;
}

/* --- printing */

struct printer {
    char *out;
    size_t size, length; /* length: of the whole text, also where it does not fit */
};

static void put(struct printer *p, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes && p->length + i + 1 < p->size; i++)
        p->out[p->length + i] = text[i];
    p->length += bytes;
}

static void put_string(struct printer *p, const struct json *string)
{
    put(p, "\"", 1);
    for (size_t i = 0; i < string->count && p->length < p->size; i++) {
        const char c = string->at.text[i];
        char escaped[8];
        if (c == '"' || c == '\\')
            put(p, "\\", 1);
        if ((unsigned char)c < 0x20)
            put(p, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c));
        else
            put(p, &c, 1);
    }
    put(p, "\"", 1);
}

/* A value without the values inside it. */
static void put_value(struct printer *p, const struct json *value)
{
    static const char *const words[] = { [JSON_VALUE_NULL] = "null",
                                         [JSON_VALUE_FALSE] = "false",
                                         [JSON_VALUE_TRUE] = "true",
                                         [JSON_VALUE_ARRAY] = "[",
                                         [JSON_VALUE_OBJECT] = "{" };

    if (json_is_number(value))
        put(p, value->at.text, value->count);
    else if (json_is_string(value))
        put_string(p, value);
    else
        put(p, words[value->type], strlen(words[value->type]));
}

bool json_print(const struct json *value, size_t size, char *out)
{
    struct {
        const struct json *container;
        const struct json *last; /* printed in it */
    } open[JSON_MAX_DEPTH];
    struct printer p = { out, size, 0 };
    size_t depth = 0;

    while (value && p.length < size) {
        put_value(&p, value);
        if (json_is_array(value) || json_is_object(value)) {
            open[depth].container = value;
            open[depth++].last = NULL;
        }
        for (value = NULL; !value && depth > 0;) {
            const struct json *const container = open[depth - 1].container;
            const struct json *const last = open[depth - 1].last;
            const char *key;
            value = json_is_array(container) ? json_next_element(container, last)
                                             : json_next_member(container, last, &key);
            if (!value) {
                put(&p, json_is_array(container) ? "]" : "}", 1);
                depth--;
                continue;
            }
            put(&p, ",", last ? 1 : 0);
            if (json_is_object(container)) {
                put_string(&p, value - 1);
                put(&p, ":", 1);
            }
            open[depth - 1].last = value;
        }
    }
    if (size > 0)
        out[p.length < size ? p.length : size - 1] = '\0';
    return p.length < size;
}
