/* config.c - config.json: which family a checkpoint is of, and what the families share */
#include "checkpoint/config.h"

#include <string.h>

#include "base/config.h"
#include "base/status.h"
#include "checkpoint/quote.h"

/*
 * A timm configuration has an architecture and no model_type; the series' own has libvit's
 * model_type. Hugging Face's have a model_type of their own, "vit" for one, and the names of other
 * tensors.
 */
static const struct config_family {
    const char *model_type; /* NULL: none */
    const struct name_family *names;
    enum vit_status (*parse)(const char *path, json_t *root, struct config_file *file,
                             struct vit_error *err);
} families[] = {
    { NULL, &names_timm, config_parse_timm },
    { "series_vit", &names_series, config_parse_series },
};

const struct choice config_activations[] = {
    { "gelu", VIT_GELU }, { "gelu_tanh", VIT_GELU_TANH }, { "quick_gelu", VIT_GELU_QUICK },
    { "relu", VIT_RELU }, { "silu", VIT_SILU },           { NULL, 0 },
};

enum vit_status config_check_file(const char *path, const struct vit_config *config,
                                  struct vit_error *err)
{
    struct vit_error why;

    if (!config_check(config, &why))
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: %.300s", quote_path(path).text, why.message);
}

enum vit_status config_mlp_dim(const char *path, const char *key, double ratio,
                               struct vit_config *config, struct vit_error *err)
{
    const double mlp_dim = (double)config->dim * ratio;

    if (!(mlp_dim >= 1 && mlp_dim <= CONFIG_MAX_MLP_DIM))
        return fail(err, VIT_EFORMAT, "%s: %s %g makes an MLP of width %g, expected 1 to %d",
                    quote_path(path).text, key, ratio, mlp_dim, CONFIG_MAX_MLP_DIM);
    config->mlp_dim = (size_t)mlp_dim;
    return VIT_OK;
}

static enum vit_status find_family(const char *path, json_t *root,
                                   const struct config_family **family, struct vit_error *err)
{
    const json_t *model_type = json_object_get(root, "model_type");

    if (!model_type && json_object_get(root, "architecture")) {
        *family = &families[0];
        return VIT_OK;
    }
    if (!json_is_string(model_type))
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: neither \"architecture\" (timm) nor a \"model_type\" (\"series_vit\")",
                    quote_path(path).text);
    for (size_t i = 1; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].model_type, json_string_value(model_type)) == 0) {
            *family = &families[i];
            return VIT_OK;
        }
    return fail(err, VIT_EUNSUPPORTED,
                "%s: model_type \"%s\" is not known; known are \"series_vit\", and timm's "
                "configurations, which have an architecture and no model_type",
                quote_path(path).text, quote_name(json_string_value(model_type)).text);
}

static enum vit_status parse_root(const char *path, json_t *root, struct config_file *file,
                                  struct vit_error *err)
{
    const struct config_family *family;
    enum vit_status status;

    if ((status = find_family(path, root, &family, err)) ||
        (status = family->parse(path, root, file, err)))
        return status;
    file->family = family->names;
    return labels_parse(path, json_object_get(root, "id2label"), file->config.classes,
                        &file->labels, err);
}

enum vit_status config_parse(const char *path, const char *text, size_t bytes,
                             struct config_file *file, struct vit_error *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
    enum vit_status status;

    *file = (struct config_file){ .config.size = sizeof file->config,
                                  .recipe.size = sizeof file->recipe };
    if (!root && !*why.text) /* jansson could not allocate, and says nothing */
        return fail(err, VIT_ENOMEM, "%s: out of memory", quote_path(path).text);
    if (!root)
        return fail(err, VIT_EFORMAT, "%s: not JSON at line %d: %s", quote_path(path).text,
                    why.line, quote_name(why.text).text);
    if (json_is_object(root))
        status = parse_root(path, root, file, err);
    else
        status = fail(err, VIT_EFORMAT, "%s: expected a JSON object", quote_path(path).text);
    json_decref(root);
    return status;
}
