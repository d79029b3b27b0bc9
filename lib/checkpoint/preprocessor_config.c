/* preprocessor_config.c - preprocessor_config.json: how Hugging Face's images become inputs */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/config_hf.h"
#include "checkpoint/hf_processor.h"
#include "files/fail_file.h"

/* A size as the file gives it: one number, or height and width, or the shorter side. */
struct image_size {
    size_t number, height, width, shortest_edge;
};

struct processor_fields {
    size_t channels;
    struct image_size size, crop;
    bool center_crop, normalize;
    enum vit_interpolation interpolation;
    struct numbers mean, std;
};

static enum vit_status fail_size(const struct json_reader *reader, const struct field_rule *rule,
                                 const struct json *value)
{
    return fail_field(reader, rule, VIT_EUNSUPPORTED,
                      "a number, [height, width], height and width, or shortest_edge", value);
}

/* Fields without a rule must be null, as transformers writes those that it does not use. */
static enum vit_status read_size_object(const struct json_reader *reader,
                                        const struct field_rule *size_rule,
                                        const struct json *object, const struct field_rule *rules,
                                        size_t count)
{
    struct json_reader inside = *reader;
    char prefix[64];
    const char *name;
    const struct json *value;

    json_each_member(object, name, value)
    {
        bool known = json_is_null(value);
        for (size_t i = 0; i < count; i++)
            known = known || strcmp(rules[i].name, name) == 0;
        if (!known)
            return fail_size(reader, size_rule, object);
    }
    snprintf(prefix, sizeof prefix, "%s%s.", reader->prefix, size_rule->name);
    inside.prefix = prefix;
    return json_fields_read(&inside, object, rules, count);
}

_Static_assert(offsetof(struct image_size, width) ==
                   offsetof(struct image_size, height) + sizeof(size_t),
               "parse_height_width fills both");

static enum vit_status parse_size(const struct json_reader *reader, const struct field_rule *rule,
                                  const struct json *value)
{
    struct image_size size = { 0 };
    const struct field_rule rules[] = {
        FIELD_RULE(struct image_size, "height", parse_count, height),
        FIELD_RULE(struct image_size, "width", parse_count, width),
        FIELD_RULE(struct image_size, "shortest_edge", parse_count, shortest_edge),
    };
    const struct field_rule pair = { .name = rule->name,
                                     .offset = offsetof(struct image_size, height) };
    const struct field_rule number = { .name = rule->name,
                                       .offset = offsetof(struct image_size, number) };
    struct json_reader to = *reader;
    enum vit_status status;

    to.target = &size;
    to.provenance = NULL;
    if (json_is_array(value))
        status = parse_height_width(&to, &pair, value);
    else if (json_is_object(value))
        status = read_size_object(&to, rule, value, RULES(rules));
    else
        status = parse_count(&to, &number, value);
    if (status)
        return status;
    if ((size.height > 0) != (size.width > 0) ||
        (json_is_object(value) && (size.height > 0) == (size.shortest_edge > 0)))
        return fail_size(reader, rule, value);
    *(struct image_size *)field_member(reader, rule) = size;
    return VIT_OK;
}

/* Pillow's numbers for filters. */
static enum vit_status parse_resample(const struct json_reader *reader,
                                      const struct field_rule *rule, const struct json *value)
{
    enum { PILLOW_BILINEAR = 2, PILLOW_BICUBIC = 3 };
    const int64_t filter = json_is_integer(value) ? json_int(value) : -1;

    if (filter != PILLOW_BILINEAR && filter != PILLOW_BICUBIC)
        return fail_field(reader, rule, VIT_EUNSUPPORTED, "2 (bilinear) or 3 (bicubic)", value);
    *(enum vit_interpolation *)field_member(reader, rule) =
        filter == PILLOW_BILINEAR ? VIT_INTERPOLATION_BILINEAR : VIT_INTERPOLATION_BICUBIC;
    return VIT_OK;
}

static enum vit_status parse_rescale_factor(const struct json_reader *reader,
                                            const struct field_rule *rule, const struct json *value)
{
    if (!(fabs(json_double(value) * 255.0 - 1.0) < 1e-6))
        return fail_field(reader, rule, VIT_EUNSUPPORTED, "1/255", value);
    return VIT_OK;
}

/* An array, or one number for every channel. */
static enum vit_status parse_channels(const struct json_reader *reader,
                                      const struct field_rule *rule, const struct json *value)
{
    const struct processor_fields *const target = reader->target;
    const double each = json_double(value);

    if (!json_is_number(value))
        return parse_numbers(reader, rule, value);
    *(struct numbers *)field_member(reader, rule) =
        (struct numbers){ .count = target->channels, .value = { each, each, each } };
    return VIT_OK;
}

