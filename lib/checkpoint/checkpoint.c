/* checkpoint.c - a checkpoint's directory as the model sees it: a configuration, tensors by slot */
#include "checkpoint/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/status.h"
#include "checkpoint/open_checkpoint.h"
#include "checkpoint/table_limit.h"
#include "config/check.h"
#include "config/fields.h"
#include "config/pos_embed.h"
#include "files/fail_file.h"
#include "files/file.h"

/* `name` is static. The text may be that of no file. */
static void note_text(struct checkpoint *c, const char *name, const struct text_file *text)
{
    if (!c->digest || !text->text)
        return;
    struct file_digest *const noted = &c->texts[c->text_count++];
    noted->name = name;
    sha256(text->text, text->bytes, noted->digest);
}

static enum vit_status open_config(const struct directory *directory, struct checkpoint *c,
                                   struct vit_error *err)
{
    struct config_files files = { 0 };
    const struct {
        const char *name;
        struct text_file *text;
    } texts[] = {
        { "config.json", &files.config },
        { "preprocessor_config.json", &files.preprocessor },
        { "processor_config.json", &files.processor },
    };
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < sizeof texts / sizeof *texts; i++) {
        status = directory_read_text(directory, texts[i].name, CONFIG_MAX_BYTES, true,
                                     texts[i].text, err);
        note_text(c, texts[i].name, texts[i].text);
    }
    if (!status)
        status = parse_config(&files, c->tensors, &c->parsed, err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text_file_free(texts[i].text);
    return status;
}

static enum vit_status open_labels(const struct directory *directory, struct checkpoint *c,
                                   struct vit_error *err)
{
    struct parsed_config *parsed = &c->parsed;
    struct text_file text;
    enum vit_status status;

    if (parsed->labels.count > 0 || parsed->config.classes == 0)
        return VIT_OK;
    if ((status = directory_read_text(directory, "labels.txt", LABELS_MAX_BYTES, true, &text, err)))
        return status;
    note_text(c, "labels.txt", &text);
    status = labels_parse_lines(&text, parsed->config.classes, &parsed->labels, err);
    text_file_free(&text);
    return status;
}

/*
 * Fails with `why`. If the tensors have the names of another family, the message adds that as the
 * likely cause.
 */
static enum vit_status fail_names(const struct checkpoint *c, enum vit_status status,
                                  const struct vit_error *why, struct vit_error *err)
{
    const struct family *const configured = c->parsed.family;
    const struct family *const found = family_of_names(c->tensors);

    if (status != VIT_EFORMAT || !found || found->names == configured->names)
        return fail(err, status, "%s", why->message);
    /* marked where it is cut, so that the cause has room behind it */
    char cut[sizeof why->message - 128];
    message_clean(cut, sizeof cut, snprintf(cut, sizeof cut, "%s", why->message));
    return fail(err, status, "%s; config.json is for family %s, the tensors have the names of %s",
                cut, configured->id, found->id);
}

/* Names what tensor i is used for; "": nothing. */
static void name_use(struct checkpoint *c, size_t i)
{
    const char *const name = c->tensors->entries[i].name;
    const char *const for_texts = names_use_for_texts(c->parsed.family->names, name);

    if (c->uses[i].rule)
        slots_name(c->uses[i].rule->slot, c->uses[i].index, c->use_names[i]);
    else if (for_texts)
        snprintf(c->use_names[i], sizeof c->use_names[i], "%s", for_texts);
}

static enum vit_status resolve_names(const char *path, struct checkpoint *c, struct vit_error *err)
{
    const struct vit_config *const config = &c->parsed.config;
    struct vit_error why;
    enum vit_status status;

    c->sources = calloc(slots_count(config) * TENSOR_PARTS, sizeof *c->sources);
    c->uses = calloc(c->tensors->count + 1, sizeof *c->uses);
    c->use_names = calloc(c->tensors->count + 1, sizeof *c->use_names);
    if (!c->sources || !c->uses || !c->use_names)
        return fail_no_memory(err, path);
    if ((status =
             names_resolve(c->parsed.family->names, config, c->tensors, c->sources, c->uses, &why)))
        return fail_names(c, status, &why, err);
    for (size_t i = 0; i < c->tensors->count; i++)
        name_use(c, i);
    return contrast_read(c->parsed.family->names, c->tensors, &c->contrast, err);
}

