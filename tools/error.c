/* error.c - fills a caller's vit_error */
#include "tools/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ends a message that fills its buffer with "…", in the place of whole characters. */
static void mark_cut(char *end)
{
    char *at = end - 3;

    while (((unsigned char)*at & 0xc0) == 0x80 && at > end - 6)
        at--;
    memcpy(at, "\xe2\x80\xa6", 4);
}

enum vit_status tool_fail(struct vit_error *err, enum vit_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        const int length = vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        if (length >= (int)sizeof err->message)
            mark_cut(err->message + sizeof err->message - 1);
    }
    return status;
}

const char *path_end(const char *path)
{
    enum { MAX = 200 };
    const size_t length = strlen(path);

    return path + (length > MAX ? length - MAX : 0);
}
