/* describe.c - what a model computes, with which numbers, and what is known of them */
#include "tools/describe.h"

#include <math.h>
#include <string.h>

static double flops_of(const struct vit_config *config)
{
    double flops = 0;

    vit_config_flops(config, &flops, NULL); /* a model's configuration: it cannot fail */
    return flops;
}

static const char *const interpolations[] = {
    [VIT_INTERPOLATION_BICUBIC] = "bicubic", [VIT_INTERPOLATION_BILINEAR] = "bilinear"
};
static const char *const crop_modes[] = {
    [VIT_CROP_MODE_CENTER] = "center", [VIT_CROP_MODE_SQUASH] = "squash"
};

/* A word of a table; a later library may know more of them than this tool. */
#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "unknown")

/* The sizes that follow from a configuration and are none of its fields. */
struct sizes {
    size_t rows, columns; /* of the grid of patches */
    size_t tokens, embedding;
};

static struct sizes sizes_of(const struct vit_model *model)
{
    struct sizes s;
    size_t one, dim;

    vit_model_grid(model, &s.rows, &s.columns);
    vit_output_shape(model, VIT_OUTPUT_LAST_HIDDEN_STATE, 0, &s.tokens, &dim);
    vit_output_shape(model, VIT_OUTPUT_EMBEDDING, 0, &one, &s.embedding);
    return s;
}

/* The factor of Q·Kᵀ; 0 stands for the usual one. */
static double qk_scale(const struct vit_config *c)
{
    const size_t head_dim = c->head_dim > 0 ? c->head_dim : c->dim / c->heads;
    return c->qk_scale != 0 ? (double)c->qk_scale : 1 / sqrt((double)head_dim);
}

/* The value of the fact of that name, or null. */
static json_t *fact_json(const struct vit_model *model, const char *name)
{
    struct vit_config_entry fact = { .size = sizeof fact };

    for (size_t i = 0; vit_model_config_entry(model, i, &fact); i++)
        if (strcmp(fact.name, name) == 0)
            return json_string(fact.value);
    return json_null();
}

static size_t labels_of(const struct vit_model *model)
{
    const size_t classes = model_config(model).classes;
    size_t labels = 0;

    for (size_t i = 0; i < classes; i++)
        labels += vit_model_label(model, i) != NULL;
    return labels;
}

/* Sentence i on what the files leave open; NULL past the last. */
static const char *unknown(const struct vit_model *model, size_t i)
{
    const struct vit_config c = model_config(model);
    const struct {
        bool holds;
        const char *sentence;
    } sentences[] = {
        { c.classes == 0,
          "classes: the model has no head; vit features writes what one would see" },
        { c.classes > 0 && !vit_model_is_classifier(model),
          "classes: the head projects, and what it gives are no classes" },
        { vit_model_is_classifier(model) && labels_of(model) == 0,
          "labels: neither config.json nor labels.txt has any; classes are numbers" },
        { c.channels != 1 && c.channels != 3,
          "colours: how a picture becomes these channels; vit run takes inputs made elsewhere" },
    };

    for (size_t j = 0; j < sizeof sentences / sizeof *sentences; j++)
        if (sentences[j].holds && i-- == 0)
            return sentences[j].sentence;
    return NULL;
}

/* How many entries of a recipe's mean and std count. */
static size_t recipe_numbers(const struct vit_preprocess_config *r)
{
    return r->channels <= sizeof r->mean / sizeof *r->mean ? r->channels : 0;
}

/* What becomes of a picture's red, green and blue. */
static const char *colours(const struct vit_preprocess_config *r)
{
    return r->channels == 3 ? "rgb" : r->channels == 1 ? "luma" : "none";
}

static json_t *numbers_json(size_t count, const float *numbers)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        array = json_with(array, json_real((double)numbers[i]));
    return array;
}

static json_t *recipe_json(const struct vit_model *model)
{
    static const char *const fields[] = { "interpolation", "crop_mode", "crop_pct", "mean", "std" };
    const struct vit_preprocess_config r = model_preprocess_config(model);
    json_t *provenance = json_object();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        json_object_set_new(provenance, fields[i],
                            json_string(vit_model_preprocess_source(model, fields[i])));
    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:f, s:o, s:o, s:o}", "channels",
                     (json_int_t)r.channels, "height", (json_int_t)r.height, "width",
                     (json_int_t)r.width, "colours", colours(&r), "interpolation",
                     WORD(interpolations, r.interpolation), "crop_mode",
                     WORD(crop_modes, r.crop_mode), "crop_pct", r.crop_pct, "mean",
                     numbers_json(recipe_numbers(&r), r.mean), "std",
                     numbers_json(recipe_numbers(&r), r.std), "provenance", provenance);
}

