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
    const int given = (c->images != NULL) + (c->image_list != NULL) + (c->pixels != NULL);
    enum vit_status status = VIT_OK;

    if (given != 1)
        return fail(err, VIT_EINVAL,
                    "images, image_list and pixels: expected one of them, found %s",
                    given == 0   ? "none"
                    : given == 2 ? "two"
                                 : "three");
    for (size_t i = 0; c->image_list && i < c->batch; i++)
        if (!c->image_list[i])
            return fail(err, VIT_EINVAL, "image_list[%zu]: expected an image, found NULL", i);
    if (c->preprocess && !c->pixels)
        return fail(err, VIT_EINVAL,
                    "preprocess: expected NULL without pixels, found a preprocess config");
    if (c->pixels && (status = init_levels(model, call, err)))
        return status;
    for (size_t i = 0; i < c->batch; i++) {
        struct vit_error *const of_image = c->image_errors ? &c->image_errors[i] : err;
        if (c->image_errors)
            *of_image = (struct vit_error){ .status = VIT_OK };
        if (c->pixels)
            status = check_image(&model->config, &c->pixels[i], i, of_image);
        if (!c->image_errors && status)
            return status;
        call->accepted += status == VIT_OK;
    }
    return VIT_OK;
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
        view.floats = call->call.image_list ? call->call.image_list[i]
                                            : call->call.images + i * c->channels * plane;
        view.channel = plane;
        view.row = c->width;
        view.column = 1;
    }
    return view;
}
