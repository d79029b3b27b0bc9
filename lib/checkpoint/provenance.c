/* provenance.c - where each field of a configuration comes from */
#include "checkpoint/provenance.h"

#include <stdio.h>
#include <string.h>

static void set(struct provenance *provenance, size_t i, const char *from)
{
    snprintf(provenance->config[i].text, sizeof provenance->config[i].text, "%s", from);
}

const char *provenance_file(const char *path)
{
    const char *const slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void provenance_set(struct provenance *provenance, size_t offset, const char *from)
{
    for (size_t i = 0; i < config_fields.count; i++)
        if (config_fields.at[i].offset == offset)
            set(provenance, i, from);
}

void provenance_changed(struct provenance *provenance, const struct vit_config *before,
                        const struct vit_config *after, const char *from)
{
    for (size_t i = 0; i < config_fields.count; i++) {
        const struct config_field *const f = &config_fields.at[i];
        if (memcmp((const char *)before + f->offset, (const char *)after + f->offset,
                   config_field_bytes(f)) != 0)
            set(provenance, i, from);
    }
}

void provenance_all(struct provenance *provenance, const char *from)
{
    for (size_t i = 0; i < config_fields.count; i++)
        set(provenance, i, from);
}

void provenance_set_preprocess(struct provenance *provenance, const char *field, const char *from)
{
    const struct config_field *const f = preprocess_field_find(field);

    if (f)
        snprintf(provenance->preprocess[f - preprocess_fields.at].text,
                 sizeof provenance->preprocess->text, "%s", from);
}

const char *provenance_preprocess(const struct provenance *provenance, const char *field)
{
    const struct config_field *const f = preprocess_field_find(field);

    if (!f)
        return NULL;
    const char *const text = provenance->preprocess[f - preprocess_fields.at].text;
    return *text ? text : "the default";
}

bool provenance_entry(const struct provenance *provenance, const struct vit_config *config,
                      size_t i, struct vit_config_entry *entry)
{
    if (i >= config_fields.count)
        return false;
    entry->name = config_fields.at[i].name;
    entry->source = provenance->config[i].text;
    config_field_text(&config_fields.at[i], config, entry->value);
    return true;
}
