/* provenance.h - where each field of a configuration comes from */
#ifndef VIT_CHECKPOINT_PROVENANCE_H
#define VIT_CHECKPOINT_PROVENANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/fields.h"
#include "vit/inspect.h"

/* A text such as "config.json: hidden_size" for each field. */
struct provenance {
    struct {
        char text[120];
    } config[CONFIG_MAX_FIELDS], preprocess[PREPROCESS_MAX_FIELDS];
};

/* How the texts name a file: the last part of its path. */
const char *provenance_file(const char *path);

/* The field at an offset of struct vit_config comes from there; no field is at another offset. */
void provenance_set(struct provenance *provenance, size_t offset, const char *from);

/* Every field in which the two differ comes from there. */
void provenance_changed(struct provenance *provenance, const struct vit_config *before,
                        const struct vit_config *after, const char *from);

/* A field of struct vit_preprocess_config; any other name is ignored. */
void provenance_set_preprocess(struct provenance *provenance, const char *field, const char *from);
/* Where it comes from; NULL: another name. */
const char *provenance_preprocess(const struct provenance *provenance, const char *field);

/* Every field of the configuration comes from there. */
void provenance_all(struct provenance *provenance, const char *from);

/* Entry i as vit_model_config_entry returns it; its source points into *provenance. */
bool provenance_entry(const struct provenance *provenance, const struct vit_config *config,
                      size_t i, struct vit_config_entry *entry);

#endif
