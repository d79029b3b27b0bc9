/* build_info.h - the compiler and commit of this build, and the CPU that runs it */
#ifndef VIT_MEASURE_BUILD_INFO_H
#define VIT_MEASURE_BUILD_INFO_H

#include <stddef.h>

const char *build_compiler(void); /* "gcc 12.2.0" */
const char *build_commit(void);   /* of the build, or "unknown" */

/* The CPU's name as the system gives it, or its architecture. Returns name. */
const char *cpu_name(char *name, size_t size);

#endif
