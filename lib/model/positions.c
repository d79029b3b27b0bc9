/* positions.c - position embeddings: stored or computed, resized to another grid */
#include "model/positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/pos_embed.h"
#include "model/filters.h"

static double filter(enum positions_resize resize, double x)
{
    switch (resize) {
    case RESIZE_BICUBIC_ANTIALIAS:
        return filter_cubic(x, -0.5);
    case RESIZE_BICUBIC:
        return filter_cubic(x, -0.75);
    default:
        return filter_triangle(x);
    }
}

/*
 * weights[to][from]: the weight of each old position of a side in each new one. With antialiasing,
 * positions outside the old side have no weight and the others are scaled to sum to 1; without it,
 * the position at the edge gets their weight.
 */
static void side_weights(enum positions_resize resize, size_t from, size_t to, double *weights)
{
    const bool antialias = resize == RESIZE_BICUBIC_ANTIALIAS;
    const bool corners = resize == RESIZE_BILINEAR_CORNERS;
    const double scale = corners ? (to > 1 ? ((double)from - 1.0) / ((double)to - 1.0) : 0.0)
                                 : (double)from / (double)to;
    const double width = antialias && scale > 1.0 ? scale : 1.0;
    const long reach = (long)ceil(2.0 * width) + 1, last = (long)from - 1;

    for (size_t i = 0; i < to; i++) {
        double *const row = weights + i * from;
        const double at = corners ? (double)i * scale : ((double)i + 0.5) * scale - 0.5;
        double sum = 0.0;
        for (size_t j = 0; j < from; j++)
            row[j] = 0.0;
        for (long j = (long)floor(at) - reach; j <= (long)floor(at) + reach + 1; j++) {
            const double weight = filter(resize, ((double)j - at) / width);
            const bool inside = j >= 0 && j <= last;
            if (antialias && !inside)
                continue;
            row[inside ? j : j < 0 ? 0 : last] += weight;
            sum += weight;
        }
        for (size_t j = 0; antialias && j < from; j++)
            row[j] /= sum;
    }
}

/* sum[dim] += weight · row[dim]; most weights are 0, because filters are narrow */
static void add_row(size_t dim, double weight, const double *row, double *sum)
{
    for (size_t d = 0; weight != 0.0 && d < dim; d++)
        sum[d] += weight * row[d];
}

static void add_float_row(size_t dim, double weight, const float *row, double *sum)
{
    for (size_t d = 0; weight != 0.0 && d < dim; d++)
        sum[d] += weight * (double)row[d];
}

/* One column of the new grid at a time: along the rows of the old grid, then down the strip. */
static void resize_table(size_t dim, struct config_grid from, const float *in,
                         struct config_grid to, const double *rows, const double *columns,
                         double *strip /* [from.rows + 1][dim] */, float *out)
{
    double *const sum = strip + from.rows * dim;

    for (size_t x = 0; x < to.columns; x++) {
        memset(strip, 0, from.rows * dim * sizeof *strip);
        for (size_t r = 0; r < from.rows; r++)
            for (size_t c = 0; c < from.columns; c++)
                add_float_row(dim, columns[x * from.columns + c], in + (r * from.columns + c) * dim,
                              strip + r * dim);
        for (size_t y = 0; y < to.rows; y++) {
            memset(sum, 0, dim * sizeof *sum);
            for (size_t r = 0; r < from.rows; r++)
                add_row(dim, rows[y * from.rows + r], strip + r * dim, sum);
            for (size_t d = 0; d < dim; d++)
                out[(y * to.columns + x) * dim + d] = (float)sum[d];
        }
    }
}

enum vit_status positions_resize(enum positions_resize resize, size_t dim, struct config_grid from,
                                 const float *in, struct config_grid to, float *out,
                                 struct vit_error *err)
{
    double *const rows = calloc(to.rows * from.rows, sizeof *rows);
    double *const columns = calloc(to.columns * from.columns, sizeof *columns);
    double *const strip = malloc((from.rows + 1) * dim * sizeof *strip);
    enum vit_status status = VIT_OK;

