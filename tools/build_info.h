/* build_info.h - which build this is, and on which CPU it runs */
#ifndef VIT_TOOLS_BUILD_INFO_H
#define VIT_TOOLS_BUILD_INFO_H

#include <stddef.h>

const char *about_compiler(void); /* "gcc 12.2.0" */
const char *about_commit(void);   /* of the build, or "unknown" */

/* The CPU's name as the system gives it, or its architecture. Returns name. */
const char *about_cpu(char *name, size_t size);

#endif
