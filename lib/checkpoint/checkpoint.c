/* checkpoint.c - a checkpoint folder as the model sees it: a configuration, and tensors by slot */
#include "checkpoint/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/config.h"
#include "config/check.h"
#include "files/fail_file.h"
#include "files/sanitize.h"

struct checkpoint {
    struct config_file about;
    struct vit_config config; /* about.config at the size asked for */
    struct tensors *tensors;
    struct tensor_source *sources; /* [slots_count][PARTS] */
    struct tensor_use *uses;       /* [tensors->count] */
    char (*use_names)[64];         /* [tensors->count] */
    const struct tensor *whole;    /* the tensor that is in memory, as the file has it; or NULL */
    float *whole_data;
};

static enum vit_status open_config(const struct directory *directory, struct checkpoint *c,
                                   struct vit_error *err)
{
    struct text_file config = { 0 }, preprocessor = { 0 };
    enum vit_status status;

    if (!(status = directory_read_text(directory, "config.json", CONFIG_MAX_BYTES, true, &config,
                                       err)) &&
        !(status = directory_read_text(directory, "preprocessor_config.json", CONFIG_MAX_BYTES,
                                       true, &preprocessor, err)))
        status = config_parse(&config, &preprocessor, c->tensors, &c->about, err);
    text_file_free(&preprocessor);
    text_file_free(&config);
    return status;
}

static enum vit_status open_labels(const struct directory *directory, struct checkpoint *c,
                                   struct vit_error *err)
{
    struct config_file *about = &c->about;
    struct text_file text;
    enum vit_status status;

    if (about->labels.count > 0 || about->config.classes == 0)
        return VIT_OK;
    if ((status = directory_read_text(directory, "labels.txt", LABELS_MAX_BYTES, true, &text, err)))
        return status;
    status = labels_parse_lines(&text, about->config.classes, &about->labels, err);
    text_file_free(&text);
    return status;
}

/* What is wrong, and if the names are another family's, that too: then that is what is wrong. */
static enum vit_status explain(const struct checkpoint *c, enum vit_status status,
                               const struct vit_error *why, struct vit_error *err)
{
    const struct name_family *const said = c->about.family, *const found = config_guess(c->tensors);

    if (status != VIT_EFORMAT || found->rules == said->rules || names_known(found, c->tensors) == 0)
        return fail(err, status, "%s", why->message);
    return fail(err, status, "%.400s; the configuration is for %s, the names are those of %s",
                why->message, said->name, found->name);
}

static enum vit_status resolve(const char *folder, struct checkpoint *c, struct vit_error *err)
{
    const struct config_file *about = &c->about;
    struct vit_error why;
    enum vit_status status;

    c->sources = calloc(slots_count(&about->config) * PARTS, sizeof *c->sources);
    c->uses = calloc(c->tensors->count + 1, sizeof *c->uses);
    c->use_names = calloc(c->tensors->count + 1, sizeof *c->use_names);
    if (!c->sources || !c->uses || !c->use_names)
        return fail_no_memory(err, folder);
    if ((status =
             names_resolve(about->family, &about->config, c->tensors, c->sources, c->uses, &why)))
        return explain(c, status, &why, err);
    for (size_t i = 0; i < c->tensors->count; i++)
        if (c->uses[i].rule)
            slots_name(c->uses[i].rule->slot, c->uses[i].index, c->use_names[i]);
    return VIT_OK;
}

/* The same arithmetic at another size, if the positions can follow. */
static enum vit_status set_size(const char *folder, size_t height, size_t width,
                                struct checkpoint *c, struct vit_error *err)
{
    struct config_file *about = &c->about;
    const bool asked = height > 0;
    struct vit_error why;

