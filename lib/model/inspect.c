/* inspect.c - describes a model: configuration, tensors, grid, positions */
#include "vit/inspect.h"

#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/model.h"
#include "model/precision.h"

const struct vit_kernels *vit_model_kernels(const struct vit_model *model)
{
    return model->kernels;
}

enum vit_precision vit_model_precision(const struct vit_model *model)
{
    return model->precision;
}

bool vit_model_layer_at(const struct vit_model *model, size_t i, struct vit_layer_info *layer)
{
    struct vit_layer_info ours = { .size = sizeof ours };

    if (i >= model->weights.layer_count)
        return false;
    const struct layer *const l = &model->weights.layers[i];
    slots_layer_name(l->slot, l->index, ours.name);
    ours.inputs = l->inputs;
    ours.outputs = l->outputs;
    ours.bytes = l->bytes;
    ours.arithmetic = precision_row(l->precision)->arithmetic;
    ours.precision = l->precision;
    return sized_write(layer, &ours, SIZED(vit_layer_info), NULL) == VIT_OK;
}

const char *vit_model_family(const struct vit_model *model)
{
    return model->checkpoint ? checkpoint_family(model->checkpoint) : "random";
}

size_t vit_model_parameter_count(const struct vit_model *model)
{
    return model->weights.parameters;
}

bool vit_model_is_classifier(const struct vit_model *model)
{
    return model->config.classes > 0 &&
           (!model->checkpoint || checkpoint_is_classifier(model->checkpoint));
}

enum vit_scores vit_model_scores(const struct vit_model *model)
{
    const enum vit_scores scores =
        model->checkpoint ? checkpoint_scores(model->checkpoint) : VIT_SCORES_SOFTMAX;

    return scores == VIT_SCORES_SOFTMAX && model->config.classes == 1 ? VIT_SCORES_SIGMOID : scores;
}

const char *vit_model_label_description(const struct vit_model *model, size_t class_index)
{
    return model->checkpoint ? checkpoint_label_description(model->checkpoint, class_index) : NULL;
}

bool vit_model_config_entry(const struct vit_model *model, size_t i, struct vit_config_entry *entry)
{
    struct vit_config_entry ours = { .size = sizeof ours };

    return provenance_entry(&model->provenance, &model->config, i, &ours) &&
           sized_write(entry, &ours, SIZED(vit_config_entry), NULL) == VIT_OK;
}

const char *vit_model_preprocess_source(const struct vit_model *model, const char *field)
{
    return provenance_preprocess(&model->provenance, field);
}

bool vit_model_tensor_at(const struct vit_model *model, size_t i, struct vit_tensor_info *tensor)
{
    struct vit_tensor_info ours = { .size = sizeof ours };

    return model->checkpoint && checkpoint_tensor(model->checkpoint, i, &ours) &&
           sized_write(tensor, &ours, SIZED(vit_tensor_info), NULL) == VIT_OK;
}

void vit_model_grid(const struct vit_model *model, size_t *rows, size_t *columns)
{
    const struct config_grid grid = config_grid(&model->config);

    if (rows)
        *rows = grid.rows;
    if (columns)
        *columns = grid.columns;
}

bool vit_model_patches_overlap(const struct vit_model *model)
{
    return config_tokenizer(&model->config)->patches_overlap;
}

enum vit_status vit_model_positions(const struct vit_model *model, float *out,
                                    struct vit_error *err)
{
    const struct vit_config *c = &model->config;

    if (!model->weights.positions.patches)
        return fail(err, VIT_EINVAL, "the model has no position embeddings");
    if (out)
        memcpy(out, model->weights.positions.patches, config_patches(c) * c->dim * sizeof *out);
    return VIT_OK;
}
