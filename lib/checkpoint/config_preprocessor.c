/* config_preprocessor.c - preprocessor_config.json: how Hugging Face's pictures become inputs */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/config_hf.h"
#include "files/sanitize.h"

#define HALF                                                                                       \
    {                                                                                              \
        0.5f, 0.5f, 0.5f                                                                           \
    }
#define IMAGENET_MEAN                                                                              \
    {                                                                                              \
        0.485f, 0.456f, 0.406f                                                                     \
    }
#define IMAGENET_STD                                                                               \
    {                                                                                              \
        0.229f, 0.224f, 0.225f                                                                     \
    }
#define CLIP_MEAN                                                                                  \
    {                                                                                              \
        0.48145466f, 0.4578275f, 0.40821073f                                                       \
    }
#define CLIP_STD                                                                                   \
    {                                                                                              \
        0.26862954f, 0.26130258f, 0.27577711f                                                      \
    }

/* transformers' image processors, and what each has for a key that is not there. */
static const struct processor {
    const char *name;
    bool square;       /* a size that is a number is both sides', else the shorter side's */
    size_t size, crop; /* crop 0: there is none */
    enum vit_interpolation interpolation;
    float mean[3], std[3];
} processors[] = {
    { "ViT", true, 224, 0, VIT_INTERPOLATION_BILINEAR, HALF, HALF },
    { "DeiT", true, 256, 224, VIT_INTERPOLATION_BICUBIC, HALF, HALF },
    { "Bit", false, 224, 224, VIT_INTERPOLATION_BICUBIC, CLIP_MEAN, CLIP_STD },
    { "CLIP", false, 224, 224, VIT_INTERPOLATION_BICUBIC, CLIP_MEAN, CLIP_STD },
    { "Siglip", true, 224, 0, VIT_INTERPOLATION_BICUBIC, HALF, HALF },
};

/*
 * By model_type: the processor where a file names none, and, where there is no file, what the
 * published models' files say, at any size: DeiT's 256 to 224 are 438 to 384 too.
 */
static const struct published {
    const char *model_type, *processor;
    enum vit_crop_mode crop_mode;
    double crop_pct;
    enum vit_interpolation interpolation;
    float mean[3], std[3];
} published[] = {
    { "vit", "ViT", VIT_CROP_MODE_SQUASH, 1, VIT_INTERPOLATION_BILINEAR, HALF, HALF },
    { "deit", "DeiT", VIT_CROP_MODE_SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, IMAGENET_MEAN,
      IMAGENET_STD },
    { "dinov2", "Bit", VIT_CROP_MODE_CENTER, 0.875, VIT_INTERPOLATION_BICUBIC, IMAGENET_MEAN,
      IMAGENET_STD },
    { "clip", "CLIP", VIT_CROP_MODE_CENTER, 1, VIT_INTERPOLATION_BICUBIC, CLIP_MEAN, CLIP_STD },
    { "siglip", "Siglip", VIT_CROP_MODE_SQUASH, 1, VIT_INTERPOLATION_BICUBIC, HALF, HALF },
};

/* A size as the file has it: a number; or height and width; or the shorter side. */
struct edges {
    size_t number, height, width, shortest;
};

struct processor_keys {
    size_t channels;
    struct edges size, crop;
    bool center_crop, normalize;
    enum vit_interpolation interpolation;
    struct numbers mean, std;
};

static enum vit_status take_edges(const struct keys *keys, const struct key_rule *rule,
                                  json_t *value)
{
    struct edges edges = { 0 };
    const struct {
        const char *key;
        size_t *edge;
    } known[] = { { "height", &edges.height },
                  { "width", &edges.width },
                  { "shortest_edge", &edges.shortest } };
    const struct key_rule each = { .key = rule->key };
    struct keys to = *keys;
    enum vit_status status = VIT_OK;
    size_t others = json_object_size(value);

    to.target = &edges.number;
    if (!json_is_object(value) && (status = take_count(&to, &each, value)))
        return status;
    for (size_t i = 0; i < 3; i++) {
        json_t *const edge = json_object_get(value, known[i].key);
        others -= edge ? 1 : 0;
        to.target = known[i].edge;
        if (edge && !json_is_null(edge) && (status = take_count(&to, &each, edge)))
            return status;
    }
    if (others > 0 || (edges.height > 0) != (edges.width > 0) ||
        (json_is_object(value) && (edges.height > 0) == (edges.shortest > 0)))
        return keys_unsupported(keys, rule, "a number, height and width, or shortest_edge", value);
    *(struct edges *)keys_field(keys, rule) = edges;
    return VIT_OK;
}

