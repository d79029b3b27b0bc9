/* config.c - checking a configuration, and the configurations that timm's names stand for */
#include "base/config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

_Static_assert(SIZE_MAX >= UINT64_MAX, "the bounds of config.h are for 64-bit sizes");

static const struct bound {
    const char *field;
    size_t offset, most;
} bounds[] = {
    { "channels", offsetof(struct vit_config, channels), CONFIG_MAX_CHANNELS },
    { "height", offsetof(struct vit_config, height), CONFIG_MAX_SIDE },
    { "width", offsetof(struct vit_config, width), CONFIG_MAX_SIDE },
    { "patch", offsetof(struct vit_config, patch), CONFIG_MAX_SIDE },
    { "dim", offsetof(struct vit_config, dim), CONFIG_MAX_DIM },
    { "depth", offsetof(struct vit_config, depth), CONFIG_MAX_DEPTH },
    { "heads", offsetof(struct vit_config, heads), CONFIG_MAX_DIM },
    { "mlp_dim", offsetof(struct vit_config, mlp_dim), CONFIG_MAX_MLP_DIM },
    { "classes", offsetof(struct vit_config, classes), CONFIG_MAX_CLASSES },
};

static enum vit_status check_divides(const char *name, size_t value, const char *divisor_name,
                                     size_t divisor, struct vit_error *err)
{
    if (value % divisor == 0)
        return VIT_OK;
    return fail(err, VIT_EINVAL, "%s %zu is not a multiple of the %s, %zu", name, value,
                divisor_name, divisor);
}

enum vit_status config_check(const struct vit_config *config, struct vit_error *err)
{
    enum vit_status status;

    if (config->size != sizeof *config)
        return fail(err, VIT_EINVAL, "size of the configuration is %zu, expected %zu", config->size,
                    sizeof *config);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        size_t value;
        memcpy(&value, (const char *)config + bounds[i].offset, sizeof value);
        if (value < 1 || value > bounds[i].most)
            return fail(err, VIT_EINVAL, "%s %zu is out of range, expected 1 to %zu",
                        bounds[i].field, value, bounds[i].most);
    }
    if ((status = check_divides("height", config->height, "patch", config->patch, err)) ||
        (status = check_divides("width", config->width, "patch", config->patch, err)) ||
        (status = check_divides("dim", config->dim, "heads", config->heads, err)))
        return status;
    if (config_patches(config) > CONFIG_MAX_PATCHES)
        return fail(err, VIT_EINVAL, "%zu patches are out of range, expected 1 to %d",
                    config_patches(config), CONFIG_MAX_PATCHES);
    if (!isfinite(config->eps) || config->eps < 0)
        return fail(err, VIT_EINVAL, "eps %g is out of range, expected 0 or more and finite",
                    (double)config->eps);
    if (!isfinite(config->qk_scale))
        return fail(err, VIT_EINVAL, "qk_scale %g is not finite", (double)config->qk_scale);
    if ((unsigned)config->activation >= VIT_ACTIVATIONS)
        return fail(err, VIT_EINVAL, "activation %d is not known, expected 0 to %d",
                    (int)config->activation, VIT_ACTIVATIONS - 1);
    if ((unsigned)config->positions > VIT_POSITIONS_SINUSOID)
        return fail(err, VIT_EINVAL, "positions %d are not known, expected 0 to %d",
                    (int)config->positions, VIT_POSITIONS_SINUSOID);
    return VIT_OK;
}

size_t config_patches(const struct vit_config *config)
{
    return (config->height / config->patch) * (config->width / config->patch);
}

size_t config_tokens(const struct vit_config *config)
{
    return config_patches(config) + 1;
}

size_t config_head_dim(const struct vit_config *config)
{
    return config->dim / config->heads;
}

float config_scale(const struct vit_config *config)
{
    if (config->qk_scale != 0)
        return config->qk_scale;
    return (float)(1.0 / sqrt((double)config_head_dim(config)));
}

/* timm's vision_transformer.py and deit.py: what a name says before "_patch" */
static const struct architecture {
    const char *family;
    size_t dim, depth, heads;
} architectures[] = {
    { "vit_tiny", 192, 12, 3 },    { "vit_small", 384, 12, 6 },  { "vit_base", 768, 12, 12 },
    { "vit_large", 1024, 24, 16 }, { "vit_huge", 1280, 32, 16 }, { "deit_tiny", 192, 12, 3 },
    { "deit_small", 384, 12, 6 },  { "deit_base", 768, 12, 12 },
};

/* One to five digits without a leading zero; moves *s past them. */
static bool parse_size(const char **s, size_t *out)
{
    size_t value = 0, digits = 0;

    while (**s >= '0' && **s <= '9' && digits < 5) {
        value = 10 * value + (size_t)(*(*s)++ - '0');
        digits++;
        if (value == 0)
            return false;
    }
    *out = value;
    return digits > 0;
}

/* NAME is FAMILY_patchP_S, or that and a .tag, which says only how the weights were trained. */
static const struct architecture *parse_name(const char *name, size_t *patch, size_t *side)
{
    static const char separator[] = "_patch";
    const char *s = strstr(name, separator);

    if (!s)
        return NULL;
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        const char *family = architectures[i].family;
        if (strlen(family) != (size_t)(s - name) || memcmp(family, name, strlen(family)) != 0)
            continue;
        s += strlen(separator);
        if (!parse_size(&s, patch) || *s++ != '_' || !parse_size(&s, side))
            return NULL;
        return *s == '\0' || (*s == '.' && s[1] != '\0') ? &architectures[i] : NULL;
    }
    return NULL;
}

enum vit_status vit_config_named(const char *name, struct vit_config *config, struct vit_error *err)
{
    size_t patch = 0, side = 0;
    const struct architecture *architecture = parse_name(name, &patch, &side);
    struct vit_error why;

    if (!architecture)
        return fail(err, VIT_EUNSUPPORTED,
                    "architecture \"%.100s\" is not known; known are vit_{tiny,small,base,large,"
                    "huge} and deit_{tiny,small,base} as NAME_patchP_SIZE, with or without a .tag",
                    name);
    const struct vit_config named = {
        .size = sizeof named,
        .channels = 3,
        .height = side,
        .width = side,
        .patch = patch,
        .dim = architecture->dim,
        .depth = architecture->depth,
        .heads = architecture->heads,
        .mlp_dim = 4 * architecture->dim,
        .classes = 1000,
        .eps = 1e-6f,
        .activation = VIT_GELU,
        .positions = VIT_POSITIONS_LEARNED,
        .qkv_bias = true,
    };
    if (config_check(&named, &why))
        return fail(err, VIT_EUNSUPPORTED, "architecture \"%.100s\": %.200s", name, why.message);
    *config = named;
    return VIT_OK;
}
