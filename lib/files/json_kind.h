/* json_kind.h - what kind of value a JSON value is, for error messages */
#ifndef VIT_FILES_JSON_KIND_H
#define VIT_FILES_JSON_KIND_H

#include <jansson.h>
#include <stddef.h>

/* Completes "expected an object, found "; NULL is a value that is absent. */
static inline const char *json_kind(const json_t *value)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };

    return value ? kinds[json_typeof(value)] : "none";
}

#endif