/* Sets the size to compute at, and checks that the positions can be resized to it. */
static enum vit_status set_size(const char *path, size_t height, size_t width, struct checkpoint *c,
                                struct vit_error *err)
{
    struct parsed_config *const parsed = &c->parsed;
    const struct vit_config *const stored = &parsed->config;
    const bool requested = height > 0;
    struct vit_error why;

    c->config = *stored;
    if (requested || parsed->height > 0) {
        c->config.height = requested ? height : parsed->height;
        c->config.width = requested ? width : parsed->width;
    }
    parsed->preprocess.height = c->config.height;
    parsed->preprocess.width = c->config.width;
    if (requested) {
        provenance_set(&parsed->provenance, offsetof(struct vit_config, height),
                       "the requested size");
        provenance_set(&parsed->provenance, offsetof(struct vit_config, width),
                       "the requested size");
    }
    if (c->config.height == stored->height && c->config.width == stored->width)
        return requested ? VIT_OK : table_check(path, &c->config, c->tensors, err);
    c->config.crop_to_patches = c->config.crop_to_patches && !requested;
    if (config_check(&c->config, &why))
        return fail_file(err, requested ? VIT_EINVAL : VIT_EFORMAT, path, "at %zu × %zu: %s",
                         c->config.height, c->config.width, why.message);
    const bool relative = c->config.relative_bias != VIT_RELATIVE_BIAS_NONE;
    if ((config_learns_positions(&c->config) || relative) && parsed->family->resize == RESIZE_NEVER)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "expected %zu × %zu, the size of the %s, which family %s does not "
                         "resize; found %zu × %zu",
                         stored->height, stored->width,
                         relative ? "relative positions" : "position embeddings",
                         parsed->family->id, c->config.height, c->config.width);
    return requested ? VIT_OK : table_check(path, &c->config, c->tensors, err);
}

static enum vit_status open_all(const struct directory *directory, size_t height, size_t width,
                                struct checkpoint *c, struct vit_error *err)
{
    enum vit_status status;

    if ((status = tensors_open(directory, &c->tensors, err)) ||
        (status = open_config(directory, c, err)) || (status = open_labels(directory, c, err)) ||
        (status = resolve_names(directory->path, c, err)))
        return status;
    return set_size(directory->path, height, width, c, err);
}

enum vit_status checkpoint_open(const struct checkpoint_place *place, size_t height, size_t width,
                                struct checkpoint **checkpoint, struct vit_error *err)
{
    struct checkpoint *opened = calloc(1, sizeof *opened);
    struct directory directory = directory_in_memory(place->count, place->files);
    enum vit_status status = VIT_OK;

    if (!opened)
        return fail_no_memory(err, place->path ? place->path : directory.path);
    opened->max_file_bytes = place->max_file_bytes;
    opened->digest = place->digest;
    if (place->path) {
        opened->path = strdup(place->path);
        status = opened->path ? directory_open(place->path, &directory, err)
                              : fail_no_memory(err, place->path);
    }
    if (!status) {
        directory.max_file_bytes = place->max_file_bytes;
        status = open_all(&directory, height, width, opened, err);
        directory_close(&directory);
    }
    if (!status)
        *checkpoint = opened;
    else
        checkpoint_close(opened);
    return status;
}

bool checkpoint_is_directory(const struct checkpoint *checkpoint)
{
    return checkpoint->path != NULL;
}

const struct input_file *checkpoint_file(const struct checkpoint *checkpoint, size_t i)
{
    return tensors_file(checkpoint->tensors, i);
}

const struct file_digest *checkpoint_text(const struct checkpoint *checkpoint, size_t i)
{
    return i < checkpoint->text_count ? &checkpoint->texts[i] : NULL;
}

/* Whether file i is as it was: NULL past the last of both. */
static bool is_unchanged(const struct input_file *was, const struct input_file *is)
{
    return was && is && strcmp(was->path, is->path) == 0 && file_has_stamp_of(is, was);
}

static enum vit_status check_same_files(const struct checkpoint *was, const struct checkpoint *is,
                                        struct vit_error *err)
{
    const struct input_file *before, *now;

