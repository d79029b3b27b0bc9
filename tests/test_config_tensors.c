/* test_config_tensors.c - what the tensors of a file say beside its config.json */
#include <criterion/criterion.h>
#include <string.h>

#include "files/tensors.h"
#include "tests/counts.h"
#include "tests/expect_config.h"

/* Parses a config.json beside at most two tensors, in the order of their names. */
static struct parsed_config parses(const char *config, struct tensor first, struct tensor second)
{
    const struct config_files files = {
        .config = { .path = "config.json", .text = config, .bytes = strlen(config) }
    };
    struct tensor found[] = { first, second };
    const struct tensors list = { .path = "x", .count = second.name ? 2 : 1, .entries = found };
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(parse_config(&files, &list, &parsed, &err), VIT_OK, "%s", err.message);
    count_checks(2);
    return parsed;
}

static const struct tensor none = { .name = NULL };

Test(config_tensors, a_classifier_does_not_read_the_pooler)
{
    const struct tensor head = { .name = "classifier.bias", .rank = 1, .shape = { 3 } };
    const struct tensor pooler = { .name = "pooler.dense.weight",
                                   .rank = 2,
                                   .shape = { 768, 768 } };
    const struct parsed_config both = parses("{\"model_type\":\"vit\"}", head, pooler);
    const struct parsed_config alone = parses("{\"model_type\":\"vit\"}", pooler, none);

    cr_assert(both.config.classes == 3 && both.config.pre_logits == 0);
    cr_assert(alone.config.classes == 0 && alone.config.pre_logits == 768);
}

Test(config_tensors, a_projection_is_no_classifier_and_has_no_labels)
{
    const struct tensor weight = { .name = "visual_projection.weight",
                                   .rank = 2,
                                   .shape = { 512, 768 } };
    const struct parsed_config parsed =
        parses("{\"model_type\":\"clip\",\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\"}}",
               weight, none);

    cr_assert(parsed.is_projection && parsed.config.classes == 512 && parsed.config.no_head_bias);
    cr_assert_eq(parsed.labels.count, 0);
}

#define ONE_HEAD(width)                                                                            \
    "{\"model_type\":\"vit_pytorch.ViT\",\"image_size\":8,\"patch_size\":4,\"num_classes\":3,"     \
    "\"dim\":" width ",\"depth\":1,\"heads\":1,\"mlp_dim\":8}"

/* vit-pytorch's Attention: project_out = not (heads == 1 and dim_head == dim) */
Test(config_tensors, one_head_of_the_width_of_a_token_has_no_projection)
{
    const struct tensor norm = { .name = "transformer.norm.bias", .rank = 1, .shape = { 64 } };

    cr_assert_not(parses(ONE_HEAD("32"), norm, none).config.no_proj);
    cr_assert(parses(ONE_HEAD("64"), norm, none).config.no_proj); /* dim_head is 64 by default */
}
