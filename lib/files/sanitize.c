/* sanitize.c - makes strings from files safe to print in an error message */
#include "files/sanitize.h"

#include <stdbool.h>
#include <string.h>

#include "base/message.h"

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

static void replace_controls(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        const size_t control = control_bytes(text + i);
        if (control > 0)
            text[i] = '?';
        if (control == 2)
            text[++i] = '?';
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
    memcpy(q.text, string, length);
    memcpy(q.text + length, cut ? "..." : "", cut ? 4 : 1);
    replace_controls(q.text);
    return q;
}

struct sanitized sanitize_path(const char *path)
{
    enum { MAX_BYTES = 160 };
    struct sanitized q;

    message_end_of(path, MAX_BYTES, q.text);
    replace_controls(q.text);
    return q;
}
