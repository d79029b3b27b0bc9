/* test_config_fields.c - the table of fields is complete, its names work, the docs agree */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fields.h"
#include "counts.h"
#include "vit/inspect.h"

TestSuite(config_fields);

static struct vit_config base(void)
{
    struct vit_config config = { .size = sizeof config };

    cr_assert_eq(vit_config_from_name("vit_base_patch16_224", &config, NULL), VIT_OK);
    return config;
}

Test(config_fields, every_byte_of_a_configuration_before_reserved_belongs_to_one_row)
{
    unsigned char rows[offsetof(struct vit_config, reserved)] = { 0 };

    memset(rows, 1, sizeof(size_t)); /* size */
    for (size_t i = 0; i < config_fields.count; i++)
        for (size_t j = 0; j < config_field_bytes(&config_fields.at[i]); j++) {
            cr_assert_lt(config_fields.at[i].offset + j, sizeof rows, "%s",
                         config_fields.at[i].name);
            rows[config_fields.at[i].offset + j]++;
        }
    for (size_t i = 0; i < sizeof rows; i++)
        cr_assert_eq(rows[i], 1, "byte %zu belongs to %d rows", i, rows[i]);
    count_checks(sizeof rows);
}

/* "dim", or "t2t_kernels[1]" */
static void element_name(const struct vit_field *field, size_t i, char name[64])
{
    if (field->count > 1)
        snprintf(name, 64, "%s[%zu]", field->name, i);
    else
        snprintf(name, 64, "%s", field->name);
}

Test(config_fields, get_returns_what_set_wrote)
{
    struct vit_field field = { .size = sizeof field };
    char name[64];
    double value;

    for (size_t f = 0; vit_config_field_at(f, &field); f++)
        for (size_t i = 0; i < field.count; i++) {
            struct vit_config config = base();
            const double values[] = { field.min, field.max };
            element_name(&field, i, name);
            for (size_t v = 0; v < 2; v++) {
                cr_assert_eq(vit_config_set(&config, name, values[v], NULL), VIT_OK, "%s", name);
                cr_assert_eq(vit_config_get(&config, name, &value, NULL), VIT_OK, "%s", name);
                cr_assert_eq(value, values[v], "%s", name);
            }
            count_checks(6);
        }
}

Test(config_fields, set_refuses_what_the_field_does_not_allow)
{
    struct vit_field field = { .size = sizeof field };
    struct vit_config config = base();
    const struct vit_config before = config;
    struct vit_error err;
    char name[64];

    for (size_t f = 0; vit_config_field_at(f, &field); f++) {
        const bool real = field.type == VIT_FIELD_FLOAT || field.type == VIT_FIELD_DOUBLE;
        const double others[] = { NAN,
                                  INFINITY,
                                  -INFINITY,
                                  real ? NAN : field.min + 0.5,
                                  field.max * 2 + 1,
                                  field.min - 0.5 };
        const bool unbounded = field.type == VIT_FIELD_FLOAT && field.min < 0;
        element_name(&field, 0, name);
        for (size_t i = 0; i < (unbounded ? 4 : 6); i++) {
            cr_assert_eq(vit_config_set(&config, name, others[i], &err), VIT_EINVAL, "%s %g", name,
                         others[i]);
            cr_assert(strstr(err.message, name) == err.message, "%s", err.message);
        }
        count_checks(12);
    }
    cr_assert(memcmp(&before, &config, sizeof config) == 0);
}

Test(config_fields, an_unknown_name_is_refused)
{
    static const char *const names[] = { "",        "di",     "dimension",      "size",
                                         "dim[0]",  "dim[",   "t2t_kernels",    "t2t_kernels[3]",
                                         "mlp dim", "eps[0]", "t2t_kernels[0]x" };
    struct vit_config config = base();
    struct vit_error err;
    double value;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(vit_config_get(&config, names[i], &value, &err), VIT_EINVAL, "%s", names[i]);
        cr_assert_eq(vit_config_set(&config, names[i], 1, &err), VIT_EINVAL, "%s", names[i]);
        count_checks(2);
    }
}

Test(config_fields, a_struct_that_ends_before_a_field_reads_0_and_cannot_be_set)
{
    struct vit_config config = base();
    double value = 7;

    config.size = offsetof(struct vit_config, eps);
    cr_assert_eq(vit_config_get(&config, "dim", &value, NULL), VIT_OK);
    cr_assert_eq(value, 768);
    cr_assert_eq(vit_config_get(&config, "eps", &value, NULL), VIT_OK);
    cr_assert_eq(value, 0);
    cr_assert_eq(vit_config_set(&config, "eps", 1, NULL), VIT_EUNSUPPORTED);
    count_checks(5);
}

