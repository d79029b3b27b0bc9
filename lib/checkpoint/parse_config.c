/* parse_config.c - finds the family that config.json describes; helpers of the parsers */
#include "checkpoint/parse_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

const struct vit_preprocess_config plain_preprocess = {
    .size = sizeof plain_preprocess,
    .interpolation = VIT_INTERPOLATION_BILINEAR,
    .crop_mode = VIT_CROP_MODE_SQUASH,
    .crop_pct = 1,
    .std = { 1, 1, 1 },
};

const char *sources_string(const struct config_sources *sources, const char *field)
{
    return json_text(json_member(sources->root, field));
}

enum vit_status check_file_config(const char *path, const struct vit_config *config,
                                  struct vit_error *err)
{
    struct vit_error why;

    if (!config_check(config, &why))
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, path, "%s", why.message);
}

enum vit_status finish_config(const struct config_sources *sources, const char *path,
                              const struct vit_config *config,
                              const struct vit_preprocess_config *preprocess,
                              struct parsed_config *parsed, struct vit_error *err)
{
    const enum vit_status status = check_file_config(path, config, err);

    if (status)
        return status;
    parsed->config = *config;
    parsed->preprocess = *preprocess;
    return parse_pretrained_cfg(sources->path, json_member(sources->root, "pretrained_cfg"), config,
                                false, &parsed->preprocess, err);
}

enum vit_status parse_mlp_ratio(const char *path, const char *field, double ratio, size_t dim,
                                size_t *mlp_dim, struct vit_error *err)
{
    const double width = (double)dim * ratio;

    if (!(width >= 1 && width <= CONFIG_MAX_MLP_DIM))
        return fail_file(err, VIT_EFORMAT, path,
                         "%s: expected an MLP width from 1 to %d, found %g (%g times %zu)", field,
                         CONFIG_MAX_MLP_DIM, width, ratio, dim);
    *mlp_dim = (size_t)width;
    return VIT_OK;
}

static enum vit_status fail_unknown_model(const struct config_sources *sources,
                                          struct vit_error *err)
{
    const struct json *const model_type = json_member(sources->root, "model_type");
    const char *const name = json_text(model_type);
    const struct family *family;
    char known[400] = "";
    size_t length = 0;

    for (size_t i = 0; (family = family_at(i)); i++)
        for (size_t j = 0; j < 2 && family->model_types[j]; j++)
            if (length < sizeof known)
                length += (size_t)snprintf(known + length, sizeof known - length, "%s%s",
                                           length > 0 ? ", " : "", family->model_types[j]);
    if (!model_type)
        return fail_file(
            err, VIT_EUNSUPPORTED, sources->path,
            "expected an architecture (timm) or a model_type, one of %s; found neither", known);
    return fail_file(err, VIT_EUNSUPPORTED, sources->path,
                     "model_type: expected one of %s; found %s", known,
                     name ? sanitize_name(name).text : json_kind(model_type));
}

/* The family, or NULL if it is unknown. Only .npz weights need no config.json. */
static const struct family *find_family(const struct config_sources *sources)
{
    const char *const model_type = sources_string(sources, "model_type");

    if (sources->tensors->format == TENSORS_NPZ)
        return family_recognized(BY_NPZ, NULL);
    if (json_member(sources->root, "architecture") && !json_member(sources->root, "model_type"))
        return family_recognized(BY_ARCHITECTURE, sources_string(sources, "architecture"));
    return model_type ? family_recognized(BY_MODEL_TYPE, model_type) : NULL;
}

/* Whether a field is present; null means the default. */
static bool is_given(const struct json *object, const char *field)
{
    const struct json *const value = json_member(object, field);

    return value && !json_is_null(value);
}

/*
 * The fields of a preprocess config as timm's pretrained_cfg names them, and the fields of
 * preprocessor_config.json that decide them, the decisive one first.
 */
static const struct {
    const char *name, *preprocessor[2];
} preprocess_sources[] = {
    { "interpolation", { "resample", NULL } }, { "crop_mode", { "do_center_crop", "size" } },
    { "crop_pct", { "crop_size", "size" } },   { "mean", { "image_mean", NULL } },
    { "std", { "image_std", NULL } },
};

static void note_from(const struct config_sources *sources, enum preprocess_source source, size_t i,
                      struct provenance *provenance)
{
    const char *const name = preprocess_sources[i].name;
    const struct json *const cfg = json_member(sources->root, "pretrained_cfg");
    const struct json *object = cfg;
    char from[80] = "";

    if (!cfg && source == PREPROCESS_PRETRAINED_CFG_OR_ROOT)
        object = sources->root;
    if (source == PREPROCESS_PREPROCESSOR_CONFIG) {
        for (size_t j = 0; j < 2 && !*from; j++) {
            const char *const field = preprocess_sources[i].preprocessor[j];
            if (field && is_given(sources->preprocessor, field))
                snprintf(from, sizeof from, "%.50s: %s",
                         provenance_file(sources->preprocessor_path), field);
        }
    } else if (is_given(object, name)) {
        snprintf(from, sizeof from, "config.json: %s%s", cfg ? "pretrained_cfg." : "", name);
    }
    if (*from)
        provenance_set_preprocess(provenance, name, from);
}

/*
 * The labels: timm's label_names in the root take precedence over those in pretrained_cfg, and both
 * over id2label. Snapshots without a pretrained_cfg may call them labels. label_descriptions follow
 * the same order.
 */
