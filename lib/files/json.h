/* json.h - JSON from files that may be hostile: values that stay in one block of memory */
#ifndef VIT_FILES_JSON_H
#define VIT_FILES_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

/*
 * RFC 8259, as yajl reads it, and like Python's json: the numbers NaN, Infinity and -Infinity,
 * integers of any length, and numbers outside the range of double, which read as infinity or 0.
 * Stricter than Python: a key stands once in an object, strings are UTF-8 without NUL characters.
 *
 * Parsing takes at most 14 bytes of memory per byte of text, its time grows as n log n, and no
 * function of this file or of yajl recurses.
 */
#define JSON_MAX_BYTES (1 << 28)
#define JSON_MAX_DEPTH 128 /* configurations nest 5 deep; the format of weights 3 */

enum json_type {
    JSON_VALUE_NULL,
    JSON_VALUE_FALSE,
    JSON_VALUE_TRUE,
    JSON_VALUE_INTEGER, /* a number without point and exponent, of any length */
    JSON_VALUE_REAL,    /* any other number */
    JSON_VALUE_STRING,
    JSON_VALUE_ARRAY,
    JSON_VALUE_OBJECT
};

struct json_place {
    uint64_t hash;
    const struct json *key;
};

/*
 * A value, followed in memory by the values inside it. A member of an object is two values: the
 * key, a string, then the value. Read it with the functions below.
 */
struct json {
    uint32_t type : 3, span : 29; /* span: this value and all inside it */
    uint32_t count;               /* bytes of a string or number, elements, members */
    union {
        const char *text;               /* of a string or number, ends with NUL */
        const struct json_place *order; /* of an object: its keys by hash */
        struct json *parent;            /* of an object or array that is being parsed, or NULL */
    } at;
};

/*
 * *root is the value of a text; json_free frees it and all inside. VIT_EFORMAT: the text is not
 * JSON, nests deeper than JSON_MAX_DEPTH or is longer than JSON_MAX_BYTES: "PATH: WHERE expected
 * JSON, found an error at line 1, column 3: ..."; VIT_ENOMEM.
 */
enum vit_status json_parse(const char *path, const char *where, const char *text, size_t bytes,
                           struct json **root, struct vit_error *err);

/* NULL is allowed. */
void json_free(struct json *root);

/* --- values; NULL is a value that is absent, which is of no type and has nothing inside */

static inline bool json_is(const struct json *value, enum json_type type)
{
    return value && value->type == type;
}

static inline bool json_is_null(const struct json *value)
{
    return json_is(value, JSON_VALUE_NULL);
}

static inline bool json_is_true(const struct json *value)
{
    return json_is(value, JSON_VALUE_TRUE);
}

static inline bool json_is_boolean(const struct json *value)
{
    return json_is(value, JSON_VALUE_TRUE) || json_is(value, JSON_VALUE_FALSE);
}

static inline bool json_is_integer(const struct json *value)
{
    return json_is(value, JSON_VALUE_INTEGER);
}

static inline bool json_is_number(const struct json *value)
{
    return json_is(value, JSON_VALUE_INTEGER) || json_is(value, JSON_VALUE_REAL);
}

static inline bool json_is_string(const struct json *value)
{
    return json_is(value, JSON_VALUE_STRING);
}

static inline bool json_is_array(const struct json *value)
{
    return json_is(value, JSON_VALUE_ARRAY);
}

static inline bool json_is_object(const struct json *value)
{
    return json_is(value, JSON_VALUE_OBJECT);
}

/* Completes "expected an object, found ". */
const char *json_kind(const struct json *value);

/* A string's text, or NULL. */
const char *json_text(const struct json *value);

/* An integer; the nearest int64_t if it does not fit; 0 for other values. */
int64_t json_int(const struct json *value);

/* A number, rounded to nearest, whatever the locale; 0 for other values. */
double json_double(const struct json *value);

/* How many elements an array has, how many members an object has; 0 for other values. */
size_t json_elements(const struct json *value);
size_t json_members(const struct json *value);

/* Element i of an array, or NULL. It counts from the start: to visit all, json_each_element. */
const struct json *json_element(const struct json *array, size_t i);

/* The value of a key, or NULL. */
const struct json *json_member(const struct json *object, const char *key);

/* The one after `previous`, or the first for NULL; NULL after the last. */
const struct json *json_next_element(const struct json *array, const struct json *previous);
const struct json *json_next_member(const struct json *object, const struct json *previous,
                                    const char **key);

/* Loops over an array, and over an object in the order of its text. */
#define json_each_element(array, value)                                                            \
    for ((value) = json_next_element(array, NULL); (value);                                        \
         (value) = json_next_element(array, value))
#define json_each_member(object, key, value)                                                       \
    for ((value) = json_next_member(object, NULL, &(key)); (value);                                \
         (value) = json_next_member(object, value, &(key)))

/*
 * Writes a value without spaces, numbers as in the file, as far as it fits in `size` bytes with the
 * NUL. False: it did not fit.
 */
bool json_print(const struct json *value, size_t size, char *out);

#endif
