/* checkpoint.c - a checkpoint folder as the model sees it: a configuration, and tensors by role */
#include "checkpoint/checkpoint.h"

#include <stdlib.h>

#include "base/status.h"
#include "checkpoint/config.h"
#include "checkpoint/file.h"
#include "checkpoint/quote.h"

struct checkpoint {
    struct config_file about;
    struct safetensors *file;
    const struct safetensors_entry **entries; /* by names_index */
};

static enum vit_status out_of_memory(const char *folder, struct vit_error *err)
{
    return fail(err, VIT_ENOMEM, "%s: out of memory", quote_path(folder).text);
}

static enum vit_status open_config(const char *folder, struct checkpoint *checkpoint,
                                   struct vit_error *err)
{
    char *path = file_path(folder, "config.json"), *text = NULL;
    size_t bytes;
    enum vit_status status;

    if (!path)
        return out_of_memory(folder, err);
    status = file_read_all(path, CONFIG_MAX_BYTES, false, &text, &bytes, err);
    if (!status)
        status = config_parse(path, text, bytes, &checkpoint->about, err);
    free(text);
    free(path);
    return status;
}

static enum vit_status open_labels(const char *folder, struct checkpoint *checkpoint,
                                   struct vit_error *err)
{
    struct config_file *about = &checkpoint->about;

    if (about->labels.count > 0)
        return VIT_OK;
    char *path = file_path(folder, "labels.txt");
    if (!path)
        return out_of_memory(folder, err);
    const enum vit_status status = labels_read(path, about->config.classes, &about->labels, err);
    free(path);
    return status;
}

static enum vit_status open_tensors(const char *folder, struct checkpoint *checkpoint,
                                    struct vit_error *err)
{
    struct config_file *about = &checkpoint->about;
    char *path = file_path(folder, "model.safetensors");
    enum vit_status status;

    if (!path)
        return out_of_memory(folder, err);
    status = safetensors_open(path, &checkpoint->file, err);
    free(path);
    if (status)
        return status;
    about->config.layer_scale |= names_layer_scale(about->family, checkpoint->file);
    checkpoint->entries = calloc(names_count(&about->config), sizeof *checkpoint->entries);
    if (!checkpoint->entries)
        return out_of_memory(folder, err);
    return names_resolve(about->family, &about->config, checkpoint->file, checkpoint->entries, err);
}

enum vit_status checkpoint_open(const char *folder, struct checkpoint **checkpoint,
                                struct vit_error *err)
{
    struct checkpoint *opened = calloc(1, sizeof *opened);
    enum vit_status status;

    if (!opened)
        return out_of_memory(folder, err);
    if ((status = open_config(folder, opened, err)) ||
        (status = open_labels(folder, opened, err)) ||
        (status = open_tensors(folder, opened, err))) {
        checkpoint_close(opened);
        return status;
    }
    *checkpoint = opened;
    return VIT_OK;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->entries);
    safetensors_close(checkpoint->file);
    labels_free(&checkpoint->about.labels);
    free(checkpoint);
}

const char *checkpoint_family(const struct checkpoint *checkpoint)
{
    return checkpoint->about.family->name;
}

const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint)
{
    return &checkpoint->about.config;
}

const struct vit_recipe *checkpoint_recipe(const struct checkpoint *checkpoint)
{
    return &checkpoint->about.recipe;
}

const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index)
{
    const struct labels *labels = &checkpoint->about.labels;

    return class_index < labels->count ? labels->text[class_index] : NULL;
}

static const struct safetensors_entry *entry_of(const struct checkpoint *checkpoint,
                                                enum tensor_role role, size_t block)
{
    if (role >= T_FIRST_OF_BLOCK && block >= checkpoint->about.config.depth)
        return NULL;
    return checkpoint->entries[names_index(role, block)];
}

bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_role role, size_t block)
{
    return entry_of(checkpoint, role, block) != NULL;
}

enum vit_status checkpoint_read(const struct checkpoint *checkpoint, enum tensor_role role,
                                size_t block, size_t first, size_t count, float *out,
                                struct vit_error *err)
{
    const struct safetensors_entry *entry = entry_of(checkpoint, role, block);

    if (!entry)
        return fail(err, VIT_EINVAL, "%s: no tensor of role %d in block %zu",
                    quote_path(checkpoint->file->path).text, (int)role, block);
    return safetensors_read_f32(checkpoint->file, entry, first, count, out, err);
}
