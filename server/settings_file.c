/* settings_file.c - serve.json: the settings of one model, beside its checkpoint */
#include "server/settings_file.h"

#include <jansson.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/files.h"
#include "server/stats.h"
#include "vit/inspect.h"

/* A key of the file: its path, the type of its value, the field that it sets. */
static const struct row {
    const char *object, *key; /* object NULL: the file itself */
    char type;                /* 'z' size_t, 'u' uint64_t, 's' string, 'd' delay or reject,
                                 'n' a flag that the field negates, 'p' precision */
    size_t field;
    double max;
} rows[] = {
    { NULL, "max_batch_size", 'z', offsetof(struct settings, max_batch), MAX_BATCH },
    { NULL, "instances", 'z', offsetof(struct settings, instances), 256 },
    { NULL, "threads", 'z', offsetof(struct settings, threads), 1024 },
    { NULL, "precision", 'p', offsetof(struct settings, precision), 0 },
    { NULL, "keep", 's', offsetof(struct settings, keep), 0 },
    { NULL, "isa", 's', offsetof(struct settings, isa), 0 },
    { NULL, "packed", 's', offsetof(struct settings, packed), 0 },
    { NULL, "height", 'z', offsetof(struct settings, height), 65536 },
    { NULL, "width", 'z', offsetof(struct settings, width), 65536 },
    { "dynamic_batching", "max_queue_delay_microseconds", 'u', offsetof(struct settings, delay_us),
      1e9 },
    { "dynamic_batching", "priority_levels", 'z', offsetof(struct settings, priorities),
      MAX_PRIORITIES },
    { "dynamic_batching", "default_priority_level", 'z',
      offsetof(struct settings, default_priority), MAX_PRIORITIES },
    { "default_queue_policy", "timeout_action", 'd', offsetof(struct settings, timeout_delays), 0 },
    { "default_queue_policy", "default_timeout_microseconds", 'u',
      offsetof(struct settings, timeout_us), 1e12 },
    { "default_queue_policy", "allow_timeout_override", 'n', offsetof(struct settings, no_override),
      0 },
    { "default_queue_policy", "max_queue_size", 'z', offsetof(struct settings, queue_limit), 1e9 },
};

/* Strings of files that are read again and again: each distinct one is kept once. */
static const char *keep_string(const char *text)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct kept {
        struct kept *next;
        char text[];
    } * all;
    struct kept *k;

    pthread_mutex_lock(&lock);
    for (k = all; k && strcmp(k->text, text) != 0; k = k->next)
        ;
    if (!k && (k = malloc(sizeof *k + strlen(text) + 1)) != NULL) {
        memcpy(k->text, text, strlen(text) + 1);
        k->next = all;
        all = k;
    }
    pthread_mutex_unlock(&lock);
    return k ? k->text : NULL;
}

static bool set_number(const struct row *row, const json_t *value, void *field)
{
    const double number = json_number_value(value);

    if (!json_is_integer(value) || number < 0 || number > row->max)
        return false;
    if (row->type == 'z')
        *(size_t *)field = (size_t)json_integer_value(value);
    else
        *(uint64_t *)field = (uint64_t)json_integer_value(value);
    return true;
}

bool settings_precision(const char *name, int *field)
{
    for (int i = 0; vit_value_name("precision", i); i++)
        if (strcmp(vit_value_name("precision", i), name) == 0) {
            *field = i;
            return true;
        }
    return false;
}

static bool set_value(const struct row *row, const json_t *value, struct settings *settings)
{
    void *const field = (char *)settings + row->field;
    const char *const text = json_string_value(value);

    switch (row->type) {
    case 's':
        return text && (*(const char **)field = keep_string(text)) != NULL;
    case 'p':
        return text && settings_precision(text, field);
    case 'd':
        *(bool *)field = text && strcmp(text, "DELAY") == 0;
        return text && (*(bool *)field || strcmp(text, "REJECT") == 0);
    case 'n':
        *(bool *)field = !json_is_true(value);
        return json_is_boolean(value);
    default:
        return set_number(row, value, field);
    }
}

static bool is_object_of_rows(const char *key)
{
    return strcmp(key, "dynamic_batching") == 0 || strcmp(key, "default_queue_policy") == 0;
}

/* The levels of this file are at most three: the file, dynamic_batching, default_queue_policy. */
static bool read_object(const char *path, const char *name, const json_t *object,
                        struct settings *settings, struct failure *f)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)object, key, value) {
        const struct row *row = NULL;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (strcmp(rows[i].key, key) == 0 &&
                (name ? rows[i].object && strcmp(rows[i].object, name) == 0 : !rows[i].object))
                row = &rows[i];
        if (!row && is_object_of_rows(key) && json_is_object(value)) {
            if (!read_object(path, key, value, settings, f))
                return false;
        } else if (!row)
            return fail(f, 400, "%.300s: expected a key of docs/server.md, found '%.64s'", path,
                        key);
        else if (!set_value(row, value, settings)) {
            char *const found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            fail(f, 400, "%.300s: %s: expected a value of docs/server.md, found %.64s", path, key,
                 found ? found : "another");
            free(found);
            return false;
        }
    }
    return true;
}

static bool read_text(const char *path, const char *text, size_t size, struct settings *settings,
                      struct failure *f)
{
    json_error_t error;
    json_t *const root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    bool ok;

    if (!json_is_object(root))
        ok = fail(f, 400, "%.300s: expected an object, found %s", path,
                  root ? "another value" : error.text);
    else
        ok = read_object(path, NULL, root, settings, f) && settings_check(path, settings, f);
    json_decref(root);
    return ok;
}

bool settings_read(const char *directory, struct settings *settings, struct failure *f)
{
    char path[4096];
    struct buffer text = { 0 };

    if ((size_t)snprintf(path, sizeof path, "%s/serve.json", directory) >= sizeof path)
        return fail(f, 400, "serve.json: expected a path below %zu bytes", sizeof path);
    struct failure unread;
    bool ok = true;
    if (file_text(path, &text, &unread))
        ok = read_text(path, text.data ? text.data : "", text.size, settings, f);
    else if (unread.http != 404)
        ok = fail(f, unread.http, "%s", unread.message);
    buffer_free(&text);
    return ok;
}

bool settings_check(const char *where, const struct settings *s, struct failure *f)
{
    if (s->max_batch == 0 || s->instances == 0)
        return fail(f, 400, "%s: expected at least 1 image in a batch and 1 context, found 0",
                    where);
    if (s->priorities && (s->default_priority == 0 || s->default_priority > s->priorities))
        return fail(f, 400, "%s: default_priority_level: expected 1 to %zu, found %zu", where,
                    s->priorities, s->default_priority);
    return true;
}
