/* json_parse.c - parses JSON with yajl into one block of memory */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"
#include "files/fail_file.h"
#include "files/json.h"
#include "files/json_keys.h"
#include "files/sanitize.h"

struct parser {
    jmp_buf no_memory;    /* where a failed allocation of yajl goes */
    struct block *blocks; /* yajl's memory */
    yajl_handle yajl;
    const char *text;
    char *copy; /* of the text, as yajl reads it: see hide_specials */
    size_t bytes;

    struct json *values; /* [capacity] */
    size_t count, capacity;
    struct json_place *order; /* the next free one */
    char *pool;               /* where the next string or number goes: never longer than the text */
    struct json *open;        /* the object or array being parsed, or NULL */
    size_t depth;
    size_t consumed; /* bytes of the text, up to a fault */
    char fault[232];
};

/* --- yajl's memory: it never checks an allocation, so one that fails leaves it by longjmp */

struct block {
    struct block *next, *previous;
};

static void *linked(struct parser *p, struct block *block)
{
    if (!block)
        longjmp(p->no_memory, 1);
    if (block->next)
        block->next->previous = block;
    if (block->previous)
        block->previous->next = block;
    else
        p->blocks = block;
    return block + 1;
}

static void *yajl_take(void *parser, size_t bytes)
{
    struct parser *const p = parser;
    struct block *const block = malloc(sizeof *block + bytes);

    if (block)
        *block = (struct block){ .next = p->blocks };
    return linked(p, block);
}

static void *yajl_resize(void *parser, void *memory, size_t bytes)
{
    struct block *const block = memory ? (struct block *)memory - 1 : NULL;

    return block ? linked(parser, realloc(block, sizeof *block + bytes)) : yajl_take(parser, bytes);
}

static void yajl_release(void *parser, void *memory)
{
    struct parser *const p = parser;

    if (!memory)
        return;
    struct block *const block = (struct block *)memory - 1;
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else
        p->blocks = block->next;
    free(block);
}

