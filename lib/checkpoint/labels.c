/* labels.c - the names of a model's classes */
#include "checkpoint/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

static enum vit_status check_count(const char *path, const char *prefix, size_t found,
                                   size_t classes, struct vit_error *err)
{
    if (found == classes)
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, path, "%sexpected %zu label%s, one per class, found %zu",
                     prefix, classes, classes == 1 ? "" : "s", found);
}

static enum vit_status append(const char *path, const char *text, size_t length,
                              struct labels *labels, struct vit_error *err)
{
    char *label = malloc(length + 1);

    if (!label)
        return fail_no_memory(err, path);
    memcpy(label, text, length);
    label[length] = '\0';
    labels->text[labels->count++] = label;
    return VIT_OK;
}

/* A label: a string, or a number as the file has it; null is a class without a label. */
static enum vit_status append_json(const char *path, const char *key, const struct json *label,
                                   struct labels *labels, struct vit_error *err)
{
    const char *text = json_text(label);
    char number[64];

    if (json_is_null(label)) {
        labels->text[labels->count++] = NULL;
        return VIT_OK;
    }
    if (json_is_number(label) && json_print(label, sizeof number, number))
        text = number;
    if (text)
        return append(path, text, strlen(text), labels, err);
    return fail_file(err, VIT_EFORMAT, path, "%s: expected a string, a number or null, found %s",
                     key, json_kind(label));
}

/* timm: "can be a dict id: name if there are id gaps"; a class that it lacks has no label. */
static enum vit_status check_keys(const char *path, const char *field, const struct json *object,
                                  size_t classes, struct vit_error *err)
{
    size_t left = json_members(object);
    const char *name;
    const struct json *label;
    char key[24];

    for (size_t i = 0; i < classes && left > 0; i++) {
        snprintf(key, sizeof key, "%zu", i);
        left -= json_member(object, key) != NULL;
    }
    if (left == 0)
        return VIT_OK;
    json_each_member(object, name, label)
    {
        char *end;
        const unsigned long long i = strtoull(name, &end, 10);
        snprintf(key, sizeof key, "%llu", i);
        if (i >= classes || strcmp(key, name) != 0)
            return fail_file(err, VIT_EFORMAT, path,
                             "%s: expected numbers of classes from 0 to %zu, found \"%s\"", field,
                             classes - 1, sanitize_name(name).text);
    }
    return VIT_OK;
}

enum vit_status labels_parse_json(const char *path, const char *field, const struct json *list,
                                  size_t classes, struct labels *labels, struct vit_error *err)
{
    const bool array = json_is_array(list);
    const size_t count = array ? json_elements(list) : json_members(list);
    const struct json *label = NULL;
    char key[48];
    enum vit_status status;

    *labels = (struct labels){ 0 };
    if (!list || json_is_null(list))
        return VIT_OK;
    if (!json_is_object(list) && !array)
        return fail_file(err, VIT_EFORMAT, path, "%s: expected an object or an array, found %s",
                         field, json_kind(list));
    if (count == 0)
        return VIT_OK;
    snprintf(key, sizeof key, "%s: ", field);
    status = array ? check_count(path, key, count, classes, err)
                   : check_keys(path, field, list, classes, err);
    if (status)
        return status;
    labels->text = calloc(classes, sizeof *labels->text);
    if (!labels->text)
        return fail_no_memory(err, path);
    for (size_t i = 0; !status && i < classes; i++) {
        snprintf(key, sizeof key, "%zu", i);
        label = array ? json_next_element(list, label) : json_member(list, key);
        snprintf(key, sizeof key, "%s.%zu", field, i);
        if (label)
            status = append_json(path, key, label, labels, err);
        else
            labels->text[labels->count++] = NULL;
    }
    if (status)
        labels_free(labels);
    return status;
}

enum vit_status labels_describe(const char *path, const char *field, const struct json *object,
                                struct labels *labels, struct vit_error *err)
{
    if (!object || json_is_null(object) || labels->count == 0)
        return VIT_OK;
    if (!json_is_object(object))
        return fail_file(err, VIT_EFORMAT, path, "%s: expected an object, found %s", field,
                         json_kind(object));
    labels->description = calloc(labels->count, sizeof *labels->description);
    if (!labels->description)
        return fail_no_memory(err, path);
    for (size_t i = 0; i < labels->count; i++) {
        const struct json *const found =
            labels->text[i] ? json_member(object, labels->text[i]) : NULL;
        if (found && !json_is_null(found) && !json_text(found))
            return fail_file(err, VIT_EFORMAT, path, "%s.%s: expected a string, found %s", field,
                             sanitize_name(labels->text[i]).text, json_kind(found));
        if (json_text(found) && !(labels->description[i] = strdup(json_text(found))))
            return fail_no_memory(err, path);
    }
    return VIT_OK;
}

static size_t count_lines(const char *text, size_t bytes)
{
    size_t lines = bytes > 0 && text[bytes - 1] != '\n';

    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    return lines;
}

enum vit_status labels_parse_lines(const struct text_file *file, size_t classes,
                                   struct labels *labels, struct vit_error *err)
{
    const char *text = file->text;
    enum vit_status status;

    *labels = (struct labels){ 0 };
    if (!text)
        return VIT_OK;
    if (memchr(text, '\0', file->bytes))
        return fail_file(err, VIT_EFORMAT, file->path, "expected text, found a NUL byte");
    if ((status = check_count(file->path, "", count_lines(text, file->bytes), classes, err)))
        return status;
    labels->text = calloc(classes, sizeof *labels->text);
    if (!labels->text)
        return fail_no_memory(err, file->path);
    while (!status && labels->count < classes) {
        const size_t line = strcspn(text, "\n");
        const size_t length = line > 0 && text[line - 1] == '\r' ? line - 1 : line;
        status = append(file->path, text, length, labels, err);
        text += line + 1;
    }
    if (status)
        labels_free(labels);
    return status;
}

void labels_free(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        free(labels->text[i]);
        if (labels->description)
            free(labels->description[i]);
    }
    free(labels->description);
    free(labels->text);
    *labels = (struct labels){ 0 };
}
