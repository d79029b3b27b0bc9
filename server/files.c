/* files.c - a small file as text */
#include "server/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 1 << 20 };

bool file_text(const char *path, struct buffer *text, struct failure *f)
{
    FILE *const file = fopen(path, "rb");
    char part[8192];
    size_t size;

    if (!file)
        return fail(f, errno == ENOENT ? 404 : 500, "%s: %s", path, strerror(errno));
    while (text->size < LIMIT && (size = fread(part, 1, sizeof part, file)) > 0)
        buffer_add(text, part, size);
    const bool failed = ferror(file);
    fclose(file);
    if (failed)
        return fail(f, 500, "%s: cannot be read", path);
    if (text->failed)
        return fail(f, 503, "%s: out of memory", path);
    return text->size < LIMIT ||
           fail(f, 400, "%s: expected less than %d bytes, found more", path, LIMIT);
}
