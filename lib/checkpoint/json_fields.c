/* json_fields.c - reads a JSON object by a table of its fields */
#include "checkpoint/json_fields.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"

_Static_assert(sizeof(enum vit_activation) == sizeof(unsigned), "parse_choice stores an unsigned");

enum vit_status fail_field(const struct json_reader *reader, const struct field_rule *rule,
                           enum vit_status status, const char *expected, const struct json *found)
{
    char text[120]; /* sanitize_name cuts it at 96 bytes */

    json_print(found, sizeof text, text);
    return fail_file(reader->err, status, reader->path, "%s%s: expected %s, found %s",
                     reader->prefix, rule->name, expected, sanitize_name(text).text);
}

void *field_member(const struct json_reader *reader, const struct field_rule *rule)
{
    return (char *)reader->target + rule->offset;
}

enum vit_status parse_ignored(const struct json_reader *reader, const struct field_rule *rule,
                              const struct json *value)
{
    (void)reader;
    (void)rule;
    (void)value;
    return VIT_OK;
}

/* A list of values for a message: the '|' between them become " or ". */
static void write_alternatives(const char *values, size_t size, char *text)
{
    size_t length = 0;

    *text = '\0';
    while (*values && length < size) {
        const size_t value = strcspn(values, "|");
        length += (size_t)snprintf(text + length, size - length, "%s%.*s", length > 0 ? " or " : "",
                                   (int)value, values);
        values += value + (values[value] == '|');
    }
}

enum vit_status parse_fixed(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value)
{
    const char *allowed = rule->argument;
    char found[120], expected[120];
    bool matches = false;

    if (!json_print(value, sizeof found, found)) /* longer than any value that is allowed */
        allowed = "";
    while (!matches && *allowed) {
        const size_t length = strcspn(allowed, "|");
        matches = strlen(found) == length && memcmp(found, allowed, length) == 0;
        allowed += length + (allowed[length] == '|');
    }
    if (matches)
        return VIT_OK;
    write_alternatives(rule->argument, sizeof expected, expected);
    return fail_field(reader, rule, VIT_EUNSUPPORTED, expected, value);
}

static bool is_count(const struct json *value)
{
    return json_is_integer(value) && json_int(value) >= 1 && json_int(value) <= INT_MAX;
}

enum vit_status parse_count(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value)
{
    if (!is_count(value))
        return fail_field(reader, rule, VIT_EFORMAT, "a positive integer", value);
    *(size_t *)field_member(reader, rule) = (size_t)json_int(value);
    return VIT_OK;
}

enum vit_status parse_count_or_0(const struct json_reader *reader, const struct field_rule *rule,
                                 const struct json *value)
{
    if (json_is_integer(value) && json_int(value) == 0) {
        *(size_t *)field_member(reader, rule) = 0;
        return VIT_OK;
    }
    if (!is_count(value))
        return fail_field(reader, rule, VIT_EFORMAT, "0 or a positive integer", value);
    return parse_count(reader, rule, value);
}

enum vit_status parse_3_counts(const struct json_reader *reader, const struct field_rule *rule,
                               const struct json *value)
{
    size_t *const counts = field_member(reader, rule);

    for (size_t i = 0; i < 3; i++) {
        const struct json *const count = json_element(value, i);
        if (json_elements(value) != 3 || !is_count(count))
            return fail_field(reader, rule, VIT_EFORMAT, "an array of three positive integers",
                              value);
        counts[i] = (size_t)json_int(count);
    }
    return VIT_OK;
}

enum vit_status parse_height_width(const struct json_reader *reader, const struct field_rule *rule,
                                   const struct json *value)
{
    size_t *const sizes = field_member(reader, rule);
    const struct json *const height = json_elements(value) == 2 ? json_element(value, 0) : value;
    const struct json *const width = json_elements(value) == 2 ? json_element(value, 1) : value;

    if (!is_count(height) || !is_count(width))
        return fail_field(reader, rule, VIT_EFORMAT, "a positive integer or [height, width]",
                          value);
    sizes[0] = (size_t)json_int(height);
    sizes[1] = (size_t)json_int(width);
    return VIT_OK;
}

enum vit_status parse_square(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value)
{
    const struct field_rule pair = { .name = rule->name };
    struct json_reader pair_reader = *reader;
    size_t sizes[2] = { 0 };
    enum vit_status status;

    pair_reader.target = sizes;
    if ((status = parse_height_width(&pair_reader, &pair, value)))
        return status;
    if (sizes[0] != sizes[1])
        return fail_field(reader, rule, VIT_EUNSUPPORTED, "equal height and width", value);
    *(size_t *)field_member(reader, rule) = sizes[0];
    return VIT_OK;
}

