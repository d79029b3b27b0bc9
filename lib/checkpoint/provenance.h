/* provenance.h - where each field of a configuration comes from */
#ifndef VIT_CHECKPOINT_PROVENANCE_H
#define VIT_CHECKPOINT_PROVENANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/inspect.h"

/* One for each field of struct vit_config that says what is computed. */
enum { ORIGINS_RECIPE = 5 }; /* fields of struct vit_preprocess_config that files can fill */
enum { ORIGINS_FIELDS = 38 };

struct provenance {
    struct {
        char text[120];
    } of[ORIGINS_FIELDS], of_recipe[ORIGINS_RECIPE];
};

/* The fields by name, in the order of the forward pass; NULL past the last. */
const char *provenance_field(size_t i);

/*
 * The field at an offset of struct vit_config comes from there: "config.json: hidden_size". An
 * offset that is none of a field is passed over.
 */
void provenance_set(struct provenance *provenance, size_t offset, const char *from);

/* Every field that differs between the two comes from there. */
void provenance_changed(struct provenance *provenance, const struct vit_config *before,
                        const struct vit_config *after, const char *from);

/* The same for a field of struct vit_preprocess_config; NULL: there is no such field. */
void provenance_set_preprocess(struct provenance *provenance, const char *field, const char *from);
const char *provenance_preprocess(const struct provenance *provenance, const char *field);

/* All fields of the configuration, to begin with. */
void provenance_all(struct provenance *provenance, const char *from);

/* Field i as vit_model_config_entry has it; the origin points into *provenance. */
bool provenance_entry(const struct provenance *provenance, const struct vit_config *config,
                      size_t i, struct vit_config_entry *fact);

#endif
