/* config.c - config.json: which family a checkpoint is of, and what the families share */
#include "checkpoint/config.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "config/check.h"
#include "config/fields.h"
#include "files/fail_file.h"
#include "files/sanitize.h"
#include "vit/inspect.h"

/*
 * By model_type: libvit's own for the series, T2T-ViT and vit-pytorch, Hugging Face's for its own.
 * timm has an "architecture" and no model_type; Google's .npz says enough by its shapes.
 */
static const struct config_family {
    const char *model_type;
    const struct name_family *names;
    enum vit_status (*parse)(const struct config_input *in, struct config_file *file,
                             struct vit_error *err);
} families[] = {
    { "series_vit", &names_series, config_parse_series },
    { "series_t2t_vit", &names_series, config_parse_series },
    { "t2t_vit", &names_t2t, config_parse_t2t },
    { "vit_pytorch.ViT", &names_vit_pytorch, config_parse_vit_pytorch },
    { "vit_pytorch.SimpleViT", &names_simple_vit, config_parse_vit_pytorch },
    { "vit", &names_hf_vit, config_parse_hf },
    { "deit", &names_hf_vit, config_parse_hf },
    { "dinov2", &names_hf_dinov2, config_parse_hf },
    { "dinov2_with_registers", &names_hf_dinov2_registers, config_parse_hf },
    { "clip", &names_hf_clip, config_parse_hf },
    { "clip_vision_model", &names_hf_clip, config_parse_hf },
    { "siglip", &names_hf_siglip, config_parse_hf },
    { "siglip_vision_model", &names_hf_siglip, config_parse_hf },
};
static const struct config_family timm = { NULL, &names_timm, config_parse_timm };
static const struct config_family google = { NULL, &names_google, config_parse_google };

/* Those that a file says otherwise than by model_type. */
static const struct config_family *const without_type[] = { &timm, &google };

const char *vit_family_at(size_t i, const char **model_type)
{
    const size_t others = sizeof without_type / sizeof *without_type;
    const size_t count = others + sizeof families / sizeof *families;

    if (i >= count)
        return NULL;
    const struct config_family *family = i < others ? without_type[i] : &families[i - others];
    if (model_type)
        *model_type = family->model_type;
    return family->names->name;
}

const struct choice config_activations[] = {
    { "gelu", VIT_ACTIVATION_GELU },
    { "gelu_tanh", VIT_ACTIVATION_GELU_TANH },
    { "quick_gelu", VIT_ACTIVATION_GELU_QUICK },
    { "relu", VIT_ACTIVATION_RELU },
    { "silu", VIT_ACTIVATION_SILU },
    { NULL, 0 },
};

enum vit_status config_check_file(const char *path, const struct vit_config *config,
                                  struct vit_error *err)
{
    struct vit_error why;

    if (!config_check(config, &why))
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: %.300s", sanitize_path(path).text, why.message);
}

const struct vit_preprocess_config plain_preprocess_config = {
    .size = sizeof plain_preprocess_config,
    .interpolation = VIT_INTERPOLATION_BILINEAR,
    .crop_mode = VIT_CROP_MODE_SQUASH,
    .crop_pct = 1,
    .std = { 1, 1, 1 },
};

enum vit_status config_finish(const struct config_input *in, const char *path,
                              const struct vit_config *config,
                              const struct vit_preprocess_config *recipe, struct config_file *file,
                              struct vit_error *err)
{
    const enum vit_status status = config_check_file(path, config, err);

    if (status)
        return status;
    file->config = *config;
    file->recipe = *recipe;
    return preprocess_config_parse(in->path, json_object_get(in->root, "pretrained_cfg"), config,
                                   &file->recipe, err);
}

enum vit_status config_mlp_dim(const char *path, const char *key, double ratio, size_t dim,
                               size_t *mlp_dim, struct vit_error *err)
{
    const double width = (double)dim * ratio;

    if (!(width >= 1 && width <= CONFIG_MAX_MLP_DIM))
        return fail(err, VIT_EFORMAT, "%s: %s %g makes an MLP of width %g, expected 1 to %d",
                    sanitize_path(path).text, key, ratio, width, CONFIG_MAX_MLP_DIM);
    *mlp_dim = (size_t)width;
    return VIT_OK;
}

const struct name_family *config_guess(const struct tensors *tensors)
{
    const struct name_family *best = timm.names;
    size_t most = names_known(best, tensors);

    for (size_t i = 0; i <= sizeof families / sizeof *families; i++) {
        const struct name_family *const names =
            i < sizeof families / sizeof *families ? families[i].names : google.names;
        const size_t known = names_known(names, tensors);
        if (known > most) {
            best = names;
            most = known;
        }
    }
    return best;
}

const char *config_string(const struct config_input *in, const char *key)
{
    return json_string_value(json_object_get(in->root, key));
}

