/* input.c - the images of a call: floats, or pixels with the values of their bytes */
#include "model/input.h"

#include <stdio.h>

#include "base/sized.h"
#include "base/status.h"

static enum vit_status check_image(const struct vit_config *c, const struct vit_image *image,
                                   size_t i, struct vit_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "pixels[%zu]", i);
    if (image->height != c->height || image->width != c->width)
        return fail(err, VIT_EIMAGE, "%s: expected the model's %zux%zu, found %zux%zu", name,
                    c->height, c->width, image->height, image->width);
    return pixel_check_rows(name, image, err);
}

/* The caller's preprocess config, or the model's, as the values of bytes. */
static enum vit_status init_levels(const struct vit_model *model, struct call *call,
                                   struct vit_error *err)
{
    struct vit_preprocess_config own = model->preprocess;
    enum vit_status status;

    if (call->call.preprocess &&
        (status = sized_read(&own, call->call.preprocess, SIZED(vit_preprocess_config), err)))
        return status;
    if (own.channels != model->config.channels)
        return fail(err, VIT_EINVAL,
                    "preprocess config: expected the model's %zu channel%s, found %zu",
                    model->config.channels, model->config.channels == 1 ? "" : "s", own.channels);
    return levels_init(&own, &call->levels, err);
}

enum vit_status input_check(const struct vit_model *model, struct call *call, struct vit_error *err)
{
    const struct vit_call *const c = &call->call;
    enum vit_status status = VIT_OK;

    if (!c->images == !c->pixels)
        return fail(err, VIT_EINVAL, "images and pixels: expected one of them, found %s",
                    c->images ? "both" : "neither");
    if (c->preprocess && !c->pixels)
        return fail(err, VIT_EINVAL,
                    "preprocess: expected NULL without pixels, found a preprocess config");
    if (c->pixels)
        status = init_levels(model, call, err);
    for (size_t i = 0; !status && c->pixels && i < c->batch; i++)
        status = check_image(&model->config, &c->pixels[i], i, err);
    return status;
}

struct image_view input_view(const struct vit_model *model, const struct call *call, size_t i)
{
    const struct vit_config *const c = &model->config;
    const size_t plane = c->height * c->width;
    struct image_view view = { .channels = c->channels, .rows = c->height, .columns = c->width };

    if (call->call.pixels) {
        view.pixels = &call->call.pixels[i];
        view.levels = &call->levels;
    } else {
        view.floats = call->call.images + i * c->channels * plane;
        view.channel = plane;
        view.row = c->width;
        view.column = 1;
    }
    return view;
}
