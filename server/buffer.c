/* buffer.c - bytes that grow, and JSON that is written into them */
#include "server/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

void buffer_reserve(struct buffer *b, size_t size)
{
    if (b->failed || size < b->capacity)
        return;
    size_t capacity = b->capacity + b->capacity / 2;
    if (capacity <= size)
        capacity = size + 1;
    char *const data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return;
    }
    b->data = data;
    b->capacity = capacity;
}

void buffer_add(struct buffer *b, const void *data, size_t size)
{
    if (size > SIZE_MAX / 4 - b->size)
        b->failed = true;
    buffer_reserve(b, b->size + size);
    if (b->failed)
        return;
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void buffer_print(struct buffer *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    const int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    buffer_reserve(b, b->size + (size_t)size);
    if (!b->failed) {
        vsnprintf(b->data + b->size, (size_t)size + 1, format, again);
        b->size += (size_t)size;
    }
    va_end(again);
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ 0 };
}

struct json {
    yajl_gen gen;
    struct buffer *out;
    bool failed;
};

static void print(void *out, const char *text, size_t size)
{
    buffer_add(out, text, size);
}

static void check(struct json *j, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok && status != yajl_gen_generation_complete)
        j->failed = true;
}

struct json *json_begin(struct buffer *out)
{
    struct json *const j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    j->out = out;
    j->gen = yajl_gen_alloc(NULL);
    if (!j->gen) {
        free(j);
        return NULL;
    }
    yajl_gen_config(j->gen, yajl_gen_print_callback, print, out);
    return j;
}

void json_end(struct json *j)
{
    if (j->failed)
        j->out->failed = true;
    yajl_gen_free(j->gen);
    free(j);
}

static void key_of(struct json *j, const char *key)
{
    if (key)
        json_text(j, NULL, key);
}

void json_open(struct json *j, const char *key, char bracket)
{
    key_of(j, key);
    check(j, bracket == '{' ? yajl_gen_map_open(j->gen) : yajl_gen_array_open(j->gen));
}

void json_close(struct json *j, char bracket)
{
    check(j, bracket == '}' ? yajl_gen_map_close(j->gen) : yajl_gen_array_close(j->gen));
}

void json_bytes(struct json *j, const char *key, const char *text, size_t size)
{
    key_of(j, key);
    check(j, yajl_gen_string(j->gen, (const unsigned char *)text, size));
}

void json_text(struct json *j, const char *key, const char *text)
{
    json_bytes(j, key, text, strlen(text));
}

void json_whole(struct json *j, const char *key, uint64_t number)
{
    char text[24];
    const int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);

    key_of(j, key);
    check(j, yajl_gen_number(j->gen, text, (size_t)size));
}

void json_number_text(struct json *j, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    json_text(j, key, text);
}

void json_signed(struct json *j, const char *key, int64_t number)
{
    key_of(j, key);
    check(j, yajl_gen_integer(j->gen, (long long)number));
}

void json_flag(struct json *j, const char *key, bool flag)
{
    key_of(j, key);
    check(j, yajl_gen_bool(j->gen, flag));
}

void json_float(struct json *j, float number)
{
    char text[32];
    const int size = snprintf(text, sizeof text, "%.9g", (double)number);

    if (isfinite(number))
        check(j, yajl_gen_number(j->gen, text, (size_t)size));
    else
        j->failed = true;
}
