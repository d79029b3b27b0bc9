/* by_name.c - fields of a configuration and values of enums by name, for bindings and tools */
#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "config/fields.h"
#include "vit/inspect.h"

bool vit_config_field_at(size_t i, struct vit_field *field)
{
    if (i >= config_fields.count)
        return false;
    const struct config_field *const f = &config_fields.at[i];
    const struct vit_field ours = {
        .size = sizeof ours,
        .name = f->name,
        .type = f->type,
        .count = f->count,
        .min = f->min,
        .max = f->max,
        .zero = f->zero,
        .description = f->description,
    };
    return sized_write(field, &ours, SIZED(vit_field), NULL) == VIT_OK;
}

/* By value: enum vit_precision. */
static const char *const precisions[] = { "float32", "float16", "int8" };
_Static_assert(sizeof precisions / sizeof *precisions == VIT_PRECISION_INT8 + 1,
               "a name for each value");

const char *vit_value_name(const char *field, int value)
{
    const struct config_field *f = config_field_find(field);
    const int known = sizeof precisions / sizeof *precisions;

    if (strcmp(field, "precision") == 0)
        return value >= 0 && value < known ? precisions[value] : NULL;
    f = f ? f : preprocess_field_find(field);
    return f && f->words && config_field_allows(f, value) ? f->words[value] : NULL;
}

/*
 * The field of "dim", or of "t2t_kernels[1]" for an element of an array. NULL, VIT_EINVAL in *err:
 * there is no such field or element.
 */
static const struct config_field *find_element(const char *name, size_t *element,
                                               struct vit_error *err)
{
    const size_t length = strcspn(name, "[");
    const struct config_field *field = NULL;

    *element = 0;
    for (size_t i = 0; i < config_fields.count && !field; i++)
        if (strlen(config_fields.at[i].name) == length &&
            strncmp(config_fields.at[i].name, name, length) == 0)
            field = &config_fields.at[i];
    if (!field) {
        fail(err, VIT_EINVAL, "expected a field of struct vit_config, found \"%s\"", name);
        return NULL;
    }
    const bool array = field->count > 1;
    const char *const index = name + length;
    const bool digit = index[0] == '[' && index[1] >= '0' && index[1] <= '9';
    if (array && digit && strcmp(index + 2, "]") == 0)
        *element = (size_t)(index[1] - '0');
    else if (array || *index)
        *element = field->count;
    if (*element < field->count)
        return field;
    fail(err, VIT_EINVAL, "expected %s%s%s, found \"%s\"", field->name,
         array ? " with an index below its length, such as [0]" : "",
         array ? "" : " without an index", name);
    return NULL;
}

enum vit_status vit_config_get(const struct vit_config *config, const char *name, double *value,
                               struct vit_error *err)
{
    struct vit_config ours;
    size_t i;
    enum vit_status status;

    if ((status = sized_read(&ours, config, SIZED(vit_config), err)))
        return status;
    const struct config_field *const field = find_element(name, &i, err);
    if (!field)
        return VIT_EINVAL;
    *value = config_field_get(field, &ours, i);
    return VIT_OK;
}

enum vit_status vit_config_set(struct vit_config *config, const char *name, double value,
                               struct vit_error *err)
{
    struct vit_config ours;
    size_t i;
    enum vit_status status;

    if ((status = sized_read(&ours, config, SIZED(vit_config), err)))
        return status;
    const struct config_field *const field = find_element(name, &i, err);
    if (!field)
        return VIT_EINVAL;
    if (!config_field_allows(field, value))
        return fail(err, VIT_EINVAL, "%s: expected %.10g to %.10g, found %.10g", name, field->min,
                    field->max, value);
    if (field->offset + config_field_bytes(field) > config->size)
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: expected a struct vit_config of at least %zu bytes, found %zu", name,
                    field->offset + config_field_bytes(field), config->size);
    config_field_set(field, config, i, value);
    return VIT_OK;
}
