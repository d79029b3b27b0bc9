/* json_fields.h - reads a JSON object by a table of its fields */
#ifndef VIT_CHECKPOINT_JSON_FIELDS_H
#define VIT_CHECKPOINT_JSON_FIELDS_H

#include "files/json.h"
#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/provenance.h"
#include "vit/status.h"

/* Where values come from, and where they go. */
struct json_reader {
    const char *path;   /* the file, for messages */
    const char *prefix; /* of the fields' names in messages: "model_args." or "" */
    bool lenient;       /* ignores unknown fields and nulls; otherwise both are errors */
    void *target;       /* the struct that the rules' offsets refer to */
    struct vit_error *err;
    struct provenance *provenance; /* records the fields of the configuration; or NULL */
    size_t config_offset;          /* of the struct vit_config in the target */
};

struct field_rule {
    const char *name;
    enum vit_status (*parse)(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value);
    size_t offset;        /* of the member to fill; `parse` determines its type */
    const void *argument; /* of `parse` */
    bool required;
};

/* FIELD_RULE(struct hf_fields, "hidden_size", parse_count, config.dim, .required = true) */
#define FIELD_RULE(type, field, parser, member, ...)                                               \
    {                                                                                              \
        .name = field, .parse = parser, .offset = offsetof(type, member), __VA_ARGS__              \
    }
/* A field that is known and has no effect on the result. */
#define IGNORED_RULE(field, ...)                                                                   \
    {                                                                                              \
        .name = field, .parse = parse_ignored, __VA_ARGS__                                         \
    }
/* A field that must have one of these values, JSON separated by |: "null|false". */
#define FIXED_RULE(field, values)                                                                  \
    {                                                                                              \
        .name = field, .parse = parse_fixed, .argument = values                                    \
    }

/* A table of rules and its length, as two arguments. */
#define RULES(table) table, sizeof(table) / sizeof *(table)

/* For parse_choice; ends with a NULL name. */
struct choice {
    const char *name;
    unsigned value;
};

/* For parse_numbers: the first 3 are stored, all are counted. */
struct numbers {
    size_t count;
    double value[3];
};

/*
 * Reads the fields of an object in the object's order; the order of the rules does not matter.
 * object may be NULL. VIT_EFORMAT: a value is not what its rule expects, or a required field is
 * missing; VIT_EUNSUPPORTED: a field without a rule, or a value that is valid but that the library
 * does not support. The message names the file, the field, what is expected and what was found.
 */
enum vit_status json_fields_read(const struct json_reader *reader, const struct json *object,
                                 const struct field_rule *rules, size_t count);

/* --- parsers for field_rule.parse, with the type of the member that each fills */

/* none */
enum vit_status parse_ignored(const struct json_reader *reader, const struct field_rule *rule,
                              const struct json *value);
/* none: the value must be one of `argument`, as in FIXED_RULE. */
enum vit_status parse_fixed(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value);
/* size_t: an integer of at least 1. */
enum vit_status parse_count(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value);
/* size_t: an integer of at least 0. */
enum vit_status parse_count_or_0(const struct json_reader *reader, const struct field_rule *rule,
                                 const struct json *value);
/* size_t[3]: an array of three integers of at least 1. */
enum vit_status parse_3_counts(const struct json_reader *reader, const struct field_rule *rule,
                               const struct json *value);
/* size_t[2], height and width: an integer of at least 1 for both, or an array of two. */
enum vit_status parse_height_width(const struct json_reader *reader, const struct field_rule *rule,
                                   const struct json *value);
/* size_t: the same, where both must be equal: otherwise VIT_EUNSUPPORTED. */
enum vit_status parse_square(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value);
/* bool */
enum vit_status parse_bool(const struct json_reader *reader, const struct field_rule *rule,
                           const struct json *value);
/* bool: the opposite of the value. */
enum vit_status parse_negated_bool(const struct json_reader *reader, const struct field_rule *rule,
                                   const struct json *value);
/* double */
enum vit_status parse_number(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value);
/* float: finite, and not rounded to 0. */
enum vit_status parse_float(const struct json_reader *reader, const struct field_rule *rule,
                            const struct json *value);
/* float: the same; null leaves the member unchanged. */
enum vit_status parse_float_or_null(const struct json_reader *reader, const struct field_rule *rule,
                                    const struct json *value);
/* struct numbers: an array of numbers. */
enum vit_status parse_numbers(const struct json_reader *reader, const struct field_rule *rule,
                              const struct json *value);
/* An enum: one of the names in `argument`, a struct choice[]. */
enum vit_status parse_choice(const struct json_reader *reader, const struct field_rule *rule,
                             const struct json *value);

/* --- for a parser of one's own */

/*
 * Records that the field of struct vit_config at this offset comes from this JSON field.
 * json_fields_read does it for the members that it fills directly.
 */
void json_fields_note(const struct json_reader *reader, const char *field, size_t config_offset);

/* The member that a rule fills. */
void *field_member(const struct json_reader *reader, const struct field_rule *rule);

/*
 * "FILE: FIELD: expected …, found …". VIT_EFORMAT if the field cannot have that value at all,
 * VIT_EUNSUPPORTED if only this library does not support it.
 */
enum vit_status fail_field(const struct json_reader *reader, const struct field_rule *rule,
                           enum vit_status status, const char *expected, const struct json *found);

#endif
