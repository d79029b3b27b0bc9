/* config_preprocess.c - pretrained_cfg: how pictures become a model's inputs */
#include "checkpoint/config.h"

#include <math.h>

#include "base/status.h"
#include "files/sanitize.h"

struct recipe_keys {
    struct vit_preprocess_config recipe;
    struct numbers mean, std;
};

static const struct choice interpolations[] = {
    { "bicubic", VIT_INTERPOLATION_BICUBIC },
    { "bilinear", VIT_INTERPOLATION_BILINEAR },
    { NULL, 0 },
};

static const struct choice crop_modes[] = {
    { "center", VIT_CROP_MODE_CENTER },
    { "squash", VIT_CROP_MODE_SQUASH },
    { NULL, 0 },
};

static enum vit_status take_crop_pct(const struct keys *keys, const struct key_rule *rule,
                                     json_t *value)
{
    const double pct = json_number_value(value);

    /* below a thousandth the resize would make sides of thousands of times the input's */
    if (!json_is_number(value) || !(pct >= 0.001 && pct <= 1))
        return keys_expected(keys, rule, "a number from 0.001 to 1", value);
    return take_number(keys, rule, value);
}

#define RECIPE(field) offsetof(struct recipe_keys, field)

static const struct key_rule recipe_rules[] = {
    { "mean", take_numbers, RECIPE(mean), NULL, false },
    { "std", take_numbers, RECIPE(std), NULL, false },
    { "interpolation", take_choice, RECIPE(recipe.interpolation), interpolations, false },
    { "crop_mode", take_choice, RECIPE(recipe.crop_mode), crop_modes, false },
    { "crop_pct", take_crop_pct, RECIPE(recipe.crop_pct), NULL, false },
};

/* One number per channel, each above `above`; without any, the family's defaults stay. */
static enum vit_status per_channel(const char *path, const char *key, const struct numbers *numbers,
                                   const struct vit_config *config, double above, float *out,
                                   struct vit_error *err)
{
    if (numbers->count == 0 || config->channels > 3)
        return VIT_OK;
    if (numbers->count != config->channels)
        return fail(err, VIT_EFORMAT,
                    "%s: pretrained_cfg.%s: expected %zu number%s, one per channel, found %zu",
                    sanitize_path(path).text, key, config->channels,
                    config->channels == 1 ? "" : "s", numbers->count);
    for (size_t i = 0; i < numbers->count; i++) {
        out[i] = (float)numbers->value[i];
        if (!(out[i] > above) || !isfinite(out[i]))
            return fail(err, VIT_EFORMAT, "%s: pretrained_cfg.%s: %g is out of range",
                        sanitize_path(path).text, key, numbers->value[i]);
    }
    return VIT_OK;
}

enum vit_status preprocess_config_parse(const char *path, json_t *object,
                                        const struct vit_config *config,
                                        struct vit_preprocess_config *recipe, struct vit_error *err)
{
    struct recipe_keys found = { .recipe = *recipe };
    const struct keys keys = { path, "pretrained_cfg.", true, &found, err, NULL, 0 };
    enum vit_status status;

    found.recipe.channels = config->channels;
    found.recipe.height = config->height;
    found.recipe.width = config->width;
    if (object && !json_is_object(object))
        return fail(err, VIT_EFORMAT, "%s: pretrained_cfg: expected an object",
                    sanitize_path(path).text);
    if ((status =
             keys_read(&keys, object, recipe_rules, sizeof recipe_rules / sizeof *recipe_rules)) ||
        (status =
             per_channel(path, "mean", &found.mean, config, -INFINITY, found.recipe.mean, err)) ||
        (status = per_channel(path, "std", &found.std, config, 0, found.recipe.std, err)))
        return status;
    /* the family's defaults are for RGB: nothing of them stands where no channel is */
    for (size_t i = config->channels <= 3 ? config->channels : 0; i < 3; i++)
        found.recipe.mean[i] = found.recipe.std[i] = 0;
    *recipe = found.recipe;
    return VIT_OK;
}
