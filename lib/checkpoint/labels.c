/* labels.c - the names of a model's classes */
#include "checkpoint/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

/* A few bytes of text must not make a large table: 8 MiB, of the 64 that opening may take. */
enum { MAX_CLASSES_WITH_GAPS = 1 << 20 };

/* What a list has an entry of, and of what. */
struct list {
    const char *prefix, *what, *of;
};

static enum vit_status check_count(const char *path, struct list list, size_t found, size_t count,
                                   struct vit_error *err)
{
    if (found == count)
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, path, "%sexpected %zu %s%s, one per %s, found %zu",
                     list.prefix, count, list.what, count == 1 ? "" : "s", list.of, found);
}

static enum vit_status copy_label(const char *path, const char *text, size_t length, char **label,
                                  struct vit_error *err)
{
    *label = malloc(length + 1);
    if (!*label)
        return fail_no_memory(err, path);
    memcpy(*label, text, length);
    (*label)[length] = '\0';
    return VIT_OK;
}

/* A label: a string, or a number as the file has it; null is a class without a label. */
static enum vit_status parse_label(const char *path, const char *field, size_t class_index,
                                   const struct json *json, struct labels *labels,
                                   struct vit_error *err)
{
    const char *text = json_text(json);
    char number[64];

    if (json_is_null(json))
        return VIT_OK;
    if (json_is_number(json) && json_print(json, sizeof number, number))
        text = number;
    if (text)
        return copy_label(path, text, strlen(text), &labels->text[class_index], err);
    return fail_file(err, VIT_EFORMAT, path,
                     "%s.%zu: expected a string, a number or null, found %s", field, class_index,
                     json_kind(json));
}

static enum vit_status parse_array(const char *path, const char *field, const struct json *array,
                                   struct labels *labels, struct vit_error *err)
{
    const struct json *label;
    enum vit_status status = VIT_OK;
    size_t i = 0;

    json_each_element(array, label) if (!status) status =
        parse_label(path, field, i++, label, labels, err);
    return status;
}

/* timm: "can be a dict id: name if there are id gaps"; a class that it lacks has no label. */
static enum vit_status parse_object(const char *path, const char *field, const struct json *object,
                                    struct labels *labels, struct vit_error *err)
{
    const struct json *label;
    const char *key;
    enum vit_status status;

    json_each_member(object, key, label)
    {
        char number[24];
        const unsigned long long i = strtoull(key, NULL, 10);
        snprintf(number, sizeof number, "%llu", i);
        if (i >= labels->count || strcmp(key, number) != 0)
            return fail_file(err, VIT_EFORMAT, path,
                             "%s: expected numbers of classes from 0 to %zu, found \"%s\"", field,
                             labels->count - 1, sanitize_name(key).text);
        if ((status = parse_label(path, field, (size_t)i, label, labels, err)))
            return status;
    }
    return VIT_OK;
}

enum vit_status labels_parse_json(const char *path, const char *field, const struct json *list,
                                  size_t classes, struct labels *labels, struct vit_error *err)
{
    const bool array = json_is_array(list);
    const size_t count = array ? json_elements(list) : json_members(list);
    char prefix[48];
    enum vit_status status;

    *labels = (struct labels){ 0 };
    if (!list || json_is_null(list))
        return VIT_OK;
    if (!json_is_object(list) && !array)
        return fail_file(err, VIT_EFORMAT, path, "%s: expected an object or an array, found %s",
                         field, json_kind(list));
    if (count == 0)
        return VIT_OK;
    snprintf(prefix, sizeof prefix, "%s: ", field);
    if ((array || classes > MAX_CLASSES_WITH_GAPS) &&
        (status =
             check_count(path, (struct list){ prefix, "label", "class" }, count, classes, err)))
        return status;
    labels->text = calloc(classes, sizeof *labels->text);
    if (!labels->text)
        return fail_no_memory(err, path);
    labels->count = classes;
    status = array ? parse_array(path, field, list, labels, err)
                   : parse_object(path, field, list, labels, err);
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
    *labels = (struct labels){ 0 };
    return file->text ? lines_parse(file, classes, "label", "class", labels, err) : VIT_OK;
}

enum vit_status lines_parse(const struct text_file *file, size_t count, const char *what,
                            const char *of, struct labels *lines, struct vit_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as some editors write it */
    const char *text = file->text;
    enum vit_status status;

    *lines = (struct labels){ 0 };
    if (memchr(text, '\0', file->bytes))
        return fail_file(err, VIT_EFORMAT, file->path, "expected text, found a NUL byte");
    if ((status = check_count(file->path, (struct list){ "", what, of },
                              count_lines(text, file->bytes), count, err)))
        return status;
    lines->text = calloc(count, sizeof *lines->text);
    if (!lines->text)
        return fail_no_memory(err, file->path);
    if (strncmp(text, mark, strlen(mark)) == 0)
        text += strlen(mark);
    while (!status && lines->count < count) {
        const size_t line = strcspn(text, "\n");
        const size_t length = line > 0 && text[line - 1] == '\r' ? line - 1 : line;
        status = copy_label(file->path, text, length, &lines->text[lines->count++], err);
        text += line + 1;
    }
    if (status)
        labels_free(lines);
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
