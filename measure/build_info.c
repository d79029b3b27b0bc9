/* build_info.c - the compiler and commit of this build, and the CPU that runs it */
#include "measure/build_info.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

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

const char *cpu_name(char *name, size_t size)
{
    FILE *const file = fopen("/proc/cpuinfo", "r");
    struct utsname system;
    char line[512];
    const char *found = uname(&system) < 0 ? "unknown" : system.machine;

    /* "model name	: AMD EPYC"; arm64 lacks this line */
    while (file && fgets(line, sizeof line, file)) {
        char *const colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", strlen("model name")) == 0) {
            found = colon + 1 + strspn(colon + 1, " \t");
            line[strcspn(line, "\n")] = '\0';
            break;
        }
    }
    if (file)
        fclose(file);
    snprintf(name, size, "%s", found);
    return name;
}
