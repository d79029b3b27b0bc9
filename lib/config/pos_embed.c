/* pos_embed.c - the position embeddings as configurations see them: facts, and the fixed tables */
#include "config/pos_embed.h"

#include <string.h>

#include "base/status.h"
#include "config/trigonometry.h"
#include "vit/inspect.h"

/* --- fixed tables */

void sinusoid_positions(size_t tokens, size_t dim, float *table)
{
    for (size_t j = 0; j < dim; j += 2) {
        const double wavelength = table_power(10000.0, (double)j / (double)dim);
        for (size_t i = 0; i < tokens; i++) {
            const struct circle_point p = table_circle((double)i / wavelength);
            table[i * dim + j] = p.sine;
            if (j + 1 < dim)
                table[i * dim + j + 1] = p.cosine;
        }
    }
}

void sincos_2d_positions(size_t rows, size_t columns, size_t dim, float *table)
{
    const size_t quarter = dim / 4;

    for (size_t k = 0; k < quarter; k++) {
        const double omega = table_power(10000.0, -(double)k / ((double)quarter - 1.0));
        for (size_t i = 0; i < rows * columns; i++) {
            const struct circle_point x = table_circle((double)(i % columns) * omega);
            const struct circle_point y = table_circle((double)(i / columns) * omega);
            float *const row = table + i * dim + k;
            row[0] = x.sine;
            row[quarter] = x.cosine;
            row[2 * quarter] = y.sine;
            row[3 * quarter] = y.cosine;
        }
    }
}

static void compute_sinusoid(size_t others, size_t rows, size_t columns, size_t dim, float *table)
{
    sinusoid_positions(others + rows * columns, dim, table);
}

static void compute_sincos_2d(size_t others, size_t rows, size_t columns, size_t dim, float *table)
{
    memset(table, 0, others * dim * sizeof *table); /* registers have none */
    sincos_2d_positions(rows, columns, dim, table + others * dim);
}

/* --- what each requires */

static enum vit_status check_any(const struct vit_config *config, struct vit_error *err)
{
    (void)config;
    (void)err;
    return VIT_OK;
}

static enum vit_status check_sinusoid(const struct vit_config *config, struct vit_error *err)
{
    if (config->pos_embed_scope != VIT_POS_EMBED_SCOPE_ALL)
        return fail(err, VIT_EINVAL, "pos_embed_scope: expected all for a sinusoid, found %s",
                    vit_value_name("pos_embed_scope", (int)config->pos_embed_scope));
    return VIT_OK;
}

static enum vit_status check_sincos_2d(const struct vit_config *config, struct vit_error *err)
{
    if (config->dim % 4 != 0 || config->dim < 8)
        return fail(err, VIT_EINVAL,
                    "dim: expected a multiple of 4 that is at least 8 for sincos_2d, found %zu",
                    config->dim);
    if (config->class_tokens != VIT_CLASS_TOKENS_NONE &&
        config->pos_embed_scope != VIT_POS_EMBED_SCOPE_PATCHES)
        return fail(err, VIT_EINVAL,
                    "pos_embed_scope: expected patches for sincos_2d with a class token, found %s",
                    vit_value_name("pos_embed_scope", (int)config->pos_embed_scope));
    return VIT_OK;
}

/* --- the table */

#define FACTS(identifier, name, stored, compute, check)                                            \
    [VIT_POS_EMBED_##identifier] = { stored, compute, check },

const struct pos_embed_facts *config_pos_embed(const struct vit_config *config)
{
    static const struct pos_embed_facts facts[] = { POS_EMBED_LIST(FACTS) };
    return &facts[config->pos_embed];
}

bool config_has_positions(const struct vit_config *config)
{
    const struct pos_embed_facts *const facts = config_pos_embed(config);
    return facts->stored || facts->compute;
}

bool config_learns_positions(const struct vit_config *config)
{
    const struct pos_embed_facts *const facts = config_pos_embed(config);
    return facts->stored && !facts->compute;
}
