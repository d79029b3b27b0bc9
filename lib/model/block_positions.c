/* block_positions.c - positions within attention: rotations, and biases of the scores */
#include "model/block_positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/rotary.h"
#include "config/trigonometry.h"
#include "model/positions.h"

void block_positions_tensors(const struct vit_config *c,
                             struct block_positions_tensor tensors[BLOCK_POSITIONS_TENSORS])
{
    const size_t rows = config_relative_rows(c), pairs = config_head_dim(c) / 2;

    tensors[0] = (struct block_positions_tensor){ SLOT_FREQUENCIES, config_rotary(c)->learned,
                                                  2 * c->depth * c->heads, pairs };
    tensors[1] = (struct block_positions_tensor){ SLOT_SHARED_RELATIVE_BIAS,
                                                  c->relative_bias == VIT_RELATIVE_BIAS_SHARED,
                                                  rows, c->heads };
    tensors[2] =
        (struct block_positions_tensor){ SLOT_RELATIVE_BIAS,
                                         c->relative_bias == VIT_RELATIVE_BIAS_BLOCK ? c->depth : 0,
                                         rows, c->heads };
}

/* --- sizes, which CONFIG_MAX_RELATIVE keeps below 2^60 bytes */

static size_t head_table(const struct vit_config *c)
{
    return config_patches(c) * config_head_dim(c);
}

static size_t bias_count(const struct vit_config *c)
{
    const size_t tokens = config_tokens(c);
    return c->heads * tokens * tokens;
}

void block_positions_plan(struct weight_plan *plan, const struct vit_config *c,
                          struct block_positions *positions)
{
    const size_t rotations = config_rotation_tables(c), biases = config_bias_tables(c);

    if (rotations > 0) {
        plan_reserve(plan, rotations * head_table(c), &positions->cosines);
        plan_reserve(plan, rotations * head_table(c), &positions->sines);
    }
    if (biases > 0)
        plan_reserve(plan, biases * bias_count(c), &positions->biases);
}

struct block_position block_position(const struct vit_config *c,
                                     const struct block_positions *positions, size_t i)
{
    const struct rotary_facts *const facts = config_rotary(c);
    const size_t rotation = facts->learned ? i * c->heads * head_table(c) : 0;
    const size_t bias = c->relative_bias == VIT_RELATIVE_BIAS_BLOCK ? i * bias_count(c) : 0;
    struct block_position at = { .bias = positions->biases ? positions->biases + bias : NULL };

    if (positions->cosines)
        at.rotation = (struct vit_rotation){ .first = config_prefix(c),
                                             .cosines = positions->cosines + rotation,
                                             .sines = positions->sines + rotation,
                                             .head_stride = facts->learned ? head_table(c) : 0,
                                             .neighbors = facts->neighbors };
    return at;
}

/* --- rotations */

/* Of the frequencies f0 of columns and f1 of rows, all angles are ones that are computed. */
static enum vit_status check_frequencies(const struct vit_config *c, size_t count, const float *f0,
                                         const float *f1, struct vit_error *err)
{
    const struct config_grid grid = config_grid(c);
    const double x = (double)(grid.columns - 1), y = (double)(grid.rows - 1);

    for (size_t i = 0; i < count; i++) {
        const double largest = x * fabs((double)f0[i]) + y * fabs((double)f1[i]);
        if (!(largest <= TABLE_MAX_ANGLE))
            return fail(err, VIT_EFORMAT,
                        "frequencies of rotary positions: expected angles of at most %.0f, "
                        "found %g, by frequencies of %g and %g",
                        TABLE_MAX_ANGLE, largest, (double)f0[i], (double)f1[i]);
    }
    return VIT_OK;
}

