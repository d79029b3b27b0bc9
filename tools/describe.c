/* describe.c - what a model computes, as text or JSON: one walk over it, two printers */
#include "tools/describe.h"

#include <string.h>

#include "tools/layer_list.h"
#include "tools/tensor_list.h"

/* Where a list of {name, value, source} goes: to JSON, or to standard output as text. */
struct printer {
    bool json;
    json_t *list; /* NULL also: out of memory */
};

/* "bicubic", "12", "0.5, 0.5, 0.5" */
static void format_value(const json_t *value, char *text, size_t size)
{
    size_t length = 0, i;
    json_t *element;

    snprintf(text, size, "none");
    if (json_is_string(value))
        snprintf(text, size, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, size, "%g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
    json_array_foreach (value, i, element) {
        length += (size_t)snprintf(text + length, length < size ? size - length : 0, "%s%g",
                                   i ? ", " : "", json_number_value(element));
    }
}

/* Takes the value. `zero` is what a 0 means, or NULL; `source` may be NULL. */
static void print_entry(struct printer *p, const char *name, json_t *value, const char *zero,
                        const char *source)
{
    char text[160];

    if (p->json) {
        p->list = json_with(p->list, json_pack("{s:s, s:o, s:o}", "name", name, "value", value,
                                               "source", json_text(source)));
        return;
    }
    format_value(value, text, sizeof text);
    if (zero && strspn(text, "0, ") == strlen(text)) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, ": %s", zero);
    }
    printf(source ? "  %-22s %-22s " : "  %-22s %s", name, text);
    if (source)
        print_text(stdout, source);
    putchar('\n');
    json_decref(value);
}

static size_t count_labels(const struct session *s)
{
    size_t labels = 0;

    for (size_t i = 0; i < s->config.classes; i++)
        labels += vit_model_label(s->model, i) != NULL;
    return labels;
}

static json_t *size_json(size_t value)
{
    return json_integer((json_int_t)value);
}

/* What follows from the configuration and the files. */
static void print_summary(struct printer *p, const struct session *s)
{
    static const char *const scores[] = { [VIT_SCORES_SOFTMAX] = "softmax",
                                          [VIT_SCORES_SIGMOID] = "sigmoid",
                                          [VIT_SCORES_NONE] = "none: regression" };
    const char *const digest = vit_model_digest(s->model);
    size_t rows, columns, tokens, embedding;
    double flops = 0;

    vit_model_grid(s->model, &rows, &columns);
    vit_output_shape(s->model, VIT_OUTPUT_LAST_HIDDEN_STATE, 0, &tokens, NULL);
    vit_output_shape(s->model, VIT_OUTPUT_EMBEDDING, 0, NULL, &embedding);
    vit_config_flops(&s->config, &flops, NULL); /* a model's configuration is valid */

    print_entry(p, "family", json_text(vit_model_family(s->model)), NULL, NULL);
    print_entry(p, "parameters", size_json(vit_model_parameter_count(s->model)), NULL, NULL);
    print_entry(p, "precision",
                json_text(vit_value_name("precision", (int)vit_model_precision(s->model))), NULL,
                "--precision");
    print_entry(p, "linear_bytes", size_json(layers_bytes(s->model)), NULL,
                "of the packed weights of the linear layers");
    if (s->packed)
        print_entry(p, "packed", json_text(s->packed), NULL,
                    s->verified ? "SHA-256 of its data and of the files of weights verified"
                                : "--packed; not verified: --verify");
    if (digest)
        print_entry(p, "digest", json_text(digest), NULL, "of its files and their names");
    print_entry(p, "flops", json_real(flops), NULL, "per image; a multiply-add counts as 2");
    print_entry(p, "grid_rows", size_json(rows), NULL, "of patches");
    print_entry(p, "grid_columns", size_json(columns), NULL, NULL);
    print_entry(p, "tokens", size_json(tokens), NULL, "with class token and registers");
    print_entry(p, "embedding", size_json(embedding), "no pooling", "the input of the head");
    if (vit_model_is_classifier(s->model))
        print_entry(p, "scores", json_string(scores[vit_model_scores(s->model)]), NULL,
                    "how libvit classify presents logits");
    print_entry(p, "labels", size_json(count_labels(s)), NULL, "classes that have one");
}

static bool find_field(const char *name, struct vit_field *field)
{
    for (size_t i = 0; vit_config_field_at(i, field); i++)
        if (strcmp(field->name, name) == 0)
            return true;
    return false;
}

/* A field's value: a number, a flag, or in words. */
static json_t *field_json(const struct vit_config *config, const struct vit_field *field,
                          const char *words)
{
    double value;

    if (field->count != 1 || field->type == VIT_FIELD_ENUM ||
        vit_config_get(config, field->name, &value, NULL) != VIT_OK)
        return json_text(words);
    return field->type == VIT_FIELD_SIZE   ? json_integer((json_int_t)value)
           : field->type == VIT_FIELD_BOOL ? json_boolean(value != 0)
                                           : json_real(value);
}

