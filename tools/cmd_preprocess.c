/* cmd_preprocess.c - `vit preprocess`: a picture to a model's input, or to its pixels */
#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/npy.h"
#include "tools/tool.h"

static enum vit_status check_arguments(const struct options *o, struct vit_error *err)
{
    const char *problem = NULL;

    if (!o->out_path && !o->rgb_path)
        problem = "expected -o OUT.npy, --rgb OUT.npy or both, found neither";
    else if (o->out_path && o->rgb_path && output_same(o->out_path, o->rgb_path))
        problem = "expected two files for -o and --rgb, found one for both";
    else if (o->model && o->recipe)
        problem = "expected either --model or a recipe's options, found both";
    else if (o->out_path && !o->model && !o->size[0])
        problem = "expected --size HxW or --model MODEL, found neither";
    return problem ? tool_fail(err, VIT_EINVAL, "preprocess: %s", problem) : VIT_OK;
}

/* The checkpoint's recipe, or the options'. */
static enum vit_status find_recipe(const struct options *o, struct vit_preprocess_config *recipe,
                                   struct vit_error *err)
{
    const struct vit_model_options options = model_options(o);
    struct vit_model *model;

    if (o->model) {
        const enum vit_status status = vit_model_open(o->model, &options, &model, err);
        if (status)
            return status;
        *recipe = model_preprocess_config(model);
        vit_model_free(model);
        return VIT_OK;
    }
    *recipe = (struct vit_preprocess_config){
        .size = sizeof *recipe,
        .channels = 3,
        .height = o->size[0],
        .width = o->size[1],
        .interpolation = (enum vit_interpolation)o->interpolation,
        .crop_mode = (enum vit_crop_mode)o->crop_mode,
        .crop_pct = o->crop_pct,
    };
    for (int i = 0; i < 3; i++) {
        recipe->mean[i] = (float)o->mean[i];
        recipe->std[i] = (float)o->std[i];
    }
    return VIT_OK;
}

static enum vit_status write_input(const char *path, const struct vit_preprocess_config *recipe,
                                   const struct vit_image *image, FILE *file, struct vit_error *err)
{
    const size_t shape[] = { recipe->channels, recipe->height, recipe->width };
    size_t bytes = SIZE_MAX; /* if they are more than that */
    float *const input =
        product(4, (size_t[]){ shape[0], shape[1], shape[2], sizeof *input }, &bytes)
            ? malloc(bytes)
            : NULL;

    if (!input)
        return tool_fail(err, VIT_ENOMEM,
                         "no memory for a result of %zux%zux%zu float32, %zu bytes", shape[0],
                         shape[1], shape[2], bytes);
    const enum vit_status status = preprocess_image(path, recipe, image, input, err);
    if (!status)
        npy_write(file, NPY_F32, 3, shape, input);
    free(input);
    return status;
}

static enum vit_status preprocess(const struct options *o, size_t count, char **operands,
                                  struct vit_error *err)
{
    struct output out = { 0 }, pixels = { 0 };
    struct vit_preprocess_config recipe = { 0 };
    struct vit_image image = { 0 };
    enum vit_status status;

    (void)count;
    status = check_arguments(o, err);
    if (!status && o->out_path)
        status = find_recipe(o, &recipe, err);
    if (!status)
        status = decode_file(operands[0], &image, err);
    if (!status && o->out_path)
        status = output_open(o->out_path, &out, err);
    if (!status && o->rgb_path)
        status = output_open(o->rgb_path, &pixels, err);
    if (!status && o->out_path)
        status = write_input(operands[0], &recipe, &image, out.file, err);
    if (!status && o->rgb_path) {
        npy_write(pixels.file, NPY_U8, 3, (size_t[]){ image.height, image.width, 3 }, image.pixels);
        status = output_commit(&pixels, err);
    }
    if (!status && o->out_path)
        status = output_commit(&out, err);

    output_discard(&pixels);
    output_discard(&out);
    vit_image_free(&image);
    return status;
}

const struct verb verb_preprocess = {
    .name = "preprocess",
    .bit = FOR_PREPROCESS,
    .operands = "IMAGE [-o OUT.npy --size HxW|--model MODEL] [--rgb OUT.npy]",
    .least = 1,
    .most = 1,
    .summary = "turns a picture into a model's input",
    .description =
        "timm's evaluation transform: resize as PIL does, crop, x/255, minus mean, over std.\n"
        "IMAGE is a JPEG, PNG or WebP file. -o writes float32 [channels, height, width], by the\n"
        "recipe of a checkpoint (--model) or by the options below, --size at least. --rgb writes\n"
        "what was decoded, uint8 [height, width, 3]. Either of -o and --rgb may be left out.",
    .run = preprocess,
};
