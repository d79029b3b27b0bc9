/* levels.c - the value that a preprocess config gives each byte of each channel */
#include "model/levels.h"

#include <math.h>

#include "base/status.h"

static const char where[] = "preprocess config";

/* Three roundings, as in torchvision. */
static float level(const struct vit_preprocess_config *c, size_t channel, size_t byte)
{
    const float unit = (float)byte / 255.0f;
    const float centered = unit - c->mean[channel];

    return centered / c->std[channel];
}

enum vit_status levels_check_channels(const struct vit_preprocess_config *c, struct vit_error *err)
{
    if (c->channels != 1 && c->channels != 3)
        return fail(err, VIT_EINVAL, "%s: expected 1 or 3 channels, found %zu", where, c->channels);
    return VIT_OK;
}

static enum vit_status check_channel(const struct vit_preprocess_config *c, size_t i,
                                     struct vit_error *err)
{
    if (!isfinite(c->mean[i]))
        return fail(err, VIT_EINVAL, "%s: mean[%zu]: expected a finite number, found %g", where, i,
                    (double)c->mean[i]);
    if (!isfinite(c->std[i]) || c->std[i] == 0.0f)
        return fail(err, VIT_EINVAL,
                    "%s: std[%zu]: expected a finite number other than 0, found %g", where, i,
                    (double)c->std[i]);
    if (!isfinite(level(c, i, 0)) || !isfinite(level(c, i, 255))) /* the others are between */
        return fail(err, VIT_EINVAL,
                    "%s: std[%zu]: expected (x - mean) / std finite for x from 0 to 1, found "
                    "mean %g and std %g",
                    where, i, (double)c->mean[i], (double)c->std[i]);
    return VIT_OK;
}

enum vit_status levels_init(const struct vit_preprocess_config *c, struct levels *levels,
                            struct vit_error *err)
{
    enum vit_status status = levels_check_channels(c, err);

    if (status)
        return status;
    if (c->std[0] == 0.0f && c->std[1] == 0.0f && c->std[2] == 0.0f && c->mean[0] == 0.0f)
        return fail(
            err, VIT_EINVAL,
            "%s: mean and std: expected numbers for %zu channel%s, found none: a checkpoint "
            "without them, or with those of another number of channels, leaves them to you",
            where, c->channels, c->channels == 1 ? "" : "s");
    for (size_t i = 0; i < c->channels; i++) {
        if ((status = check_channel(c, i, err)))
            return status;
        for (size_t byte = 0; byte < 256; byte++)
            levels->of[i][byte] = level(c, i, byte);
    }
    return VIT_OK;
}
