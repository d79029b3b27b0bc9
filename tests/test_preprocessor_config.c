/* test_preprocessor_config.c - preprocessor_config.json: how Hugging Face's images become inputs */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/expect_config.h"

#define MODEL(type) "{\"model_type\":\"" type "\"}"

struct expected {
    size_t height, width;
    enum vit_crop_mode crop_mode;
    double crop_pct;
    enum vit_interpolation interpolation;
    float mean, std; /* of the first channel */
};

static void makes(const char *model_type, const char *preprocessor, struct expected e)
{
    char text[64];

    snprintf(text, sizeof text, "{\"model_type\":\"%s\"}", model_type);
    const struct parsed_config file = expect_config(text, preprocessor);
    const struct vit_preprocess_config *const r = &file.preprocess;
    cr_assert(r->size == sizeof *r && r->channels == 3 && r->crop_rounds_down);
    cr_assert(r->height == e.height && r->width == e.width, "%s: %zu × %zu", preprocessor,
              r->height, r->width);
    cr_assert(r->crop_mode == e.crop_mode && r->crop_pct == e.crop_pct, "%s: %.17g", preprocessor,
              r->crop_pct);
    cr_assert_eq(r->interpolation, e.interpolation, "%s", preprocessor);
    cr_assert(r->mean[0] == e.mean && r->std[0] == e.std, "%s", preprocessor);
    cr_assert_eq(file.height, e.height == 224 && e.width == 224 ? 0 : e.height, "%s", preprocessor);
    count_checks(6);
}

#define SQUASH VIT_CROP_MODE_SQUASH
#define CENTER VIT_CROP_MODE_CENTER

