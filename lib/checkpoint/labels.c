/* labels.c - what a model's classes are called */
#include "checkpoint/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/file.h"
#include "files/sanitize.h"

static enum vit_status wrong_count(const char *path, size_t found, size_t classes,
                                   struct vit_error *err)
{
    return fail(err, VIT_EFORMAT, "%s: %zu label%s, expected %zu, one for each class",
                sanitize_path(path).text, found, found == 1 ? "" : "s", classes);
}

static enum vit_status add(const char *path, const char *text, size_t length, struct labels *labels,
                           struct vit_error *err)
{
    char *label = malloc(length + 1);

    if (!label)
        return file_no_memory(path, err);
    memcpy(label, text, length);
    label[length] = '\0';
    labels->text[labels->count++] = label;
    return VIT_OK;
}

enum vit_status labels_parse(const char *path, const json_t *id2label, size_t classes,
                             struct labels *labels, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    *labels = (struct labels){ 0 };
    if (!id2label)
        return VIT_OK;
    if (!json_is_object(id2label))
        return fail(err, VIT_EFORMAT, "%s: id2label: expected an object", sanitize_path(path).text);
    if (json_object_size(id2label) != classes)
        return wrong_count(path, json_object_size(id2label), classes, err);
    labels->text = calloc(classes, sizeof *labels->text);
    if (!labels->text)
        return file_no_memory(path, err);
    for (size_t i = 0; !status && i < classes; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        const char *label = json_string_value(json_object_get(id2label, key));
        if (label)
            status = add(path, label, strlen(label), labels, err);
        else
            status = fail(err, VIT_EFORMAT, "%s: id2label: expected a string for \"%zu\"",
                          sanitize_path(path).text, i);
    }
    if (status)
        labels_free(labels);
    return status;
}

static size_t count_lines(const char *text, size_t bytes)
{
    size_t lines = bytes > 0 && text[bytes - 1] != '\n';

    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    return lines;
}

static enum vit_status split(const char *path, const char *text, size_t bytes, size_t classes,
                             struct labels *labels, struct vit_error *err)
{
    const size_t lines = count_lines(text, bytes);
    enum vit_status status = VIT_OK;

    if (memchr(text, '\0', bytes))
        return fail(err, VIT_EFORMAT, "%s: expected text, found a NUL byte",
                    sanitize_path(path).text);
    if (lines != classes)
        return wrong_count(path, lines, classes, err);
    labels->text = calloc(classes, sizeof *labels->text);
    if (!labels->text)
        return file_no_memory(path, err);
    while (!status && labels->count < classes) {
        const size_t line = strcspn(text, "\n");
        status = add(path, text, line > 0 && text[line - 1] == '\r' ? line - 1 : line, labels, err);
        text += line + 1;
    }
    if (status)
        labels_free(labels);
    return status;
}

enum vit_status labels_read(const char *path, size_t classes, struct labels *labels,
                            struct vit_error *err)
{
    char *text;
    size_t bytes;
    enum vit_status status = file_read_all(path, LABELS_MAX_BYTES, true, &text, &bytes, err);

    *labels = (struct labels){ 0 };
    if (!status && text)
        status = split(path, text, bytes, classes, labels, err);
    free(text);
    return status;
}

void labels_free(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        free(labels->text[i]);
    free(labels->text);
    *labels = (struct labels){ 0 };
}