/* Pillow's numbers of its filters. */
static enum vit_status take_resample(const struct keys *keys, const struct key_rule *rule,
                                     json_t *value)
{
    const json_int_t filter = json_is_integer(value) ? json_integer_value(value) : -1;

    if (filter != 2 && filter != 3)
        return keys_unsupported(keys, rule, "2 (bilinear) or 3 (bicubic)", value);
    *(enum vit_interpolation *)keys_field(keys, rule) =
        filter == 2 ? VIT_INTERPOLATION_BILINEAR : VIT_INTERPOLATION_BICUBIC;
    return VIT_OK;
}

static enum vit_status take_rescale(const struct keys *keys, const struct key_rule *rule,
                                    json_t *value)
{
    if (!(fabs(json_number_value(value) * 255.0 - 1.0) < 1e-6))
        return keys_unsupported(keys, rule, "1/255", value);
    return VIT_OK;
}

/* A list, or one number for every channel. */
static enum vit_status take_channels(const struct keys *keys, const struct key_rule *rule,
                                     json_t *value)
{
    const struct processor_keys *const target = keys->target;
    const double each = json_number_value(value);

    if (!json_is_number(value))
        return take_numbers(keys, rule, value);
    *(struct numbers *)keys_field(keys, rule) =
        (struct numbers){ .count = target->channels, .value = { each, each, each } };
    return VIT_OK;
}

#define FIELD(field) offsetof(struct processor_keys, field)

/* The rest is about training, or what other processors do. */
static const struct key_rule rules[] = {
    { "do_resize", take_only, 0, "true", false },
    { "size", take_edges, FIELD(size), NULL, false },
    { "resample", take_resample, FIELD(interpolation), NULL, false },
    { "do_center_crop", take_bool, FIELD(center_crop), NULL, false },
    { "crop_size", take_edges, FIELD(crop), NULL, false },
    { "do_rescale", take_only, 0, "true", false },
    { "rescale_factor", take_rescale, 0, NULL, false },
    { "do_normalize", take_bool, FIELD(normalize), NULL, false },
    { "image_mean", take_channels, FIELD(mean), NULL, false },
    { "image_std", take_channels, FIELD(std), NULL, false },
    { "crop_pct", take_only, 0, "null", false },
    { "size_divisor", take_only, 0, "null", false },
    { "do_pad", take_only, 0, "false", false },
    { "do_flip_channel_order", take_only, 0, "false", false },
    { "do_grayscale", take_only, 0, "false", false },
    { "do_thumbnail", take_only, 0, "false", false },
    { "do_align_long_axis", take_only, 0, "false", false },
    { "rescale_offset", take_only, 0, "false", false },
    { "use_square_size", take_only, 0, "false", false },
};

static const struct published *find_published(const char *model_type)
{
    size_t i = 0;

    while (i + 1 < sizeof published / sizeof *published &&
           strncmp(published[i].model_type, model_type, strlen(published[i].model_type)) != 0)
        i++;
    return &published[i];
}

/* "ViTImageProcessor", "ViTImageProcessorFast", "ViTFeatureExtractor": all are ViT. */
static const struct processor *match_processor(const char *type)
{
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++) {
        const size_t length = strlen(processors[i].name);
        const char *const rest = type + length;
        if (strncmp(type, processors[i].name, length) == 0 &&
            (*rest == '\0' || strncmp(rest, "ImageProcessor", 14) == 0 ||
             strncmp(rest, "FeatureExtractor", 16) == 0))
            return &processors[i];
    }
    return NULL;
}

