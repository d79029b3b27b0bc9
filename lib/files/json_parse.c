/* json_parse.c - parsing JSON into one block of memory, without recursion */
#include <stdio.h>
#include <stdlib.h>

#include "files/fail_file.h"
#include "files/json.h"
#include "files/json_keys.h"
#include "files/json_scan.h"
#include "files/sanitize.h"

struct sorted_key {
    uint64_t hash;
    const struct json *value;
};

struct parser {
    struct json_scan scan;
    struct json *values;
    size_t count;
    uint32_t *order; /* the next free one */
    struct sorted_key
        *keys;         /* [the keys of the whole text]: scratch, to sort those of one object */
    struct json *open; /* the object or array being parsed, or NULL */
    size_t depth;
};

/* --- values */

/*
 * count_values made room. Before each value or key but the first is a byte that begins its
 * container or separates it from another; each also has a byte of its own, unless it is an open
 * container.
 */
static struct json *add(struct parser *p, enum json_type type)
{
    struct json *const value = &p->values[p->count++];

    *value = (struct json){ .type = type, .span = 1 };
    return value;
}

/* The first '"' was skipped. */
static bool parse_string(struct parser *p)
{
    struct json *const value = add(p, JSON_VALUE_STRING);

    value->at.text = p->scan.pool;
    if (!scan_string(&p->scan))
        return false;
    value->count = (uint32_t)(p->scan.pool - value->at.text - 1);
    return true;
}

static bool parse_number(struct parser *p)
{
    const char *const text = p->scan.pool;
    bool integer;

    if (!scan_number(&p->scan, &integer))
        return false;
    struct json *const value = add(p, integer ? JSON_VALUE_INTEGER : JSON_VALUE_REAL);
    value->at.text = text;
    value->count = (uint32_t)(p->scan.pool - text - 1);
    return true;
}

/* --- objects and arrays */

static bool open_container(struct parser *p, enum json_type type)
{
    if (p->depth == JSON_MAX_DEPTH) {
        char text[80];
        snprintf(text, sizeof text, "expected at most %d levels of nesting", JSON_MAX_DEPTH);
        return scan_fault(&p->scan, p->scan.at - 1, text);
    }
    struct json *const value = add(p, type);
    value->at.parent = p->open;
    p->open = value;
    p->depth++;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct sorted_key *const x = a, *const y = b;
    const struct json_key first = { x->hash, x->value->at.text, x->value->count };
    const struct json_key second = { y->hash, y->value->at.text, y->value->count };

    return json_key_compare(&first, &second);
}

/* Sorts the keys of an object that is complete; each must stand once. */
static bool close_object(struct parser *p, struct json *object)
{
    const struct json *key = object + 1;
    uint32_t *const order = p->order;
    char text[232];

    for (size_t i = 0; i < object->count; i++, key += 1 + key[1].span)
        p->keys[i] = (struct sorted_key){ json_key(key->at.text, key->count).hash, key };
    qsort(p->keys, object->count, sizeof *p->keys, compare_keys);
    for (size_t i = 0; i < object->count; i++) {
        if (i > 0 && compare_keys(&p->keys[i - 1], &p->keys[i]) == 0) {
            snprintf(text, sizeof text, "duplicate key \"%s\" in the object that ends here",
                     sanitize_name(p->keys[i].value->at.text).text);
            return scan_fault(&p->scan, p->scan.at - 1, text);
        }
        order[i] = (uint32_t)(p->keys[i].value - object);
    }
    p->order += object->count;
    object->at.order = order;
    return true;
}

static bool close_container(struct parser *p)
{
    struct json *const value = p->open;

    p->open = value->at.parent;
    p->depth--;
    value->span = (uint32_t)(&p->values[p->count] - value) & 0x1fffffff;
    return value->type == JSON_VALUE_ARRAY || close_object(p, value);
}

static bool parse_key(struct parser *p)
{
    scan_space(&p->scan);
    if (!scan_accept(&p->scan, '"'))
        return scan_expected(&p->scan, "a key in '\"'");
    if (!parse_string(p))
        return false;
    scan_space(&p->scan);
    return scan_accept(&p->scan, ':') || scan_expected(&p->scan, "':'");
}

