/* families.c - the table of families, and the family of a checkpoint */
#include "checkpoint/families.h"

#include <string.h>

#include "base/sized.h"
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

const struct family *family_recognized(enum recognition recognition, const char *model_type)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i].recognition == recognition &&
            (recognition != BY_MODEL_TYPE || has_model_type(&families[i], model_type)))
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