static enum vit_status unknown_model(const struct config_input *in, const char *model_type,
                                     struct vit_error *err)
{
    char known[400] = "";
    size_t length = 0;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        length += (size_t)snprintf(known + length, sizeof known - length, "%s\"%s\"",
                                   i > 0 ? ", " : "", families[i].model_type);
    if (!model_type)
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: neither \"architecture\" (timm) nor a \"model_type\" of %s",
                    sanitize_path(in->path).text, known);
    return fail(err, VIT_EUNSUPPORTED,
                "%s: model_type \"%s\" is not known; known are %s, and timm's configurations, "
                "which have an architecture and no model_type",
                sanitize_path(in->path).text, sanitize_name(model_type).text, known);
}

static enum vit_status find_family(const struct config_input *in,
                                   const struct config_family **family, struct vit_error *err)
{
    const char *const model_type = config_string(in, "model_type");

    if (in->tensors->format == TENSORS_NPZ) {
        *family = &google;
        return VIT_OK;
    }
    if (!in->root)
        return fail(err, VIT_EIO, "%s: no such file, which .safetensors cannot do without",
                    sanitize_path(in->path).text);
    if (!json_object_get(in->root, "model_type") && json_object_get(in->root, "architecture")) {
        *family = &timm;
        return VIT_OK;
    }
    for (size_t i = 0; model_type && i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].model_type, model_type) == 0) {
            *family = &families[i];
            return VIT_OK;
        }
    return unknown_model(in, model_type, err);
}

/* Whether a key is there, and more than null, which stands for the default. */
static bool is_said(const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);

    return value && !json_is_null(value);
}

/*
 * Which file each part of the recipe is from: Hugging Face's families read the preprocessor's, timm
 * an object of config.json, or its root, the others that object alone.
 */
static void note_recipe(const struct config_input *in, const struct config_family *family,
                        struct provenance *provenance)
{
    static const struct {
        const char *field, *hf[2];
    } keys[] = {
        { "interpolation", { "resample", NULL } }, { "crop_mode", { "do_center_crop", "size" } },
        { "crop_pct", { "crop_size", "size" } },   { "mean", { "image_mean", NULL } },
        { "std", { "image_std", NULL } },
    };
    const bool hf = family->parse == config_parse_hf;
    json_t *const cfg = json_object_get(in->root, "pretrained_cfg");
    char from[80];

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *const object = cfg ? cfg : family == &timm ? in->root : NULL;
        if (!hf && is_said(object, keys[i].field)) {
            snprintf(from, sizeof from, "config.json: %s%s", cfg ? "pretrained_cfg." : "",
                     keys[i].field);
            provenance_set_preprocess(provenance, keys[i].field, from);
        }
        for (size_t j = 2; hf && j-- > 0;)
            if (keys[i].hf[j] && is_said(in->preprocessor, keys[i].hf[j])) {
                snprintf(from, sizeof from, "preprocessor_config.json: %s", keys[i].hf[j]);
                provenance_set_preprocess(provenance, keys[i].field, from);
            }
    }
}

static enum vit_status parse_family(const struct config_input *in, struct config_file *file,
                                    struct vit_error *err)
{
    const struct config_family *family = NULL;
    enum vit_status status;

    if ((status = find_family(in, &family, err)))
        return status;
    file->family = family->names;
    if ((status = family->parse(in, file, err)))
        return status;
    note_recipe(in, family, &file->provenance);
    /* a model without a head has no use for labels, and Hugging Face's have made-up ones */
    const bool labelled = file->config.classes > 0 && !file->unlabelled;
    return labels_parse_json(in->path, labelled ? json_object_get(in->root, "id2label") : NULL,
                             file->config.classes, &file->labels, err);
}

/* The object of a file; NULL where there is none. */
static enum vit_status parse_object(const struct text_file *file, json_t **root,
                                    struct vit_error *err)
{
    json_error_t why;

    *root = NULL;
    if (!file || !file->text)
        return VIT_OK;
    *root = json_loadb(file->text, file->bytes, JSON_REJECT_DUPLICATES, &why);
    if (!*root && !*why.text) /* jansson could not allocate, and says nothing */
        return fail_no_memory(err, file->path);
    if (!*root)
        return fail(err, VIT_EFORMAT, "%s: not JSON at line %d: %s", sanitize_path(file->path).text,
                    why.line, sanitize_name(why.text).text);
    if (!json_is_object(*root))
        return fail(err, VIT_EFORMAT, "%s: expected a JSON object", sanitize_path(file->path).text);
    return VIT_OK;
}

enum vit_status config_parse(const struct text_file *config, const struct text_file *preprocessor,
                             const struct tensors *tensors, struct config_file *file,
                             struct vit_error *err)
{
    static const struct tensors none = { 0 };
    struct config_input in = { .path = config->path,
                               .preprocessor_path = preprocessor ? preprocessor->path : "",
                               .tensors = tensors ? tensors : &none };
    enum vit_status status;

    *file = (struct config_file){ .config.size = sizeof file->config,
                                  .recipe.size = sizeof file->recipe };
    if (!(status = parse_object(config, &in.root, err)) &&
        !(status = parse_object(preprocessor, &in.preprocessor, err)))
        status = parse_family(&in, file, err);
    json_decref(in.root);
    json_decref(in.preprocessor);
    return status;
}
