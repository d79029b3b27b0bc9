/* status.c - names of statuses; fails with a message in a caller's vit_error */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/c_locale.h"
#include "base/message.h"
#include "base/status.h"

static const char *const names[] = {
    [VIT_OK] = "VIT_OK",
    [VIT_EINVAL] = "VIT_EINVAL",
    [VIT_ENOMEM] = "VIT_ENOMEM",
    [VIT_EIO] = "VIT_EIO",
    [VIT_EFORMAT] = "VIT_EFORMAT",
    [VIT_EUNSUPPORTED] = "VIT_EUNSUPPORTED",
    [VIT_ECANCELED] = "VIT_ECANCELED",
    [VIT_EIMAGE] = "VIT_EIMAGE",
    [VIT_ENOTFOUND] = "VIT_ENOTFOUND",
    [VIT_ESTALE] = "VIT_ESTALE",
};

const char *vit_status_name(enum vit_status status)
{
    const size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown status";
}

void format_message(char *message, size_t size, const char *format, va_list args)
{
    const struct c_locale locale = c_locale_enter();
    const int length = vsnprintf(message, size, format, args);

    c_locale_leave(locale);
    message_clean(message, size, length);
}

enum vit_status fail(struct vit_error *err, enum vit_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        format_message(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}
