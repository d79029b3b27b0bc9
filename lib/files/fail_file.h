/* fail_file.h - error messages that begin with the path of a file */
#ifndef VIT_FILES_FAIL_FILE_H
#define VIT_FILES_FAIL_FILE_H

#include "vit/status.h"

/*
 * Each function writes its message to *err, unless err is NULL, and returns the status, so that a
 * failure is one line: return fail_file(...). The path and the name are sanitized here; every other
 * string that comes from a file must go through sanitize_name.
 */

/* "PATH: MESSAGE" */
__attribute__((format(printf, 4, 5))) enum vit_status fail_file(struct vit_error *err,
                                                                enum vit_status status,
                                                                const char *path,
                                                                const char *format, ...);

/* "PATH: tensor NAME: MESSAGE" */
__attribute__((format(printf, 5, 6))) enum vit_status fail_tensor(struct vit_error *err,
                                                                  enum vit_status status,
                                                                  const char *path,
                                                                  const char *name,
                                                                  const char *format, ...);

/* VIT_ENOMEM "PATH: out of memory" */
enum vit_status fail_no_memory(struct vit_error *err, const char *path);

#endif