#define FIELD(...) FIELD_RULE(struct processor_fields, __VA_ARGS__)

/* Other fields concern training, or other processors. */
static const struct field_rule rules[] = {
    FIXED_RULE("do_resize", "true"),
    FIELD("size", parse_size, size),
    FIELD("resample", parse_resample, interpolation),
    FIELD("do_center_crop", parse_bool, center_crop),
    FIELD("crop_size", parse_size, crop),
    FIXED_RULE("do_rescale", "true"),
    { .name = "rescale_factor", .parse = parse_rescale_factor },
    FIELD("do_normalize", parse_bool, normalize),
    FIELD("image_mean", parse_channels, mean),
    FIELD("image_std", parse_channels, std),
    FIXED_RULE("crop_pct", "null"),
    FIXED_RULE("size_divisor", "null"),
    FIXED_RULE("do_pad", "false"),
    FIXED_RULE("do_flip_channel_order", "false"),
    FIXED_RULE("do_grayscale", "false"),
    FIXED_RULE("do_thumbnail", "false"),
    FIXED_RULE("do_align_long_axis", "false"),
    FIXED_RULE("rescale_offset", "false"),
    FIXED_RULE("use_square_size", "false"),
};

static bool crop_pct_fits(const size_t crop[2], const size_t resized[2], double pct)
{
    return pct <= 1 && floor((double)crop[0] / pct) == (double)resized[0] &&
           floor((double)crop[1] / pct) == (double)resized[1];
}

/*
 * The fraction of both sides that the crop keeps, such that ⌊crop/fraction⌋ is the resized side
 * again; 0: no fraction does this.
 */
static double find_crop_pct(const size_t crop[2], const size_t resized[2])
{
    for (size_t i = 0; i < 2; i++) {
        double pct = (double)crop[i] / (double)resized[i];
        for (int ulps = 0; ulps < 3; ulps++, pct = nextafter(pct, 0))
            if (crop_pct_fits(crop, resized, pct))
                return pct;
    }
    return 0;
}

/* Checks that a crop of these sides can be cut out of an image of that size. */
static enum vit_status check_crop(const char *path, bool center_crop, const struct image_size *crop,
                                  const struct image_size *size, struct vit_error *err)
{
    const bool shortest_edge = size->shortest_edge > 0;

    if (!center_crop && shortest_edge)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "size: expected height and width unless do_center_crop is true, found "
                         "shortest_edge: images would keep their aspect ratio");
    if (center_crop && crop->shortest_edge > 0)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "crop_size: expected height and width, found shortest_edge");
    if (shortest_edge && crop->height != crop->width)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "crop_size: expected equal height and width with size.shortest_edge, "
                         "found %zu × %zu",
                         crop->height, crop->width);
    if (crop->height > size->height || crop->width > size->width)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "crop_size: expected at most size, %zu × %zu, found %zu × %zu: images "
                         "would need padding",
                         size->height, size->width, crop->height, crop->width);
    return VIT_OK;
}

/* Sets the height and width of the result, and the fraction of the resized image that it is. */
static enum vit_status set_crop(const struct config_sources *sources,
                                const struct hf_processor_defaults *processor,
                                const struct processor_fields *found,
                                struct vit_preprocess_config *preprocess, struct vit_error *err)
{
    struct image_size size = found->size, crop = found->crop;
    enum vit_status status;

    if (size.number > 0 && processor->square)
        size.height = size.width = size.number;
    else if (size.number > 0)
        size.shortest_edge = size.number;
    if (size.shortest_edge > 0)
        size.height = size.width = size.shortest_edge;
    if (crop.number > 0)
        crop.height = crop.width = crop.number;
    if (!found->center_crop)
        crop = size;
    if ((status = check_crop(sources->preprocessor_path, found->center_crop, &crop, &size, err)))
        return status;
    preprocess->height = crop.height;
    preprocess->width = crop.width;
    preprocess->crop_mode = size.shortest_edge > 0 ? VIT_CROP_MODE_CENTER : VIT_CROP_MODE_SQUASH;
    preprocess->crop_pct =
        find_crop_pct((size_t[]){ crop.height, crop.width }, (size_t[]){ size.height, size.width });
    if (preprocess->crop_pct > 0)
        return VIT_OK;
    return fail_file(err, VIT_EUNSUPPORTED, sources->preprocessor_path,
                     "crop_size: expected the same fraction of size's height and width, %zu × %zu, "
                     "found %zu × %zu",
                     size.height, size.width, crop.height, crop.width);
}

/* Whether a mean or std of RGB fits the channels: for one channel, only if all three are equal. */
static bool fits_channels(size_t channels, const float rgb[3])
{
    return channels >= 3 || (rgb[0] == rgb[1] && rgb[1] == rgb[2]);
}

