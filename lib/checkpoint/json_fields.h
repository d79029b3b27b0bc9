/* json_fields.h - reads a JSON object by a table of its fields */
#ifndef VIT_CHECKPOINT_JSON_FIELDS_H
#define VIT_CHECKPOINT_JSON_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "checkpoint/provenance.h"
#include "vit/status.h"

/* Where the values come from, for messages, and where they go. */
struct keys {
    const char *path;   /* the file */
    const char *prefix; /* what stands before a key in messages: "model_args." or "" */
    bool lenient;       /* passes over unknown keys and nulls; else both are errors */
    void *target;       /* the struct that the rules' offsets count in */
    struct vit_error *err;
    /* where the configuration's fields are noted as they are taken; or NULL */
    struct provenance *provenance;
    size_t config_offset; /* of the struct vit_config in the target */
};

struct key_rule {
    const char *key;
    enum vit_status (*take)(const struct keys *keys, const struct key_rule *rule, json_t *value);
    size_t offset;    /* of the field to fill, whose type is `take`'s */
    const void *more; /* what `take` asks for */
    bool required;
};

/* For take_choice: ends with a NULL name. */
struct choice {
    const char *name;
    unsigned value;
};

/* For take_numbers: up to 3 are kept, all are counted. */
struct numbers {
    size_t count;
    double value[3];
};

/*
 * Takes every key of the object. VIT_EFORMAT a value is not what its rule expects, or a required
 * key is missing; VIT_EUNSUPPORTED a key without a rule, or a value that only this library does not
 * know. The message names the file, the key, the expected and the found.
 */
enum vit_status keys_read(const struct keys *keys, json_t *object, const struct key_rule *rules,
                          size_t count);

/* What a rule's take can be. */
enum vit_status take_nothing(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* size_t: an integer of 1 or more. */
enum vit_status take_count(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* The same, where 0 stands for nothing of it. */
enum vit_status take_count_or_0(const struct keys *keys, const struct key_rule *rule,
                                json_t *value);
/* size_t[3]: an array of three integers of 1 or more. */
enum vit_status take_3_counts(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* size_t[2]: an integer of 1 or more for both, or an array of two: height, then width. */
enum vit_status take_height_width(const struct keys *keys, const struct key_rule *rule,
                                  json_t *value);
/* size_t: the same, where both must be one: VIT_EUNSUPPORTED otherwise. */
enum vit_status take_square(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* bool */
enum vit_status take_bool(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* The opposite of a bool: for a field that says what a model goes without. */
enum vit_status take_unless(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* double */
enum vit_status take_number(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* float; a number too small for one that is not 0 is an error. */
enum vit_status take_float(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* The same, but null leaves the field as it is. */
enum vit_status take_float_or_null(const struct keys *keys, const struct key_rule *rule,
                                   json_t *value);
/* struct numbers: an array of numbers. */
enum vit_status take_numbers(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* An enum (of unsigned's size): one of the names in `more`, a struct choice[]. */
enum vit_status take_choice(const struct keys *keys, const struct key_rule *rule, json_t *value);
/* Nothing: the value must be one of those in `more`, a string of JSON values "null|false". */
enum vit_status take_only(const struct keys *keys, const struct key_rule *rule, json_t *value);

/*
 * A field of the configuration, by its offset there, comes from this key: for a take that fills it
 * in a roundabout way. What keys_read takes right into it is noted by itself.
 */
void keys_note(const struct keys *keys, const char *key, size_t offset);

/* The field that a rule fills. */
void *keys_field(const struct keys *keys, const struct key_rule *rule);

/* For a take of one's own: VIT_EFORMAT "FILE: KEY: expected …, found …". */
enum vit_status keys_expected(const struct keys *keys, const struct key_rule *rule,
                              const char *expected, const json_t *found);
/* VIT_EUNSUPPORTED "FILE: KEY is …: supported is …". */
enum vit_status keys_unsupported(const struct keys *keys, const struct key_rule *rule,
                                 const char *supported, const json_t *found);

#endif
