/* build_info.c - the compiler and commit of this build */
#include "measure/build_info.h"

#ifndef VIT_COMMIT
#define VIT_COMMIT "unknown"
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *build_compiler(void)
{
    return COMPILER;
}

const char *build_commit(void)
{
    return VIT_COMMIT;
}
