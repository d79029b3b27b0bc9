/* new_tensors.c - the tensors that a new checkpoint must have, from its config.json alone */
#include "checkpoint/new_tensors.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint/parse_config.h"
#include "files/fail_file.h"

/* The configuration of a family that config.json describes without the weights. */
static enum vit_status read_config(const char *path, struct parsed_config *parsed,
                                   struct vit_error *err)
{
    struct config_files files = { .config = { .path = path } };
    struct text_file text = { .text = NULL };
    struct input_file file;
    enum vit_status status = file_open(path, &file, err);

    if (status)
        return status;
    status = file_read_text(&file, CONFIG_MAX_BYTES, &text, err);
    file_close(&file);
    if (status)
        return status;
    files.config.text = text.text;
    files.config.bytes = text.bytes;
    if (!(status = parse_config(&files, NULL, parsed, err))) {
        labels_free(&parsed->labels);
        if (parsed->family->names != &names_series)
            status = fail_file(err, VIT_EUNSUPPORTED, path,
                               "expected a model of family series, model_type \"series_vit\" or "
                               "\"series_t2t_vit\", found family %s",
                               parsed->family->id);
    }
    text_file_free(&text);
    return status;
}

/* 0: once, 1: per token transformer, 2: per block */
static int group_of(const struct tensor_rule *rule)
{
    return rule->slot < SLOT_FIRST_OF_STAGE ? 0 : rule->slot < SLOT_FIRST_OF_BLOCK ? 1 : 2;
}

/* Appends the tensor of a rule, if the model has it. */
static void add(struct new_tensors *list, const struct tensor_rule *rule, size_t index)
{
    const struct vit_config *const c = &list->config;
    /* as the modules call the encoder, in the ViT and in the T2T-ViT */
    const char *const prefix = names_series.prefixes[c->tokenizer != VIT_TOKENIZER_PATCH];

    if (!rule_applies(rule, config_traits(c)))
        return;
    names_make(rule, prefix, c, index, &list->tensors[list->count]);
    list->places[list->count++] = (struct tensor_place){ rule->slot, index };
}

/* Rules from `first` on that exist equally often: all of one block, then all of the next. */
static size_t add_group(struct new_tensors *list, size_t first)
{
    const struct tensor_rule *const rules = names_series.rules;
    size_t end = first;

    while (end < names_series.count && group_of(&rules[end]) == group_of(&rules[first]))
        end++;
    const size_t copies = slots_copies(rules[first].slot, &list->config);
    for (size_t index = 0; index < copies; index++)
        for (size_t i = first; i < end; i++)
            add(list, &rules[i], index);
    return end;
}

enum vit_status new_tensors_list(const char *config_path, struct new_tensors *list,
                                 struct vit_error *err)
{
    struct parsed_config *const parsed = malloc(sizeof *parsed);
    enum vit_status status;

    *list = (struct new_tensors){ .count = 0 };
    if (!parsed)
        return fail_no_memory(err, config_path);
    if ((status = read_config(config_path, parsed, err)))
        goto free_parsed;
    list->config = parsed->config;
    const size_t most = slots_count(&list->config);
    list->tensors = calloc(most, sizeof *list->tensors);
    list->places = calloc(most, sizeof *list->places);
    if (!list->tensors || !list->places) {
        status = fail_no_memory(err, config_path);
        goto free_parsed;
    }
    for (size_t i = 0; i < names_series.count;)
        i = add_group(list, i);

free_parsed:
    free(parsed);
    return status;
}

void new_tensors_free(struct new_tensors *list)
{
    free(list->places);
    free(list->tensors);
    *list = (struct new_tensors){ .count = 0 };
}
