/* rotary.c - rotary positions as configurations see them: facts, checks, and the tables */
#include "config/rotary.h"

#include <math.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/tokenizer.h"
#include "config/trigonometry.h"
#include "vit/inspect.h"

const struct rotary_facts *config_rotary(const struct vit_config *config)
{
    static const struct rotary_facts facts[] = {
        [VIT_ROTARY_NONE] = { false, false, false },
        [VIT_ROTARY_CENTERS] = { false, true, false },
        [VIT_ROTARY_INDICES] = { true, true, false },
        [VIT_ROTARY_LEARNED] = { true, false, true },
    };
    return &facts[config->rotary];
}

size_t config_rotation_tables(const struct vit_config *config)
{
    if (config->rotary == VIT_ROTARY_NONE)
        return 0;
    return config_rotary(config)->learned ? config->depth * config->heads : 1;
}

/* The coordinate of index i of `count` rows, or of columns: axis 1. */
static double coordinate(const struct vit_config *c, size_t axis, size_t i, size_t count)
{
    const double two_pi = 0x1.921fb54442d18p+2; /* 2π, rounded to double */
    const double at = (double)i + (double)c->rotary_offset;
    const size_t to = c->rotary_grid[axis];

    if (c->rotary == VIT_ROTARY_CENTERS)
        return two_pi * ((double)(2 * i + 1) / (double)count - 1.0);
    return to > 0 ? at / (double)count * (double)to : at;
}

/* Both ends of both axes have an angle that is computed: the largest frequency is 1. */
static enum vit_status check_coordinates(const struct vit_config *c, struct vit_error *err)
{
    const struct config_grid grid = config_grid(c);
    const size_t counts[] = { grid.rows, grid.columns };

    for (size_t axis = 0; axis < 2; axis++)
        for (size_t end = 0; end < 2; end++) {
            const double at = coordinate(c, axis, end * (counts[axis] - 1), counts[axis]);
            if (!(fabs(at) <= TABLE_MAX_ANGLE))
                return fail(err, VIT_EINVAL,
                            "rotary_offset and rotary_grid: expected coordinates of at most %.0f "
                            "in magnitude, found %g",
                            TABLE_MAX_ANGLE, at);
        }
    return VIT_OK;
}

enum vit_status rotary_check(const struct vit_config *c, struct vit_error *err)
{
    const struct rotary_facts *const facts = config_rotary(c);
    const size_t pairs = facts->series ? 4 : facts->learned ? 2 : 1;
    const char *const name = vit_value_name("rotary", (int)c->rotary);
    const bool scaled = c->rotary_grid[0] > 0;

    if (config_head_dim(c) % pairs != 0)
        return fail(err, VIT_EINVAL,
                    "head_dim: expected a multiple of %zu with rotary %s, found %zu", pairs, name,
                    config_head_dim(c));
    if (facts->series ? !(c->rotary_base >= 1.0f && c->rotary_base <= 0x1p40f)
                      : c->rotary_base != 0.0f)
        return fail(err, VIT_EINVAL, "rotary_base: expected %s with rotary %s, found %g",
                    facts->series ? "1 to 2^40" : "0", name, (double)c->rotary_base);
    if (c->rotary == VIT_ROTARY_INDICES && scaled == (c->rotary_grid[1] > 0))
        return check_coordinates(c, err);
    if (c->rotary_grid[0] + c->rotary_grid[1] > 0 || c->rotary_offset != 0.0f ||
        c->rotary_columns_first)
        return fail(err, VIT_EINVAL,
                    "rotary_grid, rotary_offset and rotary_columns_first: expected 0 and false "
                    "with rotary %s, or two sides with rotary indices, found [%zu, %zu], %g and %s",
                    name, c->rotary_grid[0], c->rotary_grid[1], (double)c->rotary_offset,
                    c->rotary_columns_first ? "true" : "false");
    return VIT_OK;
}

/* --- tables */

/* A head's tables, of `n` numbers per patch. */
struct tables {
    size_t n;
    bool neighbors;
    float *cosines, *sines; /* [patches][n] */
};

/* Pair j of a patch turns by the angle of a point. */
static void set_pair(const struct tables *t, size_t patch, size_t j, struct circle_point p)
{
    const size_t row = patch * t->n, first = row + (t->neighbors ? 2 * j : j);
    const size_t second = first + (t->neighbors ? 1 : t->n / 2);

    t->cosines[first] = t->cosines[second] = p.cosine;
    t->sines[first] = -p.sine;
    t->sines[second] = p.sine;
}

/* Half of the pairs turns with the row, the other half with the column. */
static void fill_series(const struct vit_config *c, struct config_grid grid, const struct tables *t)
{
    const size_t quarter = t->n / 4;
    const size_t of_rows = c->rotary_columns_first ? quarter : 0, of_columns = quarter - of_rows;

    for (size_t j = 0; j < quarter; j++) {
        const double frequency =
            table_power((double)c->rotary_base, -4.0 * (double)j / (double)t->n);
        for (size_t y = 0; y < grid.rows; y++) {
            const struct circle_point p = table_circle(coordinate(c, 0, y, grid.rows) * frequency);
            for (size_t x = 0; x < grid.columns; x++)
                set_pair(t, y * grid.columns + x, of_rows + j, p);
        }
        for (size_t x = 0; x < grid.columns; x++) {
            const struct circle_point p =
                table_circle(coordinate(c, 1, x, grid.columns) * frequency);
            for (size_t y = 0; y < grid.rows; y++)
                set_pair(t, y * grid.columns + x, of_columns + j, p);
        }
    }
}

/* angle = column·f0 + row·f1 */
static void fill_learned(struct config_grid grid, const float *f0, const float *f1,
                         const struct tables *t)
{
    for (size_t y = 0; y < grid.rows; y++)
        for (size_t x = 0; x < grid.columns; x++)
            for (size_t j = 0; j < t->n / 2; j++) {
                const double angle = (double)x * (double)f0[j] + (double)y * (double)f1[j];
                set_pair(t, y * grid.columns + x, j, table_circle(angle));
            }
}

void rotary_tables(const struct vit_config *c, const float *f0, const float *f1, float *cosines,
                   float *sines)
{
    const struct rotary_facts *const facts = config_rotary(c);
    const struct tables t = { config_head_dim(c), facts->neighbors, cosines, sines };

    if (facts->learned)
        fill_learned(config_grid(c), f0, f1, &t);
    else
        fill_series(c, config_grid(c), &t);
}
