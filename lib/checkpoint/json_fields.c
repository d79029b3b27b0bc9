/* json_fields.c - reads a JSON object by a table of its fields */
#include "checkpoint/json_fields.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/fail_file.h"
#include "files/sanitize.h"

/* A value as JSON, cut for a message. */
static struct sanitized quote_value(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const struct sanitized q = sanitize_name(text ? text : "a value");

    free(text);
    return q;
}

enum vit_status keys_expected(const struct keys *keys, const struct key_rule *rule,
                              const char *expected, const json_t *found)
{
    return fail(keys->err, VIT_EFORMAT, "%s: %s%s: expected %s, found %s",
                sanitize_path(keys->path).text, keys->prefix, rule->key, expected,
                quote_value(found).text);
}

enum vit_status keys_unsupported(const struct keys *keys, const struct key_rule *rule,
                                 const char *supported, const json_t *found)
{
    return fail(keys->err, VIT_EUNSUPPORTED, "%s: %s%s is %s: supported is %s",
                sanitize_path(keys->path).text, keys->prefix, rule->key, quote_value(found).text,
                supported);
}

void *keys_field(const struct keys *keys, const struct key_rule *rule)
{
    return (char *)keys->target + rule->offset;
}

enum vit_status take_nothing(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    (void)keys;
    (void)rule;
    (void)value;
    return VIT_OK;
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 1 &&
           json_integer_value(value) <= INT_MAX;
}

enum vit_status take_count(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    if (!is_count(value))
        return keys_expected(keys, rule, "a positive integer", value);
    *(size_t *)keys_field(keys, rule) = (size_t)json_integer_value(value);
    return VIT_OK;
}

enum vit_status take_count_or_0(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    if (json_is_integer(value) && json_integer_value(value) == 0) {
        *(size_t *)keys_field(keys, rule) = 0;
        return VIT_OK;
    }
    if (!is_count(value))
        return keys_expected(keys, rule, "0 or a positive integer", value);
    return take_count(keys, rule, value);
}

enum vit_status take_3_counts(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    size_t *counts = keys_field(keys, rule);

    if (json_array_size(value) != 3)
        return keys_expected(keys, rule, "[channels, height, width]", value);
    for (size_t i = 0; i < 3; i++) {
        const json_t *count = json_array_get(value, i);
        if (!is_count(count))
            return keys_expected(keys, rule, "three positive integers", value);
        counts[i] = (size_t)json_integer_value(count);
    }
    return VIT_OK;
}

enum vit_status take_height_width(const struct keys *keys, const struct key_rule *rule,
                                  json_t *value)
{
    size_t *const sides = keys_field(keys, rule);
    const json_t *const height = json_array_size(value) == 2 ? json_array_get(value, 0) : value;
    const json_t *const width = json_array_size(value) == 2 ? json_array_get(value, 1) : value;

    if (!is_count(height) || !is_count(width))
        return keys_expected(keys, rule, "a positive integer or [height, width]", value);
    sides[0] = (size_t)json_integer_value(height);
    sides[1] = (size_t)json_integer_value(width);
    return VIT_OK;
}

enum vit_status take_square(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    const struct key_rule pair = { .key = rule->key };
    size_t sides[2] = { 0 };
    struct keys to = *keys;
    enum vit_status status;

    to.target = sides;
    if ((status = take_height_width(&to, &pair, value)))
        return status;
    if (sides[0] != sides[1])
        return keys_unsupported(keys, rule, "a square patch", value);
    *(size_t *)keys_field(keys, rule) = sides[0];
    return VIT_OK;
}

enum vit_status take_bool(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    if (!json_is_boolean(value))
        return keys_expected(keys, rule, "true or false", value);
    *(bool *)keys_field(keys, rule) = json_is_true(value);
    return VIT_OK;
}

enum vit_status take_unless(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    const enum vit_status status = take_bool(keys, rule, value);
    bool *const field = keys_field(keys, rule);

    if (!status)
        *field = !*field;
    return status;
}

enum vit_status take_number(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    if (!json_is_number(value))
        return keys_expected(keys, rule, "a number", value);
    *(double *)keys_field(keys, rule) = json_number_value(value);
    return VIT_OK;
}