static enum vit_status find_processor(const struct config_input *in,
                                      const struct published *published,
                                      const struct processor **processor, struct vit_error *err)
{
    static const char *const keys[] = { "image_processor_type", "feature_extractor_type" };
    const char *type = NULL, *key = NULL;

    for (size_t i = 0; i < 2 && !type; i++)
        type = json_string_value(json_object_get(in->preprocessor, key = keys[i]));
    *processor = match_processor(type ? type : published->processor);
    if (*processor)
        return VIT_OK;
    return fail(err, VIT_EUNSUPPORTED,
                "%s: %s is \"%s\": supported are those of ViT, DeiT, Bit, CLIP and Siglip",
                sanitize_path(in->preprocessor_path).text, key, sanitize_name(type).text);
}

static bool is_reached(const size_t crop[2], const size_t edges[2], double pct)
{
    return pct <= 1 && floor((double)crop[0] / pct) == (double)edges[0] &&
           floor((double)crop[1] / pct) == (double)edges[1];
}

/* The part of both edges that the crop keeps, such that ⌊crop/part⌋ is the edge again; 0: none. */
static double find_crop_pct(const size_t crop[2], const size_t edges[2])
{
    for (size_t i = 0; i < 2; i++) {
        double pct = (double)crop[i] / (double)edges[i];
        for (int ulps = 0; ulps < 3; ulps++, pct = nextafter(pct, 0))
            if (is_reached(crop, edges, pct))
                return pct;
    }
    return 0;
}

static enum vit_status refuse(const struct config_input *in, const char *why, struct vit_error *err)
{
    return fail(err, VIT_EUNSUPPORTED, "%s: %s", sanitize_path(in->preprocessor_path).text, why);
}

/* The sides of the result, and how much of the resized picture they are. */
static enum vit_status find_sides(const struct config_input *in, const struct processor *processor,
                                  const struct processor_keys *found,
                                  struct vit_preprocess_config *recipe, struct vit_error *err)
{
    struct edges size = found->size, cut = found->crop;

    if (size.number > 0 && processor->square)
        size.height = size.width = size.number;
    else if (size.number > 0)
        size.shortest = size.number;
    if (size.shortest > 0)
        size.height = size.width = size.shortest;
    if (cut.number > 0)
        cut.height = cut.width = cut.number;
    if (!found->center_crop && size.shortest > 0)
        return refuse(in,
                      "size is a shortest_edge and do_center_crop is not true: pictures would "
                      "keep their shapes",
                      err);
    if (found->center_crop && cut.shortest > 0)
        return refuse(in, "crop_size is a shortest_edge: supported are height and width", err);
    if (!found->center_crop)
        cut = size;
    if (size.shortest > 0 && cut.height != cut.width)
        return refuse(in, "size is a shortest_edge and crop_size not square", err);
    if (cut.height > size.height || cut.width > size.width)
        return refuse(in, "crop_size is above size: pictures would be padded", err);
    recipe->height = cut.height;
    recipe->width = cut.width;
    recipe->crop_mode = size.shortest > 0 ? VIT_CROP_MODE_CENTER : VIT_CROP_MODE_SQUASH;
    recipe->crop_pct =
        find_crop_pct((size_t[]){ cut.height, cut.width }, (size_t[]){ size.height, size.width });
    if (recipe->crop_pct == 0)
        return refuse(in, "crop_size is another part of size's height than of its width", err);
    return VIT_OK;
}

/* Whether a mean or std for RGB will do: for one channel only where it is the same for all. */
static bool will_do(size_t channels, const float rgb[3])
{
    return channels >= 3 || (rgb[0] == rgb[1] && rgb[1] == rgb[2]);
}

