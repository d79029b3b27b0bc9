/* machine.h - this build and the machine that runs it, as JSON */
#ifndef VIT_TOOLS_MACHINE_H
#define VIT_TOOLS_MACHINE_H

#include <jansson.h>

/*
 * {version, compiler, commit, cpu, caches, system, levels}, to which a subcommand adds its own
 * members. caches: a core's share of each in bytes, and the whole ones; levels: [{name, usable}],
 * weakest first. NULL: out of memory.
 */
json_t *machine_json(void);

#endif
