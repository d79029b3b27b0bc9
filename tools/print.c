/* print.c - text and JSON on standard output, from names with arbitrary bytes */
#include "tools/print.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"

/* The first character of UTF-8 text; a byte that is not UTF-8 has its value in Latin-1. */
static unsigned decode_utf8(const char *text, size_t *bytes)
{
    static const unsigned min[] = { 0, 0, 0x80, 0x800, 0x10000 }; /* by number of bytes */
    const unsigned char *const s = (const unsigned char *)text;
    const size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 1;
    unsigned c = length > 1 ? s[0] & (0x7fu >> length) : s[0];

    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            *bytes = 1;
            return s[0];
        }
        c = c << 6 | (s[i] & 0x3fu);
    }
    const bool valid = c >= min[length] && c <= 0x10ffff;
    *bytes = valid ? length : 1;
    return valid ? c : s[0];
}

/* C0, DEL and C1, which terminals obey; line separators; direction controls */
static bool is_control(unsigned c)
{
    static const unsigned ranges[][2] = {
        { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 }
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    }
    return false;
}

void print_text(FILE *file, const char *text)
{
    for (size_t bytes; *text; text += bytes) {
        if (is_control(decode_utf8(text, &bytes)))
            putc('?', file);
        else
            fwrite(text, 1, bytes, file);
    }
}

void print_error(const struct vit_error *error)
{
    fputs("libvit: ", stderr);
    print_text(stderr, error->message);
    putc('\n', stderr);
}

enum vit_status print_check(struct vit_error *err)
{
    if (!ferror(stdout))
        return VIT_OK;
    return tool_fail(err, VIT_EIO, "cannot write to standard output: %s", strerror(errno));
}

/* The same characters as print_text, as \\u; jansson escapes only those below a space. */
static int write_escaped(const char *buffer, size_t size, void *file)
{
    for (size_t i = 0, bytes; i < size; i += bytes) {
        const unsigned c = decode_utf8(buffer + i, &bytes);
        if (c >= 0x7f && is_control(c))
            fprintf(file, "\\u%04x", c);
        else
            fwrite(buffer + i, 1, bytes, file);
    }
    return ferror(file) ? -1 : 0;
}

enum vit_status print_json(json_t *root, struct vit_error *err)
{
    /* nine digits identify a float32 */
    const int failed = !root || json_dump_callback(root, write_escaped, stdout,
                                                   JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    enum vit_status status = print_check(err);

    if (!status && failed)
        status = tool_no_memory(err);
    if (!status)
        putchar('\n');
    json_decref(root);
    return status;
}

json_t *json_with(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

json_t *json_set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *json_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *json_text(const char *text)
{
    json_t *string = text ? json_string(text) : json_null();

    if (string || !text)
        return string;
    /* not UTF-8: each byte above ASCII becomes U+FFFD, which has three bytes */
    char *const plain = malloc(3 * strlen(text) + 1);
    if (!plain)
        return NULL;
    char *end = plain;
    for (; *text; text++) {
        if ((unsigned char)*text < 0x80) {
            *end++ = *text;
        } else {
            memcpy(end, "\xef\xbf\xbd", 3);
            end += 3;
        }
    }
    string = json_stringn(plain, (size_t)(end - plain));
    free(plain);
    return string;
}