    if (rows && columns && strip) {
        side_weights(resize, from.rows, to.rows, rows);
        side_weights(resize, from.columns, to.columns, columns);
        resize_table(dim, from, in, to, rows, columns, strip, out);
    } else {
        status = fail(err, VIT_ENOMEM, "no memory to resize positions from %zu × %zu to %zu × %zu",
                      from.rows, from.columns, to.rows, to.columns);
    }
    free(strip);
    free(columns);
    free(rows);
    return status;
}

void positions_plan(struct weight_plan *plan, const struct vit_config *c,
                    struct positions *positions)
{
    if (config_has_positions(c))
        plan_reserve(plan, config_patches(c) * c->dim, &positions->patches);
}

bool positions_same_grid(const struct vit_config *c, const struct weight_source *source)
{
    const struct config_grid from = config_grid(source->stored), to = config_grid(c);

    return from.rows == to.rows && from.columns == to.columns;
}

/* The stored table, its patches resized to the grid of the configuration if that is another. */
static enum vit_status read_positions(const struct vit_config *c,
                                      const struct weight_source *source, float *table,
                                      struct vit_error *err)
{
    const struct config_grid from = config_grid(source->stored), to = config_grid(c);
    const size_t others = (config_positions(c) - config_patches(c)) * c->dim;
    const size_t stored = from.rows * from.columns * c->dim;
    const bool same = positions_same_grid(c, source);
    float *const patches = same ? table + others : malloc(stored * sizeof *patches);
    enum vit_status status = VIT_OK;

    if (!patches)
        return fail(err, VIT_ENOMEM, "no memory to resize positions");
    if (others > 0)
        status = source->read(source->from, SLOT_POSITIONS, 0, 0, others, table, err);
    if (!status)
        status = source->read(source->from, SLOT_POSITIONS, 0, others, stored, patches, err);
    if (!status && !same)
        status = positions_resize(source->resize, c->dim, from, patches, to, table + others, err);
    if (!same)
        free(patches);
    return status;
}

/* table[positions][dim], stored or computed. VIT_EUNSUPPORTED: neither is possible. */
static enum vit_status position_table(const struct vit_config *c,
                                      const struct weight_source *source, float *table,
                                      struct vit_error *err)
{
    const struct pos_embed_facts *const facts = config_pos_embed(c);
    const struct config_grid to = config_grid(c);
    const bool fits = positions_same_grid(c, source) || source->resize != RESIZE_NEVER;

    if (facts->stored && source->has_positions && fits)
        return read_positions(c, source, table, err);
    if (!facts->compute)
        return fail(err, VIT_EUNSUPPORTED, "positions: expected a table for %zu × %zu patches",
                    to.rows, to.columns);
    facts->compute(config_positions(c) - config_patches(c), to.rows, to.columns, c->dim, table);
    return VIT_OK;
}

/* Adds the positions of the tokens before the patches; returns those of the patches. */
static const float *split_table(const struct vit_config *c, const float *table, float *prefix)
{
    const size_t others = (config_positions(c) - config_patches(c)) * c->dim;

    for (size_t i = 0; i < others; i++)
        prefix[i] += table[i];
    return table + others;
}

void positions_share(const struct vit_config *c, const float *table, struct positions *positions,
                     float *prefix)
{
    positions->patches = (float *)split_table(c, table, prefix); /* nothing writes there */
}

enum vit_status positions_load(const struct vit_config *c, const struct weight_source *source,
                               struct positions *positions, float *prefix, struct vit_error *err)
{
    if (!config_has_positions(c))
        return VIT_OK;
    float *const table = calloc(config_positions(c) * c->dim, sizeof *table);
    if (!table)
        return fail(err, VIT_ENOMEM, "no memory for a table of positions");
    const enum vit_status status = position_table(c, source, table, err);
    if (!status)
        memcpy(positions->patches, split_table(c, table, prefix),
               config_patches(c) * c->dim * sizeof *table);
    free(table);
    return status;
}
