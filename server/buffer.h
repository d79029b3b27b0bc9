/* buffer.h - bytes that grow, and JSON that is written into them */
#ifndef VIT_SERVER_BUFFER_H
#define VIT_SERVER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is an empty buffer. After memory ran out it is `failed`, and ignores what is added. */
struct buffer {
    char *data; /* [size], and a NUL behind it once anything was added */
    size_t size, capacity;
    bool failed;
};

void buffer_add(struct buffer *b, const void *data, size_t size);
__attribute__((format(printf, 2, 3))) void buffer_print(struct buffer *b, const char *format, ...);
/* Makes room for `size` bytes in all, so that none of them is copied later. */
void buffer_reserve(struct buffer *b, size_t size);
void buffer_free(struct buffer *b);

/*
 * Writes JSON through yajl, which escapes strings and knows where a comma belongs. A key is NULL in
 * an array. Strings are clean text (server/failure.h).
 */
struct json;

struct json *json_begin(struct buffer *out); /* NULL: no memory */
void json_end(struct json *j);               /* frees it; sets out->failed if anything failed */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_text(struct json *j, const char *key, const char *text);
void json_bytes(struct json *j, const char *key, const char *text, size_t size);
void json_whole(struct json *j, const char *key, uint64_t number);
void json_number_text(struct json *j, const char *key, uint64_t number); /* as a string */
void json_signed(struct json *j, const char *key, int64_t number);
void json_flag(struct json *j, const char *key, bool flag);
/* Nine digits, which give the same float back; a number that is not finite fails. */
void json_float(struct json *j, float number);

#endif
