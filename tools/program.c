/* program.c - subcommands that are programs of their own, beside this one or in PATH */
#include "tools/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/error.h"

static const struct {
    const char *subcommand, *program, *summary;
} programs[] = {
    { "serve", "libvit-serve", "serves models over HTTP" },
};

enum { PROGRAMS = sizeof programs / sizeof *programs };

bool program_at(unsigned i, const char **subcommand, const char **summary)
{
    if (i >= PROGRAMS)
        return false;
    *subcommand = programs[i].subcommand;
    *summary = programs[i].summary;
    return true;
}

/* The path of a program in the directory of this one; false: too long, or this one is unknown. */
static bool beside(const char *name, const char *argv0, char *path, size_t size)
{
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);

    if (length > 0)
        path[length] = '\0';
    else if ((size_t)snprintf(path, size, "%s", argv0) >= size)
        return false;
    char *const slash = strrchr(path, '/');
    if (!slash)
        return false;
    const size_t room = size - (size_t)(slash + 1 - path);
    return (size_t)snprintf(slash + 1, room, "%s", name) < room;
}

enum vit_status program_execute(int argc, char **argv, struct vit_error *err)
{
    const bool help = argc == 3 && strcmp(argv[1], "help") == 0;
    const char *const name = argc < 2 ? "" : argv[help ? 2 : 1];
    char path[4096];

    for (size_t i = 0; i < PROGRAMS; i++) {
        if (strcmp(programs[i].subcommand, name) != 0)
            continue;
        char *help_argv[] = { (char *)programs[i].program, (char *)"--help", NULL };
        char **const arguments = help ? help_argv : argv + 1;
        arguments[0] = (char *)programs[i].program;
        if (beside(programs[i].program, argv[0], path, sizeof path))
            execv(path, arguments);
        execvp(programs[i].program, arguments);
        if (errno == ENOENT)
            return tool_fail(err, VIT_ENOTFOUND,
                             "%s: expected %s beside this program or in PATH, found none", name,
                             programs[i].program);
        return tool_fail(err, VIT_EIO, "%s: cannot execute %s: %s", name, programs[i].program,
                         strerror(errno));
    }
    return VIT_OK;
}
