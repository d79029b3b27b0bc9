/* fail.c - fills a caller's vit_error */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum vit_status fail(struct vit_error *err, enum vit_status status, const char *format, ...)
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