    c->config = about->config;
    c->config.height = asked ? height : about->height > 0 ? about->height : c->config.height;
    c->config.width = asked ? width : about->width > 0 ? about->width : c->config.width;
    about->recipe.height = c->config.height;
    about->recipe.width = c->config.width;
    if (asked) {
        provenance_set(&about->provenance, offsetof(struct vit_config, height),
                       "the size asked for");
        provenance_set(&about->provenance, offsetof(struct vit_config, width),
                       "the size asked for");
    }
    if (c->config.height == about->config.height && c->config.width == about->config.width)
        return VIT_OK;
    c->config.crop_to_patches = c->config.crop_to_patches && !asked;
    if (config_check(&c->config, &why))
        return fail(err, asked ? VIT_EINVAL : VIT_EFORMAT, "%s: at %zu × %zu: %.300s",
                    sanitize_path(folder).text, c->config.height, c->config.width, why.message);
    if (c->config.pos_embed == VIT_POS_EMBED_LEARNED && about->family->resize == RESIZE_NEVER)
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: at %zu × %zu: %s has no way to resize positions, made for %zu × %zu",
                    sanitize_path(folder).text, c->config.height, c->config.width,
                    about->family->name, about->config.height, about->config.width);
    return VIT_OK;
}

static enum vit_status open_all(const struct directory *directory, size_t height, size_t width,
                                struct checkpoint *c, struct vit_error *err)
{
    enum vit_status status;

    if ((status = tensors_open(directory, &c->tensors, err)) ||
        (status = open_config(directory, c, err)) || (status = open_labels(directory, c, err)) ||
        (status = resolve(directory->path, c, err)))
        return status;
    return set_size(directory->path, height, width, c, err);
}

enum vit_status checkpoint_open(const char *path, size_t height, size_t width,
                                struct checkpoint **checkpoint, struct vit_error *err)
{
    struct checkpoint *opened = calloc(1, sizeof *opened);
    struct directory directory;
    enum vit_status status;

    if (!opened)
        return fail_no_memory(err, path);
    if (!(status = directory_open(path, &directory, err))) {
        status = open_all(&directory, height, width, opened, err);
        directory_close(&directory);
    }
    if (!status)
        *checkpoint = opened;
    else
        checkpoint_close(opened);
    return status;
}

void checkpoint_forget(struct checkpoint *checkpoint)
{
    free(checkpoint->whole_data);
    checkpoint->whole_data = NULL;
    checkpoint->whole = NULL;
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
    labels_free(&checkpoint->about.labels);
    free(checkpoint);
}

const char *checkpoint_family(const struct checkpoint *checkpoint)
{
    return checkpoint->about.family->name;
}

const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint)
{
    return &checkpoint->config;
}

const struct vit_config *checkpoint_stored(const struct checkpoint *checkpoint)
{
    return &checkpoint->about.config;
}

const struct vit_preprocess_config *checkpoint_preprocess_config(
    const struct checkpoint *checkpoint)
{
    return &checkpoint->about.recipe;
}

const struct provenance *checkpoint_provenance(const struct checkpoint *checkpoint)
{
    return &checkpoint->about.provenance;
}

enum positions_resize checkpoint_resize(const struct checkpoint *checkpoint)
{
    return checkpoint->about.family->resize;
}

bool checkpoint_is_classifier(const struct checkpoint *checkpoint)
{
    return !checkpoint->about.unlabelled;
}

const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index)
{
    const struct labels *labels = &checkpoint->about.labels;

    return class_index < labels->count ? labels->text[class_index] : NULL;
}

bool checkpoint_tensor(const struct checkpoint *checkpoint, size_t i,
                       struct vit_tensor_info *tensor)
{
    if (i >= checkpoint->tensors->count)
        return false;
    const struct tensor *const t = &checkpoint->tensors->entries[i];
    *tensor = (struct vit_tensor_info){ .size = sizeof *tensor,
                                        .name = t->name,
                                        .file = t->path,
                                        .dtype = t->dtype,
                                        .rank = t->rank,
                                        .use = checkpoint->uses[i].rule ? checkpoint->use_names[i]
                                                                        : NULL };
    memcpy(tensor->shape, t->shape, t->rank * sizeof *t->shape);
    return true;
}

static const struct tensor_source *sources_of(const struct checkpoint *checkpoint,
                                              enum tensor_slot slot, size_t index)
{
    if (slot >= SLOT_FIRST_OF_STAGE && index >= slots_copies(slot, &checkpoint->about.config))
        return NULL;
    return &checkpoint->sources[slots_index(slot, index) * PARTS];
}

bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_slot slot, size_t index)
{
    const struct tensor_source *const sources = sources_of(checkpoint, slot, index);

    return sources && sources[0].tensor;
}

/* The slot's elements in order: four sides, and how far apart the file has their neighbours. */
struct view {
    size_t side[4], stride[4];
};

static struct view view_of(const struct tensor_source *source, const struct vit_config *config)
{
    const struct tensor *const t = source->tensor;
    const size_t channels = config->channels, patch = config->patch;
    const size_t in = source->rule->layout == IN_IN_OUT ? t->shape[0] * t->shape[1] : t->shape[0];
    const size_t out = t->elements / in, square = patch * patch;

    switch (source->rule->layout) {
    case ROW_COL_IN_OUT: {
        const size_t dim = t->shape[3];
        return (struct view){ { dim, channels, patch, patch },
                              { 1, dim, patch * channels * dim, channels * dim } };
    }
    case CHANNEL_LAST:
        return (struct view){ { t->elements / (channels * square), channels, patch, patch },
                              { channels * square, 1, patch * channels, channels } };
    default: /* IN_OUT, IN_IN_OUT */
        return (struct view){ { 1, 1, out, in }, { 0, 0, 1, out } };
    }
}

/* The tensor whole, since what is wanted of it lies scattered. */
static enum vit_status read_whole(struct checkpoint *checkpoint, const struct tensor *tensor,
                                  struct vit_error *err)
{
    enum vit_status status;

    if (checkpoint->whole == tensor)
        return VIT_OK;
    checkpoint_forget(checkpoint);
    checkpoint->whole_data = malloc(tensor->elements * sizeof(float));
    if (!checkpoint->whole_data)
        return fail_no_memory(err, tensor->path);
    if ((status = tensors_read_f32(checkpoint->tensors, tensor, 0, tensor->elements,
                                   checkpoint->whole_data, err)))
        return status;
    checkpoint->whole = tensor;
    return VIT_OK;
}

static void gather(const float *data, const struct view *view, size_t first, size_t count,
                   float *out)
{
    const size_t *const side = view->side, *const stride = view->stride;

    while (count > 0) { /* a run along the last side at a time */
        const size_t d = first % side[3], c = first / side[3] % side[2];
        const size_t b = first / (side[3] * side[2]) % side[1];
        const size_t a = first / (side[3] * side[2] * side[1]);
        const size_t run = count < side[3] - d ? count : side[3] - d;
        const float *const from = data + a * stride[0] + b * stride[1] + c * stride[2];
        for (size_t i = 0; i < run; i++)
            out[i] = from[(d + i) * stride[3]];
        first += run;
        count -= run;
        out += run;
    }
}

static enum vit_status read_part(struct checkpoint *checkpoint, const struct tensor_source *source,
                                 size_t first, size_t count, float *out, struct vit_error *err)
{
    enum vit_status status;

    if (source->rule->layout == AS_STORED)
        return tensors_read_f32(checkpoint->tensors, source->tensor, first, count, out, err);
    if ((status = read_whole(checkpoint, source->tensor, err)))
        return status;
    const struct view view = view_of(source, &checkpoint->about.config);
    gather(checkpoint->whole_data, &view, first, count, out);
    return VIT_OK;
}

enum vit_status checkpoint_read(struct checkpoint *checkpoint, enum tensor_slot slot, size_t index,
                                size_t first, size_t count, float *out, struct vit_error *err)
{
    const struct tensor_source *const sources = sources_of(checkpoint, slot, index);
    enum vit_status status = VIT_OK;

    for (size_t part = 0; !status && count > 0; part++) {
        if (!sources || part == PARTS || !sources[part].tensor)
            return fail(err, VIT_EINVAL, "%s: no tensor of slot %d, index %zu, is that long",
                        sanitize_path(checkpoint->tensors->path).text, (int)slot, index);
        const size_t elements = sources[part].tensor->elements;
        if (first >= elements) {
            first -= elements;
            continue;
        }
        const size_t here = count < elements - first ? count : elements - first;
        status = read_part(checkpoint, &sources[part], first, here, out, err);
        out += here;
        count -= here;
        first = 0;
    }
    return status;
}
