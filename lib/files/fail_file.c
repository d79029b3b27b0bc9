/* fail_file.c - error messages that begin with the path of a file */
#include "files/fail_file.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"
#include "files/sanitize.h"

enum { MESSAGE_BYTES = sizeof(((struct vit_error *)NULL)->message) };

enum vit_status fail_file(struct vit_error *err, enum vit_status status, const char *path,
                          const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    format_message(message, sizeof message, format, args);
    va_end(args);
    return fail(err, status, "%s: %s", sanitize_path(path).text, message);
}

enum vit_status fail_tensor(struct vit_error *err, enum vit_status status, const char *path,
                            const char *name, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    format_message(message, sizeof message, format, args);
    va_end(args);
    return fail(err, status, "%s: tensor %s: %s", sanitize_path(path).text,
                sanitize_name(name).text, message);
}

enum vit_status fail_no_memory(struct vit_error *err, const char *path)
{
    return fail_file(err, VIT_ENOMEM, path, "out of memory");
}