/* A value, or the beginning of one; *complete: no value has to follow in it. */
static bool parse_value(struct parser *p, bool *complete)
{
    bool object;

    *complete = true;
    scan_space(&p->scan);
    if (scan_accept(&p->scan, '"'))
        return parse_string(p);
    if ((object = scan_accept(&p->scan, '{')) || scan_accept(&p->scan, '[')) {
        if (!open_container(p, object ? JSON_VALUE_OBJECT : JSON_VALUE_ARRAY))
            return false;
        scan_space(&p->scan);
        if (scan_accept(&p->scan, object ? '}' : ']'))
            return close_container(p);
        *complete = false;
        p->open->count = 1;
        return !object || parse_key(p);
    }
    if (scan_word(&p->scan, "true"))
        return add(p, JSON_VALUE_TRUE);
    if (scan_word(&p->scan, "false"))
        return add(p, JSON_VALUE_FALSE);
    if (scan_word(&p->scan, "null"))
        return add(p, JSON_VALUE_NULL);
    return p->scan.at < p->scan.end ? parse_number(p) : scan_expected(&p->scan, "a value");
}

/* After a value: the ends of what it completes; *complete: the outermost value is one of them. */
static bool parse_ends(struct parser *p, bool *complete)
{
    while (p->open) {
        const bool object = p->open->type == JSON_VALUE_OBJECT;
        scan_space(&p->scan);
        if (scan_accept(&p->scan, ',')) {
            p->open->count++;
            *complete = false;
            return !object || parse_key(p);
        }
        if (!scan_accept(&p->scan, object ? '}' : ']'))
            return scan_expected(&p->scan, object ? "',' or '}'" : "',' or ']'");
        if (!close_container(p))
            return false;
    }
    *complete = true;
    return true;
}

static bool parse_text(struct parser *p)
{
    bool complete = false;

    while (!complete)
        if (!parse_value(p, &complete) || (complete && !parse_ends(p, &complete)))
            return false;
    scan_space(&p->scan);
    return p->scan.at == p->scan.end || scan_expected(&p->scan, "the end");
}

/* At least as many values and keys as a text has, from the bytes that begin or separate them. */
static void count_values(const char *text, size_t bytes, size_t *values, size_t *keys)
{
    bool in_string = false;

    *values = 1;
    *keys = 0;
    for (size_t i = 0; i < bytes; i++) {
        const char c = text[i];
        if (c == '"')
            in_string = !in_string;
        else if (c == '\\' && in_string)
            i++;
        if (in_string)
            continue;
        *values += c == ',' || c == '[' || c == '{' || c == ':';
        *keys += c == ':';
    }
    if (*values > bytes / 2 + JSON_MAX_DEPTH + 2)
        *values = bytes / 2 + JSON_MAX_DEPTH + 2;
    if (*keys > bytes / 4) /* "":1, */
        *keys = bytes / 4 + 1;
}

/* One allocation holds the values, the orders of the objects' keys, and the text. */
enum vit_status json_parse(const char *path, const char *where, const char *text, size_t bytes,
                           struct json **root, struct vit_error *err)
{
    struct json_fault fault = { .line = 1, .column = 1 };
    struct parser p = { .scan = { text, text, text + bytes, NULL, &fault } };
    enum vit_status status = VIT_OK;
    size_t values, keys;

    if (bytes > JSON_MAX_BYTES)
        return fail_file(err, VIT_EFORMAT, path, "%sexpected at most %d bytes of JSON, found %zu",
                         where, JSON_MAX_BYTES, bytes);
    count_values(text, bytes, &values, &keys);
    p.values = malloc(values * sizeof *p.values + keys * sizeof *p.order + bytes + 2);
    p.keys = malloc((keys + 1) * sizeof *p.keys);
    if (!p.values || !p.keys) {
        status = fail_no_memory(err, path);
        goto free_keys;
    }
    p.order = (uint32_t *)(p.values + values);
    p.scan.pool = (char *)(p.order + keys);
    if (!parse_text(&p))
        status = fail_file(err, VIT_EFORMAT, path,
                           "%sexpected JSON, found an error at line %zu, column %zu: %s", where,
                           fault.line, fault.column, fault.text);

free_keys:
    free(p.keys);
    if (status)
        free(p.values);
    else
        *root = p.values;
    return status;
}

void json_free(struct json *root)
{
    free(root);
}
