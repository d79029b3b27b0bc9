/* error.c - image_fail: fills a caller's vit_error */
#include "image/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/message.h"

enum vit_status image_fail(struct vit_error *err, enum vit_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        message_clean(err->message, sizeof err->message,
                      vsnprintf(err->message, sizeof err->message, format, args));
        va_end(args);
    }
    return status;
}