static json_t *facts_json(const struct vit_model *model)
{
    json_t *facts = json_array();
    struct vit_config_entry fact = { .size = sizeof fact };

    for (size_t i = 0; vit_model_config_entry(model, i, &fact); i++)
        facts = json_with(facts, json_pack("{s:s, s:s, s:o}", "name", fact.name, "value",
                                           fact.value, "origin", json_text(fact.source)));
    return facts;
}

static json_t *tensors_json(const struct vit_model *model)
{
    json_t *tensors = json_array();
    struct vit_tensor_info t = { .size = sizeof t };

    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        json_t *shape = json_array();
        for (size_t j = 0; j < t.rank; j++)
            shape = json_with(shape, json_integer((json_int_t)t.shape[j]));
        tensors =
            json_with(tensors, json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_text(t.name),
                                         "file", json_text(t.file), "dtype", json_text(t.dtype),
                                         "shape", shape, "use", json_text(t.use)));
    }
    return tensors;
}

json_t *describe_model_json(const char *path, const struct vit_model *model)
{
    const struct vit_config c = model_config(model);
    const struct sizes s = sizes_of(model);
    const char *sentence;
    json_t *open = json_array();

    for (size_t i = 0; (sentence = unknown(model, i)); i++)
        open = json_with(open, json_string(sentence));
    json_t *const shape = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "channels",
        (json_int_t)c.channels, "height", (json_int_t)c.height, "width", (json_int_t)c.width,
        "patch", (json_int_t)c.patch, "dim", (json_int_t)c.dim, "depth", (json_int_t)c.depth,
        "heads", (json_int_t)c.heads, "mlp_dim", (json_int_t)c.mlp_dim, "classes",
        (json_int_t)c.classes, "rows", (json_int_t)s.rows, "columns", (json_int_t)s.columns,
        "tokens", (json_int_t)s.tokens, "embedding", (json_int_t)s.embedding);
    json_t *const arithmetic =
        json_pack("{s:f, s:o, s:f, s:o, s:o, s:b, s:b, s:b, s:f}", "eps", (double)c.eps,
                  "activation", fact_json(model, "activation"), "qk_scale", qk_scale(&c), "pooling",
                  fact_json(model, "pool"), "pos_embed", fact_json(model, "pos_embed"),
                  "no_qkv_bias", (int)c.no_qkv_bias, "layer_scale", (int)c.layer_scale,
                  "value_residual", (int)c.value_residual, "operations", flops_of(&c));
    return json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "path", json_text(path),
                     "family", vit_model_family(model), "parameters",
                     (json_int_t)vit_model_parameter_count(model), "labels",
                     (json_int_t)labels_of(model), "shape", shape, "arithmetic", arithmetic,
                     "preprocessing", recipe_json(model), "facts", facts_json(model), "unknown",
                     open, "tensors", tensors_json(model));
}

static void print_numbers(const struct vit_model *model, const char *name, size_t count,
                          const float *numbers)
{
    char text[80] = "none";
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%g", i ? ", " : "",
                                   (double)numbers[i]);
    printf("  %-22s %-22s %s\n", name, text, vit_model_preprocess_source(model, name));
}

static void print_recipe(const struct vit_model *model)
{
    const struct vit_preprocess_config r = model_preprocess_config(model);

    puts("\nPreprocessing, and where each part comes from:");
    printf("  %-22s %zu × %zu × %zu\n", "input", r.channels, r.height, r.width);
    printf("  %-22s %s%s\n", "colours", colours(&r),
           r.channels == 1 ? ": pictures turn grey, by ITU-R 601" : "");
    printf("  %-22s %-22s %s\n", "interpolation", WORD(interpolations, r.interpolation),
           vit_model_preprocess_source(model, "interpolation"));
    printf("  %-22s %-22s %s\n", "crop_mode", WORD(crop_modes, r.crop_mode),
           vit_model_preprocess_source(model, "crop_mode"));
    printf("  %-22s %-22g %s\n", "crop_pct", r.crop_pct,
           vit_model_preprocess_source(model, "crop_pct"));
    print_numbers(model, "mean", recipe_numbers(&r), r.mean);
    print_numbers(model, "std", recipe_numbers(&r), r.std);
}