/* One number per channel; without any the processor's, where they will do. */
static enum vit_status find_channels(const struct config_input *in, const char *key,
                                     const struct numbers *numbers, size_t channels, float least,
                                     float out[3], struct vit_error *err)
{
    if (channels > 3 || (numbers->count == 0 && will_do(channels, out)))
        return VIT_OK;
    if (numbers->count != channels)
        return fail(err, VIT_EFORMAT, "%s: %s: expected %zu number%s, one per channel, found %zu",
                    sanitize_path(in->preprocessor_path).text, key, channels,
                    channels == 1 ? "" : "s", numbers->count);
    for (size_t i = 0; i < channels; i++) {
        out[i] = (float)numbers->value[i];
        if (!isfinite(out[i]) || !(out[i] > least))
            return fail(err, VIT_EFORMAT, "%s: %s: %g is out of range",
                        sanitize_path(in->preprocessor_path).text, key, numbers->value[i]);
    }
    return VIT_OK;
}

static enum vit_status read_file(const struct config_input *in, const struct published *published,
                                 struct config_file *file, struct vit_error *err)
{
    struct vit_preprocess_config *const r = &file->recipe;
    const struct processor *p = NULL;
    struct processor_keys found = { .channels = r->channels, .normalize = true };
    const struct keys keys = { in->preprocessor_path, "", true, &found, err, NULL, 0 };
    enum vit_status status;

    if ((status = find_processor(in, published, &p, err)))
        return status;
    found.size.number = p->size;
    found.crop.number = p->crop > 0 ? p->crop : p->size;
    found.center_crop = p->crop > 0;
    found.interpolation = p->interpolation;
    memcpy(r->mean, p->mean, sizeof r->mean);
    memcpy(r->std, p->std, sizeof r->std);
    if ((status = keys_read(&keys, in->preprocessor, rules, sizeof rules / sizeof *rules)) ||
        (status = find_sides(in, p, &found, r, err)))
        return status;
    r->interpolation = found.interpolation;
    if (!found.normalize) {
        memcpy(r->mean, (float[]){ 0, 0, 0 }, sizeof r->mean);
        memcpy(r->std, (float[]){ 1, 1, 1 }, sizeof r->std);
        return VIT_OK;
    }
    if ((status =
             find_channels(in, "image_mean", &found.mean, r->channels, -INFINITY, r->mean, err)))
        return status;
    return find_channels(in, "image_std", &found.std, r->channels, 0, r->std, err);
}

/* Pictures of another size than the configuration's: the model is computed at theirs. */
static void set_size(const struct config_input *in, struct config_file *file)
{
    const struct keys keys = { .path = in->preprocessor_path,
                               .prefix = "",
                               .provenance = &file->provenance };
    const bool cropped = file->recipe.crop_pct < 1;

    if (file->recipe.height == file->config.height && file->recipe.width == file->config.width)
        return;
    file->height = file->recipe.height;
    file->width = file->recipe.width;
    keys_note(&keys, cropped ? "crop_size" : "size", offsetof(struct vit_config, height));
    keys_note(&keys, cropped ? "crop_size" : "size", offsetof(struct vit_config, width));
}

enum vit_status config_parse_preprocessor(const struct config_input *in, const char *model_type,
                                          struct config_file *file, struct vit_error *err)
{
    const struct published *const p = find_published(model_type);
    struct vit_preprocess_config *const r = &file->recipe;
    enum vit_status status;

    *r = (struct vit_preprocess_config){ .size = sizeof *r,
                                         .channels = file->config.channels,
                                         .height = file->config.height,
                                         .width = file->config.width,
                                         .interpolation = p->interpolation,
                                         .crop_mode = p->crop_mode,
                                         .crop_pct = p->crop_pct,
                                         .crop_rounds_down = true };
    memcpy(r->mean, p->mean, sizeof r->mean);
    memcpy(r->std, p->std, sizeof r->std);
    if (in->preprocessor && (status = read_file(in, p, file, err)))
        return status;
    if (!in->preprocessor && !(will_do(r->channels, r->mean) && will_do(r->channels, r->std)))
        return fail(err, VIT_EFORMAT,
                    "%s: no such file, and image_mean has no default for %zu "
                    "channel%s",
                    sanitize_path(in->preprocessor_path).text, r->channels,
                    r->channels == 1 ? "" : "s");
    /* nothing stands where no channel is */
    for (size_t i = r->channels <= 3 ? r->channels : 0; i < 3; i++)
        r->mean[i] = r->std[i] = 0;
    set_size(in, file);
    return VIT_OK;
}
