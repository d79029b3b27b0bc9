/* model.c - opening a model from a checkpoint or from a seed, and what can be asked of it */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/fpenv.h"
#include "base/status.h"
#include "config/config.h"

const char *vit_version(void)
{
    return VIT_VERSION;
}

/* An empty model for the level that the options ask for. */
static enum vit_status create(const struct vit_model_options *options, struct vit_model **model,
                              struct vit_error *err)
{
    const struct vit_kernels *kernels;

    if (options && options->size != sizeof *options)
        return fail(err, VIT_EINVAL, "vit_model_options.size is %zu, expected %zu", options->size,
                    sizeof *options);
    if (options && (options->height == 0) != (options->width == 0))
        return fail(err, VIT_EINVAL,
                    "vit_model_options has height %zu and width %zu, expected both or neither",
                    options->height, options->width);
    const enum vit_status status = vit_kernels_get(options ? options->isa : NULL, &kernels, err);
    if (status != VIT_OK)
        return status;
    *model = calloc(1, sizeof **model);
    if (!*model)
        return fail(err, VIT_ENOMEM, "no memory for a model");
    (*model)->kernels = kernels;
    return VIT_OK;
}

static enum vit_status checkpoint_source_read(void *from, enum tensor_slot slot, size_t index,
                                              size_t first, size_t count, float *out,
                                              struct vit_error *err)
{
    return checkpoint_read(from, slot, index, first, count, out, err);
}

static enum vit_status open_checkpoint(const char *folder, const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err)
{
    struct vit_model *m = NULL;
    enum vit_status status;

    if ((status = create(options, &m, err)) != VIT_OK ||
        (status = checkpoint_open(folder, options ? options->height : 0,
                                  options ? options->width : 0, &m->checkpoint, err)) != VIT_OK)
        goto close;
    m->config = *checkpoint_config(m->checkpoint);
    m->recipe = *checkpoint_preprocess_config(m->checkpoint);
    m->provenance = *checkpoint_provenance(m->checkpoint);

    const struct weight_source source = {
        .from = m->checkpoint,
        .read = checkpoint_source_read,
        .has_positions = checkpoint_has(m->checkpoint, SLOT_POSITIONS, 0),
        .stored = checkpoint_stored(m->checkpoint),
        .resize = checkpoint_resize(m->checkpoint),
    };
    status = weights_load(m, &source, err);
    checkpoint_forget(m->checkpoint);
    if (status != VIT_OK)
        goto close;
    *model = m;
    return VIT_OK;

close:
    vit_model_free(m);
    return status;
}

enum vit_status vit_model_open(const char *folder, const struct vit_model_options *options,
                               struct vit_model **model, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter(); /* numbers are parsed and widened */
    const enum vit_status status = open_checkpoint(folder, options, model, err);

    fpenv_leave(before);
    return status;
}

/* What a model without a checkpoint says of its input: plain pixels, 0 to 1. */
static struct vit_preprocess_config plain_recipe(const struct vit_config *c)
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
    struct weight_source source = {
        .from = &weights,
        .read = random_weights_read,
        .stored = config,
    };
    struct vit_model *m = NULL;
    enum vit_status status;

    if ((status = create(options, &m, err)) != VIT_OK ||
        (status = config_check(config, err)) != VIT_OK)
        goto close;
    if (options && options->height > 0) {
        status = fail(err, VIT_EINVAL, "a random model has its configuration's size, and no other");
        goto close;
    }
    provenance_all(&m->provenance, "the caller");
    m->config = *config;
    m->recipe = plain_recipe(config);
    source.has_positions = config->pos_embed == VIT_POS_EMBED_LEARNED;
    if ((status = weights_load(m, &source, err)) != VIT_OK)
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

void vit_model_free(struct vit_model *model)
{
    if (!model)
        return;
    weights_free(model);
    checkpoint_close(model->checkpoint);
    free(model);
}

const struct vit_config *vit_model_config(const struct vit_model *model)
{
    return &model->config;
}

const struct vit_preprocess_config *vit_model_preprocess_config(const struct vit_model *model)
{
    return &model->recipe;
}

const struct vit_kernels *vit_model_kernels(const struct vit_model *model)
{
    return model->kernels;
}

const char *vit_model_family(const struct vit_model *model)
{
    return model->checkpoint ? checkpoint_family(model->checkpoint) : "random";
}

size_t vit_model_parameter_count(const struct vit_model *model)
{
    return model->parameters;
}

bool vit_model_is_classifier(const struct vit_model *model)
{
    return model->config.classes > 0 &&
           (!model->checkpoint || checkpoint_is_classifier(model->checkpoint));
}

const char *vit_model_label(const struct vit_model *model, size_t class_index)
{
    if (!model->checkpoint || class_index >= model->config.classes)
        return NULL;
    return checkpoint_label(model->checkpoint, class_index);
}

bool vit_model_config_entry(const struct vit_model *model, size_t i, struct vit_config_entry *fact)
{
    return provenance_entry(&model->provenance, &model->config, i, fact);
}

const char *vit_model_preprocess_source(const struct vit_model *model, const char *field)
{
    return provenance_preprocess(&model->provenance, field);
}

bool vit_model_tensor_at(const struct vit_model *model, size_t i, struct vit_tensor_info *tensor)
{
    return model->checkpoint && checkpoint_tensor(model->checkpoint, i, tensor);
}

void vit_model_grid(const struct vit_model *model, size_t *rows, size_t *columns)
{
    const struct config_grid grid = config_grid(&model->config);

    *rows = grid.rows;
    *columns = grid.columns;
}

enum vit_status vit_model_positions(const struct vit_model *model, float *out,
                                    struct vit_error *err)
{
    const struct vit_config *c = &model->config;

    if (!model->positions)
        return fail(err, VIT_EINVAL, "the model has no position embeddings");
    memcpy(out, model->positions, config_patches(c) * c->dim * sizeof *out);
    return VIT_OK;
}

void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                      size_t *rows, size_t *columns)
{
    const struct vit_config *c = &model->config;
    const size_t tokens = config_tokens(c);

    *rows = tokens;
    *columns = c->dim;
    switch (output) {
    case VIT_OUTPUT_LOGITS:
        *rows = 1;
        *columns = c->classes;
        break;
    case VIT_OUTPUT_PATCH_EMBEDDING:
        *rows = config_patches(c);
        break;
    case VIT_OUTPUT_EMBEDDING:
        *rows = 1;
        *columns = config_embedding(c);
        break;
    case VIT_OUTPUT_T2T_STAGE: {
        const bool staged = c->tokenizer != VIT_TOKENIZER_PATCH && block < TOKEN_STAGES;
        const struct config_grid grid =
            staged ? config_split_grid(c, block) : (struct config_grid){ 0 };
        *rows = grid.rows * grid.columns;
        *columns = staged ? c->t2t_dim : 0;
        break;
    }
    case VIT_OUTPUT_ATTENTION:
        *rows = c->heads * tokens;
        *columns = tokens;
        break;
    default:
        break;
    }
}