Test(config_fields, every_value_of_an_enum_has_a_name_of_its_own)
{
    struct vit_field field = { .size = sizeof field };

    for (size_t f = 0; vit_config_field_at(f, &field); f++) {
        const int last = (int)field.max;
        if (field.type != VIT_FIELD_ENUM) {
            cr_assert_null(vit_value_name(field.name, 0), "%s", field.name);
            continue;
        }
        cr_assert_null(vit_value_name(field.name, -1));
        cr_assert_null(vit_value_name(field.name, last + 1));
        for (int v = 0; v <= last; v++)
            for (int w = 0; w <= last; w++)
                cr_assert_eq(strcmp(vit_value_name(field.name, v), vit_value_name(field.name, w)) ==
                                 0,
                             v == w, "%s %d %d", field.name, v, w);
        count_checks(2);
    }
    cr_assert_str_eq(vit_value_name("activation", VIT_ACTIVATION_GELU_TANH), "gelu_tanh");
    cr_assert_str_eq(vit_value_name("interpolation", VIT_INTERPOLATION_BILINEAR), "bilinear");
    cr_assert_str_eq(vit_value_name("crop_mode", VIT_CROP_MODE_SQUASH), "squash");
    cr_assert_null(vit_value_name("crop_mode", VIT_CROP_MODE_SQUASH + 1));
    count_checks(4);
}

/* A row of the table in docs/config.md. */
static void doc_row(const struct vit_field *field, char *row, size_t bytes)
{
    static const char *const types[] = {
        [VIT_FIELD_SIZE] = "size", [VIT_FIELD_FLOAT] = "float", [VIT_FIELD_BOOL] = "flag"
    };
    char values[640] = "";
    size_t length = 0;

    if (field->type == VIT_FIELD_ENUM)
        for (int v = 0; v <= (int)field->max; v++)
            length += (size_t)snprintf(values + length, sizeof values - length, "%s`%s`",
                                       v > 0 ? ", " : "", vit_value_name(field->name, v));
    else if (field->type == VIT_FIELD_SIZE)
        snprintf(values, sizeof values, "%.0f to %.0f", field->min, field->max);
    else if (field->type == VIT_FIELD_FLOAT)
        snprintf(values, sizeof values, "%s", field->min < 0 ? "any finite" : "at least 0");
    snprintf(row, bytes, "| `%s` | %s%s | %s | %s | %s |\n", field->name,
             field->type == VIT_FIELD_ENUM ? "enum" : types[field->type],
             field->count == 3   ? ", 3 of them"
             : field->count == 2 ? ", 2 of them"
                                 : "",
             values, field->zero ? field->zero : "", field->description);
}

/* The page as it is, with the rows of the library in place of its own. */
static void expected_page(FILE *page, FILE *expected)
{
    struct vit_field field = { .size = sizeof field };
    char line[1024], row[1024];
    bool written = false;

    while (fgets(line, sizeof line, page)) {
        const bool is_row = strncmp(line, "| `", 3) == 0;
        for (size_t f = 0; is_row && !written && vit_config_field_at(f, &field); f++) {
            doc_row(&field, row, sizeof row);
            fputs(row, expected);
        }
        written = written || is_row;
        if (!is_row)
            fputs(line, expected);
    }
}

/* Leaves the expected page in the build directory, from which `make config-docs` copies it. */
Test(config_fields, docs_config_md_has_the_rows_of_the_table)
{
    const char *const build = getenv("VIT_BUILD");
    char path[512], a[1024], b[1024];
    FILE *const page = fopen("docs/config.md", "r");

    snprintf(path, sizeof path, "%s/config.md", build ? build : "build");
    FILE *const expected = fopen(path, "w+");
    cr_assert(page && expected, "%s", path);
    expected_page(page, expected);
    rewind(page);
    rewind(expected);
    for (size_t i = 1; fgets(b, sizeof b, expected); i++) {
        cr_assert(fgets(a, sizeof a, page) && strcmp(a, b) == 0,
                  "docs/config.md:%zu: expected what `make config-docs` writes:\n%s", i, b);
        count_checks(1);
    }
    cr_assert_null(fgets(a, sizeof a, page));
    fclose(expected);
    fclose(page);
}
