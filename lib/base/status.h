/* status.h - fails with a message: fills a caller's vit_error */
#ifndef VIT_BASE_STATUS_H
#define VIT_BASE_STATUS_H

#include "vit/status.h"

/*
 * Writes the message unless err is NULL, and returns status, so that a failure is one line: return
 * fail(...).
 */
__attribute__((format(printf, 3, 4))) enum vit_status fail(struct vit_error *err,
                                                           enum vit_status status,
                                                           const char *format, ...);

#endif
