/* families.c - the table of families, and the family of a checkpoint */
#include "checkpoint/families.h"

#include <string.h>

#include "base/sized.h"
#include "config/architectures.h"
#include "vit/inspect.h"

#define FAMILY_ROW(id, title, recognition, parser, names, preprocess, resize, ...)                 \
    { id,                                                                                          \
      title,                                                                                       \
      BY_##recognition,                                                                            \
      parse_config_##parser,                                                                       \
      &names_##names,                                                                              \
      PREPROCESS_##preprocess,                                                                     \
      RESIZE_##resize,                                                                             \
      { __VA_ARGS__ } },
static const struct family families[] = { FAMILY_LIST(FAMILY_ROW) };
#undef FAMILY_ROW
enum { FAMILIES = sizeof families / sizeof *families };

const struct family *family_at(size_t i)
{
    return i < FAMILIES ? &families[i] : NULL;
}

static bool has_model_type(const struct family *family, const char *model_type)
{
    for (size_t i = 0; i < 2; i++)
        if (family->model_types[i] && strcmp(family->model_types[i], model_type) == 0)
            return true;
    return false;
}

/* The families of timm's classes, by the names of tensors. */
static const struct tensor_names *const timm_names[] = {
    [TIMM_VIT] = &names_timm, [TIMM_EVA] = &names_timm_eva, [TIMM_BEIT] = &names_timm_beit
};

static bool is_recognized(const struct family *family, const char *name)
{
    switch (family->recognition) {
    case BY_MODEL_TYPE:
        return has_model_type(family, name);
    case BY_ARCHITECTURE:
        return family->names == timm_names[name ? architectures_class(name) : TIMM_VIT];
    default:
        return true;
    }
}

const struct family *family_recognized(enum recognition recognition, const char *name)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i].recognition == recognition && is_recognized(&families[i], name))
            return &families[i];
    return NULL;
}

const struct family *family_of_names(const struct tensors *tensors)
{
    const struct family *best = NULL;
    size_t max_known = 0;

    for (size_t i = 0; i < FAMILIES; i++) {
        const size_t known = names_count_known(families[i].names, tensors);
        if (known > max_known) {
            best = &families[i];
            max_known = known;
        }
    }
    return best;
}

bool vit_family_at(size_t i, struct vit_family *family)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const char *const *const types = families[f].model_types;
        const size_t count = types[1] ? 2 : 1; /* a family without a model_type has one entry too */
        if (i < count) {
            const struct vit_family found = { .size = sizeof found,
                                              .id = families[f].id,
                                              .title = families[f].title,
                                              .model_type = types[i] };
            return sized_write(family, &found, SIZED(vit_family), NULL) == VIT_OK;
        }
        i -= count;
    }
    return false;
}
