/* path_name.h - the last part of a path */
#ifndef VIT_TOOLS_PATH_NAME_H
#define VIT_TOOLS_PATH_NAME_H

#include <string.h>

/* What follows the last '/'. */
static inline const char *path_name(const char *path)
{
    const char *const slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

#endif
