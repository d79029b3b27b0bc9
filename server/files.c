/* files.c - a small file as text */
#include "server/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 20 };

bool file_text(const char *path, char **text, struct failure *f)
{
    FILE *const file = fopen(path, "rb");

    if (!file)
        return fail(f, 400, "%s: %s", path, strerror(errno));
    char *const data = malloc(LIMIT);
    const size_t size = data ? fread(data, 1, LIMIT, file) : 0;
    const bool ok = data && !ferror(file) && size < LIMIT;
    fclose(file);
    if (!ok) {
        free(data);
        return fail(f, 400, "%s: expected a file of less than 1 MiB that can be read", path);
    }
    data[size] = '\0';
    *text = data;
    return true;
}
