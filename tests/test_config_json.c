/* test_config_json.c - config.json of any family: JSON errors, and finding the family */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/expect_config.h"

Test(config_json, text_that_is_not_a_json_object_is_rejected)
{
    expect_rejected_config("", NULL, VIT_EFORMAT, "expected JSON, found an error at line 1");
    expect_rejected_config("[]", NULL, VIT_EFORMAT, "expected a JSON object, found an array");
    expect_rejected_config("{\"a\":1,\n\"a\":2}", NULL, VIT_EFORMAT,
                           "found an error at line 2, column 6: duplicate key \"a\"");
}

Test(config_json, the_message_names_an_unknown_model)
{
    expect_rejected_config("{}", NULL, VIT_EUNSUPPORTED, "expected an architecture (timm) or");
    expect_rejected_config("{\"model_type\":\"swin\",\"hidden_size\":96}", NULL, VIT_EUNSUPPORTED,
                           "siglip_vision_model; found swin");
    expect_rejected_config("{\"model_type\":7}", NULL, VIT_EUNSUPPORTED, "found a number");
    expect_rejected_config("{\"model_type\":\"series_vgg\"}", NULL, VIT_EUNSUPPORTED,
                           "model_type: expected one of series_vit, series_t2t_vit, ");
    expect_rejected_config(
        "{\"model_type\":\"timm_wrapper\",\"architecture\":\"vit_tiny_patch16_224\"}", NULL,
        VIT_EUNSUPPORTED, "found timm_wrapper");
    expect_rejected_config(
        "{\"architecture\":\"ViT\"}", NULL, VIT_EUNSUPPORTED,
        "vit_base_patch16_224, with or without a .tag (docs/models.md), found \"ViT\"");
}

/* A row of families.h whose parser does not know its model_type would be a dead row. */
Test(config_json, every_model_type_reaches_its_parser)
{
    const struct family *family;
    size_t types = 0;

    for (size_t i = 0; (family = family_at(i)); i++)
        for (size_t j = 0; j < 2 && family->model_types[j]; j++) {
            struct parsed_config parsed;
            struct vit_error err = { 0 };
            char text[96];
            snprintf(text, sizeof text, "{\"model_type\":\"%s\"}", family->model_types[j]);
            const struct config_files files = { .config = { "config.json", text, strlen(text) } };
            parse_config(&files, NULL, &parsed, &err);
            cr_assert_eq(parsed.family, family, "%s: %s", text, err.message);
            cr_assert_null(strstr(err.message, "model_type"), "%s", err.message);
            types++;
        }
    count_checks(2 * types);
}
