/* status.h - fails with a message: fills a caller's vit_error */
#ifndef VIT_BASE_STATUS_H
#define VIT_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#include "vit/status.h"

/*
 * vsnprintf to size ≥ 4 bytes, in the locale "C" and as message_clean wants it: every message that
 * a caller sees passes through here.
 */
__attribute__((format(printf, 3, 0))) void format_message(char *message, size_t size,
                                                          const char *format, va_list args);

/*
 * Writes the message unless err is NULL, and returns status, so that a failure is one line: return
 * fail(...).
 */
__attribute__((format(printf, 3, 4))) enum vit_status fail(struct vit_error *err,
                                                           enum vit_status status,
                                                           const char *format, ...);

#endif
