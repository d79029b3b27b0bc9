/* build_info.h - the compiler and commit of this build */
#ifndef VIT_MEASURE_BUILD_INFO_H
#define VIT_MEASURE_BUILD_INFO_H

const char *build_compiler(void); /* "gcc 12.2.0" */
const char *build_commit(void);   /* of the build, or "unknown" */

#endif
