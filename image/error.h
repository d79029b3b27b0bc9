/* error.h - image_fail: fills a caller's vit_error */
#ifndef VIT_IMAGE_ERROR_H
#define VIT_IMAGE_ERROR_H

#include "vit/status.h"

/* Writes the message, unless err is NULL, and returns status: return image_fail(...). */
__attribute__((format(printf, 3, 4))) enum vit_status image_fail(struct vit_error *err,
                                                                 enum vit_status status,
                                                                 const char *format, ...);

#endif