enum vit_status parse_bool(const struct json_reader *reader, const struct field_rule *rule,
                           const struct json *value)
{
    if (!json_is_boolean(value))
        return fail_field(reader, rule, VIT_EFORMAT, "true or false", value);
    *(bool *)field_member(reader, rule) = json_is_true(value);
    return VIT_OK;
}

enum vit_status parse_negated_bool(const struct json_reader *reader, const struct field_rule *rule,
                                   const struct json *value)
{
    const enum vit_status status = parse_bool(reader, rule, value);
    bool *const member = field_member(reader, rule);

    if (!status)
        *member = !*member;
    return status;
}

enum vit_status parse_number(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value)
{
    if (!json_is_number(value))
        return fail_field(reader, rule, VIT_EFORMAT, "a number", value);
    *(double *)field_member(reader, rule) = json_double(value);
    return VIT_OK;
}

enum vit_status parse_float(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value)
{
    const double number = json_double(value);

    if (!json_is_number(value) || !isfinite((float)number) || (number != 0 && (float)number == 0))
        return fail_field(reader, rule, VIT_EFORMAT, "a number in the range of float32", value);
    *(float *)field_member(reader, rule) = (float)number;
    return VIT_OK;
}

enum vit_status parse_float_or_null(const struct json_reader *reader, const struct field_rule *rule,
                                    const struct json *value)
{
    return json_is_null(value) ? VIT_OK : parse_float(reader, rule, value);
}

enum vit_status parse_numbers(const struct json_reader *reader, const struct field_rule *rule,
                              const struct json *value)
{
    struct numbers numbers = { 0 };
    bool valid = json_is_array(value);
    const struct json *number;

    json_each_element(value, number)
    {
        valid = valid && json_is_number(number);
        if (numbers.count < sizeof numbers.value / sizeof *numbers.value)
            numbers.value[numbers.count] = json_double(number);
        numbers.count++;
    }
    if (!valid)
        return fail_field(reader, rule, VIT_EFORMAT, "an array of numbers", value);
    *(struct numbers *)field_member(reader, rule) = numbers;
    return VIT_OK;
}

enum vit_status parse_choice(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value)
{
    const char *const name = json_text(value);
    char expected[160] = "one of ";
    size_t length = strlen(expected);

    if (!name)
        return fail_field(reader, rule, VIT_EFORMAT, "a string", value);
    for (const struct choice *choice = rule->argument; choice->name; choice++) {
        if (strcmp(choice->name, name) == 0) {
            memcpy(field_member(reader, rule), &choice->value, sizeof choice->value);
            return VIT_OK;
        }
        if (length < sizeof expected)
            length += (size_t)snprintf(expected + length, sizeof expected - length, "%s\"%s\"",
                                       choice == rule->argument ? "" : ", ", choice->name);
    }
    return fail_field(reader, rule, VIT_EUNSUPPORTED, expected, value);
}

static const struct field_rule *find_rule(const struct field_rule *rules, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

void json_fields_note(const struct json_reader *reader, const char *field, size_t config_offset)
{
    char from[120];

    if (!reader->provenance)
        return;
    snprintf(from, sizeof from, "%.40s: %.30s%.40s", provenance_file(reader->path), reader->prefix,
             field);
    provenance_set(reader->provenance, config_offset, from);
}

enum vit_status json_fields_read(const struct json_reader *reader, const struct json *object,
                                 const struct field_rule *rules, size_t count)
{
    const char *name;
    const struct json *value;
    enum vit_status status;

    json_each_member(object, name, value)
    {
        const struct field_rule *const rule = find_rule(rules, count, name);
        if (reader->lenient && (!rule || json_is_null(value)))
            continue;
        if (!rule)
            return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path, "%s%s: unknown field",
                             reader->prefix, sanitize_name(name).text);
        if ((status = rule->parse(reader, rule, value)))
            return status;
        if (rule->parse != parse_ignored && rule->parse != parse_fixed &&
            rule->offset >= reader->config_offset)
            json_fields_note(reader, rule->name, rule->offset - reader->config_offset);
    }
    for (size_t i = 0; i < count; i++)
        if (rules[i].required && !json_member(object, rules[i].name))
            return fail_file(reader->err, VIT_EFORMAT, reader->path,
                             "%s%s: expected a value, found none", reader->prefix, rules[i].name);
    return VIT_OK;
}
