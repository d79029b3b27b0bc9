/* config_google.c - Google's .npz: the configuration is in the shapes, and little in config.json */
#include "checkpoint/config.h"

#include "base/status.h"
#include "config/fields.h"
#include "files/sanitize.h"

/* What a config.json may add, or repeat; 0: it says nothing. */
struct google_keys {
    size_t image[2], patch, heads, depth, dim, mlp_dim, classes;
    float eps;
};

#define FIELD(field) offsetof(struct google_keys, field)

static const struct key_rule rules[] = {
    { "image_size", take_height_width, FIELD(image), NULL, false },
    { "patch_size", take_count, FIELD(patch), NULL, false },
    { "num_heads", take_count, FIELD(heads), NULL, false },
    { "num_layers", take_count, FIELD(depth), NULL, false },
    { "hidden_size", take_count, FIELD(dim), NULL, false },
    { "mlp_dim", take_count, FIELD(mlp_dim), NULL, false },
    { "num_classes", take_count, FIELD(classes), NULL, false },
    { "layer_norm_eps", take_float, FIELD(eps), NULL, false },
};

/* The tensor of a slot, of that rank; VIT_EFORMAT otherwise. */
static enum vit_status shape_of(const struct config_input *in, const struct name_family *family,
                                enum tensor_slot slot, size_t rank, const char *name,
                                const struct tensor **tensor, struct vit_error *err)
{
    *tensor = names_find(family, in->tensors, slot);
    if (!*tensor)
        return fail(err, VIT_EFORMAT, "%s: tensor %s is missing, whose shape is needed",
                    sanitize_path(in->tensors->path).text, name);
    if ((*tensor)->rank == rank)
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: tensor %s has %zu sides, expected %zu",
                sanitize_path((*tensor)->path).text, sanitize_name((*tensor)->name).text,
                (*tensor)->rank, rank);
}

/* The side of a square of that many patches; 0: they make none. */
static size_t square_side(size_t patches)
{
    size_t side = 0;

    while (side < CONFIG_MAX_SIDE && side * side < patches)
        side++;
    return side * side == patches ? side : 0;
}

static enum vit_status read_shapes(const struct config_input *in, const struct name_family *family,
                                   struct vit_config *c, size_t *patches, struct vit_error *err)
{
    const struct tensor *patch, *query, *fc1, *positions, *head, *pre_logits;
    const struct tensors *const t = in->tensors;
    enum vit_status status;

    if ((status = shape_of(in, family, SLOT_PATCH_WEIGHT, 4, "embedding/kernel", &patch, err)) ||
        (status = shape_of(in, family, SLOT_QKV_WEIGHT, 3, "encoderblock_0/…/query/kernel", &query,
                           err)) ||
        (status = shape_of(in, family, SLOT_FC1_WEIGHT, 2, "encoderblock_0/…/Dense_0/kernel", &fc1,
                           err)) ||
        (status = shape_of(in, family, SLOT_POSITIONS, 3, "pos_embedding", &positions, err)))
        return status;
    c->patch = patch->shape[0];
    c->channels = patch->shape[2];
    c->dim = patch->shape[3];
    c->heads = query->shape[1];
    c->head_dim = query->shape[2];
    c->mlp_dim = fc1->shape[1];
    c->depth = names_blocks(family, t);
    if (!names_find(family, t, SLOT_CLS_TOKEN)) { /* "gap" in Google's configurations */
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
        c->pool = VIT_POOL_MEAN;
    }
    if ((head = names_find(family, t, SLOT_HEAD_BIAS)) && head->rank == 1)
        c->classes = head->shape[0];
    if ((pre_logits = names_find(family, t, SLOT_PRE_LOGITS_BIAS)) && pre_logits->rank == 1)
        c->pre_logits = pre_logits->shape[0];
    *patches =
        positions->shape[1] - (c->class_tokens == VIT_CLASS_TOKENS_CLASS && positions->shape[1]);
    return VIT_OK;
}

/* What the file says twice must agree. */
static enum vit_status check_agreement(const struct config_input *in, const struct google_keys *k,
                                       const struct vit_config *c, struct vit_error *err)
{
    const struct {
        const char *key;
        size_t said, found;
    } both[] = {
        { "patch_size", k->patch, c->patch },  { "num_heads", k->heads, c->heads },
        { "num_layers", k->depth, c->depth },  { "hidden_size", k->dim, c->dim },
        { "mlp_dim", k->mlp_dim, c->mlp_dim }, { "num_classes", k->classes, c->classes },
    };

    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        if (both[i].said > 0 && both[i].said != both[i].found)
            return fail(err, VIT_EFORMAT, "%s: %s is %zu, but the shapes of %s say %zu",
                        sanitize_path(in->path).text, both[i].key, both[i].said,
                        sanitize_path(in->tensors->path).text, both[i].found);
    return VIT_OK;
}

static enum vit_status find_size(const struct config_input *in, const struct google_keys *k,
                                 size_t patches, struct vit_config *c, struct vit_error *err)
{
    const size_t side = square_side(patches);

    c->height = k->image[0] ? k->image[0] : side * c->patch;
    c->width = k->image[0] ? k->image[1] : side * c->patch;
    if (c->height > 0)
        return VIT_OK;
    return fail(err, VIT_EFORMAT,
                "%s: pos_embedding is for %zu patches, which make no square: config.json must give "
                "image_size [height, width]",
                sanitize_path(in->tensors->path).text, patches);
}

/* vision_transformer/input_pipeline.py: a plain resize, (x − 127.5)/127.5 */
static const struct vit_preprocess_config recipe = {
    .size = sizeof recipe,
    .interpolation = VIT_INTERPOLATION_BILINEAR,
    .crop_mode = VIT_CROP_MODE_SQUASH,
    .crop_pct = 1,
    .mean = { 0.5f, 0.5f, 0.5f },
    .std = { 0.5f, 0.5f, 0.5f },
};

enum vit_status config_parse_google(const struct config_input *in, struct config_file *file,
                                    struct vit_error *err)
{
    struct vit_config *const c = &file->config;
    struct google_keys said = { .eps = 1e-6f };
    const struct keys keys = { in->path, "", true, &said, err, NULL, 0 };
    const struct keys noted = { in->path, "", true, &said, err, &file->provenance, 0 };
    size_t patches;
    enum vit_status status;

    provenance_all(&file->provenance, "Google's default");
    *c = (struct vit_config){ .size = sizeof *c, .activation = VIT_ACTIVATION_GELU };
    const struct vit_config before = *c;
    if ((status = keys_read(&keys, in->root, rules, sizeof rules / sizeof *rules)) ||
        (status = read_shapes(in, file->family, c, &patches, err)) ||
        (status = check_agreement(in, &said, c, err)) ||
        (status = find_size(in, &said, patches, c, err)))
        return status;
    provenance_changed(&file->provenance, &before, c, "the tensors' shapes");
    c->eps = said.eps;
    if (json_object_get(in->root, "layer_norm_eps"))
        keys_note(&noted, "layer_norm_eps", offsetof(struct vit_config, eps));
    if (said.image[0] > 0) {
        keys_note(&noted, "image_size", offsetof(struct vit_config, height));
        keys_note(&noted, "image_size", offsetof(struct vit_config, width));
    }
    return config_finish(in, in->tensors->path, c, &recipe, file, err);
}
