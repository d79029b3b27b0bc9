/* test_positions.c - resized tables of positions against PyTorch and SciPy */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/tokenizer.h"
#include "files/safetensors.h"
#include "model/positions.h"
#include "tests/counts.h"

static float *read_table(const struct safetensors *file, const char *name, struct config_grid *grid,
                         size_t *dim)
{
    const struct safetensors_entry *const e = safetensors_find(file, name);

    cr_assert(e && e->rank == 3, "%s", name);
    float *const table = malloc(e->elements * sizeof *table);
    cr_assert(table && safetensors_read_f32(file, e, 0, e->elements, table, NULL) == VIT_OK);
    *grid = (struct config_grid){ e->shape[0], e->shape[1] };
    *dim = e->shape[2];
    return table;
}

/*
 * Tables WAY/FROM/TO are resized from tables from/FROM. Both sides compute in double and round to
 * float, so they differ by at most an ulp of the largest number.
 */
static void equals_reference(const char *way, enum positions_resize resize)
{
    struct safetensors *file;
    size_t tables = 0;

    cr_assert_eq(safetensors_open("tests/golden/positions.safetensors", &file, NULL), VIT_OK);
    for (size_t i = 0; i < file->count; i++) {
        const char *const name = file->entries[i].name, *const slash = strchr(name, '/');
        char before[32];
        struct config_grid from, to;
        size_t dim;

        if ((size_t)(slash - name) != strlen(way) || strncmp(name, way, strlen(way)) != 0)
            continue;
        snprintf(before, sizeof before, "from%.*s", (int)strcspn(slash + 1, "/") + 1, slash);
        float *const in = read_table(file, before, &from, &dim);
        float *const expected = read_table(file, name, &to, &dim);
        const size_t count = to.rows * to.columns * dim;
        float *const out = malloc(count * sizeof *out);
        cr_assert_eq(positions_resize(resize, dim, from, in, to, out, NULL), VIT_OK);
        /* PyTorch's weights are float32, libvit's double: 4 ulp of a number in [1/2, 1) */
        for (size_t j = 0; j < count; j++)
            cr_assert_leq(fabsf(out[j] - expected[j]), 0x1p-22f,
                          "%s: number %zu is %g, expected %g", name, j, (double)out[j],
                          (double)expected[j]);
        count_checks(count);
        free(out);
        free(expected);
        free(in);
        tables++;
    }
    cr_assert_eq(tables, 8);
    safetensors_close(file);
}

Test(positions, bicubic_equals_pytorch)
{
    equals_reference("bicubic", RESIZE_BICUBIC);
}

Test(positions, antialiased_bicubic_equals_pytorch)
{
    equals_reference("bicubic-antialias", RESIZE_BICUBIC_ANTIALIAS);
}

Test(positions, bilinear_equals_pytorch)
{
    equals_reference("bilinear", RESIZE_BILINEAR);
}

Test(positions, bilinear_with_aligned_corners_equals_scipy)
{
    equals_reference("bilinear-corners", RESIZE_BILINEAR_CORNERS);
}

/* Shrinking by less than two, as from 224 to 192 pixels: PyTorch's formula along one side. */
Test(positions, an_antialiased_filter_is_as_wide_as_the_factor)
{
    static const size_t sides[][2] = { { 14, 12 }, { 9, 5 }, { 7, 6 }, { 6, 4 } };
    enum { MOST = 14 };

    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        const size_t from = sides[s][0], to = sides[s][1];
        const double scale = (double)from / (double)to;
        float in[MOST], out[MOST];
        for (size_t j = 0; j < from; j++)
            in[j] = (float)(j * 7 % 5) / 4.0f;
        cr_assert(!positions_resize(RESIZE_BICUBIC_ANTIALIAS, 1, (struct config_grid){ 1, from },
                                    in, (struct config_grid){ 1, to }, out, NULL));
        for (size_t i = 0; i < to; i++) {
            double sum = 0, total = 0;
            for (size_t j = 0; j < from; j++) {
                const double x = fabs(((double)j + 0.5) / scale - ((double)i + 0.5));
                const double weight = x < 1   ? (1.5 * x - 2.5) * x * x + 1
                                      : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2
                                              : 0;
                sum += weight * (double)in[j];
                total += weight;
            }
            cr_assert(fabs((double)out[i] - sum / total) < 1e-6, "%zu to %zu: %zu is %g, not %g",
                      from, to, i, (double)out[i], sum / total);
        }
        count_checks(to);
    }
}
