/* program.h - subcommands that are programs of their own, beside this one or in PATH */
#ifndef VIT_TOOLS_PROGRAM_H
#define VIT_TOOLS_PROGRAM_H

#include <stdbool.h>

#include "vit/status.h"

/* Program i's subcommand and its summary; false past the last. */
bool program_at(unsigned i, const char **subcommand, const char **summary);

/*
 * If the command line `libvit SUBCOMMAND ...` or `libvit help SUBCOMMAND` has such a subcommand,
 * this process becomes its program, and the call does not return. VIT_OK: it has none.
 * VIT_ENOTFOUND: the program is not installed. VIT_EIO: it cannot be executed.
 */
enum vit_status program_execute(int argc, char **argv, struct vit_error *err);

#endif
