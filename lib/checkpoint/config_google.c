/* config_google.c - Google's .npz: a configuration from shapes, which config.json completes */
#include <string.h>

#include "checkpoint/parse_config.h"
#include "files/fail_file.h"

/* What config.json may add or repeat; 0: not given. */
struct google_fields {
    size_t image[2], patch, heads, depth, dim, mlp_dim, classes;
    float eps;
};

#define FIELD(...) FIELD_RULE(struct google_fields, __VA_ARGS__)

static const struct field_rule rules[] = {
    FIELD("image_size", parse_height_width, image), FIELD("patch_size", parse_count, patch),
    FIELD("num_heads", parse_count, heads),         FIELD("num_layers", parse_count, depth),
    FIELD("hidden_size", parse_count, dim),         FIELD("mlp_dim", parse_count, mlp_dim),
    FIELD("num_classes", parse_count, classes),     FIELD("layer_norm_eps", parse_float, eps),
};

/* Finds the tensor of a slot and checks its rank; `name` is for the message if there is none. */
static enum vit_status find_tensor(const struct config_sources *sources,
                                   const struct tensor_names *names, enum tensor_slot slot,
                                   size_t rank, const char *name, const struct tensor **tensor,
                                   struct vit_error *err)
{
    *tensor = names_find(names, sources->tensors, slot);
    if (!*tensor)
        return fail_tensor(err, VIT_EFORMAT, sources->tensors->path, name,
                           "expected rank %zu, found no such tensor", rank);
    if ((*tensor)->unread)
        return fail_file(err, VIT_EUNSUPPORTED, (*tensor)->path, "tensor %s cannot be read: %s",
                         name, (*tensor)->unread);
    if ((*tensor)->rank == rank)
        return VIT_OK;
    return fail_tensor(err, VIT_EFORMAT, (*tensor)->path, (*tensor)->name,
                       "expected rank %zu, found %zu", rank, (*tensor)->rank);
}

/* The side of a square of this many patches; 0: they do not form a square. */
static size_t square_side(size_t patches)
{
    size_t side = 0;

    while (side < CONFIG_MAX_SIDE && side * side < patches)
        side++;
    return side * side == patches ? side : 0;
}

#define BLOCK "Transformer/encoderblock_0/"

/* big_vision's layout has names of its own, which a newer Flax gave it. */
static enum vit_status check_not_big_vision(const struct tensors *tensors, struct vit_error *err)
{
    for (size_t i = 0; i < tensors->count; i++)
        if (strstr(tensors->entries[i].name, "MultiHeadDotProductAttention_0/"))
            return fail_tensor(err, VIT_EUNSUPPORTED, tensors->path, tensors->entries[i].name,
                               "expected a checkpoint of Google's vision_transformer, found one of "
                               "big_vision");
    return VIT_OK;
}

static enum vit_status read_shapes(const struct config_sources *sources,
                                   const struct tensor_names *names, struct vit_config *c,
                                   size_t *patches, struct vit_error *err)
{
    const struct tensor *patch, *query, *fc1, *positions, *head, *pre_logits;
    const struct tensors *const t = sources->tensors;
    enum vit_status status;

    if ((status =
             find_tensor(sources, names, SLOT_PATCH_WEIGHT, 4, "embedding/kernel", &patch, err)) ||
        (status = find_tensor(sources, names, SLOT_QKV_WEIGHT, 3,
                              BLOCK "MultiHeadDotProductAttention_1/query/kernel", &query, err)) ||
        (status = find_tensor(sources, names, SLOT_FC1_WEIGHT, 2, BLOCK "MlpBlock_3/Dense_0/kernel",
                              &fc1, err)) ||
        (status = find_tensor(sources, names, SLOT_POSITIONS, 3,
                              "Transformer/posembed_input/pos_embedding", &positions, err)))
        return status;
    c->patch = patch->shape[0];
    c->channels = patch->shape[2];
    c->dim = patch->shape[3];
    c->heads = query->shape[1];
    c->head_dim = query->shape[2];
    c->mlp_dim = fc1->shape[1];
    c->depth = names_count_blocks(names, t);
    if (!names_find(names, t, SLOT_CLS_TOKEN)) { /* "gap" in Google's configurations */
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
        c->pool = VIT_POOL_MEAN;
    }
    if ((head = names_find(names, t, SLOT_HEAD_BIAS)) && head->rank == 1)
        c->classes = head->shape[0];
    if ((pre_logits = names_find(names, t, SLOT_PRE_LOGITS_BIAS)) && pre_logits->rank == 1)
        c->pre_logits = pre_logits->shape[0];
    *patches =
        positions->shape[1] - (c->class_tokens == VIT_CLASS_TOKENS_CLASS && positions->shape[1]);
    return VIT_OK;
}

