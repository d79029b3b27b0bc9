/* error.c - fills a caller's vit_error */
#include "tools/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum vit_status tool_fail(struct vit_error *err, enum vit_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

enum vit_status tool_no_memory(struct vit_error *err)
{
    return tool_fail(err, VIT_ENOMEM, "out of memory");
}

const char *path_end(const char *path)
{
    enum { MAX = 200 };
    const size_t length = strlen(path);

    return path + (length > MAX ? length - MAX : 0);
}
