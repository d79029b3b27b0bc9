/* cmd_preprocess.c - `libvit preprocess`: an image to a model's input, or to its pixels */
#include <math.h>
#include <stdlib.h>

#include "tools/atomic_file.h"
#include "tools/error.h"
#include "tools/inputs.h"
#include "tools/load.h"
#include "tools/npy.h"
#include "tools/product.h"

/* A field that no option gives holds a value that none could give. */
enum { NO_WORD = -1 };

struct preprocess_options {
    const char *out, *rgb, *model; /* or NULL */
    struct size size;              /* or 0x0 */
    int interpolation, crop_mode;  /* enum vit_interpolation, enum vit_crop_mode; or NO_WORD */
    double crop_pct;               /* or 0 */
    double mean[3];                /* or NaN */
    double std[3];                 /* or 0 */
};

static const struct preprocess_options defaults = { .interpolation = NO_WORD,
                                                    .crop_mode = NO_WORD,
                                                    .mean = { (double)NAN } };

#define FIELD(name) offsetof(struct preprocess_options, name)

static const struct option options[] = {
    OPTION_OUT(struct preprocess_options),
    { .name = "model",
      .value = "MODEL",
      .parse = parse_text,
      .field = FIELD(model),
      .expected = "a checkpoint directory",
      .help = "use the preprocess config of this checkpoint" },
    OPTION_SIZE(struct preprocess_options),
    { .name = "interpolation",
      .value = "HOW",
      .parse = parse_enum,
      .field = FIELD(interpolation),
      .enum_field = "interpolation",
      .help = "bicubic (the default) or bilinear" },
    { .name = "crop-pct",
      .value = "P",
      .parse = parse_number,
      .field = FIELD(crop_pct),
      .min = 0.001,
      .max = 1,
      .expected = "a number from 0.001 to 1",
      .help = "the share of each side that the crop keeps; 0.875" },
    { .name = "crop-mode",
      .value = "MODE",
      .parse = parse_enum,
      .field = FIELD(crop_mode),
      .enum_field = "crop_mode",
      .help = "center (the default) or squash" },
    { .name = "mean",
      .value = "A,B,C",
      .parse = parse_numbers,
      .field = FIELD(mean),
      .min = -1e6,
      .max = 1e6,
      .expected = "three numbers, such as 0.5,0.5,0.5",
      .help = "subtracted from pixels in 0..1; 0.485,0.456,0.406" },
    { .name = "std",
      .value = "A,B,C",
      .parse = parse_numbers,
      .field = FIELD(std),
      .min = 1e-6,
      .max = 1e6,
      .expected = "three numbers above 0, such as 0.5,0.5,0.5",
      .help = "divides the difference; 0.229,0.224,0.225" },
    { .name = "rgb",
      .value = "OUT.npy",
      .parse = parse_text,
      .field = FIELD(rgb),
      .expected = "the name of a file",
      .help = "the file to write the decoded pixels to" },
};

static bool has_config_options(const struct preprocess_options *o)
{
    return o->interpolation != NO_WORD || o->crop_mode != NO_WORD || o->crop_pct > 0 ||
           !isnan(o->mean[0]) || o->std[0] > 0;
}

static enum vit_status check_arguments(const struct preprocess_options *o, struct vit_error *err)
{
    const char *problem = NULL;

    if (!o->out && !o->rgb)
        problem = "expected -o OUT.npy, --rgb OUT.npy or both, found neither";
    else if (o->out && o->rgb && atomic_file_same(o->out, o->rgb))
        problem = "expected two files for -o and --rgb, found the same file twice";
    else if (o->model && has_config_options(o))
        problem = "expected either --model or the options of a preprocess config, found both";
    else if (o->out && !o->model && o->size.height == 0)
        problem = "expected --size HxW or --model MODEL, found neither";
    return problem ? tool_fail(err, VIT_EINVAL, "preprocess: %s", problem) : VIT_OK;
}