/* Where config.json and the shapes both determine a value, the values must agree. */
static enum vit_status check_agreement(const struct config_sources *sources,
                                       const struct google_fields *given,
                                       const struct vit_config *c, struct vit_error *err)
{
    const struct {
        const char *field;
        size_t given, derived;
    } both[] = {
        { "patch_size", given->patch, c->patch },  { "num_heads", given->heads, c->heads },
        { "num_layers", given->depth, c->depth },  { "hidden_size", given->dim, c->dim },
        { "mlp_dim", given->mlp_dim, c->mlp_dim }, { "num_classes", given->classes, c->classes },
    };

    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        if (both[i].given > 0 && both[i].given != both[i].derived)
            return fail_file(err, VIT_EFORMAT, sources->path,
                             "%s: expected %zu, as the shapes of the tensors have it, found %zu",
                             both[i].field, both[i].derived, both[i].given);
    return VIT_OK;
}

static enum vit_status find_size(const struct config_sources *sources,
                                 const struct google_fields *given, size_t patches,
                                 struct vit_config *c, struct vit_error *err)
{
    const size_t side = square_side(patches);

    c->height = given->image[0] ? given->image[0] : side * c->patch;
    c->width = given->image[0] ? given->image[1] : side * c->patch;
    if (c->height > 0)
        return VIT_OK;
    return fail_tensor(err, VIT_EFORMAT, sources->tensors->path, "pos_embedding",
                       "expected a square number of patches, or image_size [height, width] in "
                       "config.json; found %zu patches",
                       patches);
}

/* vision_transformer/input_pipeline.py: a plain resize, (x − 127.5)/127.5 */
static const struct vit_preprocess_config preprocess = {
    .size = sizeof preprocess,
    .interpolation = VIT_INTERPOLATION_BILINEAR,
    .crop_mode = VIT_CROP_MODE_SQUASH,
    .crop_pct = 1,
    .mean = { 0.5f, 0.5f, 0.5f },
    .std = { 0.5f, 0.5f, 0.5f },
};

enum vit_status parse_config_google(const struct config_sources *sources,
                                    struct parsed_config *parsed, struct vit_error *err)
{
    struct vit_config *const c = &parsed->config;
    struct google_fields given = { .eps = 1e-6f };
    const struct json_reader reader = {
        .path = sources->path, .prefix = "", .lenient = true, .target = &given, .err = err
    };
    struct json_reader noting = reader;
    size_t patches;
    enum vit_status status;

    noting.provenance = &parsed->provenance;
    provenance_all(&parsed->provenance, "Google's default");
    *c = (struct vit_config){ .size = sizeof *c, .activation = VIT_ACTIVATION_GELU };
    const struct vit_config before = *c;
    if ((status = json_fields_read(&reader, sources->root, RULES(rules))) ||
        (status = check_not_big_vision(sources->tensors, err)) ||
        (status = read_shapes(sources, parsed->family->names, c, &patches, err)) ||
        (status = check_agreement(sources, &given, c, err)) ||
        (status = find_size(sources, &given, patches, c, err)))
        return status;
    provenance_changed(&parsed->provenance, &before, c, "the tensors' shapes");
    c->eps = given.eps;
    if (json_member(sources->root, "layer_norm_eps"))
        json_fields_note(&noting, "layer_norm_eps", offsetof(struct vit_config, eps));
    if (given.image[0] > 0) {
        json_fields_note(&noting, "image_size", offsetof(struct vit_config, height));
        json_fields_note(&noting, "image_size", offsetof(struct vit_config, width));
    }
    return finish_config(sources, sources->tensors->path, c, &preprocess, parsed, err);
}
