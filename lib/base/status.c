/* status.c - names of statuses; fails with a message in a caller's vit_error */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

static const char *const names[] = {
    [VIT_OK] = "VIT_OK",
    [VIT_EINVAL] = "VIT_EINVAL",
    [VIT_ENOMEM] = "VIT_ENOMEM",
    [VIT_EIO] = "VIT_EIO",
    [VIT_EFORMAT] = "VIT_EFORMAT",
    [VIT_EUNSUPPORTED] = "VIT_EUNSUPPORTED",
    [VIT_ECANCELED] = "VIT_ECANCELED",
};

const char *vit_status_name(enum vit_status status)
{
    const size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown status";
}

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
