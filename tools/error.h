/* error.h - fills a caller's vit_error */
#ifndef VIT_TOOLS_ERROR_H
#define VIT_TOOLS_ERROR_H

#include "vit/status.h"

/* Writes the message, unless err is NULL, and returns status: return tool_fail(...). */
__attribute__((format(printf, 3, 4))) enum vit_status tool_fail(struct vit_error *err,
                                                                enum vit_status status,
                                                                const char *format, ...);

/* Inline: clang-tidy then sees that it fails. */
static inline enum vit_status tool_no_memory(struct vit_error *err)
{
    tool_fail(err, VIT_ENOMEM, "out of memory");
    return VIT_ENOMEM;
}

/* Hands an error on: copies it, unless err is NULL, and returns its status. */
static inline enum vit_status tool_pass(const struct vit_error *why, struct vit_error *err)
{
    if (err)
        *err = *why;
    return why->status;
}

/* The end of a long path: a message must have room for its reason. */
const char *path_end(const char *path);

#endif