    for (size_t i = 0;; i++) {
        before = checkpoint_file(was, i);
        now = checkpoint_file(is, i);
        if (!before && !now)
            return VIT_OK;
        if (!is_unchanged(before, now))
            return fail_file(err, VIT_ESTALE, before ? before->path : now->path,
                             "expected the file as it was when the model was opened, found it "
                             "changed");
    }
}

static enum vit_status check_same_config(const struct checkpoint *was, const struct checkpoint *is,
                                         struct vit_error *err)
{
    char expected[64], found[64];

    for (size_t i = 0; i < config_fields.count; i++) {
        const struct config_field *const f = &config_fields.at[i];
        config_field_text(f, checkpoint_stored(was), expected);
        config_field_text(f, checkpoint_stored(is), found);
        if (strcmp(expected, found) != 0)
            return fail_file(err, VIT_ESTALE, was->path,
                             "%s: expected %s, as when the model was opened, found %s", f->name,
                             expected, found);
    }
    return VIT_OK;
}

enum vit_status checkpoint_open_again(const struct checkpoint *checkpoint,
                                      struct checkpoint **again, struct vit_error *err)
{
    struct checkpoint *opened = NULL;
    const struct checkpoint_place place = { .path = checkpoint->path,
                                            .max_file_bytes = checkpoint->max_file_bytes };
    enum vit_status status = checkpoint_open(&place, 0, 0, &opened, err);

    if (!opened)
        return status;
    if ((status = check_same_files(checkpoint, opened, err)) ||
        (status = check_same_config(checkpoint, opened, err)))
        checkpoint_close(opened);
    else
        *again = opened;
    return status;
}

void checkpoint_close_files(struct checkpoint *checkpoint)
{
    checkpoint_forget(checkpoint);
    tensors_close_files(checkpoint->tensors);
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    checkpoint_forget(checkpoint);
    free(checkpoint->use_names);
    free(checkpoint->uses);
    free(checkpoint->sources);
    tensors_close(checkpoint->tensors);
    labels_free(&checkpoint->parsed.labels);
    free(checkpoint->path);
    free(checkpoint);
}

const char *checkpoint_family(const struct checkpoint *checkpoint)
{
    return checkpoint->parsed.family->id;
}

const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint)
{
    return &checkpoint->config;
}

const struct vit_config *checkpoint_stored(const struct checkpoint *checkpoint)
{
    return &checkpoint->parsed.config;
}

const struct vit_preprocess_config *checkpoint_preprocess_config(
    const struct checkpoint *checkpoint)
{
    return &checkpoint->parsed.preprocess;
}

const struct provenance *checkpoint_provenance(const struct checkpoint *checkpoint)
{
    return &checkpoint->parsed.provenance;
}

enum positions_resize checkpoint_resize(const struct checkpoint *checkpoint)
{
    return checkpoint->parsed.family->resize;
}

bool checkpoint_is_classifier(const struct checkpoint *checkpoint)
{
    return !checkpoint->parsed.is_projection;
}

enum vit_scores checkpoint_scores(const struct checkpoint *checkpoint)
{
    return checkpoint->parsed.scores;
}

const struct contrast *checkpoint_contrast(const struct checkpoint *checkpoint)
{
    return &checkpoint->contrast;
}

const char *checkpoint_label_description(const struct checkpoint *checkpoint, size_t class_index)
{
    const struct labels *labels = &checkpoint->parsed.labels;

    return class_index < labels->count && labels->description ? labels->description[class_index]
                                                              : NULL;
}

const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index)
{
    const struct labels *labels = &checkpoint->parsed.labels;

    return class_index < labels->count ? labels->text[class_index] : NULL;
}

bool checkpoint_tensor(const struct checkpoint *checkpoint, size_t i,
                       struct vit_tensor_info *tensor)
{
    if (i >= checkpoint->tensors->count)
        return false;
    const struct tensor *const t = &checkpoint->tensors->entries[i];
    *tensor =
        (struct vit_tensor_info){ .size = sizeof *tensor,
                                  .name = t->name,
                                  .file = t->path,
                                  .dtype = t->dtype,
                                  .rank = t->rank,
                                  .use = checkpoint->use_names[i][0] ? checkpoint->use_names[i]
                                                                     : NULL };
    memcpy(tensor->shape, t->shape, t->rank * sizeof *t->shape);
    return true;
}
