/* test_docs.c - checks docs/models.md against the tables of the library */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/parse_config.h"
#include "counts.h"
#include "vit/inspect.h"
#include "vit/vit.h"

/* A row of a table whose first cell is `in backticks`. */
struct row {
    char cells[6][160]; /* the first six, without backticks */
};

static void read_cells(const char *line, struct row *row)
{
    memset(row, 0, sizeof *row);
    for (size_t i = 0; i < 6 && (line = strchr(line, '|')) && strchr(line + 1, '|'); i++) {
        const char *const end = strchr(++line, '|');
        size_t length = 0;
        for (const char *c = line + 1; c < end - 1 && length < 159; c++)
            if (*c != '`')
                row->cells[i][length++] = *c;
        line = end;
    }
}

/* Row i of the table under that heading; false past the last. */
static bool find_row(const char *heading, size_t i, struct row *row)
{
    FILE *const file = fopen("docs/models.md", "r");
    char line[1024];
    bool here = false, found = false;

    cr_assert_not_null(file);
    while (!found && fgets(line, sizeof line, file)) {
        if (line[0] == '#')
            here = strncmp(line + strspn(line, "# "), heading, strlen(heading)) == 0;
        found = here && strncmp(line, "| `", 3) == 0 && strncmp(line, "| `model_type`", 14) != 0 &&
                i-- == 0;
    }
    fclose(file);
    if (found)
        read_cells(line, row);
    return found;
}

/* How the page describes enum positions_resize. */
static const char *const resizings[] = {
    [RESIZE_NEVER] = "not supported",
    [RESIZE_BICUBIC_ANTIALIAS] = "bicubic, antialiased (a = −1/2)",
    [RESIZE_BICUBIC] = "bicubic (a = −3/4)",
    [RESIZE_BILINEAR] = "bilinear",
    [RESIZE_BILINEAR_CORNERS] = "bilinear, corners map to corners",
};

/* Checks a row against a family; some families that never resize compute their positions. */
static void check_family(const struct row *row, const struct family *family, const char *model_type)
{
    const char *const resizing = resizings[family->resize], *const cell = row->cells[4];
    const bool computed =
        family->resize == RESIZE_NEVER && strcmp(cell, "computed for any grid") == 0;

    cr_assert_str_eq(row->cells[0], family->id, "id %s, expected %s", row->cells[0], family->id);
    cr_assert_str_eq(row->cells[1], family->title, "%s: title %s, expected %s", family->id,
                     row->cells[1], family->title);
    if (model_type)
        cr_assert_str_eq(row->cells[2], model_type);
    else
        cr_assert_eq(strncmp(row->cells[2], "none: ", 6), 0, "%s: %s", family->id, row->cells[2]);
    cr_assert_gt(strlen(row->cells[3]), 0);
    cr_assert(computed || strcmp(cell, resizing) == 0, "%s: \"%s\", expected \"%s\"", family->id,
              cell, resizing);
    cr_assert_gt(strlen(row->cells[5]), 0);
    count_checks(6);
}

Test(docs, the_page_lists_the_families_in_the_order_of_the_library)
{
    const struct family *family;
    struct row row;
    size_t rows = 0;

    for (size_t i = 0; (family = family_at(i)); i++)
        for (size_t j = 0; j == 0 || (j < 2 && family->model_types[j]); j++) {
            const char *const model_type = family->model_types[j];
            cr_assert(find_row("Families", rows++, &row), "docs/models.md lacks %s", family->id);
            check_family(&row, family, model_type);
        }
    cr_assert_not(find_row("Families", rows, &row), "docs/models.md: expected a family, found %s",
                  row.cells[0]);
    count_checks(1);
}

Test(docs, the_public_list_of_families_is_the_table_of_the_library)
{
    struct vit_family public = { .size = sizeof public };
    const struct family *family;
    size_t entries = 0;

    for (size_t i = 0; (family = family_at(i)); i++) {
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(family_at(k)->id, family->id, "ids are unique");
        for (size_t j = 0; j == 0 || (j < 2 && family->model_types[j]); j++) {
            cr_assert(vit_family_at(entries++, &public));
            cr_assert_str_eq(public.id, family->id);
            cr_assert_str_eq(public.title, family->title);
            cr_assert_eq(public.model_type, family->model_types[j]);
            count_checks(4);
        }
    }
    cr_assert_not(vit_family_at(entries, &public));
    count_checks(1);
}

/* Expects that a config.json of the model_type may have the field. */
static void expect_known_field(const char *model_type, const char *field)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };
    char text[160];

    snprintf(text, sizeof text, "{\"%s\":null,\"model_type\":\"%s\"}", field, model_type);
    const struct config_files files = { .config = { "config.json", text, strlen(text) } };
    cr_assert_neq(parse_config(&files, NULL, &parsed, &err), VIT_OK);
    cr_assert_null(strstr(err.message, "unknown field"), "%s: %s", model_type, err.message);
    count_checks(2);
}