static void config_of_options(const struct preprocess_options *o, struct vit_preprocess_config *c)
{
    static const double imagenet_mean[] = { 0.485, 0.456, 0.406 };
    static const double imagenet_std[] = { 0.229, 0.224, 0.225 };

    *c = (struct vit_preprocess_config){
        .size = sizeof *c,
        .channels = 3,
        .height = o->size.height,
        .width = o->size.width,
        .interpolation = o->interpolation == NO_WORD ? VIT_INTERPOLATION_BICUBIC
                                                     : (enum vit_interpolation)o->interpolation,
        .crop_mode =
            o->crop_mode == NO_WORD ? VIT_CROP_MODE_CENTER : (enum vit_crop_mode)o->crop_mode,
        .crop_pct = o->crop_pct > 0 ? o->crop_pct : 0.875,
    };
    for (int i = 0; i < 3; i++) {
        c->mean[i] = (float)(isnan(o->mean[0]) ? imagenet_mean[i] : o->mean[i]);
        c->std[i] = (float)(o->std[0] > 0 ? o->std[i] : imagenet_std[i]);
    }
}

static enum vit_status find_config(const struct invocation *in, struct vit_preprocess_config *c,
                                   struct vit_error *err)
{
    const struct preprocess_options *const o = in->options;
    struct session session = { 0 };
    enum vit_status status = VIT_OK;

    if (o->model) {
        status = session_open(in->common, o->size, o->model, 0, &session, err);
        *c = session.preprocess;
        session_close(&session);
    } else {
        config_of_options(o, c);
        c->exif_orientation = turns_images(in->common, false);
    }
    return status;
}

static enum vit_status write_input(const char *path, const struct vit_preprocess_config *c,
                                   const struct vit_image *image, FILE *file, struct vit_error *err)
{
    struct npy_array array = { .rank = 3, .shape = { c->channels, c->height, c->width } };
    size_t bytes = SIZE_MAX;

    if (product(4, (size_t[]){ c->channels, c->height, c->width, sizeof(float) }, &bytes))
        array.data = malloc(bytes);
    if (!array.data)
        return tool_fail(err, VIT_ENOMEM,
                         "preprocess: out of memory for %zux%zux%zu float32, %zu bytes",
                         c->channels, c->height, c->width, bytes);
    const enum vit_status status = preprocess(path, c, image, NULL, array.data, err);
    if (!status)
        npy_save(&array, file);
    free(array.data);
    return status;
}

static bool has_model(const struct invocation *in)
{
    const struct preprocess_options *const o = in->options;

    return o->model != NULL;
}

static enum vit_status run_preprocess(const struct invocation *in, struct vit_error *err)
{
    const struct preprocess_options *const o = in->options;
    struct atomic_file out = { 0 }, rgb = { 0 };
    struct vit_preprocess_config config = { .exif_orientation = turns_images(in->common, false) };
    struct vit_image image = { 0 };
    enum vit_status status = check_arguments(o, err);

    if (o->model)
        inputs_declare((char *const *)&o->model, 1);
    if (!status && o->out)
        status = find_config(in, &config, err);
    if (!status)
        status = load_image(in->operands[0], config.exif_orientation, in->common->max_pixels,
                            &image, err);
    if (!status && o->out)
        status = atomic_file_open(o->out, &out, err);
    if (!status && o->rgb)
        status = atomic_file_open(o->rgb, &rgb, err);
    if (!status && o->out)
        status = write_input(in->operands[0], &config, &image, out.file, err);
    if (!status && o->rgb) {
        const struct npy_array array = { .type = NPY_UINT8,
                                         .rank = 3,
                                         .shape = { image.height, image.width, 3 },
                                         .data = image.pixels };
        npy_save(&array, rgb.file);
        status = atomic_file_commit(&rgb, err);
    }
    if (!status && o->out)
        status = atomic_file_commit(&out, err);

    atomic_file_discard(&rgb);
    atomic_file_discard(&out);
    vit_image_free(&image);
    return status;
}

const struct subcommand subcommand_preprocess = {
    .name = "preprocess",
    .operands = "IMAGE [-o OUT.npy --size HxW|--model MODEL] [--rgb OUT.npy]",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "turns an image into a model's input",
    .description =
        "Applies timm's evaluation transform: resize as PIL does, crop, divide by 255, subtract\n"
        "the mean, divide by std. IMAGE is a JPEG, PNG or WebP file. -o writes float32\n"
        "[channels, height, width]. The preprocess config is a checkpoint's (--model), or that\n"
        "of the options below; the latter require --size. --rgb writes the decoded pixels,\n"
        "uint8 [height, width, 3]. At least one of -o and --rgb is required.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_model,
    .run = run_preprocess,
};
