/* pretrained_cfg.c - config.json's pretrained_cfg: how images become a model's inputs */
#include <math.h>

#include "checkpoint/parse_config.h"
#include "files/fail_file.h"
#include "files/json.h"

struct cfg_fields {
    struct vit_preprocess_config preprocess;
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

static enum vit_status parse_crop_pct(const struct json_reader *reader,
                                      const struct field_rule *rule, const struct json *value)
{
    const double pct = json_double(value);

    /* below 0.001 the resized image would be more than a thousand times as high as the input */
    if (!json_is_number(value) || !(pct >= 0.001 && pct <= 1))
        return fail_field(reader, rule, VIT_EFORMAT, "a number from 0.001 to 1", value);
    return parse_number(reader, rule, value);
}

#define FIELD(...) FIELD_RULE(struct cfg_fields, __VA_ARGS__)

static const struct field_rule rules[] = {
    FIELD("mean", parse_numbers, mean),
    FIELD("std", parse_numbers, std),
    FIELD("interpolation", parse_choice, preprocess.interpolation, .argument = interpolations),
    FIELD("crop_mode", parse_choice, preprocess.crop_mode, .argument = crop_modes),
    FIELD("crop_pct", parse_crop_pct, preprocess.crop_pct),
};

enum vit_status parse_per_channel(const char *path, const char *field,
                                  const struct numbers *numbers, size_t channels, double min,
                                  float out[3], struct vit_error *err)
{
    if (numbers->count == 0 || channels > 3)
        return VIT_OK;
    if (numbers->count != channels)
        return fail_file(err, VIT_EFORMAT, path,
                         "%s: expected %zu number%s, one per channel, found %zu", field, channels,
                         channels == 1 ? "" : "s", numbers->count);
    for (size_t i = 0; i < numbers->count; i++) {
        out[i] = (float)numbers->value[i];
        if (!(out[i] > min) || !isfinite(out[i]))
            return fail_file(err, VIT_EFORMAT, path, "%s: expected finite numbers%s, found %g",
                             field, min == 0 ? " above 0" : "", numbers->value[i]);
    }
    return VIT_OK;
}

/* One number from three equal ones; none, if they differ. */
static void reduce_to_gray(struct numbers *numbers, bool *undefined)
{
    const bool equal =
        numbers->value[0] == numbers->value[1] && numbers->value[1] == numbers->value[2];

    if (numbers->count != 3)
        return;
    numbers->count = equal ? 1 : 0;
    *undefined = *undefined || !equal;
}

enum vit_status parse_pretrained_cfg(const char *path, const struct json *object,
                                     const struct vit_config *config, bool rgb_of_gray,
                                     struct vit_preprocess_config *preprocess,
                                     struct vit_error *err)
{
    struct cfg_fields found = { .preprocess = *preprocess };
    const struct json_reader reader = {
        .path = path, .prefix = "pretrained_cfg.", .lenient = true, .target = &found, .err = err
    };
    bool undefined = false;
    enum vit_status status;

    found.preprocess.channels = config->channels;
    found.preprocess.height = config->height;
    found.preprocess.width = config->width;
    if (object && !json_is_object(object))
        return fail_file(err, VIT_EFORMAT, path, "pretrained_cfg: expected an object, found %s",
                         json_kind(object));
    if ((status = json_fields_read(&reader, object, RULES(rules))))
        return status;
    if (rgb_of_gray && config->channels == 1) {
        reduce_to_gray(&found.mean, &undefined);
        reduce_to_gray(&found.std, &undefined);
    }
    if ((status = parse_per_channel(path, "pretrained_cfg.mean", &found.mean, config->channels,
                                    -INFINITY, found.preprocess.mean, err)) ||
        (status = parse_per_channel(path, "pretrained_cfg.std", &found.std, config->channels, 0,
                                    found.preprocess.std, err)))
        return status;
    /* the defaults are for RGB: a channel that does not exist has zeros */
    for (size_t i = undefined || config->channels > 3 ? 0 : config->channels; i < 3; i++)
        found.preprocess.mean[i] = found.preprocess.std[i] = 0;
    *preprocess = found.preprocess;
    return VIT_OK;
}
