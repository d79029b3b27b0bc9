/* model.c - opens a model from a checkpoint or makes one from a seed */
#include "model/model.h"

#include <stdlib.h>

#include "base/fpenv.h"
#include "base/sized.h"
#include "base/status.h"
#include "checkpoint/memory_files.h"
#include "config/check.h"
#include "config/pos_embed.h"
#include "model/allocator.h"
#include "model/init_weights.h"
#include "vit/inspect.h"

const char *vit_version(void)
{
    return VIT_VERSION;
}

unsigned vit_version_number(void)
{
    return VIT_VERSION_NUMBER;
}

/* The caller's options, which may be NULL, as this version has them. */
static enum vit_status read_options(const struct vit_model_options *from,
                                    struct vit_model_options *options, struct vit_error *err)
{
    enum vit_status status;

    *options = (struct vit_model_options){ .size = sizeof *options };
    if (from && (status = sized_read(options, from, SIZED(vit_model_options), err)))
        return status;
    if ((options->height == 0) != (options->width == 0))
        return fail(err, VIT_EINVAL,
                    "struct vit_model_options: expected height and width both 0 or both set, "
                    "found %zu and %zu",
                    options->height, options->width);
    if (!vit_value_name("precision", (int)options->precision))
        return fail(err, VIT_EINVAL,
                    "struct vit_model_options: precision: expected a value of enum vit_precision, "
                    "found %d",
                    (int)options->precision);
    for (size_t i = 0; i < sizeof options->zeros; i++)
        if (options->zeros[i])
            return fail(err, VIT_EUNSUPPORTED,
                        "struct vit_model_options: expected 0 after digest, found %d",
                        options->zeros[i]);
    return VIT_OK;
}

/* A file of packed weights belongs to a directory. */
static enum vit_status refuse_packed(const struct vit_model_options *options, const char *source,
                                     struct vit_error *err)
{
    if (!options->packed)
        return VIT_OK;
    return fail(err, VIT_EINVAL,
                "struct vit_model_options: packed: expected NULL for %s, found \"%s\"", source,
                options->packed);
}

/* An empty model. */
static enum vit_status create(const struct vit_model_options *options, struct vit_model **model,
                              struct vit_error *err)
{
    const struct vit_kernels *kernels;
    struct memory memory;
    enum vit_status status;

    if ((status = vit_kernels_get(options->isa, &kernels, err)) ||
        (status = allocator_read(options->allocator, &memory, err)))
        return status;
    *model = memory_zeroed(&memory, 1, sizeof **model);
    if (!*model)
        return fail(err, VIT_ENOMEM, "no memory for a model");
    (*model)->weights.memory = memory;
    (*model)->kernels = kernels;
    atomic_init(&(*model)->references, 1);
    return VIT_OK;
}

static enum vit_status checkpoint_source_read(void *from, enum tensor_slot slot, size_t index,
                                              size_t first, size_t count, float *out,
                                              struct vit_error *err)
{
    return checkpoint_read(from, slot, index, first, count, out, err);
}

static enum vit_status checkpoint_source_refuse(void *from, enum tensor_slot slot, size_t index,
                                                size_t element, const char *reason,
                                                struct vit_error *err)
{
    return checkpoint_refuse(from, slot, index, element, reason, err);
}

static enum vit_status open_checkpoint(struct checkpoint_place place,
                                       const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err)
{
    struct vit_model_options o;
    struct vit_model *m = NULL;
    enum vit_status status;

    if ((status = read_options(options, &o, err)) || (status = create(&o, &m, err)))
        goto close;
    if (!place.path && (status = refuse_packed(&o, "files in memory", err)))
        goto close;
    place.max_file_bytes = o.max_file_bytes;
    place.digest = o.digest;
    if ((status = checkpoint_open(&place, o.height, o.width, &m->checkpoint, err)))
        goto close;
    m->config = *checkpoint_config(m->checkpoint);
    m->preprocess = *checkpoint_preprocess_config(m->checkpoint);
    m->provenance = *checkpoint_provenance(m->checkpoint);

    const struct weight_source source = {
        .from = m->checkpoint,
        .read = checkpoint_source_read,
        .refuse = checkpoint_source_refuse,
        .has_positions = checkpoint_has(m->checkpoint, SLOT_POSITIONS, 0),
        .stored = checkpoint_stored(m->checkpoint),
        .resize = checkpoint_resize(m->checkpoint),
        .files = m->checkpoint,
    };
    m->precision = o.precision;
    status = weights_load(&m->config, m->kernels, &o, &source, &m->weights, err);
    checkpoint_close_files(m->checkpoint);
    if (status != VIT_OK)
        goto close;
    *model = m;
    return VIT_OK;

close:
    vit_model_free(m);
    return status;
}

enum vit_status vit_model_open(const char *directory, const struct vit_model_options *options,
                               struct vit_model **model, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter(); /* numbers are parsed and widened */
    const struct checkpoint_place place = { .path = directory };
    const enum vit_status status = open_checkpoint(place, options, model, err);

    fpenv_leave(before);
    return status;
}

enum vit_status vit_model_open_files(size_t count, const struct vit_file *files,
                                     const struct vit_model_options *options,
                                     struct vit_model **model, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    struct memory_file *list;
    enum vit_status status = memory_files_read(count, files, &list, err);

    if (!status) {
        const struct checkpoint_place place = { .count = count, .files = list };
        status = open_checkpoint(place, options, model, err);
        free(list);
    }
    fpenv_leave(before);
    return status;
}

