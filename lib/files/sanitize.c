/* sanitize.c - makes strings from files safe to print in an error message */
#include "files/sanitize.h"

#include <stdbool.h>
#include <string.h>

/*
 * The length of the control character at s, 0 if there is none: C0, DEL, and C1 in UTF-8 (C2 80 to
 * C2 9F). Terminals interpret all of them.
 */
static size_t control_bytes(const char *s)
{
    const unsigned char c = (unsigned char)s[0], next = c ? (unsigned char)s[1] : 0;

    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void copy(size_t bytes, const char *from, char *to)
{
    memcpy(to, from, bytes);
    for (size_t i = 0; i < bytes; i++) {
        const size_t control = control_bytes(from + i);
        if (control > 0)
            to[i] = '?';
        if (control == 2 && i + 1 < bytes)
            to[++i] = '?';
    }
}

struct sanitized sanitize_name(const char *string)
{
    enum { MAX_BYTES = 96 };
    struct sanitized q;
    size_t length = strlen(string);
    const bool cut = length > MAX_BYTES;

    if (cut)
        for (length = MAX_BYTES; length > MAX_BYTES - 3 && continues_character(string[length]);)
            length--;
    copy(length, string, q.text);
    memcpy(q.text + length, cut ? "..." : "", cut ? 4 : 1);
    return q;
}

struct sanitized sanitize_path(const char *path)
{
    enum { MAX_BYTES = 160 };
    struct sanitized q;
    size_t length = strlen(path), dots = 0;

    if (length > MAX_BYTES) {
        path += length - MAX_BYTES;
        length = MAX_BYTES;
        for (int i = 0; i < 3 && continues_character(*path); i++, length--)
            path++;
        memcpy(q.text, "...", dots = 3);
    }
    copy(length, path, q.text + dots);
    q.text[dots + length] = '\0';
    return q;
}