/* One number per channel from the file, or the processor's in out[] if they fit. */
static enum vit_status set_channels(const struct config_sources *sources, const char *field,
                                    const struct numbers *numbers, size_t channels, double min,
                                    float out[3], struct vit_error *err)
{
    if (numbers->count == 0 && !fits_channels(channels, out))
        return fail_file(err, VIT_EFORMAT, sources->preprocessor_path,
                         "%s: expected %zu number%s, one per channel, found none", field, channels,
                         channels == 1 ? "" : "s");
    return parse_per_channel(sources->preprocessor_path, field, numbers, channels, min, out, err);
}

static enum vit_status read_file(const struct config_sources *sources,
                                 const struct hf_preprocess *defaults, struct parsed_config *parsed,
                                 struct vit_error *err)
{
    struct vit_preprocess_config *const out = &parsed->preprocess;
    const struct hf_processor_defaults *p = NULL;
    struct processor_fields found = { .channels = out->channels, .normalize = true };
    const struct json_reader reader = { .path = sources->preprocessor_path,
                                        .prefix = "",
                                        .lenient = true,
                                        .target = &found,
                                        .err = err };
    enum vit_status status;

    if ((status = hf_processor_find(sources, defaults->processor, &p, err)))
        return status;
    found.size.number = p->size;
    found.crop.number = p->crop > 0 ? p->crop : p->size;
    found.center_crop = p->crop > 0;
    found.interpolation = p->interpolation;
    memcpy(out->mean, p->mean, sizeof out->mean);
    memcpy(out->std, p->std, sizeof out->std);
    if ((status = json_fields_read(&reader, sources->preprocessor, RULES(rules))) ||
        (status = set_crop(sources, p, &found, out, err)))
        return status;
    out->interpolation = found.interpolation;
    if (!found.normalize) {
        memcpy(out->mean, (float[]){ 0, 0, 0 }, sizeof out->mean);
        memcpy(out->std, (float[]){ 1, 1, 1 }, sizeof out->std);
        return VIT_OK;
    }
    if ((status = set_channels(sources, "image_mean", &found.mean, out->channels, -INFINITY,
                               out->mean, err)))
        return status;
    return set_channels(sources, "image_std", &found.std, out->channels, 0, out->std, err);
}

/* If the images have another size than the configuration's, the model computes at theirs. */
static void set_input_size(const struct config_sources *sources, struct parsed_config *parsed)
{
    const struct json_reader reader = { .path = sources->preprocessor_path,
                                        .prefix = "",
                                        .provenance = &parsed->provenance };
    const char *const field = parsed->preprocess.crop_pct < 1 ? "crop_size" : "size";

    if (parsed->preprocess.height == parsed->config.height &&
        parsed->preprocess.width == parsed->config.width)
        return;
    parsed->height = parsed->preprocess.height;
    parsed->width = parsed->preprocess.width;
    json_fields_note(&reader, field, offsetof(struct vit_config, height));
    json_fields_note(&reader, field, offsetof(struct vit_config, width));
}

enum vit_status parse_preprocessor_config(const struct config_sources *sources,
                                          const struct hf_preprocess *defaults,
                                          struct parsed_config *parsed, struct vit_error *err)
{
    struct vit_preprocess_config *const out = &parsed->preprocess;
    enum vit_status status;

    *out = (struct vit_preprocess_config){ .size = sizeof *out,
                                           .channels = parsed->config.channels,
                                           .height = parsed->config.height,
                                           .width = parsed->config.width,
                                           .interpolation = defaults->interpolation,
                                           .crop_mode = defaults->crop_mode,
                                           .crop_pct = defaults->crop_pct,
                                           .crop_rounds_down = true,
                                           .exif_orientation = true };
    provenance_set_preprocess(&parsed->provenance, "exif_orientation", "transformers' load_image");
    memcpy(out->mean, defaults->mean, sizeof out->mean);
    memcpy(out->std, defaults->std, sizeof out->std);
    if (sources->preprocessor && (status = read_file(sources, defaults, parsed, err)))
        return status;
    if (!sources->preprocessor &&
        !(fits_channels(out->channels, out->mean) && fits_channels(out->channels, out->std)))
        return fail_file(err, VIT_EFORMAT, sources->preprocessor_path,
                         "not found: expected it, because image_mean has no default for %zu "
                         "channel%s",
                         out->channels, out->channels == 1 ? "" : "s");
    /* a channel that does not exist has zeros */
    for (size_t i = out->channels <= 3 ? out->channels : 0; i < 3; i++)
        out->mean[i] = out->std[i] = 0;
    set_input_size(sources, parsed);
    return VIT_OK;
}
