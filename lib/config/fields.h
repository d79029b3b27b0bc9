/* fields.h - the fields of a configuration as a table: source of checks, names, text and docs */
#ifndef VIT_CONFIG_FIELDS_H
#define VIT_CONFIG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/config.h"
#include "vit/inspect.h"

/*
 * Bounds of the fields. The largest published model (ViT-22B) has dim 6144, depth 48 and mlp_dim
 * 24576; the rest is reserve. Within the bounds every array of one image has fewer than 2^60 bytes;
 * the largest is the patch weight, dim · channels · patch² · 4.
 */
enum {
    CONFIG_MAX_CHANNELS = 1 << 8,
    CONFIG_MAX_SIDE = 1 << 16,
    CONFIG_MAX_PATCHES = 1 << 20,
    CONFIG_MAX_DIM = 1 << 16,
    CONFIG_MAX_DEPTH = 1 << 10,
    CONFIG_MAX_MLP_DIM = 1 << 18,
    CONFIG_MAX_CLASSES = 1 << 24,
    CONFIG_MAX_REGISTERS = 1 << 10,
    CONFIG_MAX_KERNEL = 1 << 6, /* of a soft split */
    CONFIG_MAX_NORM_SIZE = 1 << 24,
    CONFIG_MAX_RELATIVE = 1 << 14, /* patches with a bias for each pair of tokens */
};

/* A field of struct vit_config or struct vit_preprocess_config. */
struct config_field {
    const char *name;
    size_t offset;
    enum vit_field_type type;
    size_t count;             /* elements: more than 1 in an array */
    double min, max;          /* of each element; of an enum 0 and its last value */
    const char *const *words; /* of an enum, by value */
    const char *zero;         /* what 0 means, if it is not just a number; or NULL */
    const char *description;
};

/* A table of fields. */
struct field_table {
    const struct config_field *at;
    size_t count;
};
/* For arrays that have an element for each field; fields.c checks that they are large enough. */
enum { CONFIG_MAX_FIELDS = 64, PREPROCESS_MAX_FIELDS = 8 };

/* Fields of struct vit_config, in the order of the forward pass. */
extern const struct field_table config_fields;

/* Fields of struct vit_preprocess_config that a checkpoint's files can set. */
extern const struct field_table preprocess_fields;

/* The field of that name, or NULL. */
const struct config_field *config_field_find(const char *name);
const struct config_field *preprocess_field_find(const char *name);

/* Bytes of the field in its struct. */
size_t config_field_bytes(const struct config_field *field);

/* Element i of a field of `config`, which is one of the two structs. */
double config_field_get(const struct config_field *field, const void *config, size_t i);
void config_field_set(const struct config_field *field, void *config, size_t i, double value);

/* Whether a value is one that an element can have: in range, whole unless it is a float. */
bool config_field_allows(const struct config_field *field, double value);

/* The elements as text, such as "768", "7, 3, 3", "1e-06", "true" or "gelu". */
void config_field_text(const struct config_field *field, const void *config, char text[64]);

#endif
