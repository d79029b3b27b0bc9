/* tokenizer.c - the tokenizers as configurations see them: a row of functions for each */
#include "config/tokenizer.h"

#include "base/status.h"
#include "config/fields.h"
#include "config/traits.h"

/* --- patches, each projected */

static enum vit_status check_side(const char *name, size_t side, size_t patch,
                                  struct vit_error *err)
{
    if (side % patch == 0)
        return VIT_OK;
    return fail(err, VIT_EINVAL, "%s: expected a multiple of patch, %zu, found %zu", name, patch,
                side);
}

static enum vit_status patch_check(const struct vit_config *c, struct vit_error *err)
{
    enum vit_status status;

    if (c->height < c->patch || c->width < c->patch)
        return fail(err, VIT_EINVAL,
                    "height and width: expected at least patch, %zu, found %zu × %zu", c->patch,
                    c->height, c->width);
    if (!c->crop_to_patches && ((status = check_side("height", c->height, c->patch, err)) ||
                                (status = check_side("width", c->width, c->patch, err))))
        return status;
    return VIT_OK;
}

static struct config_grid patch_grid(const struct vit_config *c)
{
    return (struct config_grid){ c->height / c->patch, c->width / c->patch };
}

static size_t patch_length(const struct vit_config *c)
{
    return c->channels * c->patch * c->patch;
}

/* A grid of rows of `length` numbers, each projected to dim. */
static double projection(const struct vit_config *c, struct config_grid grid, size_t length)
{
    return (double)(grid.rows * grid.columns) * (double)c->dim * (double)length;
}

static double patch_multiply_adds(const struct vit_config *c)
{
    return projection(c, patch_grid(c), patch_length(c));
}

/* --- T2T: soft splits and token transformers */

size_t config_split_stride(size_t kernel)
{
    return (kernel + 1) / 2;
}

size_t config_split_padding(size_t kernel)
{
    return (kernel + 1) / 4;
}

size_t config_split_length(const struct vit_config *c, size_t i)
{
    return c->t2t_kernels[i] * c->t2t_kernels[i] * (i == 0 ? c->channels : c->t2t_dim);
}

/* Positions of a kernel along a side. */
static size_t split_side(size_t side, size_t kernel)
{
    const size_t padded = side + 2 * config_split_padding(kernel);
    return padded < kernel ? 0 : (padded - kernel) / config_split_stride(kernel) + 1;
}

struct config_grid config_split_grid(const struct vit_config *c, size_t i)
{
    struct config_grid grid = { c->height, c->width };

    for (size_t j = 0; j <= i; j++) {
        grid.rows = split_side(grid.rows, c->t2t_kernels[j]);
        grid.columns = split_side(grid.columns, c->t2t_kernels[j]);
    }
    return grid;
}

size_t config_features(const struct vit_config *c)
{
    return c->t2t_dim / 2;
}

/* Kernels in range, each soft split with at least one token, strides whose product is patch. */
static enum vit_status check_splits(const struct vit_config *c, struct vit_error *err)
{
    size_t stride = 1;

    for (size_t i = 0; i < SPLITS; i++) {
        if (c->t2t_kernels[i] == 0)
            return fail(err, VIT_EINVAL, "t2t_kernels[%zu]: expected 1 to %d, found 0", i,
                        CONFIG_MAX_KERNEL);
        stride *= config_split_stride(c->t2t_kernels[i]);
    }
    for (size_t i = 0; i < SPLITS; i++) {
        const struct config_grid grid = config_split_grid(c, i);
        if (grid.rows == 0 || grid.columns == 0 || grid.rows * grid.columns > CONFIG_MAX_PATCHES)
            return fail(err, VIT_EINVAL,
                        "height and width: expected 1 to %d tokens after soft split %zu, found "
                        "%zu × %zu tokens of %zu × %zu pixels",
                        CONFIG_MAX_PATCHES, i, grid.rows, grid.columns, c->height, c->width);
    }
    if (c->patch != stride)
        return fail(err, VIT_EINVAL,
                    "patch: expected the product of the soft splits' strides, %zu, found %zu",
                    stride, c->patch);
    return VIT_OK;
}

static enum vit_status t2t_check(const struct vit_config *c, struct vit_error *err)
{
    const bool performer = c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER;
    const enum vit_status status = check_splits(c, err);

    if (status)
        return status;
    if (c->t2t_dim == 0 || (performer && c->t2t_dim % 2 != 0))
        return fail(err, VIT_EINVAL, "t2t_dim: expected %s from 1 to %d, found %zu",
                    performer ? "an even number" : "a number", CONFIG_MAX_DIM, c->t2t_dim);
    if (c->t2t_heads == 0 || c->t2t_dim % c->t2t_heads != 0 || (performer && c->t2t_heads > 1))
        return fail(err, VIT_EINVAL, "t2t_heads: expected %s t2t_dim, %zu, found %zu",
                    performer ? "1 for a performer of" : "a divisor of", c->t2t_dim, c->t2t_heads);
    if (c->t2t_mlp_dim == 0)
        return fail(err, VIT_EINVAL, "t2t_mlp_dim: expected 1 to %d, found 0", CONFIG_MAX_MLP_DIM);
    return VIT_OK;
}

static struct config_grid t2t_grid(const struct vit_config *c)
{
    return config_split_grid(c, SPLITS - 1);
}

static size_t t2t_length(const struct vit_config *c)
{
    return config_split_length(c, SPLITS - 1);
}

static double t2t_multiply_adds(const struct vit_config *c)
{
    const double dim = (double)c->t2t_dim, features = (double)config_features(c);
    const bool performer = c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER;
    double sum = projection(c, t2t_grid(c), t2t_length(c));

    for (size_t i = 0; i < T2T_BLOCKS; i++) {
        const struct config_grid grid = config_split_grid(c, i);
        const double tokens = (double)(grid.rows * grid.columns);
        const double length = (double)config_split_length(c, i);
        /* performer: features of queries and keys, φ(K)ᵀV, φ(Q)·(φ(K)ᵀV); else Q·Kᵀ and P·V */
        sum += performer ? 4 * tokens * features * dim : 2 * tokens * tokens * dim;
        sum += 3 * tokens * length * dim + tokens * dim * dim;
        sum += 2 * tokens * dim * (double)c->t2t_mlp_dim;
    }
    return sum;
}

/* --- the table */

#define T2T(what)                                                                                  \
    {                                                                                              \
        HAS_T2T | (what), true, t2t_check, t2t_grid, t2t_length, t2t_multiply_adds                 \
    }

const struct tokenizer_facts *config_tokenizer(const struct vit_config *config)
{
    static const struct tokenizer_facts facts[] = {
        [VIT_TOKENIZER_PATCH] = { HAS_PATCHES, false, patch_check, patch_grid, patch_length,
                                  patch_multiply_adds },
        [VIT_TOKENIZER_T2T_QK_SCALE] = T2T(HAS_TOKEN_ATTENTION),
        [VIT_TOKENIZER_T2T_TRANSFORMER] = T2T(HAS_TOKEN_ATTENTION),
        [VIT_TOKENIZER_T2T_PERFORMER] = T2T(HAS_PERFORMER),
    };
    return &facts[config->tokenizer];
}

struct config_grid config_grid(const struct vit_config *config)
{
    return config_tokenizer(config)->grid(config);
}
