/* sanitize.c - strings from files, made fit for an error message */
#include "files/sanitize.h"

#include <stdbool.h>
#include <string.h>

/* C0, DEL, and C1 in UTF-8 (C2 80 to C2 9F): terminals obey them. The bytes of one: 0, 1 or 2. */
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

static void copy(char *to, const char *from, size_t bytes)
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

struct quote sanitize_name(const char *string)
{
    enum { MOST = 96 };
    struct quote q;
    size_t length = strlen(string);
    const bool cut = length > MOST;

    if (cut)
        for (length = MOST; length > MOST - 3 && continues_character(string[length]);)
            length--;
    copy(q.text, string, length);
    strcpy(q.text + length, cut ? "..." : "");
    return q;
}

struct quote sanitize_path(const char *path)
{
    enum { MOST = 160 };
    struct quote q;
    size_t length = strlen(path), dots = 0;

    if (length > MOST) {
        path += length - MOST;
        length = MOST;
        for (int i = 0; i < 3 && continues_character(*path); i++, length--)
            path++;
        memcpy(q.text, "...", dots = 3);
    }
    copy(q.text + dots, path, length);
    q.text[dots + length] = '\0';
    return q;
}