static enum vit_status parse_labels(const struct config_sources *sources,
                                    struct parsed_config *parsed, struct vit_error *err)
{
    const bool timm = parsed->family->recognition == BY_ARCHITECTURE;
    const struct json *const cfg = json_member(sources->root, "pretrained_cfg");
    const struct {
        const struct json *object;
        const char *name, *field;
    } places[] = {
        { timm ? sources->root : NULL, "label_names", "label_names" },
        { timm ? cfg : NULL, "label_names", "pretrained_cfg.label_names" },
        { timm && !cfg ? sources->root : NULL, "labels", "labels" },
        { sources->root, "id2label", "id2label" },
    };
    enum vit_status status = VIT_OK;

    /* without a classifier the labels are unused, and Hugging Face writes placeholders */
    if (parsed->config.classes == 0 || parsed->is_projection)
        return VIT_OK;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (is_given(places[i].object, places[i].name)) {
            status = labels_parse_json(sources->path, places[i].field,
                                       json_member(places[i].object, places[i].name),
                                       parsed->config.classes, &parsed->labels, err);
            break;
        }
    if (status || !timm)
        return status;
    const bool in_root = is_given(sources->root, "label_descriptions");
    status = labels_describe(
        sources->path, in_root ? "label_descriptions" : "pretrained_cfg.label_descriptions",
        json_member(in_root ? sources->root : cfg, "label_descriptions"), &parsed->labels, err);
    if (status)
        labels_free(&parsed->labels);
    return status;
}

static enum vit_status parse_family(const struct config_sources *sources,
                                    struct parsed_config *parsed, struct vit_error *err)
{
    const struct family *const family = find_family(sources);
    enum vit_status status;

    if (!family && !sources->root)
        return fail_file(err, VIT_ENOTFOUND, sources->path,
                         "not found: expected it beside .safetensors weights");
    if (!family)
        return fail_unknown_model(sources, err);
    parsed->family = family;
    /* timm ignores these files; the other families have no reader of their own */
    if (sources->preprocessor && family->preprocess == PREPROCESS_PRETRAINED_CFG)
        return fail_file(err, VIT_EUNSUPPORTED, sources->preprocessor_path,
                         "expected no such file beside family %s, whose preprocessing is "
                         "pretrained_cfg in config.json",
                         family->id);
    if ((status = family->parse(sources, parsed, err)))
        return status;
    for (size_t i = 0; i < sizeof preprocess_sources / sizeof *preprocess_sources; i++)
        note_from(sources, family->preprocess, i, &parsed->provenance);
    return parse_labels(sources, parsed, err);
}

/* *root = the object of a file; NULL if the file does not exist. */
static enum vit_status parse_object(const struct text_file *file, struct json **root,
                                    struct vit_error *err)
{
    enum vit_status status;

    *root = NULL;
    if (!file->text)
        return VIT_OK;
    if ((status = json_parse(file->path, "", file->text, file->bytes, root, err)))
        return status;
    if (!json_is_object(*root))
        return fail_file(err, VIT_EFORMAT, file->path, "expected a JSON object, found %s",
                         json_kind(*root));
    return VIT_OK;
}

/* Sets sources->preprocessor, which processor_config.json may nest. */
static enum vit_status find_preprocessor(const struct config_files *files, const struct json *flat,
                                         const struct json *processor,
                                         struct config_sources *sources, char **nested_path,
                                         struct vit_error *err)
{
    const struct json *const nested = json_member(processor, "image_processor");
    const size_t bytes = strlen(files->processor.path ? files->processor.path : "") + 20;

    sources->preprocessor = flat;
    sources->preprocessor_path = files->preprocessor.path ? files->preprocessor.path : "";
    if (!nested || json_is_null(nested))
        return VIT_OK;
    if (!json_is_object(nested))
        return fail_file(err, VIT_EFORMAT, files->processor.path,
                         "image_processor: expected an object, found %s", json_kind(nested));
    *nested_path = malloc(bytes);
    if (!*nested_path)
        return fail_no_memory(err, files->processor.path);
    snprintf(*nested_path, bytes, "%s: image_processor", files->processor.path);
    sources->preprocessor = nested;
    sources->preprocessor_path = *nested_path;
    return VIT_OK;
}

enum vit_status parse_config(const struct config_files *files, const struct tensors *tensors,
                             struct parsed_config *parsed, struct vit_error *err)
{
    static const struct tensors none = { 0 };
    struct config_sources sources = { .path = files->config.path,
                                      .tensors = tensors ? tensors : &none };
    struct json *root = NULL, *flat = NULL, *processor = NULL;
    char *nested_path = NULL;
    enum vit_status status;

    *parsed = (struct parsed_config){ .config.size = sizeof parsed->config,
                                      .preprocess.size = sizeof parsed->preprocess };
    if (!(status = parse_object(&files->config, &root, err)) &&
        !(status = parse_object(&files->preprocessor, &flat, err)) &&
        !(status = parse_object(&files->processor, &processor, err)) &&
        !(status = find_preprocessor(files, flat, processor, &sources, &nested_path, err))) {
        sources.root = root;
        status = parse_family(&sources, parsed, err);
    }
    free(nested_path);
    json_free(processor);
    json_free(flat);
    json_free(root);
    return status;
}
