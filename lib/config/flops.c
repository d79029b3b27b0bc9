/* flops.c - floating-point operations of a forward pass */
#include "base/sized.h"
#include "config/check.h"
#include "config/derived.h"
#include "config/tokenizer.h"
#include "vit/inspect.h"

/* Multiply-adds of a block: qkv, Q·Kᵀ and P·V, the output projection, the MLP. */
static double block(const struct vit_config *c)
{
    const double tokens = (double)config_tokens(c), dim = (double)c->dim;
    const double inner = (double)config_inner(c), fc1 = (double)config_fc1_rows(c);

    return 3 * tokens * dim * inner + 2 * tokens * tokens * inner +
           (c->no_proj ? 0 : tokens * inner * dim) + tokens * dim * (fc1 + (double)c->mlp_dim);
}

/* One query over the tokens: q, k and v, scores and mix, the output projection, the MLP. */
static double map_pool(const struct vit_config *c)
{
    const double dim = (double)c->dim;
    const double tokens =
        (double)(c->pool == VIT_POOL_MAP_ALL ? config_tokens(c) : config_patches(c));

    return dim * dim + 2 * tokens * dim * dim + 2 * tokens * dim + dim * dim +
           2 * dim * (double)config_pool_mlp_dim(c);
}

/* Tokens to logits. */
static double head(const struct vit_config *c)
{
    const double embedding = (double)config_embedding(c);
    double sum = (double)config_head_count(c) * embedding * (double)c->classes;

    if (c->pre_logits > 0)
        sum += (double)config_pooled(c) * embedding;
    if (config_pools_by_attention(c))
        sum += map_pool(c);
    return sum;
}

enum vit_status vit_config_flops(const struct vit_config *config, double *flops,
                                 struct vit_error *err)
{
    struct vit_config c;
    enum vit_status status;

    if ((status = sized_read(&c, config, SIZED(vit_config), err)) ||
        (status = config_check(&c, err)))
        return status;
    *flops = 2 * (config_tokenizer(&c)->multiply_adds(&c) + (double)c.depth * block(&c) + head(&c));
    return VIT_OK;
}