Test(preprocessor_config, without_the_file_the_preprocessing_is_that_of_the_published_models)
{
    makes("vit", NULL,
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("deit", NULL,
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("dinov2", NULL,
          (struct expected){ 224, 224, CENTER, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("dinov2_with_registers", NULL,
          (struct expected){ 224, 224, CENTER, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("clip", NULL,
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
    makes("siglip", NULL,
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
}

Test(preprocessor_config, an_empty_file_has_the_defaults_of_its_processor)
{
    makes("vit", "{}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("deit", "{}",
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
    makes("dinov2", "{}",
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
    makes("vit", "{\"feature_extractor_type\":\"DeiTFeatureExtractor\"}",
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
    makes("vit", "{\"image_processor_type\":\"SiglipImageProcessorFast\"}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
}

Test(preprocessor_config, a_size_is_a_number_or_height_and_width_or_the_shorter_side)
{
    const struct expected plain = { 192, 192, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f };
    const struct expected clip = { 192,         192,        CENTER, 0.75, VIT_INTERPOLATION_BICUBIC,
                                   0.48145466f, 0.26862954f };
    const struct expected deit = { 192, 192, SQUASH, 0.75, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f };

    makes("vit", "{\"size\":192}", plain);
    makes("vit", "{\"size\":{\"height\":192,\"width\":192}}", plain);
    makes("vit", "{\"size\":{\"height\":192,\"width\":160}}",
          (struct expected){ 192, 160, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("clip", "{\"size\":256,\"crop_size\":192}", clip);
    makes("clip", "{\"size\":{\"shortest_edge\":256},\"crop_size\":{\"height\":192,\"width\":192}}",
          clip);
    makes("deit", "{\"size\":256,\"crop_size\":192}", deit);
    makes("deit", "{\"size\":{\"height\":256,\"width\":256},\"crop_size\":192}", deit);
    /* a null is the same as an absent field */
    makes("vit", "{\"size\":{\"height\":192,\"width\":192,\"shortest_edge\":null}}", plain);
}

Test(preprocessor_config, the_other_fields_have_their_effect)
{
    makes("vit",
          "{\"do_resize\":true,\"do_rescale\":true,\"rescale_factor\":0.00392156862745098,"
          "\"resample\":3,\"image_mean\":[0.1,0.2,0.3],\"image_std\":0.25,\"do_convert_rgb\":true,"
          "\"crop_pct\":null,\"processor_class\":\"X\"}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.1f, 0.25f });
    makes("clip", "{\"do_normalize\":false,\"resample\":2,\"size\":224}",
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BILINEAR, 0, 1 });
    makes("clip", "{\"do_center_crop\":false,\"size\":{\"height\":224,\"width\":224}}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
}

Test(preprocessor_config, the_model_computes_at_the_size_of_the_images)
{
    const struct parsed_config file = expect_config(
        "{\"model_type\":\"dinov2\",\"image_size\":518}",
        "{\"crop_size\":{\"height\":224,\"width\":224},\"size\":{\"shortest_edge\":256}}");

    cr_assert(file.config.height == 518 && file.height == 224 && file.width == 224);
    expect_source(&file, "height", "preprocessor_config.json: crop_size");
    count_checks(1);
}

/* ⌊crop/crop_pct⌋ must be the resized side exactly, in spite of two roundings. */
Test(preprocessor_config, every_crop_of_every_size_has_an_exact_crop_pct)
{
    for (size_t edge = 14; edge <= 448; edge += edge < 160 ? 1 : 16)
        for (size_t crop = 14; crop <= edge; crop++) {
            char text[96];
            snprintf(text, sizeof text, "{\"size\":%zu,\"crop_size\":%zu}", edge, crop);
            const struct parsed_config file = expect_config(MODEL("dinov2"), text);
            cr_assert_eq(floor((double)crop / file.preprocess.crop_pct), (double)edge, "%s", text);
            cr_assert_eq(file.preprocess.height, crop);
            count_checks(2);
        }
}

Test(preprocessor_config, one_channel_has_one_mean)
{
    static const char gray[] = "{\"model_type\":\"vit\",\"num_channels\":1}";
    struct parsed_config file = expect_config(gray, "{\"image_mean\":[0.25],\"image_std\":[2]}");

    cr_assert(file.preprocess.channels == 1 && file.preprocess.mean[0] == 0.25f);
    cr_assert(file.preprocess.std[0] == 2 && file.preprocess.std[1] == 0);
    file = expect_config(gray, NULL);
    cr_assert(file.preprocess.mean[0] == 0.5f && file.preprocess.mean[1] == 0);
    expect_rejected_config(gray, "{\"image_mean\":[0.5,0.5,0.5]}", VIT_EFORMAT,
                           "image_mean: expected 1 number, one per channel, found 3");
    expect_rejected_config("{\"model_type\":\"clip\",\"vision_config\":{\"num_channels\":1}}", "{}",
                           VIT_EFORMAT,
                           "image_mean: expected 1 number, one per channel, found none");
    expect_rejected_config(
        "{\"model_type\":\"clip_vision_model\",\"num_channels\":1}", NULL, VIT_EFORMAT,
        "preprocessor_config.json: not found: expected it, because image_mean has no default");
    count_checks(3);
}

Test(preprocessor_config, steps_that_the_library_does_not_have_are_rejected)
{
    static const char *const unsupported[][2] = {
        { "{\"image_processor_type\":\"ConvNextImageProcessor\"}",
          "image_processor_type: expected the processor of ViT, DeiT, Bit, CLIP, Siglip, DINOv3ViT "
          "or Beit" },
        { "{\"feature_extractor_type\":\"ViTHybridImageProcessor\"}",
          "feature_extractor_type: expected the processor of" },
        { "{\"do_resize\":false}", "do_resize: expected true, found false" },
        { "{\"do_rescale\":false}", "do_rescale: expected true, found false" },
        { "{\"rescale_factor\":1}", "rescale_factor: expected 1/255, found 1" },
        { "{\"resample\":1}", "resample: expected 2 (bilinear) or 3 (bicubic), found 1" },
        { "{\"resample\":\"bicubic\"}",
          "resample: expected 2 (bilinear) or 3 (bicubic), found \"bicubic\"" },
        { "{\"do_pad\":true}", "do_pad: expected false, found true" },
        { "{\"crop_pct\":0.875}", "crop_pct: expected null, found 0.875" },
        { "{\"size\":{\"longest_edge\":224}}", "or shortest_edge, found {\"longest_edge\":224}" },
        { "{\"size\":{\"height\":224}}", "or shortest_edge, found {\"height\":224}" },
        { "{\"size\":{\"height\":224,\"width\":224,\"shortest_edge\":224}}",
          "or shortest_edge, found {\"height\"" },
        { "{\"size\":{}}", "or shortest_edge, found {}" },
        { "{\"size\":{\"shortest_edge\":224}}",
          "size: expected height and width unless do_center_crop is true" },
        { "{\"do_center_crop\":true,\"crop_size\":256}",
          "crop_size: expected at most size, 224 × 224, found 256 × 256" },
        { "{\"do_center_crop\":true,\"crop_size\":{\"height\":224,\"width\":256}}",
          "crop_size: expected at most size, 224 × 224, found 224 × 256" },
        { "{\"do_center_crop\":true,\"crop_size\":{\"shortest_edge\":224}}",
          "crop_size: expected height and width, found shortest_edge" },
        { "{\"do_center_crop\":true,\"crop_size\":{\"height\":224,\"width\":112}}",
          "crop_size: expected the same fraction of size's height and width" },
        { "{\"do_center_crop\":true,\"size\":{\"shortest_edge\":256},"
          "\"crop_size\":{\"height\":224,\"width\":112}}",
          "crop_size: expected equal height and width with size.shortest_edge" },
    };
    static const char *const wrong[][2] = {
        { "{\"image_processor_type\":5}",
          "image_processor_type: expected a string, found a number" },
        { "{\"feature_extractor_type\":[\"CLIPImageProcessor\"]}",
          "feature_extractor_type: expected a string, found an array" },
        { "[]", "preprocessor_config.json: expected a JSON object, found an array" },
        { "{\"size\":\"224\"}", "size: expected a positive integer, found \"224\"" },
        { "{\"size\":{\"height\":0,\"width\":0}}",
          "size.height: expected a positive integer, found 0" },
        { "{\"image_mean\":\"x\"}", "image_mean: expected an array of numbers" },
        { "{\"image_mean\":[1,2]}", "image_mean: expected 3 numbers, one per channel, found 2" },
        { "{\"image_std\":[1,0,1]}", "image_std: expected finite numbers above 0, found 0" },
        { "{\"do_center_crop\":1}", "do_center_crop: expected true or false" },
    };

    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        expect_rejected_config(MODEL("vit"), unsupported[i][0], VIT_EUNSUPPORTED,
                               unsupported[i][1]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_rejected_config(MODEL("vit"), wrong[i][0], VIT_EFORMAT, wrong[i][1]);
}

Test(preprocessor_config, a_file_that_is_not_understood_is_never_ignored)
{
    static const char series[] =
        "{\"model_type\":\"series_vit\",\"img_size\":[1,8,8],\"patch_size\":4,\"token_len\":8,"
        "\"preds\":2,\"num_heads\":2,\"hidden_chan_mul\":2,\"depth\":1}";

    expect_rejected_processor(MODEL("vit"), NULL, "{", VIT_EFORMAT,
                              "processor_config.json: expected JSON");
    expect_rejected_processor(MODEL("vit"), "{}", "[]", VIT_EFORMAT,
                              "processor_config.json: expected a JSON object");
    expect_rejected_processor(MODEL("vit"), "{}", "{\"image_processor\":1}", VIT_EFORMAT,
                              "processor_config.json: image_processor: expected an object");
    expect_rejected_processor(
        MODEL("vit"), "{}", "{\"image_processor\":{\"resample\":9}}", VIT_EUNSUPPORTED,
        "processor_config.json: image_processor: resample: expected 2 (bilinear)");
    expect_rejected_processor(
        MODEL("vit"), "{}", "{\"image_processor\":{\"image_processor_type\":\"Other\"}}",
        VIT_EUNSUPPORTED, "processor_config.json: image_processor: image_processor_type: expected");
    expect_rejected_processor(series, "{}", NULL, VIT_EUNSUPPORTED,
                              "preprocessor_config.json: expected no such file beside family "
                              "series");
    expect_rejected_processor(series, NULL, "{\"image_processor\":{}}", VIT_EUNSUPPORTED,
                              "processor_config.json: image_processor: expected no such file");
}

Test(preprocessor_config, a_size_may_have_nulls)
{
    makes("vit", "{\"size\":{\"height\":192,\"width\":192,\"longest_edge\":null}}",
          (struct expected){ 192, 192, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    expect_rejected_config(MODEL("vit"), "{\"size\":[192]}", VIT_EFORMAT,
                           "size: expected a positive integer or [height, width]");
    expect_rejected_config(MODEL("vit"),
                           "{\"size\":{\"height\":192,\"width\":192,\"longest_edge\":9}}",
                           VIT_EUNSUPPORTED, "size: expected a number, [height, width]");
}
