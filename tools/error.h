/* error.h - failing with a sentence, in the manner of the library */
#ifndef VIT_TOOLS_ERROR_H
#define VIT_TOOLS_ERROR_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vit/status.h"

/* Writes the message, unless err is NULL, and returns status: return tool_fail(...). */
__attribute__((format(printf, 3, 4))) static inline enum vit_status tool_fail(
    struct vit_error *err, enum vit_status status, const char *format, ...)
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

static inline enum vit_status tool_no_memory(struct vit_error *err)
{
    return tool_fail(err, VIT_ENOMEM, "out of memory");
}

/* Of a longer path the end is named, so that a message has room for its reason. */
static inline const char *tool_path(const char *path)
{
    enum { MOST = 200 };
    const size_t length = strlen(path);
    return path + (length > MOST ? length - MOST : 0);
}

#endif