/* frequencies[2][depth][heads][head_dim/2] */
static enum vit_status load_learned(const struct vit_config *c, const struct weight_source *source,
                                    const struct block_positions *positions, struct vit_error *err)
{
    const size_t pairs = config_head_dim(c) / 2, all = c->depth * c->heads, table = head_table(c);
    float *const f = malloc((2 * all * pairs + 1) * sizeof *f); /* not 0 bytes */
    enum vit_status status;

    if (!f)
        return fail(err, VIT_ENOMEM, "no memory for the frequencies of rotary positions");
    status = source->read(source->from, SLOT_FREQUENCIES, 0, 0, 2 * all * pairs, f, err);
    if (!status)
        status = check_frequencies(c, all * pairs, f, f + all * pairs, err);
    for (size_t i = 0; !status && i < all; i++)
        rotary_tables(c, f + i * pairs, f + (all + i) * pairs, positions->cosines + i * table,
                      positions->sines + i * table);
    free(f);
    return status;
}

/* --- biases */

/* A table of biases [distances and three][heads] for the configuration's grid; the caller frees. */
static enum vit_status read_table(const struct vit_config *c, const struct weight_source *source,
                                  enum tensor_slot slot, size_t index, float **table,
                                  struct vit_error *err)
{
    const size_t stored = config_relative_rows(source->stored), rows = config_relative_rows(c);
    const struct config_grid from = config_grid(source->stored), to = config_grid(c);
    const size_t others = RELATIVE_OTHERS * c->heads;
    const bool same = positions_same_grid(c, source);
    float *const read = malloc(stored * c->heads * sizeof *read);
    float *const resized = same ? read : malloc(rows * c->heads * sizeof *resized);
    enum vit_status status;

    *table = resized;
    if (!read || !resized) {
        if (!same)
            free(read);
        return fail(err, VIT_ENOMEM, "no memory for relative positions");
    }
    status = source->read(source->from, slot, index, 0, stored * c->heads, read, err);
    if (!status && !same) {
        status = positions_resize(source->resize, c->heads,
                                  (struct config_grid){ 2 * from.rows - 1, 2 * from.columns - 1 },
                                  read, (struct config_grid){ 2 * to.rows - 1, 2 * to.columns - 1 },
                                  resized, err);
        memcpy(resized + rows * c->heads - others, read + stored * c->heads - others,
               others * sizeof *resized);
    }
    if (!same)
        free(read);
    return status;
}

/* The row of the table for a query and a key, of which token 0 is the class token. */
static size_t relative_row(struct config_grid grid, size_t query, size_t key)
{
    const size_t width = 2 * grid.columns - 1, distances = (2 * grid.rows - 1) * width;

    if (query == 0 || key == 0)
        return distances + (query > 0 ? 1 : key > 0 ? 0 : 2);
    query--;
    key--;
    return (query / grid.columns + grid.rows - 1 - key / grid.columns) * width +
           query % grid.columns + grid.columns - 1 - key % grid.columns;
}

/* biases[heads][tokens][tokens] */
static void gather(const struct vit_config *c, const float *table, float *biases)
{
    const struct config_grid grid = config_grid(c);
    const size_t tokens = config_tokens(c);

    for (size_t query = 0; query < tokens; query++)
        for (size_t key = 0; key < tokens; key++) {
            const float *const row = table + relative_row(grid, query, key) * c->heads;
            for (size_t head = 0; head < c->heads; head++)
                biases[(head * tokens + query) * tokens + key] = row[head];
        }
}

static enum vit_status load_biases(const struct vit_config *c, const struct weight_source *source,
                                   float *biases, struct vit_error *err)
{
    struct block_positions_tensor tensors[BLOCK_POSITIONS_TENSORS];
    enum vit_status status = VIT_OK;

    block_positions_tensors(c, tensors);
    for (size_t t = 1; t < BLOCK_POSITIONS_TENSORS; t++)
        for (size_t i = 0; !status && i < tensors[t].copies; i++) {
            float *table = NULL;
            status = read_table(c, source, tensors[t].slot, i, &table, err);
            if (!status)
                gather(c, table, biases + i * bias_count(c));
            free(table);
        }
    return status;
}

enum vit_status block_positions_load(const struct vit_config *c, const struct weight_source *source,
                                     const struct block_positions *positions, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (config_rotary(c)->learned)
        status = load_learned(c, source, positions, err);
    else if (positions->cosines)
        rotary_tables(c, NULL, NULL, positions->cosines, positions->sines);
    if (!status && positions->biases)
        status = load_biases(c, source, positions->biases, err);
    return status;
}