static void release_all(struct parser *p)
{
    for (struct block *block = p->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

/* --- values: what yajl calls; 0 stops it */

static int fault(struct parser *p, const char *text)
{
    snprintf(p->fault, sizeof p->fault, "%s", text);
    return 0;
}

static struct json *add(struct parser *p, enum json_type type)
{
    if (p->count == p->capacity) { /* count_values made room for all */
        fault(p, "expected fewer values");
        return NULL;
    }
    struct json *const value = &p->values[p->count++];
    *value = (struct json){ .type = type, .span = 1 };
    if (p->open && p->open->type == JSON_VALUE_ARRAY)
        p->open->count++;
    return value;
}

/* The text goes to the pool, with a NUL. */
static int add_text(struct parser *p, enum json_type type, const char *text, size_t bytes)
{
    struct json *const value = add(p, type);

    if (!value)
        return 0;
    value->at.text = memcpy(p->pool, text, bytes);
    value->count = (uint32_t)bytes;
    p->pool += bytes;
    *p->pool++ = '\0';
    return 1;
}

static int on_string(void *parser, const unsigned char *text, size_t bytes)
{
    unsigned code;

    for (size_t i = 0, character; i < bytes; i += character) {
        character = utf8_character(text + i, bytes - i, &code); /* yajl accepts more */
        if (character == 0 || code == 0)
            return fault(parser, character ? "expected no NUL character" : "expected UTF-8");
    }
    return add_text(parser, JSON_VALUE_STRING, (const char *)text, bytes);
}

static int on_key(void *parser, const unsigned char *text, size_t bytes)
{
    struct parser *const p = parser;

    p->open->count++;
    return on_string(p, text, bytes);
}

static int on_number(void *parser, const char *text, size_t bytes)
{
    struct parser *const p = parser;
    const bool real =
        memchr(text, '.', bytes) || memchr(text, 'e', bytes) || memchr(text, 'E', bytes);

    return add_text(p, real ? JSON_VALUE_REAL : JSON_VALUE_INTEGER, p->text + (text - p->copy),
                    bytes);
}

static int on_null(void *parser)
{
    return add(parser, JSON_VALUE_NULL) != NULL;
}

static int on_boolean(void *parser, int value)
{
    return add(parser, value ? JSON_VALUE_TRUE : JSON_VALUE_FALSE) != NULL;
}

static int open_container(struct parser *p, enum json_type type)
{
    if (p->depth == JSON_MAX_DEPTH) {
        snprintf(p->fault, sizeof p->fault, "expected at most %d levels of nesting",
                 JSON_MAX_DEPTH);
        return 0;
    }
    struct json *const value = add(p, type);
    if (!value)
        return 0;
    value->at.parent = p->open;
    p->open = value;
    p->depth++;
    return 1;
}

static int on_object(void *parser)
{
    return open_container(parser, JSON_VALUE_OBJECT);
}

static int on_array(void *parser)
{
    return open_container(parser, JSON_VALUE_ARRAY);
}

static struct json *close_container(struct parser *p)
{
    struct json *const value = p->open;

    p->open = value->at.parent;
    p->depth--;
    value->span = (uint32_t)(&p->values[p->count] - value) & 0x1fffffff;
    return value;
}

static int on_array_end(void *parser)
{
    close_container(parser);
    return 1;
}

static int compare_keys(const void *a, const void *b)
{
    const struct json_place *const x = a, *const y = b;
    const struct json_key first = { x->hash, x->key->at.text, x->key->count };
    const struct json_key second = { y->hash, y->key->at.text, y->key->count };

    return json_key_compare(&first, &second);
}

/* Sorts the keys of an object that is complete; each must stand once. */
static int on_object_end(void *parser)
{
    struct parser *const p = parser;
    struct json *const object = close_container(p);
    const struct json *key = object + 1;
    struct json_place *const order = p->order;

    for (size_t i = 0; i < object->count; i++, key += 1 + key[1].span)
        order[i] = (struct json_place){ json_key(key->at.text, key->count).hash, key };
    qsort(order, object->count, sizeof *order, compare_keys);
    for (size_t i = 1; i < object->count; i++)
        if (compare_keys(&order[i - 1], &order[i]) == 0) {
            snprintf(p->fault, sizeof p->fault, "duplicate key \"%s\" in the object that ends here",
                     sanitize_name(order[i].key->at.text).text);
            return 0;
        }
    p->order += object->count;
    object->at.order = order;
    return 1;
}

/* --- the text */

static bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '+' || c == '-';
}

/*
 * yajl does not know the numbers NaN, Infinity and -Infinity, which Python's json writes: a copy of
 * the text has zeros of the same length in their place. on_number reads the text itself.
 */
static void hide_specials(char *copy, size_t bytes)
{
    static const struct {
        const char *word, *zero;
    } specials[] = { { "NaN", "0.0" }, { "Infinity", "0.000000" }, { "-Infinity", "-0.000000" } };
    bool in_string = false;

    for (size_t i = 0; i < bytes; i++) {
        if (copy[i] == '"')
            in_string = !in_string;
        else if (copy[i] == '\\' && in_string)
            i++;
        if (in_string || (copy[i] != 'N' && copy[i] != 'I' && copy[i] != '-'))
            continue;
        for (size_t s = 0; s < 3; s++) {
            const size_t length = strlen(specials[s].word);
            if (bytes - i >= length && memcmp(copy + i, specials[s].word, length) == 0 &&
                (i == 0 || !in_word(copy[i - 1])) &&
                (bytes - i == length || !in_word(copy[i + length])))
                memcpy(copy + i, specials[s].zero, length);
        }
    }
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

/* False: p->fault has the reason, or is empty: no memory. */
static bool run_yajl(struct parser *p)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_boolean,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_object,
        .yajl_map_key = on_key,
        .yajl_end_map = on_object_end,
        .yajl_start_array = on_array,
        .yajl_end_array = on_array_end,
    };
    yajl_alloc_funcs memory = { yajl_take, yajl_resize, yajl_release, p };

    if (setjmp(p->no_memory)) {
        *p->fault = '\0';
        return false;
    }
    p->yajl = yajl_alloc(&callbacks, &memory, p);
    yajl_status status = yajl_parse(p->yajl, (unsigned char *)p->copy, p->bytes + 1);
    p->consumed = yajl_get_bytes_consumed(p->yajl);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(p->yajl);
    if (status == yajl_status_error) {
        fault(p, (char *)yajl_get_error(p->yajl, 0, NULL, 0));
        p->fault[strcspn(p->fault, "\n")] = '\0';
    }
    return status == yajl_status_ok;
}

/* Where yajl stopped: the line and the column, from 1; columns count bytes. */
static void find_place(const struct parser *p, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i + 1 < p->consumed; i++) {
        *column = p->text[i] == '\n' ? 1 : *column + 1;
        *line += p->text[i] == '\n';
    }
}

static enum vit_status parse(struct parser *p, const char *path, const char *where,
                             struct vit_error *err)
{
    size_t line, column;

    memcpy(p->copy, p->text, p->bytes);
    p->copy[p->bytes] = '\n'; /* ends a number that ends the text */
    hide_specials(p->copy, p->bytes);
    if (run_yajl(p))
        return VIT_OK;
    if (!*p->fault)
        return fail_no_memory(err, path);
    find_place(p, &line, &column);
    return fail_file(err, VIT_EFORMAT, path,
                     "%sexpected JSON, found an error at line %zu, column %zu: %s", where, line,
                     column, p->fault);
}

/* One allocation holds the values, the orders of the objects' keys, and the text. */
enum vit_status json_parse(const char *path, const char *where, const char *text, size_t bytes,
                           struct json **root, struct vit_error *err)
{
    struct parser p = { .text = text, .bytes = bytes };
    enum vit_status status;
    size_t keys;

    if (bytes > JSON_MAX_BYTES)
        return fail_file(err, VIT_EFORMAT, path, "%sexpected at most %d bytes of JSON, found %zu",
                         where, JSON_MAX_BYTES, bytes);
    count_values(text, bytes, &p.capacity, &keys);
    p.values = malloc(p.capacity * sizeof *p.values + keys * sizeof *p.order + bytes + 2);
    p.copy = malloc(bytes + 1);
    if (p.values && p.copy) {
        p.order = (struct json_place *)(p.values + p.capacity);
        p.pool = (char *)(p.order + keys);
        status = parse(&p, path, where, err);
    } else {
        status = fail_no_memory(err, path);
    }
    release_all(&p);
    free(p.copy);
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