static void print_config(struct printer *p, const struct session *s)
{
    struct vit_config_entry entry = { .size = sizeof entry };
    struct vit_field field = { .size = sizeof field };

    for (size_t i = 0; vit_model_config_entry(s->model, i, &entry); i++) {
        const bool known = find_field(entry.name, &field);
        print_entry(p, entry.name,
                    known ? field_json(&s->config, &field, entry.value) : json_text(entry.value),
                    known ? field.zero : NULL, entry.source);
    }
}

static json_t *numbers_json(size_t count, const float *numbers)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        array = json_with(array, json_real((double)numbers[i]));
    return array;
}

static void print_preprocess(struct printer *p, const struct session *s)
{
    const struct vit_preprocess_config *const c = &s->preprocess;
    const size_t numbers = c->channels <= 3 ? c->channels : 0;
    const char *const color = c->channels == 3 ? "rgb" : c->channels == 1 ? "luma" : "none";
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "interpolation", json_text(vit_value_name("interpolation", (int)c->interpolation)) },
        { "crop_mode", json_text(vit_value_name("crop_mode", (int)c->crop_mode)) },
        { "crop_pct", json_real(c->crop_pct) },
        { "exif_orientation", json_boolean(c->exif_orientation) },
        { "mean", numbers_json(numbers, c->mean) },
        { "std", numbers_json(numbers, c->std) },
    };

    print_entry(p, "color", json_text(color), NULL,
                c->channels == 1 ? "one channel: images become gray, by ITU-R 601" : NULL);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        print_entry(p, fields[i].name, fields[i].value, NULL,
                    vit_model_preprocess_source(s->model, fields[i].name));
}

/* Sentence i on a fact that the files lack; NULL past the last. */
static const char *unknown(const struct session *s, size_t i)
{
    const struct vit_config *const c = &s->config;
    const struct {
        bool holds;
        const char *sentence;
    } sentences[] = {
        { c->classes == 0,
          c->pool == VIT_POOL_NONE
              ? "classes: the model has neither pooling nor head; libvit run writes its tokens"
              : "classes: the model has no head; libvit features writes what a head would "
                "classify" },
        { c->classes > 0 && !vit_model_is_classifier(s->model),
          "classes: the head projects; its outputs are not classes" },
        { vit_model_is_classifier(s->model) && count_labels(s) == 0,
          "labels: found in neither config.json nor labels.txt; classes are numbers" },
        { (c->channels == 1 || c->channels == 3) && s->preprocess.std[0] == 0,
          "mean, std: found three for a model of one channel; libvit run takes normalized inputs" },
        { c->channels != 1 && c->channels != 3,
          "color: which channels the model expects; libvit run takes any input" },
    };

    for (size_t j = 0; j < sizeof sentences / sizeof *sentences; j++)
        if (sentences[j].holds && i-- == 0)
            return sentences[j].sentence;
    return NULL;
}

static json_t *print_unknown(const struct session *s, bool json)
{
    json_t *list = json ? json_array() : NULL;
    const char *sentence;

    if (!json && unknown(s, 0))
        puts("\nUnknown:");
    for (size_t i = 0; (sentence = unknown(s, i)); i++) {
        if (json)
            list = json_with(list, json_string(sentence));
        else
            printf("  %s\n", sentence);
    }
    return list;
}

static const struct {
    const char *key, *title;
    void (*print)(struct printer *p, const struct session *s);
} lists[] = {
    { "summary", "Summary:", print_summary },
    { "config", "Configuration, and the source of each value:", print_config },
    { "preprocess", "Preprocess config, and the source of each value:", print_preprocess },
};

enum { LISTS = sizeof lists / sizeof *lists };

void describe_model(const char *directory, const struct session *s)
{
    fputs("\nModel: ", stdout);
    print_text(stdout, directory);
    putchar('\n');
    for (size_t i = 0; i < LISTS; i++) {
        struct printer p = { .json = false };
        printf("\n%s\n", lists[i].title);
        lists[i].print(&p, s);
    }
    print_unknown(s, false);
    print_layers(s->model);
    print_tensors(s->model);
}

json_t *describe_model_json(const char *directory, const struct session *s)
{
    json_t *root = json_set(json_object(), "path", json_text(directory));

    for (size_t i = 0; i < LISTS; i++) {
        struct printer p = { .json = true, .list = json_array() };
        lists[i].print(&p, s);
        root = json_set(root, lists[i].key, p.list);
    }
    root = json_set(root, "unknown", print_unknown(s, true));
    root = json_set(root, "layers", layers_json(s->model));
    return json_set(root, "tensors", tensors_json(s->model));
}