enum vit_status take_float(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    const double number = json_number_value(value);

    if (!json_is_number(value) || !isfinite((float)number) || (number != 0 && (float)number == 0))
        return keys_expected(keys, rule, "a number within float32", value);
    *(float *)keys_field(keys, rule) = (float)number;
    return VIT_OK;
}

enum vit_status take_float_or_null(const struct keys *keys, const struct key_rule *rule,
                                   json_t *value)
{
    return json_is_null(value) ? VIT_OK : take_float(keys, rule, value);
}

enum vit_status take_numbers(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    struct numbers numbers = { .count = json_array_size(value) };

    if (!json_is_array(value))
        return keys_expected(keys, rule, "an array of numbers", value);
    for (size_t i = 0; i < numbers.count; i++) {
        const json_t *number = json_array_get(value, i);
        if (!json_is_number(number))
            return keys_expected(keys, rule, "an array of numbers", value);
        if (i < sizeof numbers.value / sizeof *numbers.value)
            numbers.value[i] = json_number_value(number);
    }
    *(struct numbers *)keys_field(keys, rule) = numbers;
    return VIT_OK;
}

enum vit_status take_choice(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    const char *name = json_string_value(value);
    char known[160] = "";
    size_t length = 0;

    if (!name)
        return keys_expected(keys, rule, "a string", value);
    for (const struct choice *choice = rule->more; choice->name; choice++) {
        if (strcmp(choice->name, name) == 0) {
            memcpy(keys_field(keys, rule), &choice->value, sizeof choice->value);
            return VIT_OK;
        }
        if (length < sizeof known)
            length += (size_t)snprintf(known + length, sizeof known - length, "%s\"%s\"",
                                       length > 0 ? ", " : "", choice->name);
    }
    return keys_unsupported(keys, rule, known, value);
}

enum vit_status take_only(const struct keys *keys, const struct key_rule *rule, json_t *value)
{
    char *found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *allowed = rule->more;
    bool known = false;

    if (!found)
        return fail_no_memory(keys->err, keys->path);
    while (!known && *allowed) {
        const size_t length = strcspn(allowed, "|");
        known = strlen(found) == length && memcmp(found, allowed, length) == 0;
        allowed += length + (allowed[length] == '|');
    }
    free(found);
    return known ? VIT_OK : keys_unsupported(keys, rule, rule->more, value);
}

static const struct key_rule *find_rule(const struct key_rule *rules, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].key, key) == 0)
            return &rules[i];
    return NULL;
}

void keys_note(const struct keys *keys, const char *key, size_t offset)
{
    const char *const slash = strrchr(keys->path, '/');
    char from[120];

    if (!keys->provenance)
        return;
    snprintf(from, sizeof from, "%.40s: %.30s%.40s", slash ? slash + 1 : keys->path, keys->prefix,
             key);
    provenance_set(keys->provenance, offset, from);
}

enum vit_status keys_read(const struct keys *keys, json_t *object, const struct key_rule *rules,
                          size_t count)
{
    const char *key;
    json_t *value;
    enum vit_status status;

    json_object_foreach (object, key, value) {
        const struct key_rule *rule = find_rule(rules, count, key);
        if (keys->lenient && (!rule || json_is_null(value)))
            continue;
        if (!rule)
            return fail(keys->err, VIT_EUNSUPPORTED, "%s: %s%s is not known",
                        sanitize_path(keys->path).text, keys->prefix, sanitize_name(key).text);
        if ((status = rule->take(keys, rule, value)))
            return status;
        if (rule->take != take_nothing && rule->take != take_only &&
            rule->offset >= keys->config_offset)
            keys_note(keys, rule->key, rule->offset - keys->config_offset);
    }
    for (size_t i = 0; i < count; i++)
        if (rules[i].required && !json_object_get(object, rules[i].key))
            return fail(keys->err, VIT_EFORMAT, "%s: %s%s is missing",
                        sanitize_path(keys->path).text, keys->prefix, rules[i].key);
    return VIT_OK;
}