/* What 0 stands for, where it is no number. */
static const char *meaning_of_zero(const struct vit_config_entry *fact)
{
    static const char *const meanings[][2] = {
        { "head_dim", ": dim/heads" },
        { "qk_scale", ": head_dim^-1/2" },
        { "pre_logits", ": none" },
        { "classes", ": no head" },
    };

    for (size_t i = 0; strcmp(fact->value, "0") == 0 && i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp(fact->name, meanings[i][0]) == 0)
            return meanings[i][1];
    return "";
}

static void print_facts(const struct vit_model *model)
{
    struct vit_config_entry fact = { .size = sizeof fact };
    char value[96];

    puts("\nArithmetic, and where each part comes from:");
    for (size_t i = 0; vit_model_config_entry(model, i, &fact); i++) {
        snprintf(value, sizeof value, "%s%s", fact.value, meaning_of_zero(&fact));
        printf("  %-22s %-22s ", fact.name, value);
        print_plain(stdout, fact.source);
        putchar('\n');
    }
}

/* How the list of tensors is laid out. */
struct columns {
    size_t name, dtype;
    bool files; /* there are several */
};

static struct columns lay_out(const struct vit_model *model)
{
    enum { MOST = 80 };
    struct columns columns = { 0 };
    struct vit_tensor_info first = { .size = sizeof first }, t = { .size = sizeof t };

    vit_model_tensor_at(model, 0, &first);
    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        const size_t name = strlen(t.name), dtype = strlen(t.dtype);
        columns.name = name > columns.name ? name : columns.name;
        columns.dtype = dtype > columns.dtype ? dtype : columns.dtype;
        columns.files = columns.files || strcmp(t.file, first.file) != 0;
    }
    if (columns.name > MOST)
        columns.name = MOST;
    return columns;
}

static void print_padded(const char *text, size_t column)
{
    const size_t length = strlen(text);

    print_plain(stdout, text);
    printf("%*s  ", (int)(length < column ? column - length : 0), "");
}

static void print_tensors(const struct vit_model *model)
{
    struct columns columns;
    struct vit_tensor_info t = { .size = sizeof t };

    if (!vit_model_tensor_at(model, 0, &t))
        return;
    columns = lay_out(model);
    puts("\nTensors, and what each is used as:");
    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        char shape[256] = "one"; /* number */
        size_t length = 0;
        for (size_t j = 0; j < t.rank && length < sizeof shape; j++)
            length += (size_t)snprintf(shape + length, sizeof shape - length, "%s%zu", j ? "x" : "",
                                       t.shape[j]);
        fputs("  ", stdout);
        print_padded(t.name, columns.name);
        print_padded(t.dtype, columns.dtype);
        printf("%-16s  %s", shape, t.use ? t.use : "passed over");
        if (columns.files) {
            fputs(", in ", stdout);
            print_plain(stdout, strrchr(t.file, '/') ? strrchr(t.file, '/') + 1 : t.file);
        }
        putchar('\n');
    }
}

void describe_model(const char *path, const struct vit_model *model)
{
    const struct vit_config c = model_config(model);
    const struct sizes s = sizes_of(model);
    const char *sentence;

    printf("\nModel: ");
    print_plain(stdout, path);
    printf("\n  %-22s %s\n", "names and arithmetic", vit_model_family(model));
    printf("  %-22s %zu\n", "parameters", vit_model_parameter_count(model));
    printf("  %-22s %.4g, 2 for each multiply-add of an image\n", "operations", flops_of(&c));
    printf("  %-22s %zu × %zu × %zu (channels, height, width)\n", "image", c.channels, c.height,
           c.width);
    printf("  %-22s %zu of %zu: %zu × %zu patches, and %zu before them\n", "tokens", s.tokens,
           c.dim, s.rows, s.columns, s.tokens - s.rows * s.columns);
    printf("  %-22s %zu, of %zu head%s and an MLP of %zu\n", "blocks", c.depth, c.heads,
           c.heads == 1 ? "" : "s", c.mlp_dim);
    printf("  %-22s %.9g%s\n", "attention scale", qk_scale(&c),
           c.qk_scale != 0 ? "" : " (head_dim^-1/2)");
    printf("  %-22s %zu\n", "embedding", s.embedding);
    printf("  %-22s %zu, %zu with a label\n", "classes", c.classes, labels_of(model));
    print_facts(model);
    print_recipe(model);
    if (unknown(model, 0))
        puts("\nUnknown:");
    for (size_t i = 0; (sentence = unknown(model, i)); i++)
        printf("  %s\n", sentence);
    print_tensors(model);
}