/* The next `name` in backticks; NULL at the end of the line. */
static const char *next_name(const char **line, char name[64])
{
    const char *const begin = strchr(*line, '`');
    const char *const end = begin ? strchr(begin + 1, '`') : NULL;

    if (!end || end - begin > 64)
        return NULL;
    snprintf(name, 64, "%.*s", (int)(end - begin - 1), begin + 1);
    *line = end + 1;
    return name;
}

Test(docs, the_fields_of_libvits_own_config_json_exist)
{
    FILE *const file = fopen("docs/models.md", "r");
    char line[1024], model_type[64], field[64];
    bool here = false;
    size_t fields = 0;

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file)) {
        const char *rest = line;
        if (line[0] == '#')
            here = strstr(line, "libvit's own config.json") != NULL;
        if (!here || strncmp(line, "| `", 3) != 0 || strncmp(line, "| `model_type`", 14) == 0)
            continue;
        cr_assert(next_name(&rest, model_type));
        for (; next_name(&rest, field); fields++)
            expect_known_field(model_type, field);
    }
    fclose(file);
    cr_assert_geq(fields, 40);
    count_checks(1);
}

/* Replaces the #s of a pattern: patches of 16, images of 224. */
static void fill_in(const char *pattern, char name[128])
{
    const bool both = strchr(pattern, '#') != strrchr(pattern, '#');
    size_t length = 0, numbers = 0;

    for (const char *c = pattern; *c && length < 120; c++) {
        if (*c != '#')
            name[length++] = *c;
        else
            length += (size_t)sprintf(name + length, both && numbers++ == 0 ? "16" : "224");
    }
    name[length] = '\0';
}

/* How the page describes what differs from the paper's architecture. */
static void describe(const struct vit_config *c, char text[256])
{
    const bool alone = c->class_tokens == VIT_CLASS_TOKENS_NONE && c->registers == 0;
    const struct {
        bool holds;
        const char *words;
    } traits[] = {
        { c->class_tokens == VIT_CLASS_TOKENS_NONE, "no class token" },
        { c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION, "distillation token" },
        { c->registers == 1, "1 register" },
        { c->registers == 4, "4 registers" },
        { c->pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES && !alone,
          "positions for patches only" },
        { c->pre_norm, "LayerNorm before the blocks" },
        { c->pos_embed == VIT_POS_EMBED_NONE, "no position embeddings" },
        { c->rotary == VIT_ROTARY_CENTERS, "rotary positions of centers" },
        { c->rotary == VIT_ROTARY_INDICES, "rotary positions of indices" },
        { c->rotary == VIT_ROTARY_LEARNED, "learned rotary positions" },
        { c->relative_bias != VIT_RELATIVE_BIAS_NONE, "relative position bias" },
        { c->no_qkv_bias, "no qkv bias" },
        { c->no_key_bias, "no key bias" },
        { c->attention_norm, "norm of the heads" },
        { c->mlp_norm, "norm within the MLP" },
        { c->layer_scale, "layer scale" },
        { c->gated_mlp, "SwiGLU" },
        { c->activation == VIT_ACTIVATION_GELU_QUICK, "quick GELU" },
        { c->activation == VIT_ACTIVATION_GELU_TANH, "tanh GELU" },
        { c->pool == VIT_POOL_MEAN, "mean pooling of patches" },
        { c->pool == VIT_POOL_MAP || c->pool == VIT_POOL_MAP_ALL, "attention pooling" },
        { c->final_norm == VIT_FINAL_NORM_POOLED, "final norm after pooling" },
        { c->final_norm == VIT_FINAL_NORM_NONE, "no final norm" },
    };

    *text = '\0';
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        if (traits[i].holds)
            strcat(strcat(text, *text ? ", " : ""), traits[i].words);
}

Test(docs, the_page_lists_the_architectures_of_the_library)
{
    const char *pattern;
    struct row row;
    size_t i = 0;

    for (; (pattern = vit_architecture_at(i)); i++) {
        struct vit_config c = { .size = sizeof c };
        struct vit_error err;
        char name[128], traits[256];
        cr_assert(find_row("Architectures", i, &row), "docs/models.md lacks %s", pattern);
        cr_assert_str_eq(row.cells[0], pattern);
        fill_in(pattern, name);
        cr_assert_eq(vit_config_from_name(name, &c, &err), VIT_OK, "%s", err.message);
        const size_t numbers[] = { c.dim, c.depth, c.heads, c.mlp_dim };
        for (size_t j = 0; j < 4; j++)
            cr_assert_eq(strtoul(row.cells[j + 1], NULL, 10), numbers[j], "%s: %s, expected %zu",
                         name, row.cells[j + 1], numbers[j]);
        describe(&c, traits);
        cr_assert_str_eq(row.cells[5], traits, "%s: \"%s\", expected \"%s\"", name, row.cells[5],
                         traits);
    }
    cr_assert_not(find_row("Architectures", i, &row),
                  "docs/models.md: expected an architecture, found %s", row.cells[0]);
    count_checks(6 * i + 1);
}
