/* test_docs.c - docs/models.md against the tables that the library goes by */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/tensor_names.h"
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
        found = here && strncmp(line, "| `", 3) == 0 && strncmp(line, "| `model_type", 13) != 0 &&
                i-- == 0;
    }
    fclose(file);
    if (found)
        read_cells(line, row);
    return found;
}

/* The order is the library's too: what `vit info --models` prints is what the page shows. */
Test(docs, families_are_those_of_the_library)
{
    const char *name, *model_type;
    struct row row;
    size_t i = 0;

    for (; (name = vit_family_at(i, &model_type)); i++) {
        cr_assert(find_row("Families", i, &row), "docs/models.md has no row for %s, %s", name,
                  model_type ? model_type : "without a model_type");
        cr_assert_str_eq(row.cells[0], name, "family %zu is %s there, %s here", i, row.cells[0],
                         name);
        if (model_type)
            cr_assert_str_eq(row.cells[1], model_type);
        else
            cr_assert_eq(strncmp(row.cells[1], "none", 4), 0, "%s: %s", name, row.cells[1]);
        cr_assert_gt(strlen(row.cells[2]), 0);
        cr_assert_gt(strlen(row.cells[3]), 0);
    }
    cr_assert_not(find_row("Families", i, &row), "docs/models.md has %s, which is no family",
                  row.cells[0]);
    tally(4 * i + 1);
}

/* As the page says it; the families that compute their positions anew store none to resize. */
static const char *const resizings[] = {
    [RESIZE_NEVER] = "not resized",
    [RESIZE_BICUBIC_ANTIALIAS] = "bicubic, antialiased (a = −1/2)",
    [RESIZE_BICUBIC] = "bicubic (a = −3/4)",
    [RESIZE_BILINEAR] = "bilinear",
    [RESIZE_BILINEAR_CORNERS] = "bilinear, corners stay corners",
};

Test(docs, positions_are_resized_as_the_page_says)
{
    static const struct name_family *const families[] = {
        &names_timm,    &names_google,      &names_series,
        &names_t2t,     &names_vit_pytorch, &names_simple_vit,
        &names_hf_vit,  &names_hf_dinov2,   &names_hf_dinov2_registers,
        &names_hf_clip, &names_hf_siglip,
    };
    struct row row;
    size_t rows = 0;

    for (size_t i = 0; find_row("Families", i, &row); i++)
        for (size_t j = 0; j < sizeof families / sizeof *families; j++) {
            const char *const resized = resizings[families[j]->resize], *said = row.cells[3];
            if (strcmp(row.cells[0], families[j]->name) != 0)
                continue;
            if (families[j]->resize == RESIZE_NEVER && strcmp(said, "computed anew") == 0)
                said = resized;
            cr_assert_str_eq(said, resized, "%s, %s: \"%s\", expected \"%s\"", row.cells[0],
                             row.cells[1], said, resized);
            rows++;
        }
    cr_assert_eq(rows, 15);
    tally(rows + 1);
}

/* A name that a pattern stands for: patches of 16, images of 224. */
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

/* What an architecture does otherwise than the paper's, as the table says it. */
static void otherwise(const struct vit_config *c, char text[256])
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
          "positions of patches alone" },
        { c->pre_norm, "LayerNorm before the blocks" },
        { c->no_qkv_bias, "no bias of q, k, v" },
        { c->layer_scale, "layer scale" },
        { c->gated_mlp, "SwiGLU" },
        { c->activation == VIT_ACTIVATION_GELU_QUICK, "quick GELU" },
        { c->activation == VIT_ACTIVATION_GELU_TANH, "tanh GELU" },
        { c->pool == VIT_POOL_MEAN, "mean of patches" },
        { c->pool == VIT_POOL_MAP, "pooled by attention" },
        { c->final_norm == VIT_FINAL_NORM_POOLED, "last norm after pooling" },
        { c->final_norm == VIT_FINAL_NORM_NONE, "no last norm" },
    };

    *text = '\0';
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        if (traits[i].holds)
            strcat(strcat(text, *text ? ", " : ""), traits[i].words);
}

Test(docs, architectures_are_those_of_the_library)
{
    const char *pattern;
    struct row row;
    size_t i = 0;

    for (; (pattern = vit_architecture_at(i)); i++) {
        struct vit_config c = { .size = sizeof c };
        struct vit_error err;
        char name[128], traits[256];
        cr_assert(find_row("Architectures", i, &row), "docs/models.md has no row for %s", pattern);
        cr_assert_str_eq(row.cells[0], pattern);
        fill_in(pattern, name);
        cr_assert_eq(vit_config_from_name(name, &c, &err), VIT_OK, "%s", err.message);
        const size_t numbers[] = { c.dim, c.depth, c.heads, c.mlp_dim };
        for (size_t j = 0; j < 4; j++)
            cr_assert_eq(strtoul(row.cells[j + 1], NULL, 10), numbers[j], "%s: %s, expected %zu",
                         name, row.cells[j + 1], numbers[j]);
        otherwise(&c, traits);
        cr_assert_str_eq(row.cells[5], traits, "%s: \"%s\", expected \"%s\"", name, row.cells[5],
                         traits);
    }
    cr_assert_not(find_row("Architectures", i, &row),
                  "docs/models.md has %s, which is no architecture", row.cells[0]);
    tally(6 * i + 1);
}