static enum vit_status read_config(const char *directory, const struct vit_model_options *options,
                                   struct vit_config *config, struct vit_error *err)
{
    struct checkpoint *checkpoint = NULL;
    struct vit_model_options o;
    enum vit_status status = read_options(options, &o, err);

    if (status)
        return status;
    const struct checkpoint_place place = { .path = directory, .max_file_bytes = o.max_file_bytes };
    if (!(status = checkpoint_open(&place, o.height, o.width, &checkpoint, err)))
        status = sized_write(config, checkpoint_config(checkpoint), SIZED(vit_config), err);
    checkpoint_close(checkpoint);
    return status;
}

enum vit_status vit_config_from_directory(const char *directory,
                                          const struct vit_model_options *options,
                                          struct vit_config *config, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    const enum vit_status status = read_config(directory, options, config, err);

    fpenv_leave(before);
    return status;
}

/* The input of a model without a checkpoint: pixels from 0 to 1. */
static struct vit_preprocess_config unit_pixels(const struct vit_config *c)
{
    return (struct vit_preprocess_config){
        .size = sizeof(struct vit_preprocess_config),
        .channels = c->channels,
        .height = c->height,
        .width = c->width,
        .interpolation = VIT_INTERPOLATION_BICUBIC,
        .crop_mode = VIT_CROP_MODE_CENTER,
        .crop_pct = 1.0,
        .std = { 1.0f, 1.0f, 1.0f },
    };
}

static enum vit_status make_random(const struct vit_config *config, uint64_t seed,
                                   const struct vit_model_options *options,
                                   struct vit_model **model, struct vit_error *err)
{
    struct random_weights weights = { seed };
    struct weight_source source = { .from = &weights, .read = random_weights_read };
    struct vit_model_options o;
    struct vit_model *m = NULL;
    enum vit_status status;

    if ((status = read_options(options, &o, err)) || (status = create(&o, &m, err)) ||
        (status = sized_read(&m->config, config, SIZED(vit_config), err)) ||
        (status = config_check(&m->config, err)))
        goto close;
    if (o.height > 0) {
        status = fail(err, VIT_EINVAL,
                      "struct vit_model_options: expected height and width 0 for a random model, "
                      "found %zu and %zu",
                      o.height, o.width);
        goto close;
    }
    if ((status = refuse_packed(&o, "a random model", err)))
        goto close;
    if (o.digest) {
        status = fail(err, VIT_EINVAL,
                      "struct vit_model_options: digest: expected false for a random model, which "
                      "has no files, found true");
        goto close;
    }
    provenance_all(&m->provenance, "the caller");
    m->preprocess = unit_pixels(&m->config);
    source.stored = &m->config;
    source.has_positions = config_learns_positions(&m->config);
    m->precision = o.precision;
    if ((status = weights_load(&m->config, m->kernels, &o, &source, &m->weights, err)))
        goto close;
    *model = m;
    return VIT_OK;

close:
    vit_model_free(m);
    return status;
}

enum vit_status vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                        const struct vit_model_options *options,
                                        struct vit_model **model, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    const enum vit_status status = make_random(config, seed, options, model, err);

    fpenv_leave(before);
    return status;
}

struct vit_model *vit_model_retain(const struct vit_model *model)
{
    struct vit_model *const m =
        (struct vit_model *)model; /* only its count of references changes */

    atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
    return m;
}

void vit_model_free(struct vit_model *model)
{
    /* acquire and release: what other threads did with the model precedes its end */
    if (!model || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) > 1)
        return;
    const struct memory memory = model->weights.memory;
    weights_free(&model->weights);
    checkpoint_close(model->checkpoint);
    memory_release(&memory, model, sizeof *model);
}

enum vit_status vit_model_bytes(const struct vit_config *config,
                                const struct vit_model_options *options, size_t *bytes,
                                struct vit_error *err)
{
    const struct vit_kernels *kernels;
    struct vit_model_options o;
    struct vit_config c;
    size_t weights = 0;
    enum vit_status status;

    if ((status = read_options(options, &o, err)) ||
        (status = sized_read(&c, config, SIZED(vit_config), err)))
        return status;
    if (o.height > 0) {
        c.height = o.height;
        c.width = o.width;
    }
    if ((status = config_check(&c, err)) || (status = vit_kernels_get(o.isa, &kernels, err)) ||
        (status = weights_measure(&c, kernels, &o, &weights, err)))
        return status;
    *bytes = sizeof(struct vit_model) + weights;
    return VIT_OK;
}

enum vit_status vit_model_get_config(const struct vit_model *model, struct vit_config *config,
                                     struct vit_error *err)
{
    return sized_write(config, &model->config, SIZED(vit_config), err);
}

enum vit_status vit_model_get_preprocess_config(const struct vit_model *model,
                                                struct vit_preprocess_config *config,
                                                struct vit_error *err)
{
    return sized_write(config, &model->preprocess, SIZED(vit_preprocess_config), err);
}

const char *vit_model_label(const struct vit_model *model, size_t class_index)
{
    if (!model->checkpoint || class_index >= model->config.classes)
        return NULL;
    return checkpoint_label(model->checkpoint, class_index);
}

const char *vit_model_digest(const struct vit_model *model)
{
    const char *const digest = model->weights.digest.text;

    return digest[0] ? digest : NULL;
}
