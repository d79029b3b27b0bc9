/* pos_embed.h - the position embeddings as configurations see them: a row of facts for each */
#ifndef VIT_CONFIG_POS_EMBED_H
#define VIT_CONFIG_POS_EMBED_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/config.h"
#include "vit/status.h"

/*
 * Every value of enum vit_pos_embed: ROW(identifier, name, stored, compute, check), as in struct
 * pos_embed_facts. One that is neither stored nor computed adds no table to the tokens.
 */
#define POS_EMBED_LIST(ROW)                                                                        \
    ROW(LEARNED, learned, true, NULL, check_any)                                                   \
    ROW(SINUSOID, sinusoid, true, compute_sinusoid, check_sinusoid)                                \
    ROW(SINCOS_2D, sincos_2d, false, compute_sincos_2d, check_sincos_2d)                           \
    ROW(NONE, none, false, NULL, check_any)

struct pos_embed_facts {
    /* A checkpoint may hold the table, SLOT_POSITIONS; it must if nothing computes it. */
    bool stored;
    /* table[others + rows · columns][dim]: other tokens, then the grid; NULL: not fixed */
    void (*compute)(size_t others, size_t rows, size_t columns, size_t dim, float *table);
    /* What it requires of a configuration whose fields are in range. VIT_EINVAL. */
    enum vit_status (*check)(const struct vit_config *config, struct vit_error *err);
};

/* The row of config->pos_embed, a known value. */
const struct pos_embed_facts *config_pos_embed(const struct vit_config *config);

/* Whether a table is added to the tokens. */
bool config_has_positions(const struct vit_config *config);

/* Whether that table is trained: a checkpoint must hold it. */
bool config_learns_positions(const struct vit_config *config);

/* table[tokens][dim]: sine at even j, cosine at odd j, of i/10000^(2·⌊j/2⌋/dim). */
void sinusoid_positions(size_t tokens, size_t dim, float *table);

/*
 * table[rows · columns][dim]: sin x·ω, cos x·ω, sin y·ω, cos y·ω of a patch's column x and row y,
 * ω_k = 10000^(−k/(dim/4 − 1)); Beyer et al. 2022.
 */
void sincos_2d_positions(size_t rows, size_t columns, size_t dim, float *table);

#endif
