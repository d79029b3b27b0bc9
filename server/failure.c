/* failure.c - why a request fails: the HTTP status and the sentence of its error body */
#include "server/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The bytes of the UTF-8 character at p, whose surrogates and overlong forms are none; 0: none. */
static size_t character(const unsigned char *p)
{
    const size_t length = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

    if (p[0] < 0x20 || p[0] == 0x7F || p[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return length;
}

void clean_text(char *text)
{
    while (*text) {
        const size_t length = character((const unsigned char *)text);
        if (length == 0)
            *text = '?';
        text += length ? length : 1;
    }
}

bool fail(struct failure *f, int http, const char *format, ...)
{
    va_list args;

    f->http = http;
    va_start(args, format);
    vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
    clean_text(f->message);
    return false;
}

/* Files are the server's own when a model is loaded, so their faults are not the client's. */
static int http_of(enum vit_status status)
{
    switch (status) {
    case VIT_ENOTFOUND:
        return 404;
    case VIT_ENOMEM:
    case VIT_ECANCELED:
        return 503;
    case VIT_EIO:
        return 500;
    default:
        return 400;
    }
}

bool fail_vit(struct failure *f, const char *where, const struct vit_error *err)
{
    return fail(f, http_of(err->status), "%s%s%s", where ? where : "", where ? ": " : "",
                err->message);
}
