/* positions.c - resizes a table of position embeddings to another grid */
#include "model/positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
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
