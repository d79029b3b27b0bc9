/* build_info.c - the compiler and commit of this build, and the CPU that runs it */
#include "measure/build_info.h"

#include <stdbool.h>
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

/* The value of a line "model name	: AMD EPYC" of /proc/cpuinfo, if the line has this name. */
static bool read_value(const char *line, const char *name, char *value, size_t size)
{
    const size_t length = strlen(name);
    const char *colon = strchr(line, ':');

    if (!colon || strncmp(line, name, length) != 0 ||
        line + length + strspn(line + length, " \t") != colon)
        return false;
    colon += 1 + strspn(colon + 1, " \t");
    snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    return true;
}

/* x86-64 gives a name; arm64 the numbers of MIDR_EL1 (Arm ARM, D19.2.122), as here. */
const char *cpu_name(char *name, size_t size)
{
    FILE *const file = fopen("/proc/cpuinfo", "r");
    struct utsname system;
    char line[512], model[128] = "", implementer[16] = "", part[16] = "";

    while (file && !model[0] && fgets(line, sizeof line, file))
        if (!read_value(line, "model name", model, sizeof model) &&
            !read_value(line, "CPU implementer", implementer, sizeof implementer))
            read_value(line, "CPU part", part, sizeof part);
    if (file)
        fclose(file);
    if (model[0])
        snprintf(name, size, "%s", model);
    else if (implementer[0] && part[0])
        snprintf(name, size, "%s, implementer %s, part %s",
                 uname(&system) < 0 ? "unknown" : system.machine, implementer, part);
    else
        snprintf(name, size, "%s", uname(&system) < 0 ? "unknown" : system.machine);
    return name;
}
