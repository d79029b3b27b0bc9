/* levels.h - the instruction sets of this machine, as JSON */
#ifndef VIT_TOOLS_LEVELS_H
#define VIT_TOOLS_LEVELS_H

#include <jansson.h>

/* [{name, usable}], weakest first; NULL: out of memory. */
json_t *levels_json(void);

#endif
